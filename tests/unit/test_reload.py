"""Refused rows read anew, again and again, until none of them breaks a rule.

Belongs here: which of them come in, wait on and are due, and what `flywheel quarantine reload` says
of it. Does not belong here: the other sub-commands (test_quarantine_command.py).
"""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from typer.testing import CliRunner

from orchestration.bronze.due import survey
from orchestration.bronze.judge import judge_object
from orchestration.bronze.lost import restore_lost
from orchestration.bronze.night import accept, load_night, refuse
from orchestration.bronze.paths import quarantine_path
from orchestration.bronze.quarantine import refused_rows, waiting
from orchestration.commands.quarantine import quarantine_app
from orchestration.extracts.ledger import Ledger, Load
from orchestration.gate.results import CheckResult
from orchestration.settings import Settings
from orchestration.sources.catalog import load_sources
from tests.conftest import describe, land

NIGHT = date(2025, 9, 1)
ACME = """\
source: acme
extract: delta
objects:
  opportunities:
    files: "deals*.csv"
    key: opportunity_id
    columns: {opportunity_id: id, stage: state, amount: value}
pipelines:
  - {name: default, stages: [Open], won: Won, lost: Lost}
"""
WITH_THOUSANDS = ACME + 'thousands: ","\n'
WITH_WORDS = WITH_THOUSANDS.replace(
    "amount: value", 'amount: {column: value, replace: {soon: "3"}}'
)
GOOD = "".join(f"d{number},Open,1\n" for number in range(400))
BAD = 'x1,Open,"1,000"\nx2,Open,"2,000"\nx3,Open,soon\n'


def run_night(settings: Settings, run_id: str) -> tuple[list[Load], CheckResult]:
    """Load what is due, judge it, and publish or refuse it."""
    loads = [
        load
        for load in load_night(settings, NIGHT, run_id, "acme")
        if load.object == "opportunities"
    ]
    contract = load_sources(settings.user_sources)["acme"].contracts["opportunities"]
    held, _ = judge_object(settings, contract, loads, Ledger(settings.ledger))
    (accept if held.success else refuse)(settings)
    return loads, held


@pytest.fixture
def home(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A published night of 400 deals, and three refused ones that wait."""
    monkeypatch.setenv("FLYWHEEL_HOME", str(settings.home))
    describe(settings, ACME)
    land(settings, "acme", NIGHT, {"deals.csv": f"id,state,value\n{GOOD}{BAD}"})
    assert run_night(settings, "first")[1].success
    return settings


def reload() -> str:
    result = CliRunner().invoke(quarantine_app, ["reload"])
    assert result.exit_code == 0, result.output
    return result.output


def values_that_wait(settings: Settings) -> list[str]:
    loads = waiting(Ledger(settings.ledger), settings)
    return refused_rows(settings, loads)["value"].to_list()


def amounts_of(settings: Settings, *ids: str) -> list[float]:
    paths = sorted((settings.bronze / "acme" / "opportunities").glob("batch=*/*.parquet"))
    rows = pl.concat([pl.read_parquet(path) for path in paths], how="diagonal")
    found = rows.filter(pl.col("opportunity_id").is_in(ids)).sort("opportunity_id")
    return [float(amount) for amount in found["amount"]]


def test_mended_rows_come_in_although_one_beside_them_still_breaks_a_rule(home: Settings) -> None:
    describe(home, WITH_THOUSANDS)
    reload()
    (again,), held = run_night(home, "second")
    assert (again.rows_read, again.rows_accepted) == (3, 2)
    assert held.success
    assert held.observed == "1 of 3 rows read anew wait on"
    assert amounts_of(home, "x1", "x2", "x3") == [1000, 2000]


def test_rows_that_a_kill_left_half_written_are_not_due(home: Settings) -> None:
    describe(home, WITH_THOUSANDS)
    reload()
    (path,) = home.reload.glob("*/*/batch=*/*.csv")
    path.rename(path.with_name(f".{path.name}.tmp"))
    assert survey(home, Ledger(home.ledger)).files == {}


def test_rows_read_anew_neither_add_to_the_share_of_a_new_file_nor_thin_it(home: Settings) -> None:
    describe(home, WITH_THOUSANDS)
    reload()
    land(home, "acme", NIGHT, {"deals2.csv": "id,state,value\nd1,Open,2\nd2,Open,never\n"})
    _, held = run_night(home, "second")
    assert not held.success
    assert held.observed == "1 of 2 rows refused; 1 of 3 rows read anew wait on"


def test_a_row_that_still_breaks_a_rule_waits_once_and_comes_in_by_the_next_correction(
    home: Settings,
) -> None:
    describe(home, WITH_THOUSANDS)
    reload()
    run_night(home, "second")
    assert values_that_wait(home) == ["soon"]
    describe(home, WITH_WORDS)
    assert reload().startswith("1 rows of 1 files are due again")
    run_night(home, "third")
    assert values_that_wait(home) == []
    assert amounts_of(home, "x1", "x2", "x3") == [1000, 2000, 3]


def test_rows_that_no_correction_helped_can_be_read_anew_ever_again(home: Settings) -> None:
    """Names of files that repeat their bytes grow, and are cut where they are too long."""
    for attempt in range(9):
        reload()
        run_night(home, f"attempt {attempt}")
    assert values_that_wait(home) == ["1,000", "2,000", "soon"]
    describe(home, WITH_WORDS)
    reload()
    run_night(home, "last")
    assert values_that_wait(home) == []


def test_a_corrected_file_ends_the_wait_of_rows_that_were_read_anew(home: Settings) -> None:
    describe(home, WITH_THOUSANDS)
    reload()
    run_night(home, "second")
    land(home, "acme", NIGHT, {"deals.csv": f"id,state,value\n{GOOD}x3,Open,4\n"})
    run_night(home, "third")
    assert values_that_wait(home) == []


def test_a_corrected_file_wins_over_rows_that_are_read_anew_in_its_night(home: Settings) -> None:
    describe(home, WITH_WORDS)
    reload()
    land(home, "acme", NIGHT, {"deals.csv": f"id,state,value\n{GOOD}x3,Open,4\n"})
    loads, _ = run_night(home, "second")
    newest = max(loads, key=lambda load: load.load_number)
    assert [load.file == "deals.csv" for load in loads] == [False, True]
    assert (newest.file, newest.rows_quarantined) == ("deals.csv", 0)


@pytest.fixture
def refused_anew(home: Settings) -> Settings:
    """The rows read anew name a stage that nobody lists, and are refused as a whole."""
    describe(
        home,
        WITH_THOUSANDS.replace("stage: state", "stage: {column: state, replace: {Open: Demo}}"),
    )
    reload()
    assert not run_night(home, "second")[1].success
    return home


def test_rows_that_were_read_anew_and_refused_wait_once(refused_anew: Settings) -> None:
    assert values_that_wait(refused_anew) == ["1,000", "2,000", "soon"]


def test_rows_that_were_read_anew_and_refused_are_not_said_to_be_due(
    refused_anew: Settings,
) -> None:
    said = reload()
    assert said.startswith("3 rows of 1 files of 2025-09-01 are not due: they were read anew")
    assert "due again" not in said
    assert survey(refused_anew, Ledger(refused_anew.ledger)).files == {}


def test_rows_that_were_read_anew_and_refused_are_due_by_a_mended_source_file(
    refused_anew: Settings,
) -> None:
    describe(refused_anew, WITH_THOUSANDS)
    assert reload().startswith("3 rows of 1 files are due again")
    assert run_night(refused_anew, "third")[1].success
    assert values_that_wait(refused_anew) == ["soon"]


def test_rows_whose_file_was_corrected_since_are_not_read_anew(refused_anew: Settings) -> None:
    home = refused_anew
    land(home, "acme", NIGHT, {"deals.csv": "id,state,value\nx3,Won,4\n"})
    assert run_night(home, "third")[1].success
    describe(home, WITH_WORDS)
    assert survey(home, Ledger(home.ledger)).files == {}


def test_rows_of_an_object_that_nobody_describes_any_more_are_not_said_to_be_due(
    home: Settings,
) -> None:
    describe(
        home,
        ACME.replace("opportunities", "users")
        .replace("opportunity_id: id, stage: state, amount: value", "user_id: id")
        .replace("opportunity_id", "user_id")
        .partition("pipelines")[0],
    )
    assert "no source file describes acme/opportunities any more" in reload()


# JSON Lines --------------------------------------------------------------------------------------

CUT = '{"id":"d8","state":"Open","value":1'
MENDABLE = '{"id":"d9","state":"Open","value":"1.000,00"}'
OF_JSON = ACME.replace("csv", "jsonl") + "max_refused_share: 0.9\n"
WITH_COMMAS = OF_JSON + 'decimal: ","\nthousands: "."\n'


def publish_lines(settings: Settings, monkeypatch: pytest.MonkeyPatch, *refused: str) -> None:
    """Publish a night of four deals and these lines, then mend how numbers are written."""
    monkeypatch.setenv("FLYWHEEL_HOME", str(settings.home))
    describe(settings, OF_JSON)
    good = [f'{{"id":"d{number}","state":"Open","value":1}}' for number in range(4)]
    land(settings, "acme", NIGHT, {"deals.jsonl": "\n".join([*good, *refused])})
    (load,), held = run_night(settings, "first")
    assert (load.rows_quarantined, held.success) == (len(refused), True)
    describe(settings, WITH_COMMAS)
    reload()


@pytest.mark.parametrize(
    "first",
    [
        pytest.param([CUT, CUT], id="cut lines"),
        pytest.param(["[", "1]"], id="a list over two lines"),
        pytest.param(["<html>", "</html>"], id="a page of the web"),
        pytest.param(["\0", "\0"], id="blank pages of a disk"),
    ],
)
def test_a_mended_document_comes_in_whatever_lines_wait_before_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, first: list[str]
) -> None:
    publish_lines(settings, monkeypatch, *first, MENDABLE)
    (again,), held = run_night(settings, "second")
    assert (again.error, again.rows_read, again.rows_accepted) == (None, 3, 1)
    assert held.success
    assert amounts_of(settings, "d9") == [1000]
    assert len(waiting(Ledger(settings.ledger), settings)) == 1


@pytest.mark.parametrize(
    "refused",
    [
        pytest.param(CUT, id="no document at all"),
        pytest.param('{"state":"Open","value":1}', id="none that has the key"),
    ],
)
def test_documents_wait_on_although_none_of_them_has_a_column_that_the_object_needs(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    publish_lines(settings, monkeypatch, refused)
    (again,), held = run_night(settings, "second")
    assert (again.error, again.rows_read, again.rows_quarantined) == (None, 1, 1)
    assert held.success


def test_lost_refused_rows_of_lines_are_restored(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_lines(settings, monkeypatch, CUT, CUT, MENDABLE)
    (again,), _ = run_night(settings, "second")
    path = quarantine_path(settings, again)
    before = pl.read_parquet(path)
    path.unlink()
    restore_lost(settings)
    assert pl.read_parquet(path).equals(before)
