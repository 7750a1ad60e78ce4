"""Where extracts land: a folder and a bucket keep one contract, and nothing leads out of either.

Belongs here: what both answer, and what stands in a folder besides files.
Does not belong here: what a bucket costs and how it fails (integration/test_object_storage.py),
which file holds which object (test_landing.py).
"""

from __future__ import annotations

import io
import os
import random
import socket
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from orchestration.extracts.objects import ObjectPlace
from orchestration.extracts.places import FolderPlace, LandingUnreachableError, Place
from orchestration.extracts.table import UnreadableFileError
from tests.integration.object_store import ObjectStore, point_to, running_store

NIGHT, NEXT = date(2025, 9, 28), date(2025, 9, 29)
FOLDER = "crm/2025-09-28"
NOBODY = 65534
ODD_NAMES = [
    "with blank.csv",
    "a%20b%2Fc+d.csv",
    "<b>&'\"[bold]{x}.csv",
    "größe–日本.csv",
    "%2e%2e%2fpasswd",
    "...",
    "-rf",
    "~",
    "$HOME;`id`.csv",
    "back\\slash.csv",
    "n" * 251 + ".csv",
]


@dataclass
class Site:
    """A landing place to put files into, below a folder or a prefix of its own."""

    put: Callable[[str, bytes], None]
    delete: Callable[[str], None]
    open: Callable[[], Place]
    scratch: Path
    root: Path


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with running_store() as running:
        yield running


@pytest.fixture(params=["folder", "bucket"])
def site(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    store: ObjectStore,
    monkeypatch: pytest.MonkeyPatch,
) -> Site:
    root, scratch = tmp_path / "landing", tmp_path / "scratch"
    scratch.mkdir()

    def put(key: str, content: bytes) -> None:
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    if request.param == "folder":
        delete = lambda key: (root / key).unlink()  # noqa: E731
        return Site(put, delete, lambda: FolderPlace(root), scratch, root)
    point_to(store, monkeypatch)
    prefix = tmp_path.name
    return Site(
        lambda key, content: store.put(f"{prefix}/{key}", content),
        lambda key: store.delete(f"{prefix}/{key}"),
        lambda: ObjectPlace(f"s3://{store.bucket}/{prefix}"),
        scratch,
        scratch,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a night, in a landing folder."""
    night = tmp_path / FOLDER
    night.mkdir(parents=True)
    return night


@contextmanager
def not_almighty(*folders: Path) -> Iterator[None]:
    """As a user who may not read everything: permissions do not bind the superuser."""
    is_root = os.geteuid() == 0
    for each in folders:
        each.chmod(0o755)
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def test_what_is_not_there_is_empty(site: Site) -> None:
    place = site.open()
    assert place.nights("crm") == []
    assert place.entries("crm", NIGHT) == []
    assert place.changed_ns("crm", NIGHT) == 0


def test_nights_come_in_order_whatever_else_stands_beside_them(site: Site) -> None:
    for name in ("2025-10-01", "2025-09-28", "archive", "2025-9-1", "20250930", "2025-W40-1"):
        site.put(f"crm/{name}/a.csv", b"x")
    site.put("crm/2025-09-30", b"a file that is named like a night")
    site.put("crm/ 2025-10-02/a.csv", b"x")
    assert site.open().nights("crm") == [NIGHT, date(2025, 10, 1)]


def test_a_source_sees_nothing_of_one_whose_name_begins_alike(site: Site) -> None:
    site.put("crm_old/2025-09-28/a.csv", b"x")
    site.put("crm/2025-09-29/b.csv", b"x")
    place = site.open()
    assert place.nights("crm") == [NEXT]
    assert [entry.name for entry in place.entries("crm", NEXT)] == ["b.csv"]


def test_entries_come_in_order_with_their_size_and_time(site: Site) -> None:
    before = time.time() - 2
    for name, content in {"b.csv": b"12345", "B.csv": b"", "_SUCCESS": b"", "a.csv": b"1"}.items():
        site.put(f"{FOLDER}/{name}", content)
    entries = site.open().entries("crm", NIGHT)
    assert [(entry.name, entry.bytes) for entry in entries] == [
        ("B.csv", 0),
        ("_SUCCESS", 0),
        ("a.csv", 1),
        ("b.csv", 5),
    ]
    assert all(before <= entry.modified_ns / 1e9 <= time.time() + 2 for entry in entries)
    assert all(entry.problem is None for entry in entries)


def test_a_folder_within_a_night_is_named_once_and_never_looked_into(
    site: Site,
) -> None:
    for name in ("a.csv", "deep/b.csv", "deep/deeper/c.csv", "deep/d.csv"):
        site.put(f"{FOLDER}/{name}", b"x")
    entries = {entry.name: entry.problem for entry in site.open().entries("crm", NIGHT)}
    assert entries.keys() == {"a.csv", "deep"}
    assert entries["deep"].startswith("a folder: ")


@pytest.mark.parametrize("content", [b"", b"\x00\xff\r\n" * 1000], ids=["empty", "bytes"])
def test_a_file_arrives_byte_by_byte(site: Site, content: bytes) -> None:
    site.put(f"{FOLDER}/a.csv", content)
    place = site.open()
    assert place.fetch("crm", NIGHT, "a.csv", site.scratch).read_bytes() == content
    with place.open("crm", NIGHT, "a.csv") as file:
        assert file.read() == content


@pytest.mark.parametrize("name", ODD_NAMES)
def test_an_odd_name_is_listed_as_it_is_and_its_file_stays_where_files_belong(
    site: Site, name: str
) -> None:
    site.put(f"{FOLDER}/{name}", b"content")
    place = site.open()
    assert [entry.name for entry in place.entries("crm", NIGHT)] == [name]
    path = place.fetch("crm", NIGHT, name, site.scratch)
    assert path.read_bytes() == b"content"
    assert path.resolve().is_relative_to(site.root.resolve())


@pytest.mark.parametrize("name", ["", ".", "..", "../2025-09-29/b.csv", "/etc/passwd", "gone.csv"])
def test_only_what_is_listed_can_be_read(site: Site, name: str) -> None:
    site.put(f"{FOLDER}/a.csv", b"x")
    site.put("crm/2025-09-29/b.csv", b"x")
    place = site.open()
    with pytest.raises(UnreadableFileError):
        place.fetch("crm", NIGHT, name, site.scratch)
    with pytest.raises(UnreadableFileError), place.open("crm", NIGHT, name):
        pass


def test_a_file_that_vanishes_after_the_listing_is_a_clear_error(site: Site) -> None:
    site.put(f"{FOLDER}/a.csv", b"x")
    place = site.open()
    place.entries("crm", NIGHT)
    site.delete(f"{FOLDER}/a.csv")
    with pytest.raises(UnreadableFileError):
        place.fetch("crm", NIGHT, "a.csv", site.scratch)
    with pytest.raises(UnreadableFileError), place.open("crm", NIGHT, "a.csv") as file:
        file.read()


def test_a_zip_can_be_listed_where_it_stands(site: Site) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("one.csv", random.Random(1).randbytes(600_000))
        archive.writestr("sub/two.csv", b"x")
    site.put(f"{FOLDER}/export.zip", packed.getvalue())
    with site.open().open("crm", NIGHT, "export.zip") as file, zipfile.ZipFile(file) as archive:
        assert archive.namelist() == ["one.csv", "sub/two.csv"]
        assert archive.testzip() is None


LONG = random.Random(2).randbytes(1_500_000)
jumps = st.lists(
    st.tuples(st.integers(0, len(LONG) + 10), st.integers(0, 700_000)), min_size=1, max_size=6
)


def test_any_jump_in_a_file_reads_what_stands_there(site: Site) -> None:
    site.put(f"{FOLDER}/long", LONG)
    place = site.open()

    @hypothesis_settings(derandomize=True, max_examples=25, deadline=None)
    @given(jumps)
    def read(steps: list[tuple[int, int]]) -> None:
        with place.open("crm", NIGHT, "long") as file:
            for start, length in steps:
                assert file.seek(start) == start
                assert file.read(length) == LONG[start : start + length]
                assert file.tell() == max(start, min(start + length, len(LONG)))

    read()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.symlink_to("/etc/passwd"), "symbolic link"),
        (lambda path: path.symlink_to("nowhere"), "symbolic link"),
        (lambda path: path.symlink_to(".."), "symbolic link"),
        (os.mkfifo, "no regular file"),
        (lambda path: socket.socket(socket.AF_UNIX).bind(str(path)), "no regular file"),
        (Path.mkdir, "a folder"),
    ],
    ids=["link", "dangling link", "link to a folder", "pipe", "socket", "folder"],
)
def test_what_is_no_file_is_named_with_its_problem_and_never_opened(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path], None],
    words: str,
) -> None:
    # The name of a socket may not be longer than a hundred bytes.
    monkeypatch.chdir(folder)
    make(Path("Opportunity.csv"))
    place = FolderPlace(folder.parent.parent)
    (entry,) = place.entries("crm", NIGHT)
    assert entry.name == "Opportunity.csv"
    assert words in entry.problem
    assert not entry.hides_others
    with pytest.raises(UnreadableFileError):
        place.fetch("crm", NIGHT, "Opportunity.csv", folder)


def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(folder: Path) -> None:
    """It may be swapped in after the listing; who opens a pipe plainly waits for a writer."""
    os.mkfifo(folder / "a.csv")
    outcome: list[str] = []

    def read() -> None:
        try:
            FolderPlace(folder.parent.parent).open("crm", NIGHT, "a.csv")
        except UnreadableFileError as error:
            outcome.append(str(error))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(timeout=20)
    assert outcome == ["it cannot be opened: no regular file"]


@pytest.mark.parametrize(
    "name", [b"line\nbreak.csv", b"[red]<b>.csv", b"x" * 255, "日本.csv".encode()]
)
def test_a_name_that_is_text_is_no_problem(folder: Path, name: bytes) -> None:
    (folder / os.fsdecode(name)).write_bytes(b"x")
    (entry,) = FolderPlace(folder.parent.parent).entries("crm", NIGHT)
    assert (entry.name, entry.problem) == (name.decode(), None)


def test_a_name_that_is_not_utf_8_is_shown_and_has_to_be_changed(folder: Path) -> None:
    (folder / os.fsdecode(b"gr\xf6\xdfe.csv")).write_bytes(b"x")
    (entry,) = FolderPlace(folder.parent.parent).entries("crm", NIGHT)
    assert entry.name == r"gr\udcf6\udcdfe.csv"
    assert entry.problem == "its name is not UTF-8: rename it"


def test_a_night_that_is_a_link_hides_its_files_and_says_so(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "Opportunity.csv").write_bytes(b"secret")
    (tmp_path / "landing/crm").mkdir(parents=True)
    (tmp_path / "landing/crm/2025-09-28").symlink_to(elsewhere)
    place = FolderPlace(tmp_path / "landing")
    assert place.nights("crm") == [NIGHT]
    (entry,) = place.entries("crm", NIGHT)
    assert (entry.name, entry.hides_others) == ("2025-09-28", True)
    assert "symbolic link" in entry.problem


def test_a_source_that_is_a_link_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "elsewhere/2025-09-28").mkdir(parents=True)
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing/crm").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LandingUnreachableError, match="landing/crm cannot be read: a symbolic"):
        FolderPlace(tmp_path / "landing").nights("crm")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder of a night that other users can come to: pytest keeps its own to itself."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / FOLDER).mkdir(parents=True)
        yield root
        (root / FOLDER).chmod(0o755)
        (root / "crm").chmod(0o755)


def test_a_file_that_may_not_be_read_is_a_clear_error(open_folder: Path) -> None:
    file = open_folder / FOLDER / "a.csv"
    file.write_bytes(b"x")
    file.chmod(0)
    place = FolderPlace(open_folder)
    with (
        not_almighty(open_folder),
        pytest.raises(UnreadableFileError, match="it cannot be opened: Permission denied"),
    ):
        place.fetch("crm", NIGHT, "a.csv", open_folder)


def test_a_night_that_may_not_be_listed_hides_its_files_and_says_so(open_folder: Path) -> None:
    (open_folder / FOLDER / "a.csv").write_bytes(b"x")
    (open_folder / FOLDER).chmod(0)
    with not_almighty(open_folder):
        (entry,) = FolderPlace(open_folder).entries("crm", NIGHT)
    assert entry.hides_others
    assert entry.problem == "it cannot be listed: Permission denied"


def test_a_source_that_may_not_be_listed_is_an_error_that_names_it(open_folder: Path) -> None:
    (open_folder / "crm").chmod(0)
    with (
        not_almighty(open_folder),
        pytest.raises(LandingUnreachableError, match="crm cannot be read: Permission denied"),
    ):
        FolderPlace(open_folder).nights("crm")


def test_files_that_come_and_go_while_they_are_listed_are_there_or_not(folder: Path) -> None:
    """An exporter writes under one name and renames to another, just then."""
    (folder / "steady.csv").write_bytes(b"x")
    done = threading.Event()

    def export() -> None:
        number = 0
        while not done.is_set():
            number += 1
            path = folder / f"part-{number % 50}.tmp"
            path.write_bytes(b"x")
            path.rename(folder / f"part-{number % 50}.csv")
            (folder / f"part-{(number + 7) % 50}.csv").unlink(missing_ok=True)

    exporter = threading.Thread(target=export, daemon=True)
    exporter.start()
    place = FolderPlace(folder.parent.parent)
    listings = [place.entries("crm", NIGHT) for _ in range(300)]
    done.set()
    exporter.join()
    assert all(
        "steady.csv" in [entry.name for entry in entries if entry.problem is None]
        for entries in listings
    )
