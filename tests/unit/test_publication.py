"""From a gated candidate to the version that readers see, and back.

Belongs here: what publication demands, what it leaves on the disk, versions and rollback.
Does not belong here: readers while it happens (integration/test_readers_during_publication.py), the
checks (test_gate_stamp_and_results.py).

The candidates are small and made by hand, in the file format that dbt is told to write; promote
needs the schemas intermediate, marts and ops of them.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest

from orchestration.bronze.night import load_night
from orchestration.extracts.ledger import Ledger
from orchestration.gate.results import CheckResult, record
from orchestration.gate.stamp import NotGatedError, give_stamp
from orchestration.gate.written import WRITTEN
from orchestration.publication.candidate import discard_candidate
from orchestration.publication.promote import UncleanCandidateError, promote
from orchestration.publication.versions import (
    NoSuchVersionError,
    Publication,
    current_version,
    kept_versions,
    next_version,
    prune,
    publications,
    roll_back,
    version_path,
)
from orchestration.settings import Settings
from tests.conftest import land

NIGHT = date(2025, 9, 28)
ACME = """\
source: acme
objects:
  accounts: {files: accounts.csv, key: account_id, columns: {account_id: id}}
"""
Ask = Callable[[Path, str], list[tuple]]


@cache
def candidate_bytes(night: date, mark: str) -> bytes:
    config = {"storage_compatibility_version": "v1.4.0"}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "flywheel.duckdb"
        with duckdb.connect(str(path), config=config) as connection:
            for schema in ("intermediate", "marts", "ops"):
                connection.execute(f"create schema {schema}")
            connection.execute(
                "create table intermediate.int_as_of as select ?::date as as_of_date", [night]
            )
            connection.execute("create table ops.build as select null::text as rebuilt_because")
            for table, rows in (("fct_one", 3), ("fct_two", 4)):
                connection.execute(
                    f"create table marts.{table} as select ? as mark from range({rows})", [mark]
                )
        return path.read_bytes()


def write_candidate(settings: Settings, night: date = NIGHT, mark: str = "one") -> None:
    """A candidate as a night leaves it: closed, and not gated yet."""
    discard_candidate(settings)
    settings.candidate.write_bytes(candidate_bytes(night, mark))


def pass_gate(settings: Settings, run_id: str = "run", warnings: int = 0) -> None:
    checks = [check("not_empty"), check("no_orphans")]
    record(settings, run_id, NIGHT.isoformat(), "suites", checks)
    give_stamp(settings, run_id, len(checks), len(checks), warnings)


def check(name: str) -> CheckResult:
    return CheckResult(
        suite="marts.fct_one",
        check=name,
        table="marts.fct_one",
        severity="critical",
        success=True,
        description="",
        observed="3",
        expected="min_value=1",
        unexpected_count=None,
        sample=[],
    )


def publish(
    settings: Settings, night: date = NIGHT, mark: str = "one", run_id: str = "run"
) -> Publication:
    write_candidate(settings, night, mark)
    pass_gate(settings, run_id)
    return promote(settings)


def mark_of(ask: Ask, path: Path) -> str:
    return ask(path, "select distinct mark from marts.fct_one")[0][0]


# What publication demands ------------------------------------------------------------------------


def test_without_a_candidate_nothing_is_published(settings: Settings) -> None:
    with pytest.raises(NotGatedError, match="no candidate"):
        promote(settings)


def test_a_candidate_that_no_gate_has_passed_is_not_published(settings: Settings) -> None:
    write_candidate(settings)

    with pytest.raises(NotGatedError, match="no gate"):
        promote(settings)
    assert not settings.published.exists()


def test_a_candidate_that_was_written_to_after_the_gate_is_not_published(
    settings: Settings,
) -> None:
    write_candidate(settings)
    pass_gate(settings)
    with duckdb.connect(str(settings.candidate)) as connection:
        connection.execute("update marts.fct_one set mark = 'other'")

    with pytest.raises(NotGatedError, match="changed"):
        promote(settings)


def test_another_file_in_the_place_of_the_gated_one_is_not_published(settings: Settings) -> None:
    """Of the same size to the byte, as the next night's candidate may well be."""
    write_candidate(settings)
    pass_gate(settings)
    other = settings.candidate.read_bytes()
    settings.candidate.unlink()
    settings.candidate.write_bytes(other)
    os.utime(settings.candidate, (0, 0))

    with pytest.raises(NotGatedError, match="changed"):
        promote(settings)


def test_a_stamp_that_lacks_checks_is_not_believed(settings: Settings) -> None:
    write_candidate(settings)
    pass_gate(settings)
    stamp = settings.candidate.with_name("gate.json")
    stamp.write_text(stamp.read_text().replace('"ran_checks":2', '"ran_checks":1'))

    with pytest.raises(NotGatedError, match="missing"):
        promote(settings)


def test_the_stamp_of_one_candidate_does_not_pass_the_next(settings: Settings) -> None:
    write_candidate(settings)
    pass_gate(settings)
    write_candidate(settings)

    with pytest.raises(NotGatedError, match="no gate"):
        promote(settings)


def test_a_stamp_is_good_for_one_publication(settings: Settings) -> None:
    publish(settings)

    with pytest.raises(NotGatedError):
        promote(settings)


def test_a_refused_promotion_leaves_readers_where_they_were(settings: Settings, ask: Ask) -> None:
    publish(settings, mark="old")
    write_candidate(settings, mark="new")

    with pytest.raises(NotGatedError):
        promote(settings)
    assert mark_of(ask, settings.published) == "old"


def test_rows_that_a_killed_process_wrote_after_the_gate_are_not_published(
    settings: Settings,
) -> None:
    """They stand in a log beside the file, whose size and time do not show them."""
    write_candidate(settings)
    pass_gate(settings)
    late = f"""
import duckdb, os, signal
connection = duckdb.connect({str(settings.candidate)!r})
connection.execute("insert into marts.fct_one values ('late')")
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", late], check=False)

    with pytest.raises((NotGatedError, UncleanCandidateError)):
        promote(settings)
    assert not settings.published.exists()


# What it leaves ----------------------------------------------------------------------------------


def test_readers_see_the_candidate_through_the_symlink(settings: Settings, ask: Ask) -> None:
    publish(settings, mark="seen")

    assert settings.published.is_symlink()
    assert mark_of(ask, settings.published) == "seen"


def test_the_symlink_is_relative_so_that_the_home_can_be_moved(settings: Settings) -> None:
    publication = publish(settings)

    assert str(settings.published.readlink()) == f"flywheel.{publication.version}.duckdb"


def test_a_version_is_named_after_its_night_and_its_number(settings: Settings) -> None:
    assert publish(settings).version == "2025-09-28-001"
    assert publish(settings).version == "2025-09-28-002"
    assert publish(settings, night=date(2025, 9, 29)).version == "2025-09-29-001"


def test_a_name_is_never_given_twice(settings: Settings) -> None:
    """Not even when its file is gone: a report that quotes a version must mean one."""
    first = publish(settings)
    publish(settings)
    version_path(settings, first.version).unlink()

    assert next_version(settings, NIGHT) == "2025-09-28-003"


def test_a_file_that_a_crash_left_behind_is_removed_and_never_written_over(
    settings: Settings,
) -> None:
    """It may have been shown before the crash, and a reader may still hold it."""
    leftover = version_path(settings, "2025-09-28-001")
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"what a reader holds")
    with leftover.open("rb") as reader:
        assert publish(settings).version == "2025-09-28-002"

        assert reader.read() == b"what a reader holds"
    assert not leftover.exists()


def test_a_published_file_is_read_only(settings: Settings) -> None:
    publication = publish(settings)

    mode = version_path(settings, publication.version).stat().st_mode
    assert stat.S_IMODE(mode) == 0o444


def test_nothing_but_versions_is_left_beside_the_symlink(settings: Settings) -> None:
    publication = publish(settings)

    names = {path.name for path in settings.warehouse.iterdir()}
    assert names == {".candidate", "flywheel.duckdb", f"flywheel.{publication.version}.duckdb"}
    assert list(settings.candidate.parent.iterdir()) == []


def test_a_reader_that_holds_the_old_version_keeps_it(settings: Settings, ask: Ask) -> None:
    publish(settings, mark="old")
    with duckdb.connect(str(settings.published), read_only=True) as held:
        publish(settings, mark="new")

        assert held.execute("select distinct mark from marts.fct_two").fetchall() == [("old",)]
        # In the same process: DuckDB caches open files by their real path.
        assert mark_of(ask, settings.published) == "new"


def test_a_publication_says_what_it_holds(settings: Settings) -> None:
    publication = publish(settings)

    assert (publication.table_count, publication.row_count) == (2, 7)
    assert (publication.check_count, publication.as_of_date) == (2, NIGHT)
    assert publication.outcome == "published"


def test_a_publication_does_not_count_rows_that_were_deleted(settings: Settings) -> None:
    write_candidate(settings)
    with duckdb.connect(str(settings.candidate)) as connection:
        connection.execute("delete from marts.fct_one where rowid < 2")
    pass_gate(settings)

    assert promote(settings).row_count == 5


def test_a_publication_with_warnings_says_so(settings: Settings) -> None:
    write_candidate(settings)
    pass_gate(settings, warnings=1)
    publication = promote(settings)

    assert (publication.outcome, publication.warning_count) == ("published with warnings", 1)


def test_publications_are_remembered_in_their_order(settings: Settings) -> None:
    first, second = publish(settings), publish(settings)

    assert publications(settings) == [first, second]


def test_loads_are_accepted_once_they_are_published(settings: Settings) -> None:
    settings.user_sources.mkdir(parents=True)
    (settings.user_sources / "acme.yml").write_text(ACME)
    land(settings, "acme", NIGHT, {"accounts.csv": "id\na1\n"})
    (load,) = load_night(settings, NIGHT, "run", "acme")
    publish(settings)

    assert [each.load_id for each in Ledger(settings.ledger).with_status("accepted")] == [
        load.load_id
    ]


def test_the_published_file_lists_the_publications_up_to_itself(
    settings: Settings, ask: Ask
) -> None:
    publish(settings, run_id="first")
    publish(settings, run_id="second")

    listed = ask(settings.published, "select version, run_id from ops.publication order by 1")
    assert listed == [("2025-09-28-001", "first"), ("2025-09-28-002", "second")]


def test_the_published_file_holds_the_results_of_its_checks(settings: Settings, ask: Ask) -> None:
    publish(settings, run_id="first")
    publish(settings, run_id="second")

    held = ask(settings.published, 'select run_id, "check" from ops.gate_result order by all')
    assert held == [
        ("first", "no_orphans"),
        ("first", "not_empty"),
        ("second", "no_orphans"),
        ("second", "not_empty"),
    ]


def test_an_older_version_knows_nothing_of_a_later_one(settings: Settings, ask: Ask) -> None:
    first = publish(settings)
    publish(settings)

    path = version_path(settings, first.version)
    assert ask(path, "select count(*) from ops.publication") == [(1,)]


def test_the_published_file_opens_in_the_older_command_line_client(
    settings: Settings, tmp_path: Path
) -> None:
    """What analysts have installed is older than what wrote the file."""
    publish(settings, mark="seen")
    # pip leaves the binary of duckdb-cli without the right to be executed; it is not ours to
    # change in the environment, so a copy gets it.
    client = tmp_path / "duckdb"
    shutil.copyfile(Path(sys.executable).parent / "duckdb", client)
    client.chmod(0o755)
    query = "select mark, count(*) from marts.fct_one, ops.publication group by mark"
    answer = subprocess.run(
        [client, "-readonly", "-csv", "-noheader", str(settings.published), query],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (answer.stdout.strip(), answer.stderr) == ("seen,3", "")


# Older versions ----------------------------------------------------------------------------------


def test_older_versions_stay(settings: Settings, ask: Ask) -> None:
    first = publish(settings, mark="old")
    publish(settings, mark="new")

    assert mark_of(ask, version_path(settings, first.version)) == "old"


def test_the_oldest_versions_go_once_there_are_more_than_are_to_be_kept(
    settings: Settings,
) -> None:
    few = Settings(home=settings.home, keep_versions=2)
    for _ in range(4):
        publish(few)

    assert kept_versions(few) == ["2025-09-28-003", "2025-09-28-004"]
    assert not version_path(few, "2025-09-28-002").exists()


def test_the_memory_of_a_version_outlives_its_file(settings: Settings) -> None:
    few = Settings(home=settings.home, keep_versions=1)
    for _ in range(3):
        publish(few)

    assert [entry.version[-3:] for entry in publications(few)] == ["001", "002", "003"]


def test_versions_are_kept_by_publication_and_not_by_name(settings: Settings) -> None:
    """A late file of an older night may publish an older date after a newer one."""
    few = Settings(home=settings.home, keep_versions=2)
    for night in (date(2025, 9, 30), date(2025, 9, 29), date(2025, 9, 28)):
        publish(few, night=night)

    assert kept_versions(few) == ["2025-09-29-001", "2025-09-28-001"]


def test_the_version_that_readers_see_is_never_removed(settings: Settings) -> None:
    """Even when it is the oldest of all, after a way back."""
    publish(settings)
    publish(settings)
    publish(settings)
    roll_back(settings, "2025-09-28-001")
    few = Settings(home=settings.home, keep_versions=1)
    prune(few)

    assert kept_versions(few) == ["2025-09-28-001", "2025-09-28-003"]


# The way back ------------------------------------------------------------------------------------


def test_rolling_back_shows_the_version_before(settings: Settings, ask: Ask) -> None:
    publish(settings, mark="old")
    publish(settings, mark="new")

    assert roll_back(settings) == "2025-09-28-001"
    assert mark_of(ask, settings.published) == "old"


def test_rolling_back_twice_goes_back_by_two(settings: Settings) -> None:
    for _ in range(3):
        publish(settings)
    roll_back(settings)

    assert roll_back(settings) == "2025-09-28-001"


def test_rolling_back_to_a_named_version_shows_it(settings: Settings) -> None:
    for _ in range(3):
        publish(settings)
    roll_back(settings, "2025-09-28-001")

    assert current_version(settings) == "2025-09-28-001"


def test_rolling_forward_again_is_rolling_back_to_a_named_version(settings: Settings) -> None:
    publish(settings)
    publish(settings)
    roll_back(settings)
    roll_back(settings, "2025-09-28-002")

    assert current_version(settings) == "2025-09-28-002"
    assert [entry.rolled_back_at for entry in publications(settings)] == [None, None]


def test_a_version_that_is_not_there_is_refused_with_those_that_are(settings: Settings) -> None:
    publish(settings)
    publish(settings)

    with pytest.raises(NoSuchVersionError, match="2025-09-28-001, 2025-09-28-002"):
        roll_back(settings, "2025-09-27-001")
    assert current_version(settings) == "2025-09-28-002"


def test_there_is_no_way_back_from_the_oldest_version(settings: Settings) -> None:
    publish(settings)

    with pytest.raises(NoSuchVersionError, match=r"before 2025-09-28-001.*2025-09-28-001"):
        roll_back(settings)


def test_there_is_no_way_back_when_nothing_was_published(settings: Settings) -> None:
    with pytest.raises(NoSuchVersionError, match="none"):
        roll_back(settings)


def cut_off(settings: Settings, version: str) -> None:
    """What a broken disk or a copy that was stopped leaves of a version."""
    path = version_path(settings, version)
    path.chmod(0o644)
    os.truncate(path, 20_000)


def test_rolling_back_passes_over_a_damaged_version(settings: Settings, ask: Ask) -> None:
    publish(settings, mark="old")
    publish(settings, mark="damaged")
    publish(settings, mark="new")
    cut_off(settings, "2025-09-28-002")

    assert roll_back(settings) == "2025-09-28-001"
    assert mark_of(ask, settings.published) == "old"


def test_a_version_whose_free_end_was_cut_off_when_it_was_sealed_is_one_to_go_back_to(
    settings: Settings, ask: Ask
) -> None:
    """What only the gate needed goes last, what is written then finds room before it."""
    write_candidate(settings, mark="shortened")
    numbers = "select hash(i) as number from range(200000) as t (i)"
    for statement in (
        f"create table marts.replaced as {numbers}",
        f"create table {WRITTEN} as {numbers}",
        "drop table marts.replaced",
    ):
        with duckdb.connect(str(settings.candidate)) as connection:
            connection.execute(statement)
    size = settings.candidate.stat().st_size
    pass_gate(settings)
    sealed = version_path(settings, promote(settings).version)
    assert sealed.stat().st_size < size
    publish(settings, mark="new")

    assert roll_back(settings) == "2025-09-28-001"
    assert mark_of(ask, settings.published) == "shortened"


def test_where_all_versions_before_are_damaged_readers_keep_what_they_see(
    settings: Settings,
) -> None:
    publish(settings)
    publish(settings)
    cut_off(settings, "2025-09-28-001")

    with pytest.raises(NoSuchVersionError, match="no version before 2025-09-28-002 that can be"):
        roll_back(settings)
    assert current_version(settings) == "2025-09-28-002"


def test_a_damaged_version_that_is_named_is_refused_with_what_is_wrong(settings: Settings) -> None:
    publish(settings)
    publish(settings)
    cut_off(settings, "2025-09-28-001")

    with pytest.raises(
        NoSuchVersionError,
        match=r"2025-09-28-001 cannot be read: IO Error.*readers still see 2025-09-28-002",
    ):
        roll_back(settings, "2025-09-28-001")
    assert current_version(settings) == "2025-09-28-002"
    assert [entry.rolled_back_at for entry in publications(settings)] == [None, None]


def test_what_was_published_after_the_version_shown_is_marked(settings: Settings) -> None:
    for _ in range(3):
        publish(settings)
    roll_back(settings, "2025-09-28-001")

    marked = {entry.version[-3:]: entry.rolled_back_at for entry in publications(settings)}
    assert marked["001"] is None
    assert marked["002"] is not None
    assert marked["003"] is not None


def test_a_mark_keeps_the_instant_of_the_first_way_back(settings: Settings) -> None:
    for _ in range(3):
        publish(settings)
    roll_back(settings)
    before = publications(settings)[2].rolled_back_at
    roll_back(settings)

    assert publications(settings)[2].rolled_back_at == before


def test_the_next_night_is_published_after_a_way_back(settings: Settings) -> None:
    publish(settings)
    publish(settings)
    roll_back(settings)

    assert publish(settings).version == "2025-09-28-003"
    assert current_version(settings) == "2025-09-28-003"


def test_the_next_published_file_says_what_was_rolled_back(settings: Settings, ask: Ask) -> None:
    publish(settings)
    publish(settings)
    roll_back(settings)
    publish(settings)

    assert ask(
        settings.published,
        "select version from ops.publication where rolled_back_at is not null",
    ) == [("2025-09-28-002",)]
