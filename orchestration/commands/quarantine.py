"""`flywheel quarantine`: what was refused, why, and how to get it in after all.

Belongs here: the sub-commands and what they print. Does not belong here: why a row is refused
(bronze/).
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.settings import Settings
from orchestration.terminal import (
    escaped,
    open_console,
    plain_table,
    printable,
    say,
    say_marked,
)

if TYPE_CHECKING:
    import polars as pl

    from orchestration.extracts.ledger import Ledger, Load

quarantine_app = typer.Typer(
    help="Rows that broke a rule: list them, explain, export, read anew.",
    invoke_without_command=True,
    no_args_is_help=False,
)
console = open_console()

Object = Annotated[
    str | None, typer.Argument(help="Only this object, like salesforce/opportunity.")
]
Night = Annotated[
    datetime | None, typer.Option("--date", help="Only this night.", formats=["%Y-%m-%d"])
]
Personal = Annotated[
    bool, typer.Option("--show-personal", help="With personal data, which is hidden otherwise.")
]


@quarantine_app.callback()
def listing(context: typer.Context) -> None:
    """List what waits, by file, column and rule."""
    if context.invoked_subcommand is not None:
        return
    settings = Settings()
    loads = _loads(settings, None, None)
    table = plain_table()
    for name in ("night", "object", "file", "column", "rule"):
        table.add_column(name, overflow="fold")
    table.add_column("rows", justify="right")
    for load in loads:
        for column, rule, count in _counts(settings, load):
            table.add_row(
                str(load.batch_date),
                load.name,
                escaped(load.file),
                escaped(column or ""),
                escaped(rule),
                f"{count:,}",
            )
    console.print(table, highlight=False)
    say_marked(
        console,
        "why:        flywheel quarantine explain\n"
        "as a file:  flywheel quarantine export rows.csv\n"
        "read anew:  flywheel quarantine reload, after the source file was mended",
    )


@quarantine_app.command()
def explain(
    object_: Object = None,
    night: Night = None,
    rows: Annotated[int, typer.Option(help="How many rows of each kind to show.", min=0)] = 3,
    show_personal: Personal = False,
) -> None:
    """Say what each rule means, what to do, and show some rows."""
    import polars as pl

    from orchestration.bronze.quarantine import refused_rows
    from orchestration.bronze.rules import explain as meaning_of

    settings = Settings()
    if show_personal and not console.is_terminal:
        raise typer.BadParameter("--show-personal shows personal data on a terminal only")
    loads = _loads(settings, object_, night.date() if night else None)
    refused = _shown(settings, refused_rows(settings, loads), show_personal)
    for (object_name, column, rule), group in refused.with_columns(
        pl.concat_str("source", "object", separator="/").alias("name")
    ).group_by("name", "column", "rule", maintain_order=True):
        meaning, remedy = meaning_of(str(rule))
        place = f"{object_name}.{column}" if column else str(object_name)
        say_marked(
            console,
            f"[bold]{escaped(place)}[/]: {escaped(str(rule))}, {len(group):,} rows\n"
            f"  {meaning}\n  remedy: {remedy}",
        )
        for row in group.head(rows).to_dicts():
            value = "" if row["value"] is None else f"{row['value']!r} in "
            say(
                console,
                printable(
                    f"  {row['batch_date']}/{row['file']}, row {row['row_number']}: "
                    f"{value}{row['raw_text']}"
                ),
            )


@quarantine_app.command()
def export(
    path: Annotated[Path, typer.Argument(help="Ends in .csv, .jsonl or .parquet.")],
    object_: Object = None,
    night: Night = None,
    show_personal: Personal = False,
) -> None:
    """Write refused rows to a file that nobody else can read."""
    from orchestration.bronze.quarantine import refused_rows

    settings = Settings()
    if path.suffix not in (".csv", ".jsonl", ".parquet"):
        raise typer.BadParameter("the file must end in .csv, .jsonl or .parquet")
    if not path.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {path.parent}")
    loads = _loads(settings, object_, night.date() if night else None)
    refused = _shown(settings, refused_rows(settings, loads), show_personal)
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        raise typer.BadParameter(f"{path} is already there") from None
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror}") from None
    match path.suffix:
        case ".csv":
            refused.write_csv(path)
        case ".jsonl":
            refused.write_ndjson(path)
        case _:
            refused.write_parquet(path)
    say(console, f"{len(refused):,} rows in {path}")


@quarantine_app.command()
def reload(object_: Object = None, night: Night = None) -> None:
    """Read refused rows of published nights anew, by the source files as they are now."""
    from orchestration.bronze.reload import plan_reload, reload_files
    from orchestration.extracts.ledger import Ledger
    from orchestration.lock import hold_lock
    from orchestration.sources.catalog import load_sources

    settings = Settings()
    hold_lock(settings)
    loads = [
        load
        for load in _loads(settings, object_, night.date() if night else None)
        if load.status == "accepted"
    ]
    if not loads:
        say(console, "no refused rows of published nights wait")
        return
    plan_reload(settings, loads)
    sources = load_sources(settings.user_sources)
    due_files = reload_files(settings, Ledger(settings.ledger), sources)
    due_ids = {file.reload_of for file in due_files}
    due = [load for load in loads if load.load_id in due_ids]
    if due:
        say(
            console,
            f"{_rows_of(due)} are due again: the next `flywheel nightly` reads them. Rows that "
            f"still break a rule stay in quarantine.",
        )
    for load in loads:
        if load in due:
            continue
        if load.source not in sources or load.object not in sources[load.source].contracts:
            why = f"no source file describes {load.name} any more"
        else:
            why = (
                f"they were read anew and refused, and what the source file says of {load.name} "
                f"did not change since. Mend it and run `flywheel nightly`; or read them as it "
                f"stands: flywheel nightly --date {load.batch_date}"
            )
        say(console, f"{_rows_of([load])} of {load.batch_date} are not due: {why}")


def _rows_of(loads: list[Load]) -> str:
    return f"{sum(load.rows_quarantined for load in loads):,} rows of {len(loads)} files"


def _loads(settings: Settings, object_: str | None, night: date | None) -> list[Load]:
    from orchestration.bronze.quarantine import waiting
    from orchestration.extracts.ledger import Ledger

    ledger = Ledger(settings.ledger)
    all_waiting = waiting(ledger, settings)
    loads = [
        load
        for load in all_waiting
        if object_ in (None, load.name) and night in (None, load.batch_date)
    ]
    if not loads:
        if object_ is not None:
            _refuse_unknown(settings, ledger, object_)
        asked = [str(each) for each in (object_, night) if each is not None]
        say(console, " of ".join(["no refused rows", *asked]) + " wait")
        if all_waiting:
            say(console, "others do:  flywheel quarantine")
        raise typer.Exit
    return loads


def _refuse_unknown(settings: Settings, ledger: Ledger, object_: str) -> None:
    """A name that neither a source file nor a load bears is mistyped."""
    from orchestration.sources.catalog import load_sources
    from orchestration.sources.mistakes import did_you_mean

    described = {
        contract.name
        for source in load_sources(settings.user_sources).values()
        for contract in source.contracts.values()
    }
    known = described | {load.name for load in ledger.loads}
    if object_ not in known:
        hint = did_you_mean(object_, known)
        raise typer.BadParameter(f"no source has an object {object_}" + (hint and f": {hint}"))


def _shown(settings: Settings, refused: pl.DataFrame, show_personal: bool) -> pl.DataFrame:
    """Refused rows, without what they say of persons unless it is asked for."""
    import polars as pl

    from orchestration.privacy.display import shown_rows
    from orchestration.sources.catalog import load_sources

    if show_personal:
        return refused
    contracts = {
        contract.name: contract
        for source in load_sources(settings.user_sources).values()
        for contract in source.contracts.values()
    }
    return pl.DataFrame(shown_rows(refused.iter_rows(named=True), contracts), schema=refused.schema)


def _counts(settings: Settings, load: Load) -> list[tuple[str | None, str, int]]:
    import polars as pl

    from orchestration.bronze.paths import quarantine_path

    found = (
        pl.scan_parquet(quarantine_path(settings, load), glob=False)
        .group_by("column", "rule")
        .len()
        .sort("len", "column", "rule", descending=[True, False, False])
        .collect()
    )
    return list(found.iter_rows())
