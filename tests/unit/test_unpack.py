"""From landed files to plain ones, with archives made here and damaged here.

Belongs here: names and formats, gzip, Zstandard, zips and their members, bombs.
Does not belong here: which object a file holds (test_bronze_loading.py).
"""

from __future__ import annotations

import gzip
import io
import stat
import struct
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.extracts import unpack as unpack_module
from orchestration.extracts.table import UnreadableFileError
from orchestration.extracts.unpack import (
    Member,
    format_of,
    plain_name,
    unpack,
    zip_directory,
    zip_members,
)
from orchestration.extracts.zstandard import zstd
from orchestration.sources.file_options import FileOptions

random_files = settings(derandomize=True, max_examples=80, deadline=None)

TEXT = b"id,name\n" + b"".join(b"%d,name %d\n" % (n, n * 7919) for n in range(5000))
LIMIT = 10**7


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("unpack")


def unpacked(
    path: Path, name: str, member: str | None = None, limit: int = LIMIT, **options: Any
) -> bytes:
    """The content, by way of a scratch folder that holds nothing else."""
    scratch = path.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    return unpack(path, name, FileOptions(**options), member, scratch, limit).read_bytes()


def landed(folder: Path, data: bytes) -> Path:
    path = folder / "landed"
    path.write_bytes(data)
    return path


def zipped(folder: Path, members: dict[str, bytes], **info: Any) -> Path:
    path = folder / "landed.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            member = zipfile.ZipInfo(name)
            member.compress_type = zipfile.ZIP_DEFLATED
            for attribute, value in info.items():
                setattr(member, attribute, value)
            archive.writestr(member, data)
    return path


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "zst": lambda data: zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1}),
}
COMPRESSIONS = {"gz": "gzip", "zst": "zstd"}


# Names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "plain", "format_"),
    [
        ("deals.csv", "deals.csv", "csv"),
        ("Deals.CSV.GZ", "Deals.CSV", "csv"),
        ("deals.tsv", "deals.tsv", "csv"),
        ("deals.txt.zst", "deals.txt", "csv"),
        ("deals", "deals", "csv"),
        ("deals.2025-01-01", "deals.2025-01-01", "csv"),
        ("deals.jsonl", "deals.jsonl", "jsonl"),
        ("deals.ndjson.gz", "deals.ndjson", "jsonl"),
        ("deals.json", "deals.json", "jsonl"),
        ("deals.Parquet", "deals.Parquet", "parquet"),
        ("deals.xlsx", "deals.xlsx", "xlsx"),
        ("gz", "gz", "csv"),
    ],
)
def test_the_name_tells_what_a_file_is(name: str, plain: str, format_: str) -> None:
    assert (plain_name(name), format_of(name, FileOptions())) == (plain, format_)


def test_what_the_source_file_says_goes_before_the_name() -> None:
    assert format_of("deals.csv", FileOptions(format="xlsx")) == "xlsx"


# Packed files ------------------------------------------------------------------------------------


def test_a_plain_file_is_not_copied(folder: Path) -> None:
    path = landed(folder, TEXT)
    for name, options in (("a.csv", {}), ("a.csv.gz", {"compression": "none"})):
        assert unpack(path, name, FileOptions(**options), None, folder, 1) == path


@pytest.mark.parametrize("ending", PACKINGS)
def test_a_packed_file_is_told_by_its_name_or_by_the_source_file(folder: Path, ending: str) -> None:
    path = landed(folder, PACKINGS[ending](TEXT))
    assert unpacked(path, f"deals.csv.{ending.upper()}") == TEXT
    assert unpacked(path, "deals.csv", compression=COMPRESSIONS[ending]) == TEXT


@pytest.mark.parametrize("ending", PACKINGS)
def test_what_was_packed_in_pieces_is_one_content(folder: Path, ending: str) -> None:
    pack = PACKINGS[ending]
    path = landed(folder, pack(TEXT[:100]) + pack(b"") + pack(TEXT[100:]))
    assert unpacked(path, f"deals.{ending}") == TEXT


@pytest.mark.parametrize("ending", PACKINGS)
@pytest.mark.parametrize("left", [0, 5, 0.5, -9, -1])
def test_a_packed_file_that_is_cut_off_is_refused(folder: Path, ending: str, left: float) -> None:
    packed = PACKINGS[ending](TEXT)
    end = int(len(packed) * left) if isinstance(left, float) else left
    with pytest.raises(UnreadableFileError, match="is cut off"):
        unpacked(landed(folder, packed[:end]), f"deals.{ending}")


@pytest.mark.parametrize("ending", PACKINGS)
def test_a_second_piece_that_is_cut_off_is_refused(folder: Path, ending: str) -> None:
    packed = PACKINGS[ending](TEXT)
    with pytest.raises(UnreadableFileError, match="is cut off"):
        unpacked(landed(folder, packed + packed[:-3]), f"deals.{ending}")


@pytest.mark.parametrize("ending", PACKINGS)
@pytest.mark.parametrize("data", [TEXT, b"\0" * 100, PACKINGS["gz"](TEXT) + b"tail"])
def test_what_is_packed_in_no_such_way_is_refused(folder: Path, ending: str, data: bytes) -> None:
    with pytest.raises(UnreadableFileError, match=r"cannot be unpacked as .* say `compression`"):
        unpacked(landed(folder, data), f"deals.{ending}")


@random_files
@given(ending=st.sampled_from(list(PACKINGS)), at=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_a_flipped_bit_is_refused_or_changes_nothing(
    folder: Path, ending: str, at: int, bit: int
) -> None:
    packed = bytearray(PACKINGS[ending](TEXT))
    packed[at % len(packed)] ^= 1 << bit
    with suppress(UnreadableFileError):
        assert unpacked(landed(folder, bytes(packed)), f"deals.{ending}") == TEXT


# Limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", PACKINGS)
def test_a_bomb_stops_at_the_limit(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack_module, "_CHUNK_BYTES", 1000)
    path = landed(tmp_path, PACKINGS[ending](b"\0" * 10**7))
    assert len(unpacked(path, f"deals.{ending}", limit=10**7)) == 10**7
    for old in (tmp_path / "scratch").iterdir():
        old.unlink()
    with pytest.raises(
        UnreadableFileError, match=r"more than 5,000 bytes.*FLYWHEEL_MAX_FILE_BYTES"
    ):
        unpacked(path, f"deals.{ending}", limit=5000)
    assert sum(each.stat().st_size for each in (tmp_path / "scratch").iterdir()) <= 5000


def test_a_member_of_a_zip_stops_at_the_limit(folder: Path) -> None:
    path = zipped(folder, {"deals.csv": b"\0" * 10**6})
    with pytest.raises(UnreadableFileError, match="more than 5,000 bytes"):
        unpacked(path, "deals.csv", "deals.csv", limit=5000)


def test_a_disk_that_is_nearly_full_stays_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack_module, "LEAST_FREE_BYTES", 2**60)
    with pytest.raises(UnreadableFileError, match="bytes are free on the disk of FLYWHEEL_HOME"):
        unpacked(landed(folder, gzip.compress(TEXT)), "deals.csv.gz")


# Zips --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_file", [False, True])
def test_the_members_of_a_zip_are_the_files_of_an_export(folder: Path, as_file: bool) -> None:
    wanted = ["Deal.csv", "2025/Deal.csv", "a b/ü.jsonl.gz", "odd\\Lead.csv", "book.xlsx"]
    others = [
        "folder/", "/etc/Deal.csv", "\\Deal.csv", "C:\\Deal.csv", "../Deal.csv", "a/../../Deal.csv",
        "a\\..\\Deal.csv", "__MACOSX/._Deal.csv", "a/__MACOSX/Deal.csv", ".DS_Store", "a/.hidden",
        "nested.zip", "nested.tar", "nested.tar.gz", "nested.TGZ", "nested.7z",
    ]  # fmt: skip
    path = zipped(folder, dict.fromkeys([*others, *wanted], b"x"))
    assert zip_members(io.BytesIO(path.read_bytes()) if as_file else path) == wanted


def test_a_member_without_a_name_is_no_file(folder: Path) -> None:
    path = zipped(folder, {"X": b"x", "Deal.csv": b"x"})
    # The name is as long as before, and a NUL ends it.
    path.write_bytes(path.read_bytes().replace(b"X", b"\0"))
    assert zip_members(path) == ["Deal.csv"]


def test_links_in_a_zip_are_no_files(folder: Path) -> None:
    path = zipped(folder, {"Deal.csv": b"/etc/passwd"}, external_attr=(stat.S_IFLNK | 0o777) << 16)
    assert zip_members(path) == []


def test_members_that_are_not_read_say_why(folder: Path) -> None:
    others = {
        "/etc/Deal.csv": "its name leads out of the zip",
        "C:\\Deal.csv": "its name leads out of the zip",
        "a/../../Deal.csv": "its name leads out of the zip",
        "nested.tar.gz": "an archive in a zip: land it itself",
        "folder\\": "it has no name",
    }
    silent = ["folder/", "__MACOSX/._Deal.csv", "a/.hidden"]
    path = zipped(folder, dict.fromkeys([*others, *silent], b"x"))
    assert {each.name: each.problem for each in zip_directory(path)} == others


def test_a_link_in_a_zip_says_what_to_do(folder: Path) -> None:
    path = zipped(folder, {"Deal.csv": b"/etc/passwd"}, external_attr=(stat.S_IFLNK | 0o777) << 16)
    (member,) = zip_directory(path)
    assert member == Member("Deal.csv", "a link or a device: land the file itself")


def test_members_are_told_apart_by_their_folder(folder: Path) -> None:
    path = zipped(folder, {"a/Deal.csv": b"first", "b/Deal.csv": b"second"})
    assert zip_members(path) == ["a/Deal.csv", "b/Deal.csv"]
    assert unpacked(path, "a/Deal.csv", "a/Deal.csv") == b"first"
    assert unpacked(path, "b/Deal.csv", "b/Deal.csv") == b"second"


@pytest.mark.parametrize("ending", PACKINGS)
def test_a_member_may_be_packed_itself(folder: Path, ending: str) -> None:
    name = f"deep/Deal.csv.{ending}"
    path = zipped(folder, {name: PACKINGS[ending](TEXT)})
    assert unpacked(path, name, name) == TEXT
    with pytest.raises(UnreadableFileError, match="in a zip file is cut off"):
        unpacked(zipped(folder, {name: PACKINGS[ending](TEXT)[:-9]}), name, name)


def test_nothing_is_written_but_below_scratch(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"../../evil.csv": b"x"})
    before = {*tmp_path.parent.rglob("*")}
    assert unpacked(path, "../../evil.csv", "../../evil.csv") == b"x"
    new = {*tmp_path.parent.rglob("*")} - before
    assert {each.parent for each in new if each.is_file()} == {tmp_path / "scratch"}
    assert "evil" not in "".join(each.name for each in new)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(folder: Path) -> None:
    path = folder / "twice.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Deal.csv", "1")
        archive.writestr("Deal.csv", "2")
    with pytest.raises(UnreadableFileError, match=r"holds Deal\.csv more than once"):
        zip_members(path)


def test_too_many_members_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack_module, "MAX_MEMBERS", 2)
    with pytest.raises(UnreadableFileError, match="a zip of 3 members, and no more than 2"):
        zip_members(zipped(folder, {"a": b"", "b": b"", "c": b""}))


@pytest.mark.parametrize("data", [b"", b"PK", b"id,name\n", b"PK\x05\x06" + b"\xff" * 18])
def test_what_is_no_zip_is_refused(folder: Path, data: bytes) -> None:
    with pytest.raises(UnreadableFileError, match="no zip that can be opened"):
        zip_members(landed(folder, data))


def test_an_empty_zip_has_no_members(folder: Path) -> None:
    assert zip_members(zipped(folder, {})) == []


def test_an_encrypted_member_is_refused(folder: Path) -> None:
    data = bytearray(zipped(folder, {"Deal.csv": TEXT}).read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        struct.pack_into("<H", data, data.index(signature) + offset, 1)
    with pytest.raises(UnreadableFileError, match="it is encrypted in the zip"):
        unpacked(landed(folder, bytes(data)), "Deal.csv", "Deal.csv")


def test_a_packing_that_is_not_known_is_refused(folder: Path) -> None:
    data = bytearray(zipped(folder, {"Deal.csv": TEXT}).read_bytes())
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        struct.pack_into("<H", data, data.index(signature) + offset, 99)
    with pytest.raises(UnreadableFileError, match="packed in a way that is not read"):
        unpacked(landed(folder, bytes(data)), "Deal.csv", "Deal.csv")


def test_a_member_that_is_gone_is_told(folder: Path) -> None:
    with pytest.raises(UnreadableFileError, match=r"no longer holds Lead\.csv"):
        unpacked(zipped(folder, {"Deal.csv": TEXT}), "Lead.csv", "Lead.csv")


@random_files
@given(at=st.integers(0, 10**6), byte=st.integers(0, 255), cut=st.none() | st.integers(0, 10**6))
def test_damage_to_a_zip_is_refused_or_changes_nothing(
    folder: Path, at: int, byte: int, cut: int | None
) -> None:
    data = bytearray(zipped(folder, {"a/Deal.csv": TEXT[:2000], "b.csv": b"x"}).read_bytes())
    data[at % len(data)] = byte
    path = landed(folder, bytes(data if cut is None else data[: cut % len(data)]))
    with suppress(UnreadableFileError):
        if "a/Deal.csv" in zip_members(path):
            assert unpacked(path, "a/Deal.csv", "a/Deal.csv") == TEXT[:2000]
