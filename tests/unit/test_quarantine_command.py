"""`flywheel quarantine`: a person finds out what was refused and gets it in after all.

Belongs here: what the sub-commands print, write and leave due. Does not belong here: which rows are
refused (test_bronze_casting.py), which of them wait (test_nights.py).
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from orchestration.bronze.due import survey
from orchestration.bronze.night import accept, load_night, refuse
from orchestration.commands.quarantine import quarantine_app
from orchestration.extracts.ledger import Ledger
from orchestration.settings import Settings
from tests.conftest import describe, land

FIRST, SECOND = date(2025, 9, 1), date(2025, 9, 2)
ACME = """\
source: acme
extract: delta
objects:
  opportunities:
    files: "deals*.csv"
    key: opportunity_id
    columns:
      opportunity_id: id
      stage: state
      amount: {column: value, replace: {none: ""}}
  users:
    files: "reps.csv"
    key: user_id
    columns: {user_id: id, user_name: name}
"""


@pytest.fixture
def home(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A published night with two refused deals and a refused user, and a refused night."""
    monkeypatch.setenv("FLYWHEEL_HOME", str(settings.home))
    describe(settings, ACME)
    deals = "id,state,value\nd1,Open,1\nd2,Open,five\nd3,\x1b[31mOpen,six\n"
    land(settings, "acme", FIRST, {"deals.csv": deals, "reps.csv": "id,name\n,Ann\nu2,Bob\n"})
    load_night(settings, FIRST, "first", "acme")
    accept(settings)
    land(settings, "acme", SECOND, {"deals.csv": "id,state,value\nd4,Open,seven\n"})
    load_night(settings, SECOND, "second", "acme")
    refuse(settings)
    return settings


def said(*arguments: object) -> list[str]:
    result = CliRunner().invoke(quarantine_app, [*map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def test_the_list_counts_rows_by_file_column_and_rule(home: Settings) -> None:
    listed = [line.split() for line in said()]
    assert listed[:4] == [
        ["night", "object", "file", "column", "rule", "rows"],
        ["2025-09-01", "acme/opportunities", "deals.csv", "amount", "type", "2"],
        ["2025-09-01", "acme/users", "reps.csv", "user_id", "missing", "1"],
        ["2025-09-02", "acme/opportunities", "deals.csv", "amount", "type", "1"],
    ]


def test_a_long_name_of_a_file_is_not_cut(home: Settings) -> None:
    name = f"deals of {'all ' * 40}teams.csv"
    land(home, "acme", FIRST, {name: "id,state,value\nd9,Open,nine\n"})
    load_night(home, FIRST, "long", "acme")
    shown = "".join(said())
    assert "…" not in shown
    assert shown.count("all") == 40


def test_nothing_refused_is_said_so(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLYWHEEL_HOME", str(settings.home))
    assert said() == ["no refused rows wait"]


def test_an_object_that_no_source_has_is_a_usage_error(home: Settings) -> None:
    result = CliRunner().invoke(quarantine_app, ["explain", "acme/opportunity"])
    assert result.exit_code == 2
    told = " ".join(result.output.replace("│", " ").split())
    assert "no source has an object acme/opportunity: did you mean `acme/opportunities`?" in told


def test_of_what_has_no_refused_rows_others_that_do_are_pointed_to(home: Settings) -> None:
    assert said("explain", "acme/users", "--date", SECOND) == [
        "no refused rows of acme/users of 2025-09-02 wait",
        "others do:  flywheel quarantine",
    ]


def test_a_rule_is_explained_with_its_remedy_and_the_rows(home: Settings) -> None:
    lines = said("explain", "acme/users")
    assert lines[0] == "acme/users.user_id: missing, 1 rows"
    assert lines[2].startswith("  remedy: ")
    assert lines[3:] == ["  2025-09-01/reps.csv, row 2: ,Ann"]


def test_what_a_refused_row_holds_cannot_color_the_terminal(home: Settings) -> None:
    shown = "\n".join(said("explain"))
    assert "[31mOpen" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.parquet"])
def test_refused_rows_are_written_to_a_file(home: Settings, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    said("export", path, "acme/opportunities", "--date", FIRST)
    if name.endswith(".jsonl"):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
    else:
        rows = (pl.read_csv(path) if name.endswith(".csv") else pl.read_parquet(path)).to_dicts()
    assert [(row["row_number"], row["column"], row["value"]) for row in rows] == [
        (3, "amount", "five"), (4, "amount", "six"),
    ]  # fmt: skip


def test_the_file_is_named_as_it_is(home: Settings, tmp_path: Path) -> None:
    assert said("export", tmp_path / "rows[red].csv")[-1].endswith("/rows[red].csv")


@pytest.mark.parametrize(
    "name", ["rows.txt", "there.csv", "nowhere/rows.csv", "there.csv/rows.csv", "x" * 300 + ".csv"]
)
def test_a_file_that_cannot_be_written_is_a_usage_error(
    home: Settings, tmp_path: Path, name: str
) -> None:
    (tmp_path / "there.csv").write_text("kept")
    result = CliRunner().invoke(quarantine_app, ["export", str(tmp_path / name)])
    assert result.exit_code == 2
    assert [each.name for each in tmp_path.glob("*.*")] == ["there.csv"]
    assert (tmp_path / "there.csv").read_text() == "kept"


def test_rows_of_published_nights_are_due_again_and_come_in_by_the_mended_source_file(
    home: Settings,
) -> None:
    assert said("reload", "acme/opportunities")[0].startswith("2 rows of 1 files are due again")
    describe(home, ACME.replace('{none: ""}', '{five: "5", six: "6"}'))
    assert list(survey(home, Ledger(home.ledger)).files) == [FIRST]
    (again,) = load_night(home, FIRST, "again", "acme")
    accept(home)
    assert (again.rows_read, again.rows_accepted) == (2, 2)
    assert [line.split()[:2] for line in said()[1:3]] == [
        ["2025-09-01", "acme/users"], ["2025-09-02", "acme/opportunities"],
    ]  # fmt: skip
