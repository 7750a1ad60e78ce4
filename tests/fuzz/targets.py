"""What bytes are thrown at, and what must hold of each reader whatever they are.

Belongs here: one function a target; it returns, or the bytes found a bug. A file may be refused by
UnreadableFileError, and its account must close if it is not.
Does not belong here: where the bytes come from (run.py, test_targets.py).
"""

from __future__ import annotations

import io
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from functools import cache
from pathlib import Path
from typing import TypeVar

import openpyxl
import polars as pl

from orchestration.bronze.load import load_file
from orchestration.bronze.paths import accepted_path, quarantine_path
from orchestration.extracts.csv_structure import raw_records, read_structure
from orchestration.extracts.csv_text import open_csv
from orchestration.extracts.json_text import open_json
from orchestration.extracts.landing import local_file
from orchestration.extracts.ledger import Ledger
from orchestration.extracts.parquet_text import open_parquet
from orchestration.extracts.table import ROW_NUMBER, TextTable, UnreadableFileError
from orchestration.extracts.unpack import unpack, zip_members
from orchestration.extracts.xlsx_text import open_xlsx
from orchestration.settings import Settings
from orchestration.sources.contract import Contract, native_contract
from orchestration.sources.file_options import FileOptions
from orchestration.sources.model import SourceFile

Target = Callable[[bytes], None]
Choice = TypeVar("Choice")

# What the loader makes a refusal of.
_DAMAGE = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
_NIGHT = date(2025, 9, 28)
_LIMIT_BYTES = 1_000_000
# One byte of the input chooses among them; the rest is the file.
_CSV_OPTIONS = [
    FileOptions(),
    FileOptions(delimiter="auto", encoding=["utf-8", "cp1252"]),
    FileOptions(delimiter=";", quote="'", encoding=["latin-1"]),
    FileOptions(delimiter="\t", encoding=["utf-16"]),
    FileOptions(header_row=3, skip_footer=2),
]
_JSON_OPTIONS = [
    FileOptions(),
    FileOptions(rows="stages"),
    FileOptions(rows="propertiesWithHistory.{property}"),
    FileOptions(encoding=["utf-8", "utf-16"]),
]
_XLSX_OPTIONS = [FileOptions(), FileOptions(header_row=2, skip_footer=1)]
XLSX_PARTS = [
    "xl/worksheets/sheet1.xml",
    "xl/workbook.xml",
    "xl/styles.xml",
    "xl/sharedStrings.xml",
    "xl/_rels/workbook.xml.rels",
    "[Content_Types].xml",
]
_NAMES = [
    "deals.csv",
    "deals.jsonl",
    "deals.csv.gz",
    "deals.csv.zst",
    "deals.xlsx",
    "deals.parquet",
]
_COLUMNS = {
    "id": {"type": "text", "required": True},
    "state": {"type": "text"},
    "value": {"type": "decimal", "optional": True},
    "close": {"type": "date", "optional": True},
    "created": {"type": "timestamp", "optional": True},
    "gone": {"type": "boolean", "optional": True},
    "chance": {"type": "double", "optional": True},
    "count": {"type": "integer", "optional": True},
    "key": {"type": "salesforce_id", "optional": True},
}


def structure(data: bytes) -> None:
    """Where the records of a CSV file stand."""
    with _Folder() as folder:
        path = folder.file(data)
        try:
            found = read_structure(path, delimiter=",", quote='"')
        except UnreadableFileError:
            return
        numbers = [record.row_number for record in found.malformed]
        assert numbers == sorted(set(numbers))
        assert all(2 <= number < found.record_count + 2 for number in numbers)
        wanted = range(1, min(found.record_count, 50) + 2)
        assert set(raw_records(path, wanted, delimiter=",", quote='"')) == set(wanted)


def csv(data: bytes) -> None:
    """A CSV file as a table."""
    options, content = _choice(data, _CSV_OPTIONS)
    with _Folder() as folder:
        path = folder.file(content)
        _check(lambda: open_csv(path, options, folder.path, expected={"id", "state", "value"}))


def json(data: bytes) -> None:
    """A JSON file as a table."""
    options, content = _choice(data, _JSON_OPTIONS)
    with _Folder() as folder:
        path = folder.file(content)
        _check(lambda: open_json(path, options, folder.path))


def xlsx(data: bytes) -> None:
    """A workbook as a table."""
    options, content = _choice(data, _XLSX_OPTIONS)
    with _Folder() as folder:
        path = folder.file(content)
        _check(lambda: open_xlsx(path, options, folder.path))


def sheet(data: bytes) -> None:
    """A workbook with one part that is anything: the zip around it would stop most mutations."""
    part, content = _choice(data, XLSX_PARTS)
    with _Folder() as folder:
        path = folder.path / "file"
        with zipfile.ZipFile(path, "w") as archive:
            for name, known in workbook_parts().items():
                archive.writestr(name, content if name == part else known)
        _check(lambda: open_xlsx(path, FileOptions(), folder.path))


@cache
def workbook_parts() -> dict[str, bytes]:
    """The parts of a small workbook, by name."""
    book, file = openpyxl.Workbook(), io.BytesIO()
    for row in (["id", "close", "value"], ["d1", date(2025, 9, 28), 1.5], ["d2", True, "=1+1"]):
        book.active.append(row)
    book.save(file)
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def parquet(data: bytes) -> None:
    """A Parquet file as a table. Damage in its pages shows when it is read."""
    with _Folder() as folder, suppress(*_DAMAGE):
        path = folder.file(data)
        _check(lambda: open_parquet(path, FileOptions(), folder.path))


def packed(data: bytes) -> None:
    """gzip, Zstandard, or a zip with all its members."""
    name, content = _choice(data, ["deals.csv.gz", "deals.csv.zst", "deals.zip"])
    with _Folder() as folder:
        path = folder.file(content)
        try:
            members: list[str | None] = [None]
            if name.endswith(".zip"):
                members = list(zip_members(path)[:20])
        except UnreadableFileError:
            return
        for member in members:
            try:
                plain = unpack(
                    path, member or name, FileOptions(), member, folder.path, _LIMIT_BYTES
                )
            except UnreadableFileError:
                continue
            assert plain.stat().st_size <= _LIMIT_BYTES or plain == path
            assert plain.parent == folder.path


def load(data: bytes) -> None:
    """The whole way of a file into bronze and quarantine."""
    name, content = _choice(data, _NAMES)
    with _Folder() as folder:
        settings = Settings(home=folder.path / "home", max_file_bytes=_LIMIT_BYTES)
        path = folder.file(content, name)
        loaded = load_file(
            local_file(_contract(), _NIGHT, path), Ledger(settings.ledger), settings, "run"
        )
        assert Ledger(settings.ledger).loads == [loaded]
        assert loaded.rows_read == loaded.rows_accepted + loaded.rows_quarantined
        good, bad = accepted_path(settings, loaded), quarantine_path(settings, loaded)
        accepted = pl.read_parquet(good).height if good.exists() else 0
        refused = pl.read_parquet(bad).height if bad.exists() else 0
        assert (accepted, refused) == (loaded.rows_accepted, loaded.rows_quarantined)
        assert not list(settings.bronze.glob(".*"))
        assert {each.name for each in folder.path.iterdir()} == {name, "home"}


TARGETS: dict[str, Target] = {
    "structure": structure,
    "csv": csv,
    "packed": packed,
    "json": json,
    "xlsx": xlsx,
    "sheet": sheet,
    "parquet": parquet,
    "load": load,
}


def choices(target: str) -> int:
    """How many kinds of files the first byte of a target's input chooses among; 0 for none."""
    kinds = {
        "csv": _CSV_OPTIONS,
        "json": _JSON_OPTIONS,
        "xlsx": _XLSX_OPTIONS,
        "sheet": XLSX_PARTS,
        "load": _NAMES,
    }
    return 3 if target == "packed" else len(kinds.get(target, []))


def _choice(data: bytes, choices: list[Choice]) -> tuple[Choice, bytes]:
    return choices[data[0] % len(choices) if data else 0], data[1:]


def _check(opened: Callable[[], TextTable]) -> None:
    """The account of a table: each row number once, in the rows or among the malformed ones."""
    try:
        table = opened()
    except UnreadableFileError:
        return
    rows = table.records.collect(engine="streaming")
    assert rows.columns.count(ROW_NUMBER) == 1
    assert set(rows.columns) == {*table.header, ROW_NUMBER}
    types = dict(rows.schema)
    assert all(types[name] == pl.String for name in table.header)
    numbers = [*rows[ROW_NUMBER].to_list(), *(bad.row_number for bad in table.malformed)]
    assert len(numbers) == len(set(numbers)) == table.record_count
    assert set(table.raw_texts(numbers[:50])) == set(numbers[:50])


@cache
def _contract() -> Contract:
    things = {"files": "deals*", "key": "id", "columns": _COLUMNS}
    said = SourceFile.model_validate(
        {"source": "acme", "encoding": ["utf-8", "cp1252"], "objects": {"things": things}}
    )
    return native_contract(said, "things", said.objects["things"])


class _Folder:
    """A folder that is thrown away."""

    def __enter__(self) -> _Folder:
        self.path = Path(tempfile.mkdtemp(prefix="fuzz-"))
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path)

    def file(self, data: bytes, name: str = "file") -> Path:
        """A file with some bytes."""
        path = self.path / name
        path.write_bytes(data)
        return path
