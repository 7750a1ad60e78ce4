"""What a fault left, and the run that follows: the ledger, the memory of publications, results of
checks, the list of who was forgotten.

Belongs here: damage and loss of one file at a time, the clock, the rights of a folder. Does not
belong here: lost rows (test_lost_rows.py), cuts of a publication (test_publication_cut_off.py),
whole nights (test_nights_with_faults.py), what is printed (test_what_the_operator_sees.py).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from orchestration.bronze.night import accept, begin, load_night, refuse
from orchestration.bronze.paths import accepted_path
from orchestration.extracts.ledger import Ledger, LedgerDamagedError, copy_of
from orchestration.faults import advice, is_of_the_machine
from orchestration.gate.results import result_files
from orchestration.instance import open_instance
from orchestration.nightly import plan
from orchestration.privacy.forgotten import ForgottenDamagedError, remember_forgotten
from orchestration.publication.promote import promote
from orchestration.publication.versions import (
    MemoryDamagedError,
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
from tests.faults.damages import (
    ACME,
    DAMAGES,
    NIGHT,
    Damage,
    cut_short,
    empty,
    load_acme,
    zero,
)
from tests.faults.small import make_candidate, make_load, numbers_of

# Root may write anywhere, so it drops its rights, once what the command imports is imported: nobody
# else may read that everywhere.
AS_A_USER_WITHOUT_RIGHTS = """
import os, sys
import orchestration.cli, orchestration.company, orchestration.faults, orchestration.lock
import orchestration.commands.printing, orchestration.nightly, orchestration.progress
import orchestration.outcome.closing, orchestration.privacy.keys, orchestration.recovery
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
    return load_acme(settings)


def publish(settings: Settings, number: int) -> str:
    make_load(settings, number)
    make_candidate(settings, number)
    return promote(settings).version


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


def test_whoever_only_looks_at_a_damaged_memory_is_told_what_to_run(settings: Settings) -> None:
    publish(settings, 1)
    zero(settings.operations / "publication.parquet")

    with pytest.raises(MemoryDamagedError, match="run `flywheel nightly`"):
        publications(settings)


def test_a_damaged_memory_of_versions_that_are_all_gone_is_empty(settings: Settings) -> None:
    version_path(settings, publish(settings, 1)).unlink()
    zero(settings.operations / "publication.parquet")

    recover(settings)
    assert publications(settings) == []


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

    assert "cannot be read" in (seed_candidate(settings, version, full=False).rebuilt_because or "")


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


# What else is kept -------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [cut_short, zero, empty])
def test_damaged_results_of_an_earlier_night_hold_no_other_back(
    settings: Settings, damage: Damage
) -> None:
    publish(settings, 1)
    (results,) = result_files(settings)
    damage(results)

    (told,) = recover(settings)
    assert told.endswith(f"put aside: {results}.damaged")
    publish(settings, 2)


@pytest.mark.parametrize("damage", [cut_short, zero])
def test_a_damaged_history_of_dagster_is_begun_anew(settings: Settings, damage: Damage) -> None:
    open_instance(settings).dispose()
    history = settings.dagster_home / "history" / "runs.db"
    assert recover(settings) == []
    damage(history)

    (told,) = recover(settings)
    assert told.endswith(f"put aside: {history}.damaged")
    with open_instance(settings) as instance:
        assert instance.get_runs() == []


@pytest.mark.parametrize("damage", [cut_short, zero, empty])
def test_without_the_list_of_the_forgotten_nothing_is_loaded(
    loaded: Settings, damage: Damage
) -> None:
    remember_forgotten(loaded, [("email", "ann@example.com")])
    damage(loaded.privacy / "forgotten.json")

    with pytest.raises(ForgottenDamagedError, match=r"from a backup; or move it aside"):
        recover(loaded)


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
