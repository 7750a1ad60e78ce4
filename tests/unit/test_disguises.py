"""What a text file is told to be by its first bytes.

Belongs here: one beginning of each kind. Does not belong here: what follows for a night
(tests/corpus).
"""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from orchestration.extracts.disguises import refuse_disguised
from orchestration.extracts.table import UnreadableFileError
from orchestration.extracts.zstandard import zstd
from tests.unit.test_unpack import zipped


def written(kind: str) -> bytes:
    file = io.BytesIO()
    if kind == "parquet":
        pl.DataFrame({"id": [1]}).write_parquet(file)
    else:
        book = openpyxl.Workbook()
        book.worksheets[0].append(["id"])
        book.save(file)
    return file.getvalue()


DISGUISED: dict[str, bytes] = {
    "gzip": gzip.compress(b"id\n"),
    "Zstandard": zstd.compress(b"id\n"),
    "Parquet": written("parquet"),
    "an XLSX workbook": written("xlsx"),
    "an old .xls workbook": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600),
    "a web page": b"\xef\xbb\xbf\n <!DOCTYPE html>\n<html>",
    "a web page or XML": b'<?xml version="1.0"?><a/>',
}
JSON = [b'{"id": 1}\n', b'\n[\n  {\n "id": 1}]', b'[{"errorCode":"X"}]', b"[]", b" {}\n"]
TEXTS = [
    b"",
    b"id,name\n",
    b'"id","name"\n',
    b"[id],{name}\n",
    b"<id>;name\n",
    b"{a},b\n",
    b"PK;x\n",
]


@pytest.mark.parametrize("kind", DISGUISED)
@pytest.mark.parametrize("may_be_json", [False, True])
def test_a_file_of_another_kind_is_told(tmp_path: Path, kind: str, may_be_json: bool) -> None:
    path = tmp_path / "deals"
    path.write_bytes(DISGUISED[kind])
    with pytest.raises(UnreadableFileError, match=f"not what it is called, but {kind}"):
        refuse_disguised(path, may_be_json=may_be_json)


def test_a_zip_of_anything_else_is_told(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"deals.csv": b"id\n"})
    with pytest.raises(UnreadableFileError, match=r"but a zip: name it \.zip"):
        refuse_disguised(path, may_be_json=False)


@pytest.mark.parametrize("text", JSON)
def test_json_is_told_where_it_may_not_be(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "deals"
    path.write_bytes(text)
    refuse_disguised(path, may_be_json=True)
    with pytest.raises(UnreadableFileError, match="but JSON"):
        refuse_disguised(path, may_be_json=False)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_file_is_none_of_them(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "deals"
    path.write_bytes(text)
    refuse_disguised(path, may_be_json=False)
