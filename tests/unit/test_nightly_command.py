"""`flywheel nightly` says so when what it was asked for cannot be, and runs nothing.

Belongs here: options that no night follows from. Does not belong here: nights that run
(integration/test_nightly.py).
"""

from __future__ import annotations

from datetime import date

import pytest
from typer.testing import CliRunner

from orchestration.bronze.night import accept, heal, load_night
from orchestration.cli import app
from orchestration.settings import Settings
from tests.conftest import land

FIRST = date(2025, 9, 1)
ACME = """\
source: acme
extract: full
objects:
  opportunities:
    files: "deals*.csv"
    key: opportunity_id
    columns: {opportunity_id: id, stage: state, amount: value}
pipelines:
  - {name: default, stages: [Open], won: Won, lost: Lost}
"""


def nightly(settings: Settings, *options: str) -> tuple[int, str]:
    """Exit status and words."""
    environment = {"FLYWHEEL_HOME": str(settings.root), "COLUMNS": "200"}
    result = CliRunner().invoke(app, ["nightly", *options], env=environment)
    return result.exit_code, result.output


@pytest.fixture
def home(settings: Settings) -> Settings:
    """A home with a night that is loaded, and no version of it."""
    settings.user_sources.mkdir(parents=True)
    (settings.user_sources / "acme.yml").write_text(ACME, encoding="utf-8")
    land(settings, "acme", FIRST, {"deals.csv": "id,state,value\nd1,Open,1\n"})
    heal(settings)
    load_night(settings, FIRST, "run", "acme")
    accept(settings)
    return settings


def test_a_range_that_ends_before_it_begins_is_refused(settings: Settings) -> None:
    status, text = nightly(settings, "--from", "2025-10-05", "--to", "2025-10-01")
    assert status == 2
    assert "--from 2025-10-05 is after --to 2025-10-01" in text
    assert not settings.root.exists()


@pytest.mark.parametrize("night", ["2025-09-02", "2027-01-01"])
@pytest.mark.parametrize("options", [("--date", "{}"), ("--from", "{}", "--to", "{}")])
def test_a_night_that_never_landed_is_told_and_no_other_runs_in_its_place(
    home: Settings, night: str, options: tuple[str, ...]
) -> None:
    status, text = nightly(home, *(each.format(night) for each in options))
    assert status == 2
    assert f"nothing that a source claims has landed for night {night}" in text
    assert "nothing new" not in text
    assert not home.candidate.exists()


def test_where_nothing_ever_landed_that_is_told(settings: Settings) -> None:
    status, text = nightly(settings, "--date", "2025-09-02")
    assert status == 2
    assert "nothing has landed in" in text


def test_what_landed_outside_every_night_is_no_success(settings: Settings) -> None:
    (settings.landing / "2025-09-01").mkdir(parents=True)
    (settings.landing / "2025-09-01" / "deals.csv").write_text("id\n")
    status, said = nightly(settings)
    assert (status, "a night is a folder <source>/<YYYY-MM-DD>" in said) == (2, True)
