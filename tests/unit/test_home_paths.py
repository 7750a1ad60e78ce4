"""A home may bear any name that settings allow: quotation marks, brackets and blanks included.

Belongs here: what reads files below such a home, and what names it. Does not belong here: names
that are refused (test_settings.py).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml
from jinja2 import Environment
from typer.testing import CliRunner

from orchestration.bronze.night import accept, heal, load_night
from orchestration.bronze.profile import remember_profiles
from orchestration.bronze.quarantine import refused_rows
from orchestration.cli import app
from orchestration.extracts.ledger import Ledger
from orchestration.instance import open_instance
from orchestration.privacy.border import mask_bronze
from orchestration.settings import PROJECT_ROOT, Settings
from tests.conftest import land

NIGHT = date(2025, 9, 1)
# A folder that brackets would choose stands beside the home and must not be read.
NAME, DECOY = "o'brien: [b] 100%", "o'brien: b 100%"
ACME = """\
source: acme
extract: full
objects:
  opportunities:
    files: "deals*.csv"
    key: opportunity_id
    columns:
      opportunity_id: id
      stage: state
      amount: value
      owner_id: {column: rep, lookup: {object: users, match: user_name, return: user_id}}
  users: {files: "reps.csv", key: user_id, columns: {user_id: id, user_name: name}}
pipelines:
  - {name: default, stages: [Open], won: Won, lost: Lost}
"""
SOURCES = sorted((PROJECT_ROOT / "dbt_project" / "models" / "staging").glob("*/_*__sources.yml"))


def loaded(home: Path, deals: str) -> Settings:
    """A home with a night that is loaded, masked and counted."""
    settings = Settings(home=home)
    settings.user_sources.mkdir(parents=True)
    (settings.user_sources / "acme.yml").write_text(ACME, encoding="utf-8")
    files: dict[str, str | bytes] = {
        "deals.csv": f"id,state,value,rep\n{deals}", "reps.csv": "id,name\nu1,Ann\n",
    }  # fmt: skip
    land(settings, "acme", NIGHT, files)
    heal(settings)
    load_night(settings, NIGHT, "run", "acme")
    remember_profiles(settings)
    accept(settings)
    mask_bronze(settings)
    return settings


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    loaded(tmp_path / DECOY, "d8,Open,1,Ann\nd9,Open,1,Ann\nd10,Open,1,Ann\n")
    return loaded(tmp_path / NAME, "d1,Open,1,Ann\nd2,Open,x,Ann\n")


def locations(home: Settings) -> dict[str, str]:
    """Where dbt finds the tables of its sources, as `<source>.<table>`."""
    given = {"env_var": lambda *_: str(home.root)}
    return {
        f"{source['name']}.{table['name']}": Environment()
        .from_string(table["config"]["external_location"])
        .render(given)
        for path in SOURCES
        for source in yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]
        for table in source["tables"]
    }


def test_dbt_reads_the_files_of_this_home_and_of_no_other(home: Settings) -> None:
    places = locations(home)
    with duckdb.connect() as connection:
        deals = f"select opportunity_id from {places['mapped.opportunities']}"
        assert connection.execute(deals).fetchall() == [("d1",)]
        loads = f"select rows_read from {places['flywheel.ledger']} where file = 'deals.csv'"
        assert connection.execute(loads).fetchall() == [(2,)]
        counts = (
            f"select sum(measured) from {places['flywheel.load_profile']} "
            f"where topic = 'keys' and column_name = 'opportunity_id'"
        )
        assert connection.execute(counts).fetchall() == [(1,)]
        connection.execute(f"from {places['flywheel.stage_map']}")


def test_ledger_quarantine_and_lookups_are_read(home: Settings) -> None:
    loads = Ledger(home.ledger).loads
    assert refused_rows(home, loads)["value"].to_list() == ["x"]
    with duckdb.connect() as connection:
        owners = f"select owner_id from {locations(home)['mapped.opportunities']}"
        assert connection.execute(owners).fetchall() == [("u1",)]


@pytest.mark.parametrize("command", ["status", "simulate"])
def test_commands_name_the_home_as_it_is(tmp_path: Path, command: str) -> None:
    home = tmp_path / NAME
    options = ["--opportunities", "20", "--nights", "1"] if command == "simulate" else []
    result = CliRunner().invoke(app, [command, *options], env={"FLYWHEEL_HOME": str(home)})
    assert (result.exit_code, str(home) in result.output) == (0, True)


def test_dagster_keeps_its_history_in_the_home(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / NAME)
    with open_instance(settings) as instance:
        assert instance.get_runs() == []
    assert (settings.dagster_home / "history" / "runs" / "index.db").exists()
