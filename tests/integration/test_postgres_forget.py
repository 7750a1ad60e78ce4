"""A person who is forgotten leaves PostgreSQL too: the version that is served, and those before it.

Belongs here: the command beside a real server. Does not belong here: what forgetting rewrites of a
home (tests/unit/test_forget.py).
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from typer.testing import CliRunner, Result

from orchestration.bronze.night import accept, heal, load_night
from orchestration.cli import app
from orchestration.settings import Settings
from tests.conftest import land
from tests.integration.postgres_server import NIGHT, Database, publish, serve_into

ANN, LEAD = "ann.lee@shop.example", "00Q000000000001AAA"
LEADS = f"""\
Id,Email,Company,Status,LeadSource,OwnerId,CreatedDate,IsConverted,ConvertedDate,\
ConvertedAccountId,ConvertedContactId,ConvertedOpportunityId,MasterRecordId,IsDeleted
{LEAD},{ANN},Shop,New,Web,,2025-07-01,false,,,,,,false
"""
FCT_LEAD = f"""
create table marts.fct_lead as
select 'salesforce:{LEAD}' as lead_key, 'salesforce' as source_system, '{LEAD}' as lead_id,
    'aa11' as email_hash, 'shop.example' as email_domain, {{}} as mark
"""
HELD = "select relnamespace::regnamespace::text from pg_class where relname = 'fct_lead'"


@pytest.fixture
def served(settings: Settings, database: Database) -> Settings:
    """A home whose second version is served, with the first one kept beside it."""
    land(settings, "salesforce", date(2025, 9, 1), {"Lead.csv": LEADS})
    heal(settings)
    load_night(settings, date(2025, 9, 1), "run", "salesforce")
    accept(settings)
    for number in (1, 2):
        publish(settings, FCT_LEAD.format(number), night=NIGHT + timedelta(days=number))
        serve_into(settings, database)
    assert sorted(database.ask(HELD)) == [("marts",), ("marts_prev",)]
    return settings


def forget(settings: Settings, address: str, *options: str) -> Result:
    environment = {"FLYWHEEL_HOME": str(settings.home), "FLYWHEEL_POSTGRES": address}
    return CliRunner().invoke(app, ["forget", ANN, *options], env=environment)


def test_no_schema_knows_the_person_any_more(served: Settings, database: Database) -> None:
    told = forget(served, database.address)

    assert told.exit_code == 0, told.output
    assert database.ask(HELD) == [("marts",)]
    assert database.ask("select lead_id, email_hash, email_domain, mark from marts.fct_lead") == [
        (LEAD, None, None, 2)
    ]


def test_a_dry_run_sends_nothing(served: Settings, database: Database) -> None:
    told = forget(served, database.address, "--dry-run")

    assert "would be sent anew" in told.output
    assert database.ask("select email_hash from marts.fct_lead") == [("aa11",)]


def test_a_server_that_is_away_is_told_of_and_cleared_by_the_next_run(
    served: Settings, database: Database
) -> None:
    away = forget(served, "postgresql://me:s3cret@127.0.0.1:1/db")
    assert away.exit_code == 3
    assert "it may still hold hashes of the person: run this command again" in away.output
    assert "s3cret" not in away.output

    assert forget(served, database.address).exit_code == 0
    assert database.ask("select email_hash from marts.fct_lead") == [(None,)]
