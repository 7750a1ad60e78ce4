"""What `flywheel nightly` says of a fault, and how it ends: the second and third columns of
docs/recovery.md.

Belongs here: the command over small homes in which nothing else is to be done. Does not belong
here: what is mended and how (test_recovery.py), faults of the disk and of two nights at once
(test_nights_with_faults.py).
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from orchestration import cli
from orchestration.bronze.due import survey
from orchestration.bronze.night import accept, load_night, refuse
from orchestration.bronze.paths import accepted_path, quarantine_path
from orchestration.commands.printing import print_outcome
from orchestration.extracts.ledger import Ledger, Load, copy_of
from orchestration.gate.results import verdict_of
from orchestration.morning.changes import _beside
from orchestration.nightly import NightOutcome, plan
from orchestration.publication.interrupted import settle
from orchestration.publication.promote import promote
from orchestration.publication.versions import (
    current_version,
    kept_versions,
    publications,
    version_path,
)
from orchestration.publication.whole import damage_of
from orchestration.settings import Settings
from orchestration.warehouse.seed import _out_of_order, seed_candidate
from tests.conftest import land
from tests.faults.damages import Damage, empty, spoil_rows, zero
from tests.faults.small import make_candidate, make_load, numbers_of
from tests.nights import refusing

NIGHT = date(2025, 9, 28)
ACME = """\
source: acme
max_refused_share: 1
objects:
  accounts: {files: accounts.csv, key: account_id, columns: {account_id: id, industry: industry}}
"""


@dataclass(frozen=True)
class Home:
    """A published home with one load, a row of which is in quarantine; `run` is the command."""

    settings: Settings
    load: Load
    run: Callable[..., tuple[int, str]]

    @property
    def landed(self) -> Path:
        return self.settings.landing / "acme" / NIGHT.isoformat() / "accounts.csv"


@pytest.fixture
def home(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Home:
    settings.user_sources.mkdir(parents=True)
    (settings.user_sources / "acme.yml").write_text(ACME)
    land(settings, "acme", NIGHT, {"accounts.csv": "id,industry\na1,Retail\n,Banking\n"})
    (load,) = load_night(settings, NIGHT, "run", "acme")
    accept(settings)
    make_candidate(settings, 1)
    promote(settings)
    monkeypatch.setenv("FLYWHEEL_HOME", str(settings.home))

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["flywheel", *(arguments or ("nightly",))])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = "".join(capsys.readouterr())
        assert "Traceback" not in printed
        return int(ended.value.code or 0), " ".join(printed.split())

    return Home(settings, load, run)


def test_without_a_fault_there_is_nothing_to_tell(home: Home) -> None:
    assert home.run() == (0, home.run()[1])
    assert home.run()[1].startswith("nothing new: version 2025-09-28-001 holds all that has landed")


def test_what_is_held_back_is_not_said_to_be_in_the_version(home: Home) -> None:
    night = NIGHT + timedelta(days=1)
    land(home.settings, "acme", night, {"accounts.csv": "id,industry\na2,Retail\n"})
    load_night(home.settings, night, "refused", "acme")
    refuse(home.settings)
    said = home.run()[1]
    assert "holds all that has landed, besides what is held back" in said
    assert f"{night} is held back" in said


def test_why_everything_is_rebuilt_is_said_as_it_was(home: Home) -> None:
    seen = [("acme/accounts", NIGHT)]
    earlier = replace(home.load, batch_date=NIGHT - timedelta(days=1))
    again = replace(home.load, reload_of=home.load.load_id)
    assert [_out_of_order(seen, [load]) for load in (home.load, earlier, again)] == [
        "accounts.csv of 2025-09-28 was corrected, or came late",
        "accounts.csv of 2025-09-27 came late",
        "refused rows of accounts.csv of 2025-09-28 were read anew",
    ]


def test_rows_that_could_be_read_anew_are_told_and_the_night_goes_on(home: Home) -> None:
    accepted_path(home.settings, home.load).unlink()
    status, said = home.run()
    told = "mended lost bronze rows were read anew: acme/accounts of 2025-09-28, accounts.csv"
    assert (status, told in said) == (0, True)

    quarantine_path(home.settings, home.load).unlink()
    status, said = home.run()
    told = "mended lost refused rows were read anew: acme/accounts of 2025-09-28, accounts.csv"
    assert (status, told in said) == (0, True)


def test_lost_rows_without_their_extract_stop_every_night_until_it_is_back(home: Home) -> None:
    accepted_path(home.settings, home.load).unlink()
    aside = home.settings.root / "extract"
    home.landed.rename(aside)
    for _ in range(2):
        status, said = home.run()
        assert status == 3
        extract = f"accounts.csv ({home.load.bytes} bytes, BLAKE3 {home.load.checksum[:12]}…)"
        for words in ("accepted rows are lost", extract, "Put these extracts back"):
            assert words in said
    assert current_version(home.settings) == "2025-09-28-001"

    aside.rename(home.landed)
    assert home.run()[0] == 0


def test_lost_refused_rows_without_their_extract_are_told_of_once(home: Home) -> None:
    quarantine_path(home.settings, home.load).unlink()
    shutil.rmtree(home.settings.landing)
    status, said = home.run()
    assert status != 3
    assert "mended refused rows are lost and cannot be read anew" in said
    assert "refused rows are lost" not in home.run()[1]


def test_a_restored_ledger_is_told_of(home: Home) -> None:
    home.settings.ledger.write_bytes(b"")
    status, said = home.run()
    assert (status, "mended the ledger was restored from its copy: " in said) == (0, True)


def test_without_a_ledger_a_person_is_asked_and_nothing_changes(home: Home) -> None:
    home.settings.ledger.unlink()
    copy_of(home.settings.ledger).unlink()
    before = accepted_path(home.settings, home.load).read_bytes()
    for _ in range(2):
        status, said = home.run()
        assert status == 3
        assert "from a backup; or move" in said and "aside" in said
    assert accepted_path(home.settings, home.load).read_bytes() == before
    assert current_version(home.settings) == "2025-09-28-001"


def test_a_clock_behind_loaded_nights_stops_the_night_until_it_is_right(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("time.time", lambda: 1_700_000_000.0)
        status, said = home.run()
    assert status == 3
    assert "the clock of this machine says 2023-11-1" in said
    assert "but the night 2025-09-28 is loaded already" in said
    assert home.run()[0] == 0


def test_a_clock_that_jumps_forwards_takes_an_open_night_for_complete(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = land(home.settings, "acme", NIGHT + timedelta(days=1), {"accounts.csv": "id\na2\n"})
    (folder / "_SUCCESS").unlink()
    ledger = Ledger(home.settings.ledger)
    assert survey(home.settings, ledger).files == {}
    ahead = time.time() + 3600
    with monkeypatch.context() as patch:
        patch.setattr("time.time", lambda: ahead)
        assert len(survey(home.settings, ledger).files) == 1


def test_an_open_night_waits_for_a_clock_that_jumped_back_and_can_be_named(home: Home) -> None:
    night = NIGHT + timedelta(days=1)
    folder = land(home.settings, "acme", night, {"accounts.csv": "id\na2\n"})
    (folder / "_SUCCESS").unlink()
    ahead = time.time() + 3600
    for path in (folder / "accounts.csv", folder):
        os.utime(path, (ahead, ahead))
    ledger = Ledger(home.settings.ledger)
    assert survey(home.settings, ledger).files == {}
    assert len(survey(home.settings, ledger, always=[night]).files) == 1


def test_a_version_that_cannot_be_read_is_left_behind_by_a_rollback(home: Home) -> None:
    make_load(home.settings, 2)
    make_candidate(home.settings, 2)
    newest = version_path(home.settings, promote(home.settings).version)
    newest.chmod(0o644)
    newest.write_bytes(bytes(newest.stat().st_size))
    said = home.run("rollback")[1]
    assert numbers_of(str(home.settings.published.resolve())) == [1]
    assert "correct first what was wrong with 2025-09-28-002" in said


@pytest.mark.parametrize("left", [0, 20_000, -1])
def test_a_newest_version_that_was_cut_off_is_built_anew(home: Home, left: int) -> None:
    """By the next run, new files or not. `left` bytes of it are there; -1: all but one."""
    assert not plan(home.settings, None, None).rebuild
    newest = version_path(home.settings, "2025-09-28-001")
    newest.chmod(0o644)
    os.truncate(newest, left if left >= 0 else newest.stat().st_size - 1)
    due = plan(home.settings, None, None)
    assert (due.rebuild, due.nights) == (True, [NIGHT])
    seed = seed_candidate(home.settings, newest)
    assert (seed.rebuilt_because or "").startswith(f"{newest.name} cannot be read: ")


def test_the_page_of_the_next_version_does_without_numbers_of_a_damaged_one(home: Home) -> None:
    (before,) = publications(home.settings)
    damaged = version_path(home.settings, before.version)
    damaged.chmod(0o644)
    os.truncate(damaged, 20_000)
    assert _beside(home.settings, before, [{"name": "won", "value": 1}]) == []


def test_of_a_version_that_cannot_be_read_sql_says_what_to_do(home: Home) -> None:
    newest = version_path(home.settings, "2025-09-28-001")
    newest.chmod(0o644)
    os.truncate(newest, 20_000)
    for arguments in (["sql", "select 1"], ["sql", "--format", "csv", "select 1"]):
        status, said = home.run(*arguments)
        assert status == 2
        assert f"{newest} cannot be read: IO Error" in said
        assert "`flywheel nightly` builds it anew from bronze" in said


def cut_after_its_headers(path: Path) -> None:
    os.truncate(path, 20_000)


@pytest.mark.parametrize("command", ["changes", "morning", "sql"])
@pytest.mark.parametrize("damage", [empty, zero, cut_after_its_headers])
def test_whoever_looks_at_a_version_that_cannot_be_read_is_told_what_to_do(
    home: Home, command: str, damage: Damage
) -> None:
    newest = version_path(home.settings, "2025-09-28-001")
    newest.chmod(0o644)
    damage(newest)
    asked = ["select sum(version) from marts.fct_one"] if command == "sql" else []
    status, said = home.run(command, *asked)
    assert status == 2
    assert f"{newest} cannot be read: " in said
    assert "`flywheel nightly` builds it anew from bronze" in said


def test_of_a_block_in_the_middle_that_is_ill_sql_says_what_to_do(home: Home) -> None:
    newest = version_path(home.settings, "2025-09-28-001")
    spoil_rows(newest, "ops.gate_result")
    for arguments in ([], ["--format", "csv"]):
        status, said = home.run("sql", *arguments, "from ops.gate_result")
        assert status == 2
        assert f"{newest} cannot be read: Corrupt database file" in said
        assert "`flywheel nightly --full-refresh` builds it anew from bronze" in said


def lose_the_link(settings: Settings) -> None:
    settings.published.unlink()


def lose_the_version(settings: Settings) -> None:
    settings.published.resolve().unlink()


def follow_the_link(settings: Settings) -> None:
    """As a copy of a home does that knows no links."""
    version = settings.published.resolve()
    settings.published.unlink()
    shutil.copy(version, settings.published)


@pytest.mark.parametrize("damage", [lose_the_link, lose_the_version, follow_the_link])
@pytest.mark.parametrize("command", ["changes", "morning", "status"])
def test_whoever_looks_where_readers_see_no_version_is_told_so(
    home: Home, command: str, damage: Callable[[Settings], None]
) -> None:
    make_load(home.settings, 2)
    make_candidate(home.settings, 2)
    promote(home.settings)
    damage(home.settings)
    status, said = home.run(command)
    assert status == (0 if command == "status" else 2)
    assert f"{home.settings.published} " in said
    assert "run `flywheel nightly`, which lets readers see a version" in said
    settle(home.settings)
    assert current_version(home.settings) in kept_versions(home.settings)


@pytest.mark.parametrize("command", ["changes", "morning"])
def test_whoever_looks_where_the_memory_of_publications_is_gone_is_told_so(
    home: Home, command: str
) -> None:
    memory = home.settings.operations / "publication.parquet"
    memory.unlink()
    status, said = home.run(command)
    assert (status, f"{memory} is gone: run `flywheel nightly`" in said) == (3, True)
    settle(home.settings)
    assert current_version(home.settings) in kept_versions(home.settings)


@pytest.mark.parametrize("command", ["changes", "morning", "versions", "rollback", "nightly"])
def test_a_folder_in_the_place_of_the_memory_of_publications_is_told(
    home: Home, command: str
) -> None:
    memory = home.settings.operations / "publication.parquet"
    memory.unlink()
    memory.mkdir()
    status, said = home.run(command)
    assert (status, f"{memory} is a folder" in said, "move it aside" in said) == (3, True, True)
    memory.rmdir()
    settle(home.settings)
    assert current_version(home.settings) in kept_versions(home.settings)


@pytest.mark.parametrize("command", ["changes", "morning", "rollback"])
def test_where_nothing_was_published_yet_nobody_hears_of_a_version_none(
    home: Home, command: str
) -> None:
    shutil.rmtree(home.settings.warehouse)
    shutil.rmtree(home.settings.operations)
    status, said = home.run(command)
    assert (status, "published yet: run `flywheel nightly`" in said) == (2, True)


def test_a_version_that_somebody_has_open_or_the_machine_hides_is_not_damaged(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = version_path(home.settings, "2025-09-28-001")
    assert damage_of(newest) is None
    for said in ("Could not set lock on file: held by PID 1", "Permission denied"):

        def refuse(*_: object, said: str = said, **__: object) -> None:
            raise duckdb.IOException(f"IO Error: {said}")

        monkeypatch.setattr(duckdb, "connect", refuse)
        assert damage_of(newest) is None


def test_a_version_that_was_built_anew_says_why(home: Home) -> None:
    (made,) = publications(home.settings)
    why = "flywheel.2025-09-27-001.duckdb cannot be read: IO Error: no DuckDB file"
    outcome = NightOutcome(
        night=NIGHT, run_id="run1", loads=[], verdict=verdict_of([]), checks=[],
        publication=type(made)(**{**vars(made), "rebuilt_because": why}), failure=None,
    )  # fmt: skip
    text = io.StringIO()
    print_outcome(Console(file=text, width=200), outcome, home.settings)
    assert f"rebuilt   everything from bronze: {why}" in text.getvalue()


def test_a_refused_night_says_what_readers_see_and_once_what_to_do(
    home: Home, tmp_path: Path
) -> None:
    checks = [
        refusing("volumes_as_usual", suite="ops.night_deviation", table="ops.night_deviation"),
        refusing("a_check", suite="marts.fct_one"),
        refusing("another_check", suite="marts.fct_two"),
    ]
    outcome = NightOutcome(
        night=NIGHT, run_id="run1", loads=[], verdict=verdict_of(checks), checks=checks,
        publication=None, failure=None,
    )  # fmt: skip
    text = io.StringIO()
    print_outcome(Console(file=text, width=200), outcome, home.settings)
    said = text.getvalue()
    assert "nothing was published; readers see 2025-09-28-001 as of 2025-09-28." in said
    assert "flywheel accept volumes_as_usual" in said
    assert said.count("do: Look at the rows") == 1
    first = io.StringIO()
    print_outcome(Console(file=first, width=200), outcome, Settings(home=tmp_path / "first"))
    assert "nothing was published; there is no version before." in first.getvalue()
