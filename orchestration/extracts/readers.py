"""Which reader opens a file.

Belongs here: the choice by format, and files that are no extracts at all although a reader would
take them. Does not belong here: how a format is read (csv_text.py, json_text.py, …).
"""

from __future__ import annotations

import codecs
from pathlib import Path

from orchestration.extracts.table import TextTable, UnreadableFileError
from orchestration.extracts.unpack import format_of, plain_name
from orchestration.sources.contract import Contract
from orchestration.sources.model import ReportFooter

# A report's footer is a handful of short lines.
_FOOTER_BYTES = 4096
# More blanks than that nobody writes in place of a JSON text.
_BLANK_BYTES = 64


def open_table(
    path: Path, name: str, contract: Contract, scratch: Path, *, is_own: bool = False
) -> TextTable:
    """Open an unpacked file as a table of text; `name` is what it was landed as.

    `scratch` is a folder for copies that the caller throws away. `is_own` says that Flywheel wrote
    the file down, a record a line: nothing is guessed from what its first records look like.
    Raises UnreadableFileError when the file as a whole cannot be read.
    """
    options = contract.options
    match format_of(name, options):
        case "jsonl":
            from orchestration.extracts.json_text import open_json

            if plain_name(name).casefold().endswith(".json"):
                _refuse_blank(path)
            # A file of a built-in source feeds objects of which its documents need have no row.
            wanted = _header_names(contract) if contract.canonical else None
            return open_json(
                path,
                options,
                scratch,
                wanted=wanted,
                read_around=None if contract.keeps_undeclared else _header_names(contract),
                is_lines=is_own,
            )
        case "parquet":
            from orchestration.extracts.parquet_text import open_parquet

            return open_parquet(path, options, scratch)
        case "xlsx":
            from orchestration.extracts.xlsx_text import open_xlsx

            return open_xlsx(path, options, scratch)
        case _:
            from orchestration.extracts.csv_text import open_csv
            from orchestration.extracts.disguises import refuse_disguised

            refuse_disguised(path, may_be_json=False)

            return open_csv(path, options, scratch, expected=_header_names(contract))


def _header_names(contract: Contract) -> set[str]:
    return {name for column in contract.columns for name in (*column.headers, *column.parts)}


def _refuse_blank(path: Path) -> None:
    """Raise UnreadableFileError if nothing stands in the file: that is JSON Lines without a line,
    but no JSON text.
    """
    if path.stat().st_size > _BLANK_BYTES:
        return
    if not path.read_bytes().removeprefix(codecs.BOM_UTF8).strip():
        raise UnreadableFileError(
            "the file is empty: not even `[]` stands in it; export it again, or name it .jsonl "
            "where no line means no row"
        )


def refuse_report(path: Path, footer: ReportFooter) -> None:
    """Raise UnreadableFileError if the file ends as saved reports do.

    To be asked of files that lack columns only: honest data may quote such a footer.
    """
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _FOOTER_BYTES))
        end = file.read().decode("utf-8", errors="replace")
    for mark in footer.marks:
        if mark in end:
            raise UnreadableFileError(f"a saved report (it ends with {mark!r}): {footer.remedy}")
