"""What was loaded is not opened again: the kernel says which files of landing were.

Belongs here: looks and loads over a landing folder, watched by inotify, which sees every library.
Does not belong here: requests to a bucket (test_nights_from_a_bucket.py), which files are due
(tests/unit/test_bronze_loading.py).
"""

from __future__ import annotations

import gzip
import io
import threading
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from watchdog.events import FileOpenedEvent, FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from orchestration.bronze.due import survey
from orchestration.bronze.night import accept, load_night, refuse
from orchestration.extracts.ledger import Ledger
from orchestration.nightly import plan
from orchestration.settings import Settings
from tests.conftest import land

NIGHT = date(2025, 9, 28)
ACME = """\
source: acme
objects:
  users:
    files: "people*"
    key: user_id
    columns: {user_id: id, user_name: name}
"""
# Not hidden and claimed by nobody: once it was seen to be opened, so was all that came before.
_LAST = "last"


class Opened(FileSystemEventHandler):
    """Names of the files that were opened."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.is_over = threading.Event()

    def on_opened(self, event: FileSystemEvent) -> None:
        assert isinstance(event, FileOpenedEvent)
        name = Path(str(event.src_path)).name
        self.is_over.set() if name == _LAST else self.names.add(name)


def opened_by(folder: Path, act: Callable[[], object]) -> set[str]:
    """Which files below a folder an act opens."""
    opened = Opened()
    observer = Observer()
    observer.schedule(opened, str(folder), recursive=True, event_filter=[FileOpenedEvent])
    observer.start()
    try:
        act()
        (folder / _LAST).read_bytes()
        assert opened.is_over.wait(timeout=60)
    finally:
        observer.stop()
        observer.join()
    return opened.names


def _files() -> dict[str, bytes]:
    """One file of each format and packing."""
    frame = pl.DataFrame({"id": ["u1", "u2"], "name": ["Ann", "Bob"]})
    parquet, xlsx, packed, others = io.BytesIO(), io.BytesIO(), io.BytesIO(), io.BytesIO()
    frame.write_parquet(parquet)
    book = openpyxl.Workbook()
    for row in (frame.columns, *frame.rows()):
        book.active.append(list(row))
    book.save(xlsx)
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("people_zipped.csv", "id,name\nu3,Cy\n")
        archive.writestr("notes.txt", "x")
    with zipfile.ZipFile(others, "w") as archive:
        archive.writestr("notes.txt", "x")
    plain = frame.write_csv().encode()
    return {
        "people.csv": plain,
        "people_copy.csv": plain,
        "people_gzip.csv.gz": gzip.compress(b"id,name\nu4,Di\n"),
        "people.jsonl": b'{"id": "u5", "name": "Ed"}\n',
        "people.parquet": parquet.getvalue(),
        "people.xlsx": xlsx.getvalue(),
        "people.zip": packed.getvalue(),
        "people_refused.csv": b"id,name\n,Nobody\n",
        "people_unreadable.csv": b"",
        "others.zip": others.getvalue(),
        "others.csv": b"x\n",
    }


@pytest.fixture
def home(settings: Settings) -> Settings:
    settings.user_sources.mkdir(parents=True)
    (settings.user_sources / "acme.yml").write_text(ACME, encoding="utf-8")
    land(settings, "acme", NIGHT, _files())
    (settings.landing / _LAST).touch()
    return settings


def load(settings: Settings, run_id: str) -> None:
    load_night(settings, NIGHT, run_id, "acme")


def test_every_file_that_is_claimed_is_read_and_every_zip_looked_into(home: Settings) -> None:
    assert opened_by(home.landing, lambda: load(home, "first")) == _files().keys() - {"others.csv"}


@pytest.mark.parametrize("judge", [accept, refuse], ids=["published", "refused"])
def test_a_second_load_of_the_same_landing_opens_no_file(
    home: Settings, judge: Callable[[Settings], None]
) -> None:
    load(home, "first")
    judge(home)
    assert opened_by(home.landing, lambda: load(home, "second")) == set()
    assert Ledger(home.ledger).of_run("second") == []


def test_a_look_at_what_is_due_opens_no_file_that_was_seen(home: Settings) -> None:
    load(home, "first")
    accept(home)
    assert opened_by(home.landing, lambda: plan(home, None, None)) == set()


def test_a_look_at_what_is_due_opens_nothing_but_new_zips(home: Settings) -> None:
    look = lambda: survey(home, Ledger(home.ledger))  # noqa: E731
    assert opened_by(home.landing, look) == {"people.zip", "others.zip"}
    assert opened_by(home.landing, look) == set()


def test_a_corrected_file_is_the_only_one_that_is_opened(home: Settings) -> None:
    load(home, "first")
    accept(home)
    land(home, "acme", NIGHT, {"people.jsonl": b'{"id": "u5", "name": "Edward"}\n'})
    assert opened_by(home.landing, lambda: load(home, "second")) == {"people.jsonl"}
