"""`flywheel sources`: what helps people write source files.

Belongs here: the sub-commands and what they print. Does not belong here: what a mistake is
(sources/check.py), what a draft holds (sources/infer.py).

Exit status: 0 good, 2 a mistake in a source file or in how the command was called.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from orchestration.exit_status import ExitStatus
from orchestration.settings import Settings
from orchestration.terminal import printable

if TYPE_CHECKING:
    from orchestration.sources.document import Document
    from orchestration.sources.landed import Landed
    from orchestration.sources.mistakes import Mistake
    from orchestration.sources.reading import Reading

sources_app = typer.Typer(
    help="Source files: check them, draft them from exports, complete them in an editor.",
    no_args_is_help=True,
)
console = Console(soft_wrap=True, highlight=False)
# As much of a long line as fits beside its number.
_EXCERPT = 100


@sources_app.command()
def check(
    file: Annotated[
        Path | None, typer.Argument(help="One source file; default: all of FLYWHEEL_HOME/sources.")
    ] = None,
    landing: Annotated[
        Path | None,
        typer.Option(help="Compare with the newest night in <landing>/<source>/<YYYY-MM-DD>."),
    ] = None,
) -> None:
    """Explain every mistake of a source file with its line and what to write instead."""
    settings = Settings()
    folder = settings.user_sources
    if file is not None and file.is_dir():
        raise typer.BadParameter(
            f"{file} is a folder: name one source file, or none for all of {folder}"
        )
    files = [file] if file else sorted(each for each in folder.glob("*") if _is_meant(each))
    if not files:
        _say(f"no source file stands in {folder}: write one, or draft it with", "yellow")
        _say("  flywheel sources infer FOLDER_OF_EXPORTS")
    is_good = [_check_one(each, landing, settings) for each in files]
    raise typer.Exit(0 if all(is_good) else ExitStatus.USAGE)


@sources_app.command()
def schema() -> None:
    """Print the JSON Schema of source files, for editors.

    Save it beside the source files, and let each begin with the line

    # yaml-language-server: $schema=source.schema.json
    """
    from orchestration.sources.schema import schema_text

    typer.echo(schema_text(), nl=False)


@sources_app.command()
def infer(
    folder: Annotated[Path, typer.Argument(help="A folder of exports, or of nights of them.")],
    name: Annotated[str | None, typer.Option(help="The name of the source.")] = None,
    output: Annotated[
        Path | None, typer.Option(help="The file to write, which must not be there; or print.")
    ] = None,
) -> None:
    """Draft a source file from a folder of exports."""
    from orchestration.sources.infer import infer_source, is_source_name

    if not folder.is_dir():
        raise typer.BadParameter(f"{folder} is no folder")
    if output is not None:
        _refuse_output(output, name)
        name = output.stem
    if name is not None and not is_source_name(name):
        raise typer.BadParameter(
            f"`{name}` cannot name a source: small letters, digits and `_`, beginning with a "
            "letter, and no name of a built-in source"
        )
    inferred = infer_source(folder, name)
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    for sentence in inferred.advice:
        errors.print(Text(printable(sentence)))
    if inferred.text is None:
        raise typer.Exit(0 if inferred.is_built_in else ExitStatus.USAGE)
    if output is None:
        typer.echo(inferred.text, nl=False)
        return
    # Whoever begins with a source file has no home yet; any other folder may be a mistyped one.
    if _is_place_of_sources(output.parent):
        output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("x", encoding="utf-8") as target:
        target.write(inferred.text)
    errors.print(Text(f"written to {output}: now run flywheel sources check {output}"))


def _refuse_output(output: Path, name: str | None) -> None:
    if output.exists() or output.is_symlink():
        raise typer.BadParameter(f"{output} is there already, and is not overwritten")
    if not output.parent.is_dir() and not _is_place_of_sources(output.parent):
        raise typer.BadParameter(f"{output.parent} is no folder")
    if output.suffix != ".yml":
        raise typer.BadParameter(f"{output}: a source file ends in .yml")
    if name not in (None, output.stem):
        raise typer.BadParameter(f"{output} and --name {name}: file and source bear one name")


def _is_place_of_sources(folder: Path) -> bool:
    return folder.absolute() == Settings().user_sources.absolute()


def _is_meant(path: Path) -> bool:
    """A source file, or one that somebody takes for one."""
    return path.suffix.casefold() in (".yml", ".yaml") and not path.name.startswith(".")


def _check_one(path: Path, landing: Path | None, settings: Settings) -> bool:
    """Print what is wrong with one file; whether it can be used."""
    from orchestration.sources.check import check_document
    from orchestration.sources.document import read_document

    reading = check_document(read_document(path), path.stem)
    mistakes, landed = list(reading.mistakes), None
    if path.suffix != ".yml" and path.is_file():
        ending = f"ends in {path.suffix}" if path.suffix else "has no ending"
        text = f"the file {ending}, and is not read"
        mistakes.append(reading.document.mistake((), text, f"rename it to {path.stem}.yml"))
    if reading.source is not None and all(mistake.is_warning for mistake in mistakes):
        landed = _landed(reading, landing, settings)
        mistakes += landed.mistakes
    for mistake in sorted(mistakes):
        _print_mistake(path, mistake, reading.document)
    for finding in landed.findings if landed else []:
        _say(f"{path}: {finding}")
    wrong = sum(not mistake.is_warning for mistake in mistakes)
    warned = len(mistakes) - wrong
    if wrong or reading.source is None:
        _say(f"{path}: {_counted(wrong, 'mistake')}", "red")
        return False
    objects = reading.source.objects
    columns = sum(len(spec.columns) for spec in objects.values())
    told = f"{path}: good: {_counted(len(objects), 'object')}, {_counted(columns, 'column')}"
    _say(told + (f", {_counted(warned, 'warning')}" if warned else ""), "green")
    return True


def _landed(reading: Reading, landing: Path | None, settings: Settings) -> Landed:
    from orchestration.extracts.places import FolderPlace
    from orchestration.sources.catalog import mapped_source
    from orchestration.sources.landed import Landed, check_landed

    assert reading.source is not None
    if landing is None and settings.is_landing_remote:
        return Landed()
    place = FolderPlace(landing or settings.landing)
    return check_landed(
        mapped_source(reading.source), reading.document, place, settings.max_file_bytes
    )


def _print_mistake(path: Path, mistake: Mistake, document: Document) -> None:
    """The place, the line with a mark below the word, and what to do."""
    color = "yellow" if mistake.is_warning else "red"
    head = Text(f"{path}:{mistake.line}:{mistake.column}", style="bold")
    head.append(f" {'warning' if mistake.is_warning else 'mistake'}", style=color)
    if mistake.place:
        head.append(f" {printable(mistake.place)}")
    console.print(head)
    lines = document.lines
    if 0 < mistake.line <= len(lines):
        number = f"{mistake.line:>5} | "
        line, before = _excerpt(lines[mistake.line - 1], mistake.column - 1)
        console.print(Text(number + line))
        console.print(Text(" " * (len(number) + before) + "^", style=color))
    _say(f"  {mistake.text}")
    if mistake.remedy:
        _say(f"  -> {mistake.remedy}")


def _excerpt(line: str, column: int) -> tuple[str, int]:
    """A piece of a line around a column, and how wide it is up to there."""
    start = max(0, column - _EXCERPT // 2) if len(line) > _EXCERPT else 0
    shown = printable(line[start : start + _EXCERPT])
    return shown, cell_len(shown[: column - start])


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _say(sentence: str, color: str = "") -> None:
    console.print(Text(printable(sentence), style=color))
