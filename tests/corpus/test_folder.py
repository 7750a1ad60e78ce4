"""What else can stand in the folder of a night: links, pipes, folders, odd names, files that move.

Belongs here: one tree a test, loaded as a night. Does not belong here: what stands in a single file
(test_corpus.py), the life of a load (tests/unit/test_bronze_loading.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.bronze.due import survey
from orchestration.bronze.load import load_file
from orchestration.bronze.night import load_night
from orchestration.extracts import csv_walk
from orchestration.extracts.ledger import Ledger, Load
from orchestration.settings import Settings
from tests.conftest import land
from tests.corpus.case import DEALS, NIGHT, Case, home_of, outcome_of, outcome_of_load
from tests.corpus.packed_files import packed

ONE = "id,state,value\nd1,Open,1\n"
TWO = "id,state,value\nd2,Open,2\n"


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return home_of(Case("", ""), tmp_path)


@pytest.fixture
def folder(home: Settings) -> Path:
    """The folder of a night that is complete and empty."""
    return land(home, "acme", NIGHT, {})


def run(settings: Settings) -> list[Load]:
    return load_night(settings, NIGHT, "run", "acme")


def ids_of(settings: Settings, loads: list[Load]) -> list[str]:
    """Keys of all accepted rows."""
    found = [outcome_of_load(settings, load, DEALS).accepted for load in loads if not load.error]
    return [row[0] for rows in found for row in rows]


# Things that are no files ------------------------------------------------------------------------


def test_a_link_is_not_followed(home: Settings, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text(ONE)
    (folder / "deals.csv").symlink_to(tmp_path / "secret.csv")
    (load,) = run(home)

    assert "symbolic link" in (load.error or "")
    assert load.rows_read == 0


def test_a_link_to_nowhere_is_refused(home: Settings, folder: Path) -> None:
    (folder / "deals.csv").symlink_to("/does/not/exist")
    (load,) = run(home)

    assert "symbolic link" in (load.error or "")


def test_a_pipe_is_not_waited_for(home: Settings, folder: Path) -> None:
    os.mkfifo(folder / "deals.csv")
    (load,) = run(home)

    assert "no regular file" in (load.error or "")


def test_a_file_that_a_pipe_took_the_place_of_is_not_waited_for(
    home: Settings, folder: Path
) -> None:
    (folder / "deals.csv").write_text(ONE)
    (landed,) = survey(home, Ledger(home.ledger), [NIGHT]).files[NIGHT]
    (folder / "deals.csv").unlink()
    os.mkfifo(folder / "deals.csv")
    load = load_file(landed, Ledger(home.ledger), home, "run")

    assert "cannot be opened" in (load.error or "")


def test_a_folder_with_the_name_of_a_file_is_refused(home: Settings, folder: Path) -> None:
    (folder / "deals.csv").mkdir()
    (folder / "deals.csv" / "deals.csv").write_text(ONE)
    (load,) = run(home)

    assert "a folder" in (load.error or "")


def test_a_file_that_may_not_be_read_is_refused_and_the_others_are_loaded(
    home: Settings, folder: Path
) -> None:
    (folder / "deals1.csv").write_text(ONE)
    (folder / "deals2.csv").write_text(TWO)
    landed = survey(home, Ledger(home.ledger), [NIGHT]).files[NIGHT]
    (folder / "deals1.csv").unlink()
    loads = [load_file(file, Ledger(home.ledger), home, "run") for file in landed]

    assert [bool(load.error) for load in loads] == [True, False]
    assert ids_of(home, loads) == ["d2"]


# Names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "deals\n2.csv",
        "deals [bold]x.csv",
        "deals[].csv",
        "deals'; drop table x; --.csv",
        "deals {0} %s $(id) `id`.csv",
        "deals\u202evsc.csv",
        "deals*?[!a].csv",
        "deals=..csv",
        "deals" + "x" * 246 + ".csv",
        "deals" + "é" * 120 + ".csv",
        "DEALS.CSV",
        "deals",
        "deals.csv.",
        "deals.",
    ],
)
def test_a_file_may_bear_any_name(home: Settings, folder: Path, name: str) -> None:
    (folder / name).write_text(ONE)
    (load,) = run(home)

    assert (load.error, load.file) == (None, name)
    assert ids_of(home, [load]) == ["d1"]
    assert Ledger(home.ledger).loads == [load]


def test_a_name_that_is_not_utf_8_is_refused(home: Settings, folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/deals\xff.csv")).write_text(ONE)
    (load,) = run(home)

    assert "its name is not UTF-8" in (load.error or "")
    assert Ledger(home.ledger).loads == [load]


@pytest.mark.parametrize("name", [".deals.csv", "_deals.csv", ".deals.csv.crdownload"])
def test_a_file_that_is_still_written_is_left_alone(
    home: Settings, folder: Path, name: str
) -> None:
    (folder / name).write_text(ONE)

    assert run(home) == []


def test_logs_of_the_data_loader_are_shown_as_unclaimed(home: Settings) -> None:
    logs = {"success092825100000000.csv": '"ID"\n', "error092825100000000.csv": '"ID"\n'}
    land(home, "salesforce", NIGHT, logs)

    found = survey(home, Ledger(home.ledger), [NIGHT])
    assert found.files == {}
    assert [name.rpartition("/")[2] for name in found.unclaimed] == sorted(logs)


# Several files -----------------------------------------------------------------------------------


def test_two_files_of_one_object_that_overlap_are_both_loaded(home: Settings) -> None:
    """Which of two versions of a record counts is no business of the loader."""
    land(home, "acme", NIGHT, {"deals1.csv": ONE, "deals2.csv": ONE + "d2,Open,2\n"})
    loads = run(home)

    assert ids_of(home, loads) == ["d1", "d1", "d2"]


def test_one_file_under_two_names_is_loaded_once(home: Settings) -> None:
    land(home, "acme", NIGHT, {"deals1.csv": ONE, "deals2.csv": ONE})
    loads = run(home)

    assert [load.status for load in loads] == ["loaded", "duplicate"]


def test_one_file_in_two_packings_is_loaded_once(home: Settings) -> None:
    land(home, "acme", NIGHT, {"deals.csv": ONE, "more.zip": packed(("deals.csv", ONE.encode()))})
    loads = run(home)

    assert sorted(load.status for load in loads) == ["duplicate", "loaded"]


def test_two_members_of_one_name_in_two_folders_are_two_files(home: Settings) -> None:
    members = packed(("a/deals.csv", ONE.encode()), ("b/deals.csv", TWO.encode()))
    land(home, "acme", NIGHT, {"more.zip": members})
    loads = run(home)

    assert [load.file for load in loads] == ["more.zip/a/deals.csv", "more.zip/b/deals.csv"]
    assert ids_of(home, loads) == ["d1", "d2"]


@pytest.mark.parametrize(
    "member", ["a\nb/deals.csv", "[/]/deals.csv", "é/deals\u202e.csv", "x" * 300 + "/deals.csv"]
)
def test_a_member_of_a_zip_may_bear_any_name(home: Settings, member: str) -> None:
    land(home, "acme", NIGHT, {"more.zip": packed((member, ONE.encode()))})
    (load,) = run(home)

    assert (load.error, load.file) == (None, f"more.zip/{member}")
    assert ids_of(home, [load]) == ["d1"]


def test_names_that_are_alike_once_made_safe_do_not_overwrite_each_other(home: Settings) -> None:
    land(home, "acme", NIGHT, {"deals?.csv": ONE, "deals!.csv": TWO})
    loads = run(home)

    assert sorted(ids_of(home, loads)) == ["d1", "d2"]


def test_a_damaged_file_leaves_its_neighbours_alone(home: Settings) -> None:
    files = {"deals1.csv": b"\xff", "deals2.csv": ONE, "deals3.csv.gz": b"x", "people.csv": "id"}
    land(home, "acme", NIGHT, files)
    loads = run(home)

    assert [load.file for load in loads if not load.error] == ["deals2.csv"]
    assert ids_of(home, loads) == ["d1"]


# Files that move ---------------------------------------------------------------------------------


def fetched(home: Settings, fetch: Callable[[Path], Path]) -> Load:
    """A landed file that is fetched in some other way."""
    (landed,) = survey(home, Ledger(home.ledger), [NIGHT]).files[NIGHT]
    return load_file(replace(landed, fetch=fetch), Ledger(home.ledger), home, "run")


def rewriting(folder: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    """Rewrite the landed file once its records were counted, and before they are read."""
    from orchestration.extracts import csv_text

    count = csv_text.read_structure

    def counted(path: Path, *, delimiter: str, quote: str) -> csv_text.Structure:
        structure = count(path, delimiter=delimiter, quote=quote)
        (folder / "deals.csv").write_text(content)
        return structure

    monkeypatch.setattr(csv_text, "read_structure", counted)


@pytest.mark.parametrize(
    "later",
    [ONE + "d2,Open,2\n", "id,state,value\n", ONE.replace("d1", "d9"), ONE.replace(",", ";"), ""],
    ids=["grown", "shrunk", "of the same size", "of another form", "emptied"],
)
def test_a_file_that_changes_while_it_is_read_is_refused(
    home: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch, later: str
) -> None:
    """Half of one file and half of another are none that anybody exported."""
    (folder / "deals.csv").write_text(ONE)
    os.utime(folder / "deals.csv", (1, 1))
    rewriting(folder, monkeypatch, later)
    (load,) = run(home)

    assert "changed while it was read" in (load.error or "")
    assert load.rows_read == 0
    assert list(home.bronze.glob("*/*/batch=*/*")) == []


def test_a_file_that_changed_since_the_night_was_listed_is_read_as_it_is(
    home: Settings, folder: Path
) -> None:
    (folder / "deals.csv").write_text(ONE)
    (landed,) = survey(home, Ledger(home.ledger), [NIGHT]).files[NIGHT]
    (folder / "deals.csv").write_text(ONE + "d2,Open,2\n")
    load = load_file(landed, Ledger(home.ledger), home, "run")

    assert ids_of(home, [load]) == ["d1", "d2"]


# Endless lines -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    ["id,state,value\nd1,Open," + "1" * 3000, "id,state,value," + "x" * 3000 + "\n", "x" * 3000],
    ids=["a row", "the header", "all there is"],
)
def test_an_endless_line_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setattr(csv_walk, "MAX_RECORD_BYTES", 1000)
    outcome = outcome_of(Case("", content), tmp_path)

    assert "is longer than 1,000 bytes" in (outcome.load.error or "")
    assert outcome.load.rows_read == 0


def test_a_line_longer_than_any_record_is_refused(tmp_path: Path) -> None:
    endless = b"id,state,value\nd1,Open," + b"1" * (csv_walk.MAX_RECORD_BYTES + 1)
    outcome = outcome_of(Case("", lambda _: endless), tmp_path)

    assert "row 2, which begins at byte 15, is longer than" in (outcome.load.error or "")
