"""A night's folder, written so that no reader takes half a file or half a night for a whole one.

Belongs here: temporary names, renames, the order of files, the spelling of values in CSV. Does not
belong here: what the tables hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

SUCCESS = "_SUCCESS"
_DATETIME_FORMAT = "%Y-%m-%dT%H:%M:%S.000Z"


def refuse_existing(folders: Sequence[Path]) -> None:
    """Raises ValueError if one of the night folders is there already, whatever it holds."""
    existing = [str(folder) for folder in folders if folder.exists()]
    if existing:
        raise ValueError(
            f"refusing to write into night folders that exist: {', '.join(existing)}. "
            "Choose another first night or landing folder, or remove them first."
        )


def write_night(folder: Path, tables: Mapping[str, pl.DataFrame]) -> None:
    """Writes `<object>.csv` for each table into the new `folder`, and `_SUCCESS` when all stand.

    Raises FileExistsError if the folder exists.
    """
    folder.mkdir(parents=True)
    for name, table in tables.items():
        partial = folder / f".{name}.partial"
        table.write_csv(partial, datetime_format=_DATETIME_FORMAT, quote_style="necessary")
        partial.replace(folder / f"{name}.csv")
    (folder / SUCCESS).touch()


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 text with LF line ends; replaces what is there in one step."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8", newline="\n")
    partial.replace(path)
