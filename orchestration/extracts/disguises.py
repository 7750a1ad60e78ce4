"""Files that are something else than they are called, told by their first bytes.

Belongs here: what a text file must not begin with. Does not belong here: what a name tells
(unpack.py), how a format is read (csv_text.py, json_text.py, …).
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from orchestration.extracts.table import UnreadableFileError

_HEAD_BYTES = 1024
_BINARY = {
    b"\x1f\x8b": "gzip: name it .gz, or say `compression: gzip` in the source file",
    b"\x28\xb5\x2f\xfd": "Zstandard: name it .zst, or say `compression: zstd` in the source file",
    b"PAR1": "Parquet: name it .parquet, or say `format: parquet` in the source file",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old .xls workbook: save it as XLSX or CSV",
}
_ZIP, _WORKBOOK = b"PK\x03\x04", re.compile(rb"\[Content_Types\]\.xml|_rels/|xl/|docProps/")
_MARKUP = re.compile(rb"<(?:!doctype|html|head|body|\?xml|!--|table)", re.IGNORECASE)
_JSON = re.compile(rb'[{\[]\s*(?:["{\[]|[}\]]\s*$)')


def refuse_disguised(path: Path, *, may_be_json: bool) -> None:
    """Raise UnreadableFileError when what is called a text file is none, or a page of the web.

    With `may_be_json` a file may begin as JSON does.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    kind = next((kind for magic, kind in _BINARY.items() if head.startswith(magic)), None)
    if head.startswith(_ZIP):
        kind = "a zip: name it .zip"
        if _WORKBOOK.search(head):
            kind = "an XLSX workbook: name it .xlsx, or say `format: xlsx` in the source file"
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if _MARKUP.match(text):
        kind = "a web page or XML: was the session expired when it was exported?"
    elif not may_be_json and _JSON.match(text):
        kind = "JSON: name it .jsonl, or say `format: jsonl` in the source file"
    if kind is not None:
        raise UnreadableFileError(f"not what it is called, but {kind}")
