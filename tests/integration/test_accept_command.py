"""`flywheel accept`: a lasting change that was meant, written down.

Belongs here: what of a version's warnings a line names, and what the command refuses. Does not
belong here: how later nights are compared with it (test_what_is_usual.py).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.gate.accepted import NAME, Accepted, ensure_accepted, read_accepted
from orchestration.nightly import plan
from orchestration.settings import Settings
from orchestration.sources.model import SourceFileError
from tests.integration.postgres_server import NIGHT, publish
from tests.unit.test_home_paths import locations

DEVIATIONS = """
create table ops.night_deviation as
select 'crm' as source_system, * , 0.9 as measured, 0.4 as usual, 60 as row_count, 8 as night_count
from (values
    ('deals', 'owner', 'owner_id', 'u1', 9.0), ('deals', 'owner', 'owner_id', 'u2', -9.0),
    ('leads', 'owner', 'owner_id', 'u1', 1.0), ('deals', 'stage', 'stage', 'Open', 9.0)
) as told (object_name, topic, column_name, label, deviation)
"""
REASON = "--reason=new territories"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(home=tmp_path / "home")
    publish(made, DEVIATIONS)
    return made


def accept(settings: Settings, *arguments: str) -> tuple[int, str]:
    """Exit status and words."""
    environment = {"FLYWHEEL_HOME": str(settings.root), "COLUMNS": "200"}
    result = CliRunner().invoke(app, ["accept", *arguments], env=environment)
    return result.exit_code, result.output


def test_a_line_names_each_column_that_the_check_warned_of_and_no_other(
    settings: Settings,
) -> None:
    status, said = accept(settings, "owner_mix_as_usual", REASON)
    assert (status, "crm/deals owner_id" in said, "leads" in said) == (0, True, False)
    (line,) = read_accepted(settings)
    assert line == Accepted(
        NIGHT, "crm", "deals", "owner", "owner_id", "new territories", line.accepted_on
    )


def test_what_is_accepted_twice_is_written_once(settings: Settings) -> None:
    accept(settings, "owner_mix_as_usual", "--reason=a guess")
    accept(settings, "owner_mix_as_usual", REASON)
    assert [line.reason for line in read_accepted(settings)] == ["new territories"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["hours_as_usual", REASON], "held in the night"),
        (["something_is_new", REASON], "cannot be accepted"),
        (["rows_are_accounted_for", REASON], "cannot be accepted"),
        (["owner_mix_as_usual", "--reason= "], "say what was meant"),
    ],
)
def test_nothing_is_written_without_a_warning_and_a_reason(
    settings: Settings, arguments: list[str], said: str
) -> None:
    status, told = accept(settings, *arguments)
    assert (status, said in told, read_accepted(settings)) == (2, True, [])


def test_the_models_read_what_was_written(settings: Settings) -> None:
    accept(settings, "owner_mix_as_usual", REASON)
    with duckdb.connect() as connection:
        place = locations(settings)["flywheel.accepted"]
        rows = connection.execute(f"select night, column_name from {place}").fetchall()
    assert rows == [(str(NIGHT), "owner_id")]


@pytest.mark.parametrize(
    ("text", "said"),
    [("night\n", "line 1: the header"), ("{header}\ntoday,,,,,x,2025-09-28\n", "line 2: `night`")],
)
def test_a_line_written_by_hand_is_checked_before_a_night(
    settings: Settings, text: str, said: str
) -> None:
    ensure_accepted(settings)
    path = settings.operations / NAME
    path.write_text(text.format(header=path.read_text().strip()))
    with pytest.raises(SourceFileError, match=said):
        plan(settings, date(2025, 9, 28), None)
