"""A night that somebody starts in Dagster's graph of assets is tried again, as one that is named.

Belongs here: the extracts of such a run. Does not belong here: nights that the schedule asks for
(integration/test_nights_in_dagster.py).
"""

from __future__ import annotations

from datetime import date

import dagster as dg
import pytest

from orchestration.bronze.assets import build_bronze_assets
from orchestration.bronze.night import heal, load_night, refuse
from orchestration.extracts.ledger import Ledger
from orchestration.jobs import OF_CONSOLE, nights
from orchestration.settings import Settings
from orchestration.sources.catalog import load_sources
from tests.conftest import describe, land

NIGHT = date(2025, 9, 1)
ACME = """\
source: acme
objects:
  accounts: {files: accounts.csv, key: account_id, columns: {account_id: id, industry: industry}}
"""


@pytest.fixture
def held(settings: Settings) -> Settings:
    """A home with a night that a gate refused."""
    describe(settings, ACME)
    land(settings, "acme", NIGHT, {"accounts.csv": "id,industry\na1,Retail\n"})
    heal(settings)
    load_night(settings, NIGHT, "refused", "acme")
    refuse(settings)
    return settings


def started(settings: Settings, tags: dict[str, str]) -> tuple[int, str]:
    """How many loads a run of the night brings, and what its log says."""
    sources = {"acme": load_sources(settings.user_sources)["acme"]}
    assets = build_bronze_assets(settings, sources, nights())
    with dg.DagsterInstance.ephemeral() as instance:
        ended = dg.materialize(
            assets,
            partition_key=str(NIGHT),
            selection=["landing/acme", "bronze/acme/accounts"],
            instance=instance,
            tags=tags,
        )
        log = "\n".join(each.user_message for each in instance.all_logs(ended.run_id))
    return len(Ledger(settings.ledger).of_run(ended.run_id)), log


@pytest.mark.parametrize(
    "tags", [{}, {"dagster/backfill": "b"}], ids=["in the graph", "in a backfill"]
)
def test_a_night_that_is_held_back_is_loaded_again(held: Settings, tags: dict[str, str]) -> None:
    loads, log = started(held, tags)
    assert (loads, "no file is due" in log) == (1, False)


@pytest.mark.parametrize("tag", [OF_CONSOLE, "dagster/schedule_name"])
def test_a_night_that_nobody_named_stays_held_back_and_says_so(held: Settings, tag: str) -> None:
    loads, log = started(held, {tag: "nightly"})
    assert (loads, f"no file is due for the night {NIGHT}" in log) == (0, True)
