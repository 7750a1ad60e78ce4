"""A text is found in whatever it is packed: nothing that forgetting forgot stays unseen."""

from __future__ import annotations

import gzip
import io
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import polars as pl
import pytest

from orchestration.extracts.zstandard import zstd
from orchestration.privacy.proof import Needles, find

ADDRESS = "ann.lee@shop.example"


def zipped(name: str, data: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return packed.getvalue()


def write(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def write_database(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            f"create table t as select 'x{ADDRESS}' || (i % 5) as c from range(99999) as r(i)"
        )


def write_sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table t (c)")
        connection.execute("insert into t values (?)", [f"an event about {ADDRESS}"])
        connection.commit()


FILES: dict[str, Callable[[Path], object]] = {
    "plain.log": write(f"to {ADDRESS.upper()}!".encode()),
    "wide.csv": write(f"a;{ADDRESS}".encode("utf-16")),
    "wide_big.csv": write(f"a;{ADDRESS}".encode("utf-16-be")),
    "page.html": write(b'href="?to=ann.lee%40shop.example"'),
    "escaped.json": write(b'"ann.lee\\u0040shop.example"'),
    "packed.csv.gz": write(gzip.compress(ADDRESS.encode())),
    "packed.csv.zst": write(zstd.compress(ADDRESS.encode())),
    "packed.zip": write(zipped("a.csv", ADDRESS.encode())),
    "twice.zip": write(zipped("a.csv.gz", gzip.compress(ADDRESS.encode()))),
    "book.xlsx": write(zipped("xl/sharedStrings.xml", f"<t>{ADDRESS}</t>".encode())),
    "rows.parquet": lambda path: pl.DataFrame({"c": [f"x{ADDRESS}"] * 9}).write_parquet(path),
    "tables.duckdb": write_database,
    "events.db": write_sqlite,
    "over_a_border.bin": write(b"x" * (16 * 1024 * 1024 - 5) + ADDRESS.encode()),
}


@pytest.mark.parametrize("name", FILES)
def test_a_text_is_found_in_any_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / "deep" / name
    path.parent.mkdir()
    FILES[name](path)
    assert find(tmp_path, Needles([ADDRESS])) == [path]
    assert find(tmp_path, Needles(["bob@shop.example"])) == []


def test_a_file_that_is_not_what_its_name_says_is_no_reason_to_stop(tmp_path: Path) -> None:
    for name in ("a.parquet", "a.duckdb", "a.gz", "a.zip", "a.zst"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
    (tmp_path / "b.txt").write_text(ADDRESS)
    assert find(tmp_path, Needles([ADDRESS])) == [tmp_path / "b.txt"]
