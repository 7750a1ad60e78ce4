"""Packed files: damaged, cut off, misnamed, bombs, and archives that want to write elsewhere.

Belongs here: gzip, Zstandard and zips, and contents that their name does not promise. Does not
belong here: what stands in a whole, well-named archive (tests of the unpacking).
"""

from __future__ import annotations

import gzip
import io
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

from orchestration.extracts.zstandard import zstd
from tests.corpus.case import ROLES, Case, table

_DEALS = b"id,state,value\nd1,Open,1\n"
_READ = [("d1", "Open", 1)]
_MORE = b"d2,Open,2\n"
_ZEROS = _DEALS + b"d0,Open,0\n" * 1_000_000
_GZIP = gzip.compress(_DEALS, mtime=0)
_ROLE = table(ROLES, ["00E000000000001AAA", "Rep", ""]).encode()
_NOT_OPENED = "no zip that can be opened"


def packed(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name, (2025, 9, 28, 0, 0, 0))
            info.compress_type = method
            archive.writestr(info, content)
    return file.getvalue()


def _beside_evil(*names: str) -> Callable[[Path], bytes]:
    """A zip with a good file and members whose names lead elsewhere; `{above}` is a real folder."""

    def made(above: Path) -> bytes:
        evil = [(name.format(above=above), _DEALS) for name in names]
        return packed(*evil, ("deals.csv", _DEALS))

    return made


def _with_link(_: Path) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("deals_link.csv")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("deals.csv", _DEALS)
    return file.getvalue()


def _encrypted(_: Path) -> bytes:
    """The flag alone: what it hides is never looked at."""
    data = bytearray(packed(("deals.csv", _DEALS)))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(mark) + place
        data[at : at + 2] = struct.pack("<H", 1)
    return bytes(data)


def _of_method(number: int) -> bytes:
    """A zip that says that its member is packed by some other method."""
    data = bytearray(packed(("deals.csv", _DEALS)))
    for mark, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = data.index(mark) + place
        data[at : at + 2] = struct.pack("<H", number)
    return bytes(data)


def _without_name(_: Path) -> bytes:
    """A zip whose first member has a name of no letters (found by fuzzing)."""
    data = packed(("x", b""), ("deals.csv", _DEALS))
    at = data.index(b"PK\x01\x02")
    assert data[at + 28 : at + 30] == struct.pack("<H", 1)
    # What was the name becomes the field behind it.
    return data[: at + 28] + struct.pack("<HHH", 0, 0, 1) + data[at + 34 :]


def _damaged(data: bytes, place: float) -> bytes:
    """One byte changed."""
    at = int(len(data) * place)
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


CASES = [
    # gzip and Zstandard --------------------------------------------------------------------------
    Case("gzip", _GZIP, file="deals.csv.gz", accepted=_READ),
    Case("gzip with an ending in capitals", _GZIP, file="deals.CSV.GZ", accepted=_READ),
    Case(
        "gzip of several members",
        _GZIP + gzip.compress(_MORE, mtime=0) + gzip.compress(b"", mtime=0),
        file="deals.csv.gz",
        accepted=[*_READ, ("d2", "Open", 2)],
    ),
    Case("gzip that was cut off", _GZIP[:-9], file="deals.csv.gz", error="is cut off"),
    Case("gzip without its checksum", _GZIP[:-8], file="deals.csv.gz", error="is cut off"),
    Case("gzip with a wrong checksum", _damaged(_GZIP, 0.9), file="deals.csv.gz", error="gzip"),
    Case("gzip with garbage behind it", _GZIP + b"garbage", file="deals.csv.gz", error="gzip"),
    Case("gzip with zeros behind it", _GZIP + bytes(512), file="deals.csv.gz", accepted=_READ),
    Case("an empty gzip file", b"", file="deals.csv.gz", error="is cut off"),
    Case(
        "gzip of nothing",
        gzip.compress(b"", mtime=0),
        file="deals.csv.gz",
        error="the file is empty",
    ),
    Case("gzip of gzip", gzip.compress(_GZIP, mtime=0), file="deals.csv.gz", error="gzip"),
    Case(
        "CSV that is called gzip", _DEALS, file="deals.csv.gz", error="cannot be unpacked as gzip"
    ),
    Case("gzip that is called CSV", _GZIP, error="gzip"),
    Case(
        "gzip that is called CSV, where any byte is a letter",
        _GZIP,
        says="encoding: latin-1\n",
        error="gzip",
    ),
    Case(
        "gzip of a Bulk API file that is called CSV",
        gzip.compress(_ROLE, mtime=0),
        file="UserRole.csv",
        source="salesforce",
        error="gzip",
    ),
    Case(
        "gzip that is called CSV, as the source file says",
        _GZIP,
        says="compression: gzip\n",
        accepted=_READ,
    ),
    Case("Zstandard", zstd.compress(_DEALS), file="deals.csv.zst", accepted=_READ),
    Case(
        "Zstandard of several frames",
        zstd.compress(_DEALS) + zstd.compress(_MORE),
        file="deals.csv.zst",
        accepted=[*_READ, ("d2", "Open", 2)],
    ),
    Case(
        "Zstandard that was cut off",
        zstd.compress(_DEALS)[:-3],
        file="deals.csv.zst",
        error="is cut off",
    ),
    Case(
        "Zstandard with garbage behind it",
        zstd.compress(_DEALS) + b"garbage",
        file="deals.csv.zst",
        error="Zstandard",
    ),
    Case(
        "CSV that is called Zstandard",
        _DEALS,
        file="deals.csv.zst",
        error="cannot be unpacked as Zstandard",
    ),
    Case(
        "a bomb of gzip",
        lambda _: gzip.compress(_ZEROS, mtime=0),
        file="deals.csv.gz",
        max_file_bytes=10**6,
        error="more than 1,000,000 bytes",
    ),
    Case(
        "a bomb of Zstandard",
        lambda _: zstd.compress(_ZEROS),
        file="deals.csv.zst",
        max_file_bytes=10**6,
        error="more than 1,000,000 bytes",
    ),
    Case("just no bomb", _GZIP, file="deals.csv.gz", max_file_bytes=len(_DEALS), accepted=_READ),
    # Zips ----------------------------------------------------------------------------------------
    Case("a zip", packed(("deals.csv", _DEALS)), file="deals.zip", accepted=_READ),
    Case(
        "a zip without packing",
        packed(("deals.csv", _DEALS), method=zipfile.ZIP_STORED),
        file="x.zip",
        accepted=_READ,
    ),
    Case(
        "a zip packed by LZMA",
        packed(("deals.csv", _DEALS), method=zipfile.ZIP_LZMA),
        file="x.zip",
        accepted=_READ,
    ),
    Case("gzip in a zip", packed(("deals.csv.gz", _GZIP)), file="x.zip", accepted=_READ),
    Case(
        "a zip with folders",
        packed(("a/b/", b""), ("a/b/deals.csv", _DEALS)),
        file="x.zip",
        accepted=_READ,
    ),
    Case(
        "a weekly Data Export",
        packed(
            ("UserRole.csv", _ROLE),
            ("Attachments/00P000000000001AAA", b"\0\xff"),
            ("__MACOSX/._UserRole.csv", b"\0"),
        ),
        file="WE_00D000000000001EAA_1.ZIP",
        source="salesforce",
        columns=ROLES,
        accepted=[("00E000000000001AAA", "Rep", None)],
    ),
    Case(
        "a zip with a name that leads up",
        _beside_evil("../deals_evil.csv", "../../../../deals_evil.csv"),
        file="x.zip",
        accepted=_READ,
    ),
    Case(
        "a zip with a name that leads up on Windows",
        _beside_evil("..\\deals_evil.csv", "a\\..\\..\\deals_evil.csv"),
        file="x.zip",
        accepted=_READ,
    ),
    Case(
        "a zip with an absolute name",
        _beside_evil("{above}/deals_evil.csv", "/{above}/deals_evil.csv", "C:\\deals_evil.csv"),
        file="x.zip",
        accepted=_READ,
    ),
    Case("a zip with a link", _with_link, file="x.zip", accepted=_READ),
    Case(
        "a zip with a zip",
        packed(("deals_more.zip", packed(("deals.csv", _DEALS))), ("deals.csv", _DEALS)),
        file="x.zip",
        accepted=_READ,
    ),
    Case("an encrypted zip", _encrypted, file="x.zip", error="it is encrypted"),
    Case(
        "a zip of an unknown method",
        _of_method(97),
        file="x.zip",
        error="packed in a way that is not read",
    ),
    Case(
        "a zip of a method that Windows alone writes",
        _of_method(9),
        file="x.zip",
        error="packed in a way that is not read",
    ),
    Case(
        "a bomb of a zip",
        lambda _: packed(("deals.csv", _ZEROS)),
        file="x.zip",
        max_file_bytes=10**6,
        error="more than 1,000,000 bytes",
    ),
    Case(
        "a zip with a wrong checksum",
        _damaged(packed(("deals.csv", _DEALS), method=zipfile.ZIP_STORED), 0.3),
        file="x.zip",
        error="cannot be unpacked as zip",
    ),
    Case(
        "a zip that was cut off",
        packed(("deals.csv", _DEALS))[:-30],
        file="deals.zip",
        error=_NOT_OPENED,
    ),
    Case(
        "a zip that holds one name twice",
        packed(("deals.csv", _DEALS), ("deals.csv", _MORE)),
        file="deals.zip",
        error="holds deals.csv more than once",
    ),
    Case("a zip with a member without a name", _without_name, file="x.zip", accepted=_READ),
    Case("an empty zip file", b"", file="deals.zip", error=_NOT_OPENED),
    Case("CSV that is called zip", _DEALS, file="deals.zip", error=_NOT_OPENED),
    Case(
        "a web page that is called zip",
        b"<!DOCTYPE html><html>Please log in</html>",
        file="deals.zip",
        error=_NOT_OPENED,
    ),
    Case(
        "a zip with ten thousand members and more",
        lambda _: packed(*((f"deals{n}.csv", b"") for n in range(10_001))),
        file="deals.zip",
        error="no more than 10,000 are opened",
    ),
    # Contents that the name does not promise -----------------------------------------------------
    Case("a zip that is called CSV", packed(("deals.csv", _DEALS)), error="zip"),
    Case(
        "a web page that is called CSV",
        "<!DOCTYPE html>\n<html><body>Please log in</body></html>\n",
        error="web page",
    ),
    Case("JSON that is called CSV", '{"id": "d1", "state": "Open", "value": 1}\n', error="JSON"),
    Case(
        "an error of the Bulk API that is called CSV",
        '[{"errorCode":"INVALID_SESSION_ID","message":"Session expired or invalid"}]',
        file="UserRole.csv",
        source="salesforce",
        error="JSON",
    ),
    Case("Parquet that is called CSV", b"PAR1" + bytes(100) + b"PAR1", error="Parquet"),
    Case("random bytes", bytes((n * 197 + n // 7) % 256 for n in range(5000)), error="UTF-8"),
    Case(
        "random bytes where any byte is a letter",
        bytes((n * 197 + n // 7) % 256 for n in range(5000)),
        says="encoding: latin-1\n",
        error="a quote out of place",
    ),
]
