"""The reference pages of the sources, written from the contracts.

Belongs here: turning contracts into `docs/sources/<source>.md`, one page for each built-in source
and one for the canonical objects. A test compares the pages with what this module writes; after a
change to a contract run

    python -m orchestration.sources.reference

Does not belong here: what dbt reads of the contracts (dbt_sources.py), how to write a source file
(a guide, by hand).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import fill

from orchestration.settings import PROJECT_ROOT
from orchestration.sources.catalog import canonical_contracts, native_sources
from orchestration.sources.contract import Column, Contract

_FOLDER = PROJECT_ROOT / "docs" / "sources"
_NOTE = "<!-- Written from the contracts by orchestration/sources/reference.py: change those. -->"
_WIDTH = 100
_TITLES = {"salesforce": "Salesforce", "hubspot": "HubSpot"}
_NATIVE = (
    "The objects and columns that are read from exports of {title}. Land the files as "
    "`landing/{name}/<YYYY-MM-DD>/<file>`; names of files and columns may be in any case, and "
    "files may be compressed (`.gz`, `.zst`) or members of a `.zip`.",
    "A file without a column that is **required** `in the file` is refused. A row without a value "
    "that is **required** goes to quarantine. Columns that are not listed here are kept in bronze "
    "as text{passed}. What is **personal** stays in bronze and is masked "
    "[on its way](../personal-data.md).",
)
_PASSED = "; those named like {patterns} go on to staging"
_CANONICAL = (
    "The objects and columns that every source ends in. A source file of your own maps the columns "
    "of its files onto them. What is **required** has to be mapped, and a row without a value goes "
    "to quarantine unless the source file says `required: false`. A source that lacks an object "
    "has none of its rows. What is **personal** stays in bronze and is masked "
    "[on its way](../personal-data.md).",
)
_EXTRACTS = {
    "full": "Whole: a record that a night lacks is deleted.",
    "delta": "Changes only: a record that a night lacks is as it was.",
}


def pages() -> dict[Path, str]:
    """The text of every page, by its path."""
    written = {}
    for name, source in native_sources().items():
        contracts = list(source.contracts.values())
        words = {"title": _TITLES[name], "name": name, "passed": _passed(contracts[0])}
        written[_FOLDER / f"{name}.md"] = _page(
            _TITLES[name],
            [paragraph.format(**words) for paragraph in _NATIVE],
            (_native_object(contract) for contract in contracts),
        )
    written[_FOLDER / "canonical.md"] = _page(
        "Canonical objects",
        _CANONICAL,
        (_canonical_object(contract) for contract in canonical_contracts().values()),
    )
    return written


def _page(title: str, introduction: Iterable[str], objects: Iterable[Iterator[str]]) -> str:
    paragraphs = [fill(text, _WIDTH, break_on_hyphens=False) for text in introduction]
    parts = [f"# {title}", _NOTE, *paragraphs, *("\n".join(lines) for lines in objects)]
    return "\n\n".join(parts) + "\n"


def _passed(contract: Contract) -> str:
    patterns = " or ".join(f"`{pattern}`" for pattern in contract.passthrough)
    return _PASSED.format(patterns=patterns) if patterns else ""


def _native_object(contract: Contract) -> Iterator[str]:
    yield from _heading(contract)
    yield f"- Files: {_codes(contract.files)}"
    yield f"- {_EXTRACTS[contract.extract]}"
    if any(column.headers != (column.name,) for column in contract.columns):
        yield from _table(
            ("column", "read from", "type", "in the file", "value", "meaning"),
            (
                (f"`{column.name}`", _codes(column.headers or column.parts), *_said(column))
                for column in contract.columns
            ),
        )
    else:
        yield from _table(
            ("column", "type", "in the file", "value", "meaning"),
            ((f"`{column.name}`", *_said(column)) for column in contract.columns),
        )


def _canonical_object(contract: Contract) -> Iterator[str]:
    yield from _heading(contract)
    yield from _table(
        ("column", "type", "value", "meaning"),
        (
            (f"`{column.name}`", column.type, _required(column.is_required), _meaning(column))
            for column in contract.columns
        ),
    )


def _heading(contract: Contract) -> Iterator[str]:
    yield f"## {contract.object}\n\n{contract.description}\n"
    yield f"- Key: {_codes(contract.key)}"


def _said(column: Column) -> tuple[str, ...]:
    in_the_file = _required(not column.is_header_optional)
    return column.type, in_the_file, _required(column.is_required), _meaning(column)


def _required(is_required: bool) -> str:
    return "**required**" if is_required else ""


def _meaning(column: Column) -> str:
    told = column.description
    if column.references is not None:
        target = column.references
        listed = " or ".join(f"`{name}`" for name in target.columns)
        told += f" Has to be listed in {target.object} ({listed})."
    return f"{told} **Personal** ({column.personal})." if column.personal else told


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield ""
    yield _row(header)
    yield _row("---" for _ in header)
    for row in rows:
        yield _row(row)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    _FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
