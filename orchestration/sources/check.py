"""Every mistake of a source file at once: of YAML, of shape, and against the canonical objects.

Belongs here: whether a source file can be carried out, told at the word that is wrong. What
contract.py and catalog.py refuse is refused here too, and nothing else.
Does not belong here: what is allowed and probably not meant (lint.py), landed files (landed.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestration.sources.catalog import canonical_objects, mapped_source, reserved_names
from orchestration.sources.document import Document, parse_document, read_document
from orchestration.sources.drafting.vocabulary import column_names, file_words, spellings
from orchestration.sources.lint import doubts
from orchestration.sources.mistakes import Mistake, did_you_mean, listed
from orchestration.sources.model import ObjectSpec, SourceFile, SourceFileError
from orchestration.sources.reading import Reading, refusal, understand

# Where a column may come from.
_ORIGINS = ("column", "concat", "value")

Objects = Mapping[str, ObjectSpec]


def check_source_file(path: Path) -> list[Mistake]:
    """All mistakes of a source file, in order of line; warnings only when there is no mistake."""
    return check_document(read_document(path), path.stem).mistakes


def checked_source_file(path: Path) -> SourceFile:
    """A user's source file that can be carried out.

    Raises SourceFileError with every mistake on a line of its own, as read_source_file does.
    """
    reading = check_document(read_document(path), path.stem)
    mistakes = [mistake for mistake in reading.mistakes if not mistake.is_warning]
    if reading.source is None or mistakes:
        raise refusal(path, mistakes)
    return reading.source


def check_text(text: str, name: str) -> list[Mistake]:
    """The same for a source file that is not written yet."""
    return check_document(parse_document(text), name).mistakes


def check_document(document: Document, name: str) -> Reading:
    """A document as the source file `<name>.yml`, with every mistake or else every warning."""
    reading = understand(document)
    said = _words(document.said)
    mistakes = {*reading.mistakes, *_of_name(document, said, name), *_of_objects(document, said)}
    if reading.source is not None and not mistakes:
        try:
            mapped_source(reading.source)
        except SourceFileError as error:
            mistakes.add(document.mistake((), str(error)))
        else:
            mistakes.update(doubts(reading.source, document))
    return Reading(document, reading.source, sorted(mistakes))


def _of_name(document: Document, said: dict[str, Any], name: str) -> Iterator[Mistake]:
    source = said.get("source")
    if not isinstance(source, str):
        return
    if source != name:
        yield document.mistake(
            ("source",),
            f"the file is {name}.yml and says `source: {source}`",
            "file and source bear one name",
        )
    if source in reserved_names():
        yield document.mistake(
            ("source",), f"the name `{source}` is taken by a built-in source", "choose another"
        )


def _of_objects(document: Document, said: dict[str, Any]) -> Iterator[Mistake]:
    objects = canonical_objects()
    specs = {name: _words(spec) for name, spec in _words(said.get("objects")).items()}
    for name in specs:
        where = ("objects", name)
        if name not in objects:
            yield document.mistake(
                where,
                f"there is no canonical object `{name}`",
                _object_meant(name)
                or did_you_mean(name, objects)
                or f"there are {listed(objects)}",
            )
            continue
        yield from _of_columns(document, name, specs[name], objects[name])
    for name, words in (("stages", "pipelines"), ("lead_statuses", "lead_statuses")):
        if said.get(words) and name in specs:
            yield document.mistake(
                ("objects", name),
                f"{name} come from `{words}:` or from a file, not from both",
                "leave one of them out",
            )
    yield from _of_circles(document, specs)
    has = {name for name in specs if name in objects}
    has |= {"stages"} if said.get("pipelines") else set()
    has |= {"lead_statuses"} if said.get("lead_statuses") is not None else set()
    for name in specs.keys() & objects.keys():
        for column, spec in _words(specs[name].get("columns")).items():
            lookup = _words(_words(spec).get("lookup"))
            place = ("objects", name, "columns", column, "lookup")
            yield from _of_lookup(document, place, lookup, has - {name}, objects)


def _of_columns(
    document: Document, name: str, spec: dict[str, Any], canonical: ObjectSpec
) -> Iterator[Mistake]:
    where = ("objects", name)
    columns = _words(spec.get("columns"))
    for column, said in columns.items():
        if column not in canonical.columns:
            yield document.mistake(
                (*where, "columns", column),
                f"there is no column `{column}` in {name}",
                _column_meant(column, name, canonical),
            )
            continue
        type_ = canonical.columns[column].type
        if isinstance(said, dict) and not any(said.get(origin) is not None for origin in _ORIGINS):
            yield document.mistake(
                (*where, "columns", column),
                f"nothing says where `{column}` comes from",
                "give `column` (a column of the file), `concat` (several) or `value` (a constant)",
            )
        if isinstance(said, dict) and said.get("type") not in (None, type_):
            yield document.mistake(
                (*where, "columns", column, "type"),
                f"`{column}` is {type_} in every source",
                "leave `type` out",
            )
    for column, declared in canonical.columns.items():
        # A source that deals in one currency need not have a column of it.
        if declared.required and column not in columns and column != "currency_code":
            yield document.mistake(
                (*where, "columns") if columns else where,
                f"{name} needs `{column}`",
                "map it to a column of the file or give it a `value`",
            )
    key = spec.get("key")
    for number, column in enumerate(key if isinstance(key, list) else [key]):
        if isinstance(column, str) and column not in canonical.columns:
            yield document.mistake(
                (*where, "key", number),
                f"the key names `{column}`, which is no column of {name}",
                _key_meant(column, name, columns, canonical),
            )


def _key_meant(column: str, name: str, columns: dict[str, Any], canonical: ObjectSpec) -> str:
    """A key is told in canonical names; who writes the name in the file meant the one it feeds."""
    fed = [name for name, said in columns.items() if column in (said, _words(said).get("column"))]
    if fed and fed[0] in canonical.columns:
        return f"the key is told in our names: `{fed[0]}`"
    return _column_meant(column, name, canonical)


def _of_lookup(
    document: Document,
    where: tuple[str, ...],
    lookup: dict[str, Any],
    has: set[str],
    objects: Objects,
) -> Iterator[Mistake]:
    target = lookup.get("object")
    if not isinstance(target, str):
        return
    if target not in has:
        others = (
            f"there are {listed(sorted(has))}"
            if has
            else "there is none: add the object that holds the values, or leave `lookup` out"
        )
        yield document.mistake(
            (*where, "object"),
            f"`lookup` looks into `{target}`, which is no other object of this source",
            did_you_mean(target, has) or others,
        )
        return
    for word in ("match", "return"):
        name = lookup.get(word)
        if isinstance(name, str) and name not in objects[target].columns:
            yield document.mistake(
                (*where, word),
                f"`lookup` names `{name}`, which is no column of {target}",
                _column_meant(name, target, objects[target]),
            )


def _of_circles(document: Document, specs: dict[str, dict[str, Any]]) -> Iterator[Mistake]:
    """An object is loaded after those that it looks into, so none may look into itself."""
    looks = {
        name: {
            str(_words(_words(said).get("lookup")).get("object")): column
            for column, said in _words(spec.get("columns")).items()
        }
        for name, spec in specs.items()
    }
    for name, targets in looks.items():
        for target, column in targets.items():
            if target != name and name in _reached(target, looks):
                yield document.mistake(
                    ("objects", name, "columns", column, "lookup"),
                    f"{name} looks into {target}, which looks into {name}: neither can be first",
                    "use the names themselves as ids on one side",
                )


def _reached(start: str, looks: dict[str, dict[str, str]]) -> set[str]:
    found, ahead = {start}, [start]
    while ahead:
        new = [each for each in looks.get(ahead.pop(), {}) if each not in found]
        found.update(new)
        ahead += new
    return found


def _object_meant(word: str) -> str:
    """What others call `deals` is called `opportunities` here."""
    meant = (name for name in canonical_objects() if set(spellings(word)) & set(file_words(name)))
    return next((f"did you mean `{name}`?" for name in meant), "")


def _column_meant(word: str, object_: str, canonical: ObjectSpec) -> str:
    names = column_names(object_).items()
    meant = (column for column, known in names if set(spellings(word)) & set(known))
    near = next((f"did you mean `{column}`?" for column in meant), None)
    return near or did_you_mean(word, canonical.columns) or f"there are {listed(canonical.columns)}"


def _words(said: Any) -> dict[str, Any]:
    """What a broken file says, where it says anything."""
    return said if isinstance(said, dict) else {}
