"""What a fault left, and the run that follows: the ledger, bronze, the memory of publications.

Belongs here: damage and loss of one file at a time, the clock, the rights of a folder. Does not
belong here: cuts of a publication (test_publication_cut_off.py), whole nights (test_kills.py).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest

from orchestration.bronze.load import accepted_path
from orchestration.bronze.lost import LostRowsOfBronzeError
from orchestration.bronze.night import accept, begin, heal, load_night, refuse
from orchestration.bronze.quarantine import quarantine_path, waiting
from orchestration.bronze.reload import plan_reload
from orchestration.extracts.ledger import Ledger, LedgerDamagedError, copy_of
from orchestration.faults import advice, is_of_the_machine
from orchestration.nightly import plan
from orchestration.privacy.forget import forget
from orchestration.privacy.proof import Needles, find
from orchestration.privacy.retention import apply_retention
from orchestration.publication.promote import promote
from orchestration.publication.versions import (
    current_version,
    publications,
    remember,
    roll_back,
    version_path,
)
from orchestration.recovery import ClockError, recover
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.warehouse.seed import seed_candidate
from tests.conftest import land
from tests.faults.small import make_candidate, make_load, numbers_of

NIGHT = date(2025, 9, 28)
ACME = """\
source: acme
objects:
  accounts: {files: accounts.csv, key: account_id, columns: {account_id: id, industry: industry}}
"""
PEOPLE = """\
source: acme
extract: delta
objects:
  contacts:
    files: people.csv
    key: contact_id
    columns: {contact_id: id, email: mail, created_at: since}
"""
DEALS = """\
source: acme
objects:
  opportunities:
    files: deals.csv
    key: opportunity_id
    columns:
      opportunity_id: id
      stage: state
      close_date: {column: close, format: "%Y-%m-%d"}
max_refused_share: 1
pipelines:
  - {name: default, stages: [Open], won: Won, lost: Lost}
"""
# Root may write anywhere, so it drops its rights, once what the command imports is imported: nobody
# else may read that everywhere.
AS_A_USER_WITHOUT_RIGHTS = """
import os, sys
import orchestration.cli, orchestration.company, orchestration.faults, orchestration.lock
import orchestration.nightly, orchestration.progress, orchestration.recovery, orchestration.report
import orchestration.outcome.closing, orchestration.privacy.keys
import pydantic

if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
sys.argv = ["flywheel", "nightly"]
orchestration.cli.main()
"""


@pytest.fixture
def loaded(settings: Settings) -> Settings:
    """A home with one accepted load of two rows, and one quarantined row."""
    settings.user_sources.mkdir(parents=True)
    (settings.user_sources / "acme.yml").write_text(ACME)
    rows = "id,industry\na1,Retail\na2,Energy\n,Banking\n"
    land(settings, "acme", NIGHT, {"accounts.csv": rows})
    load_night(settings, NIGHT, "run", "acme")
    accept(settings)
    return settings


def publish(settings: Settings, number: int) -> str:
    make_load(settings, number)
    make_candidate(settings, number)
    return promote(settings).version


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def lose(path: Path) -> None:
    path.unlink()


DAMAGES = [cut_short, zero, empty, lose]
Damage = Callable[[Path], None]


# The ledger --------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_ledger_is_restored_to_the_last_line(loaded: Settings, damage: Damage) -> None:
    before = Ledger(loaded.ledger).loads
    damage(loaded.ledger)

    (told,) = recover(loaded)
    assert "ledger.parquet cannot be read" in told
    assert Ledger(loaded.ledger).loads == before


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_copy_of_the_ledger_is_written_anew(loaded: Settings, damage: Damage) -> None:
    damage(copy_of(loaded.ledger))

    assert recover(loaded) == []
    assert copy_of(loaded.ledger).read_bytes() == loaded.ledger.read_bytes()


@pytest.mark.parametrize("damage", DAMAGES)
def test_with_both_damaged_no_row_is_touched_and_a_person_is_asked(
    loaded: Settings, damage: Damage
) -> None:
    (load,) = Ledger(loaded.ledger).loads
    damage(loaded.ledger)
    damage(copy_of(loaded.ledger))

    with pytest.raises(LedgerDamagedError, match=r"from a backup; or move .* aside"):
        recover(loaded)
    assert accepted_path(loaded, load).exists()


def test_whoever_only_looks_at_a_damaged_ledger_is_told_what_to_run(loaded: Settings) -> None:
    zero(loaded.ledger)

    with pytest.raises(LedgerDamagedError, match="run `flywheel nightly`"):
        Ledger(loaded.ledger)


def test_a_home_without_any_load_needs_no_ledger(settings: Settings) -> None:
    assert recover(settings) == []


# Bronze ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_lost_bronze_file_is_read_anew_from_landing(loaded: Settings, damage: Damage) -> None:
    (load,) = Ledger(loaded.ledger).loads
    path = accepted_path(loaded, load)
    before = path.read_bytes()
    damage(path)

    (told,) = recover(loaded)
    assert "acme/accounts of 2025-09-28, accounts.csv" in told
    assert path.read_bytes() == before
    assert Ledger(loaded.ledger).loads == [load]


def test_a_lost_bronze_file_whose_extract_is_gone_names_the_extract(loaded: Settings) -> None:
    (load,) = Ledger(loaded.ledger).loads
    accepted_path(loaded, load).unlink()
    shutil.rmtree(loaded.landing)

    with pytest.raises(LostRowsOfBronzeError) as refused:
        recover(loaded)
    said = str(refused.value)
    for word in ("acme/accounts of 2025-09-28", "2 rows of accounts.csv", load.checksum[:12]):
        assert word in said
    assert "Put these extracts back" in said


def test_another_file_in_the_place_of_the_lost_extract_is_not_taken_for_it(
    loaded: Settings,
) -> None:
    """Of as many bytes, as a changed digit leaves them."""
    (load,) = Ledger(loaded.ledger).loads
    accepted_path(loaded, load).unlink()
    landed = loaded.landing / "acme" / "2025-09-28" / "accounts.csv"
    landed.write_text(landed.read_text().replace("a2", "a3"))

    with pytest.raises(LostRowsOfBronzeError):
        recover(loaded)
    assert not accepted_path(loaded, load).exists()


def test_the_extract_is_known_by_its_bytes_under_another_name(loaded: Settings) -> None:
    (load,) = Ledger(loaded.ledger).loads
    accepted_path(loaded, load).unlink()
    (loaded.user_sources / "acme.yml").write_text(ACME.replace("accounts.csv", "acc*.csv"))
    landed = loaded.landing / "acme" / "2025-09-28" / "accounts.csv"
    landed.rename(landed.with_name("accounts again.csv"))

    recover(loaded)
    assert accepted_path(loaded, load).exists()


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_lost_quarantine_file_is_read_anew_from_landing(loaded: Settings, damage: Damage) -> None:
    (load,) = Ledger(loaded.ledger).loads
    path = quarantine_path(loaded, load)
    before, accepted = path.read_bytes(), accepted_path(loaded, load).stat().st_ino
    damage(path)

    assert recover(loaded) == [
        "lost refused rows were read anew: acme/accounts of 2025-09-28, accounts.csv"
    ]
    assert path.read_bytes() == before
    assert accepted_path(loaded, load).stat().st_ino == accepted


@pytest.mark.parametrize("damage", DAMAGES)
def test_lost_refused_rows_whose_extract_is_gone_are_told_of_once_and_stop_nothing(
    loaded: Settings, damage: Damage
) -> None:
    (load,) = Ledger(loaded.ledger).loads
    damage(quarantine_path(loaded, load))
    shutil.rmtree(loaded.landing)

    (told,) = recover(loaded)
    assert "refused rows are lost and cannot be read anew" in told
    assert recover(loaded) == []
    assert waiting(Ledger(loaded.ledger), loaded) == []


def test_refused_rows_that_went_for_their_age_are_not_taken_for_lost(loaded: Settings) -> None:
    rules = Settings(home=loaded.home, retain_quarantine_days=1)
    ledger = Ledger(loaded.ledger)
    newer = {"load_id": "x", "load_number": 9, "batch_date": NIGHT + timedelta(days=1)}
    ledger.add(replace(ledger.loads[0], **newer, status="duplicate", rows_quarantined=0))
    assert len(apply_retention(rules)) == 1

    assert recover(loaded) == []


def test_a_file_that_was_landed_with_a_forgotten_person_restores_the_rest(
    settings: Settings,
) -> None:
    settings.user_sources.mkdir(parents=True)
    (settings.user_sources / "acme.yml").write_text(PEOPLE)
    rows = "id,mail,since\nc1,ann@shop.example,2025-01-01\nc2,bob@shop.example,once\n"
    land(settings, "acme", NIGHT, {"people.csv": rows})
    load_night(settings, NIGHT, "run", "acme")
    accept(settings)
    (load,) = Ledger(settings.ledger).loads
    forget(settings, "ann@shop.example")
    paths = [accepted_path(settings, load), quarantine_path(settings, load)]
    kept = {
        path: pl.read_parquet(path, columns=["_row_number"] if path == paths[0] else ["raw_text"])
        for path in paths
    }
    for path in paths:
        path.unlink()

    assert len(recover(settings)) == 1
    for path, rows_before in kept.items():
        assert pl.read_parquet(path, columns=rows_before.columns).equals(rows_before)
    assert find(settings.root, Needles(["ann@shop.example"])) == []


def test_what_is_read_anew_knows_nothing_of_a_forgotten_person(settings: Settings) -> None:
    """As when extracts lie in a bucket, which nobody writes anew."""
    settings.user_sources.mkdir(parents=True)
    (settings.user_sources / "acme.yml").write_text(PEOPLE)
    rows = "id,mail,since\nc1,ann@shop.example,2025-01-01\nc2,ann@shop.example,once\n"
    landed = land(settings, "acme", NIGHT, {"people.csv": rows}) / "people.csv"
    load_night(settings, NIGHT, "run", "acme")
    accept(settings)
    (load,) = Ledger(settings.ledger).loads
    instant = landed.stat().st_mtime_ns
    forget(settings, "ann@shop.example")
    landed.write_text(rows)
    os.utime(landed, ns=(instant, instant))
    Ledger(settings.ledger).update({load.load_id: {"bytes": len(rows)}})
    accepted_path(settings, load).unlink()
    quarantine_path(settings, load).unlink()

    recover(settings)
    assert pl.read_parquet(accepted_path(settings, load))["email"].to_list() == [None]
    assert find(settings.bronze, Needles(["ann@shop.example"])) == []
    assert find(settings.quarantine, Needles(["ann@shop.example"])) == []


def test_a_lost_table_of_a_source_file_is_written_anew(settings: Settings) -> None:
    settings.user_sources.mkdir(parents=True)
    (settings.user_sources / "acme.yml").write_text(DEALS)
    land(settings, "acme", NIGHT, {"deals.csv": "id,state,close\nd1,Open,\n"})
    load_night(settings, NIGHT, "run", "acme")
    accept(settings)
    loads = {load.object: load for load in Ledger(settings.ledger).loads}
    path = accepted_path(settings, loads["stages"])
    before = path.read_bytes()
    path.unlink()

    (told,) = recover(settings)
    assert "acme/stages of 2025-09-28" in told
    assert path.read_bytes() == before


def test_lost_rows_that_had_been_refused_at_first_are_read_anew_from_quarantine(
    settings: Settings,
) -> None:
    settings.user_sources.mkdir(parents=True)
    source = settings.user_sources / "acme.yml"
    source.write_text(DEALS)
    land(settings, "acme", NIGHT, {"deals.csv": "id,state,close\nd1,Open,31.01.2025\n"})
    load_night(settings, NIGHT, "run", "acme")
    accept(settings)
    source.write_text(DEALS.replace("%Y-%m-%d", "%d.%m.%Y"))
    plan_reload(settings, waiting(Ledger(settings.ledger), settings))
    (again,) = load_night(settings, NIGHT, "again", "acme")
    accept(settings)
    # Its file goes away once its rows are published.
    plan(settings, None, None)
    assert (again.rows_accepted, [*settings.reload.rglob("*.csv")]) == (1, [])
    path = accepted_path(settings, again)
    before = path.read_bytes()
    path.unlink()

    assert recover(settings)[0].startswith("lost bronze rows were read anew: acme/opportunities")
    assert path.read_bytes() == before


def test_rows_that_no_gate_has_judged_are_undone_and_not_asked_for(loaded: Settings) -> None:
    ledger = Ledger(loaded.ledger)
    ledger.mark([load.load_id for load in ledger.loads], "loaded")
    accepted_path(loaded, ledger.loads[0]).unlink()

    assert recover(loaded) == []
    assert len(heal(loaded)) == 1


# Duplicates --------------------------------------------------------------------------------------


def repeat(settings: Settings) -> None:
    """The next night brings the same bytes again, and its run is cut off once it has read them."""
    again = NIGHT + timedelta(days=1)
    delta = ACME.replace("key:", "extract: delta, key:")
    (settings.user_sources / "acme.yml").write_text(delta)
    files = {"accounts.csv": (settings.landing / f"acme/{NIGHT}/accounts.csv").read_bytes()}
    land(settings, "acme", again, files)
    begin(settings, "cut off")
    (load,) = load_night(settings, again, "cut off", "acme")
    assert load.status == "duplicate"


def test_a_night_of_duplicates_that_was_cut_off_is_due_again(loaded: Settings) -> None:
    repeat(loaded)
    recover(loaded)

    assert plan(loaded, None, None).nights == [NIGHT + timedelta(days=1)]


@pytest.mark.parametrize("judge", [accept, refuse])
def test_duplicates_of_a_night_that_was_judged_are_not_read_again(
    loaded: Settings, judge: Callable[[Settings], None]
) -> None:
    repeat(loaded)
    judge(loaded)
    recover(loaded)

    assert plan(loaded, None, None).landing.files == {}


# Versions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_memory_of_publications_is_recollected_from_the_versions(
    settings: Settings, damage: Damage
) -> None:
    for number in (1, 2, 3):
        publish(settings, number)
    before = publications(settings)
    damage(settings.operations / "publication.parquet")

    recover(settings)
    assert publications(settings) == before


def test_a_way_back_is_respected_when_the_memory_is_lost(settings: Settings) -> None:
    publish(settings, 1)
    publish(settings, 2)
    roll_back(settings)
    (settings.operations / "publication.parquet").unlink()

    recover(settings)
    assert current_version(settings) == "2025-09-28-001"
    assert [entry.rolled_back_at is None for entry in publications(settings)] == [True, False]


def test_a_lost_symlink_shows_the_newest_version_again(settings: Settings) -> None:
    publish(settings, 1)
    publish(settings, 2)
    settings.published.unlink()

    recover(settings)
    assert numbers_of(str(settings.published.resolve())) == [2]


def test_readers_of_a_lost_version_see_the_one_before_until_it_is_built_again(
    settings: Settings,
) -> None:
    publish(settings, 1)
    newest = publish(settings, 2)
    version_path(settings, newest).unlink()

    recover(settings)
    assert numbers_of(str(settings.published.resolve())) == [1]
    # Not rolled back by anybody, so the next run may build it again.
    assert [entry.rolled_back_at for entry in publications(settings)] == [None, None]


def test_a_night_whose_version_is_lost_is_due_again(settings: Settings) -> None:
    publish(settings, 1)
    newest = publish(settings, 2)
    assert not plan(settings, None, None).rebuild
    version_path(settings, newest).unlink()
    recover(settings)

    assert plan(settings, None, None).nights == [NIGHT]


def test_a_night_that_was_taken_back_does_not_come_again_by_itself(settings: Settings) -> None:
    publish(settings, 1)
    publish(settings, 2)
    roll_back(settings)
    recover(settings)

    assert plan(settings, None, None).nights == []


def test_a_file_that_is_no_whole_version_is_never_shown(settings: Settings) -> None:
    publish(settings, 1)
    half = version_path(settings, "2025-09-28-002")
    half.write_bytes(version_path(settings, "2025-09-28-001").read_bytes()[:50_000])

    recover(settings)
    assert current_version(settings) == "2025-09-28-001"


def test_a_version_under_the_name_of_another_is_not_taken_for_it(settings: Settings) -> None:
    first = publish(settings, 1)
    shutil.copyfile(version_path(settings, first), version_path(settings, "2025-09-29-001"))

    recover(settings)
    assert current_version(settings) == first


def test_an_unreadable_version_is_no_beginning_for_a_candidate(settings: Settings) -> None:
    version = version_path(settings, publish(settings, 1))
    version.chmod(0o644)
    zero(version)

    assert "cannot be read" in (seed_candidate(settings, version, full=False) or "")


def test_the_default_way_back_passes_over_what_was_rolled_back(settings: Settings) -> None:
    """Publish a good one, a bad one, go back, publish another bad one: back to the good one."""
    for number in (1, 2):
        publish(settings, number)
    roll_back(settings)
    publish(settings, 3)

    assert roll_back(settings) == "2025-09-28-001"


def test_after_a_way_back_the_next_night_is_the_newest_again(settings: Settings) -> None:
    publish(settings, 1)
    publish(settings, 2)
    roll_back(settings)
    publish(settings, 3)

    assert recover(settings) == []
    assert numbers_of(str(settings.published.resolve())) == [3]
    marks = [entry.rolled_back_at is not None for entry in publications(settings)]
    assert marks == [False, True, False]


# The clock ---------------------------------------------------------------------------------------


def test_a_clock_that_jumped_back_behind_loaded_nights_stops_the_night(
    loaded: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: 1_700_000_000.0)

    with pytest.raises(ClockError, match=r"says 2023-11-1\d, but the night 2025-09-28"):
        recover(loaded)


def test_versions_published_while_the_clock_was_wrong_keep_their_order(settings: Settings) -> None:
    """Order is that of publication; no instant decides what is newest."""
    publish(settings, 1)
    (first,) = publications(settings)
    ahead = first.published_at + timedelta(days=4000)
    remember(settings, [type(first)(**{**vars(first), "published_at": ahead})])
    publish(settings, 2)

    assert recover(settings) == []
    assert [entry.version[-3:] for entry in publications(settings)] == ["001", "002"]
    assert numbers_of(str(settings.published.resolve())) == [2]


# The machine -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "advised"),
    [
        ("No space left on device (os error 28)", "is full"),
        ("(sqlite3.OperationalError) database or disk is full", "is full"),
        ("[Errno 30] Read-only file system: 'x'", "mounted read-only"),
        ("[Errno 13] Permission denied: 'x'", "lacks a right"),
        ("[Errno 5] Input/output error", "does not answer"),
    ],
)
def test_a_fault_of_the_machine_says_what_to_do(
    settings: Settings, said: str, advised: str
) -> None:
    assert is_of_the_machine(said)
    assert advised in (advice(said, settings) or "")


def test_an_error_of_another_kind_gets_no_advice(settings: Settings) -> None:
    said = "Constraint Error: NOT NULL constraint failed"
    assert not is_of_the_machine(said)
    assert advice(said, settings) is None


def test_a_home_that_may_not_be_written_is_named_and_nothing_is_changed() -> None:
    with TemporaryDirectory() as folder:
        # Not below tmp_path, which nobody but its owner may enter.
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        (home / "landing").mkdir(parents=True)
        home.chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", AS_A_USER_WITHOUT_RIGHTS],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"FLYWHEEL_HOME": str(home)},
            cwd=PROJECT_ROOT,
        )
        assert [path.name for path in home.iterdir()] == ["landing"]
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"lacks a right to something below {home}" in done.stderr
    assert "Traceback" not in done.stderr
