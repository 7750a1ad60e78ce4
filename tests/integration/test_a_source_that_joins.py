"""A CRM whose first night comes when another one is published already: the night works on what it
brings, and gives what a rebuild gives.

Belongs here: first nights that bring the least there can be. Does not belong here: what two CRMs of
one warehouse may have in common (test_hubspot.py).
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.bronze.night import accept, heal, load_night
from orchestration.settings import Settings
from tests.conftest import land
from tests.integration.comparing import difference_of_tables
from tests.integration.hubspot_portal import Deal, Portal, api_pages
from tests.integration.marts import build_night
from tests.integration.salesforce_org import DEAL, FIRST_NIGHT, file_of, opportunity
from tests.integration.test_hubspot import SALES, at, way

HUBSPOT = Portal((SALES,), (Deal("d", way("default", ("1001", at(2)))),))
# What a funnel needs at least: no account, no history, nobody else.
SALESFORCE = {
    "Opportunity.csv": file_of("opportunity", opportunity(DEAL)),
    "OpportunityStage.csv": FIRST_NIGHT["OpportunityStage.csv"],
}


def test_a_crm_of_nothing_but_opportunities_joins_another_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FLYWHEEL_HOME", str(settings.home))
    reasons = []
    for night, source, files in (
        (date(2025, 9, 27), "hubspot", api_pages(HUBSPOT)),
        (date(2025, 9, 28), "salesforce", SALESFORCE),
    ):
        land(settings, source, night, dict(files))
        heal(settings)
        load_night(settings, night, f"run of {night}", source)
        accept(settings)
        reasons.append(build_night(settings))
    assert reasons[-1] is None
    nightly = Path(shutil.copy(settings.candidate, tmp_path / "nightly.duckdb"))
    with duckdb.connect(str(nightly), read_only=True) as connection:
        accounts = connection.execute(
            "select source_system, account_key from marts.fct_opportunity order by 1"
        ).fetchall()
    assert accounts == [("hubspot", "hubspot:unknown"), ("salesforce", "salesforce:unknown")]
    build_night(settings, full_refresh=True)
    assert difference_of_tables(nightly, settings.candidate) is None
