"""HubSpot from its files to the marts: pages of its API and exports of the same facts.

Belongs here: what HubSpot does in ways of its own. Does not belong here: how the facts are written
into files (hubspot_portal.py), what the marts make of stage events in general
(test_marts_agree_with_reference.py).
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.bronze.judge import judge_object
from orchestration.bronze.night import accept, heal, load_night
from orchestration.extracts.ledger import Ledger
from orchestration.gate.scope import OPPORTUNITIES
from orchestration.settings import Settings
from orchestration.simulation import simulate
from orchestration.sources.catalog import native_sources
from tests.conftest import land
from tests.here import flywheel
from tests.integration.comparing import difference_of_tables, first_difference, rows_of
from tests.integration.histories.in_short import nights_in_short
from tests.integration.hubspot_offers import random_offers
from tests.integration.hubspot_portal import (
    Activity,
    Change,
    Company,
    Contact,
    Deal,
    Files,
    Owner,
    Pipeline,
    Portal,
    Stage,
    api_pages,
    as_crm,
    epoch,
    exports,
    json_pages,
)
from tests.integration.marts import build_marts, build_night
from tests.integration.test_marts_agree_with_reference import MARTS
from tests.reference.marts import reference_of

Ask = Callable[[Path, str], list[tuple]]

NIGHT = date(2024, 3, 31)
MODELS = [
    *MARTS,
    "dim_stage",
    "reconciliation",
    "stg_hubspot__activities",
    "stg_hubspot__leads",
    "stg_hubspot__lead_status_history",
    "stg_hubspot__opportunity_contacts",
    "stg_hubspot__opportunity_field_history",
]


def at(day: int, hour: int = 10, minute: int = 0, millisecond: int = 0) -> datetime:
    """An instant of March 2024."""
    return datetime(2024, 3, day, hour, minute, 0, millisecond * 1000)


def changes(*told: tuple[str, str, datetime]) -> tuple[Change, ...]:
    return tuple(Change(*one) for one in told)


def way(pipeline: str, *stages: tuple[str, datetime]) -> tuple[Change, ...]:
    """A way through the stages of one pipeline."""
    return (
        Change("pipeline", pipeline, stages[0][1]),
        *(Change("dealstage", stage, instant) for stage, instant in stages),
    )


SALES = Pipeline(
    "default",
    "Sales",
    (
        Stage("appointmentscheduled", "Demo"),
        Stage("1001", "Offer", "0.6"),
        Stage("closedwon", "Closed Won", "1.0"),
        Stage("closedlost", "Closed Lost", "0.0"),
    ),
)
RENEWALS = Pipeline(
    "77",
    "Renewals",
    (
        Stage("2001", "Notice"),
        Stage("2002", "Offer"),
        Stage("2003", "Closed Won", "1.0"),
        Stage("2004", "Closed Lost", "0.0"),
    ),
)
PORTAL = Portal(
    pipelines=(SALES, RENEWALS),
    deals=(
        Deal(
            "again",
            way(
                "default",
                ("appointmentscheduled", at(1)),
                ("1001", at(3)),
                ("appointmentscheduled", at(5)),
                ("1001", at(8)),
            )
            + changes(
                ("amount", "100.5", at(1)),
                ("closedate", "2024-03-20T00:00:00", at(1)),
                ("hubspot_owner_id", "9", at(1)),
                ("amount", "90", at(4)),
                ("closedate", "2024-03-25T12:00:00", at(6)),
                ("closedate", "2024-04-25T12:00:00", at(7)),
            ),
            companies=("c2", "c1"),
            contacts=("p1", "p2", "p3"),
            source="ORGANIC_SEARCH",
            type="newbusiness",
        ),
        Deal(
            "moved",
            way("default", ("1001", at(2)), ("2002", at(6)))
            + changes(("pipeline", "77", at(6)), ("hubspot_owner_id", "9", at(2)))
            + changes(("hubspot_owner_id", "8", at(9))),
            contacts=("p1",),
        ),
        Deal(
            "stamped",
            way("default", ("1001", at(2, 11)), ("closedwon", at(7)))
            + changes(("closedate", "2024-03-07T10:00:00", at(7))),
            is_history_sent=False,
            stamps=(("appointmentscheduled", at(2, 11)), ("1001", at(5)), ("closedwon", at(7))),
        ),
        Deal(
            "told",
            way("default", ("appointmentscheduled", at(2)), ("1001", at(4))),
            stamps=(("1001", at(3)), ("appointmentscheduled", at(5))),
        ),
        Deal(
            "survivor", way("77", ("2001", at(3))), merged_ids=("loser", "first"), companies=("c1",)
        ),
        Deal("loser", way("77", ("2001", at(4))), merged_ids=("first",)),
        Deal("first", way("77", ("2001", at(1)))),
        Deal("deleted", way("default", ("1001", at(2))), is_archived=True, archived_at=at(3, 15)),
        Deal(
            "abroad", way("77", ("2001", at(4))) + changes(("amount", "70", at(4))), currency="EUR"
        ),
    ),
    companies=(Company("c1", "Acme"), Company("c2", "Beta", "COMPUTER_SOFTWARE", 120)),
    contacts=(
        Contact("p1", "a@example.com", "c1", (("lead", at(1)), ("marketingqualifiedlead", at(2)))),
        Contact("p2", "b@example.com"),
        Contact("p3", "c@example.com"),
    ),
    owners=(Owner("9", 71, "Ana", "Lee", "North"), Owner("8", 72, "Bo", "Ek")),
    calls=(Activity("e1", at(3), "9", "Hello", ("again", "moved"), ("p1", "p2")),),
)


class Warehouse:
    """One home for all portals of this module, so that dbt parses the project once."""

    def __init__(self, settings: Settings, shelf: Path) -> None:
        self.settings = settings
        self._shelf = shelf
        self._count = 0

    def build_each(self, *nights: Files) -> tuple[Path, Path]:
        """Load nights up to `NIGHT`, build after each of them, and everything once more."""
        self._empty()
        for age, files in reversed([*enumerate(reversed(nights))]):
            night = NIGHT - timedelta(days=age)
            land(self.settings, "hubspot", night, dict(files))
            heal(self.settings)
            self._load(night)
            accept(self.settings)
            reason = build_night(self.settings)
        assert reason is None
        nightly = self._shelved()
        build_night(self.settings, full_refresh=True)
        return nightly, self._shelved()

    def build(self, *nights: Files, models: Sequence[str] = MODELS) -> Path:
        """Load nights up to `NIGHT` into the emptied home and return the built file."""
        self._empty()
        heal(self.settings)
        for age, files in reversed([*enumerate(reversed(nights))]):
            night = NIGHT - timedelta(days=age)
            land(self.settings, "hubspot", night, dict(files))
            self._load(night)
        build_marts(self.settings, models)
        return self._shelved()

    def _load(self, night: date) -> None:
        loads = load_night(self.settings, night, f"run of {night}", "hubspot")
        # What a portal sends again unchanged is known by its bytes.
        fresh = [load for load in loads if load.status != "duplicate"]
        refused = [load for load in fresh if load.error or load.rows_quarantined]
        assert not refused, refused

    def _empty(self) -> None:
        for folder in (self.settings.landing, self.settings.bronze):
            shutil.rmtree(folder, ignore_errors=True)

    def _shelved(self) -> Path:
        self._count += 1
        return Path(shutil.copy(self.settings.candidate, self._shelf / f"{self._count}.duckdb"))


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLYWHEEL_HOME", str(home))
        yield Warehouse(Settings(home=home), tmp_path_factory.mktemp("shelf"))


@pytest.fixture(scope="module")
def by_pages(warehouse: Warehouse) -> Path:
    return warehouse.build(api_pages(PORTAL))


@pytest.fixture(scope="module")
def by_exports(warehouse: Warehouse) -> Path:
    return warehouse.build(exports(PORTAL, NIGHT))


@pytest.fixture(scope="module")
def by_two_nights(warehouse: Warehouse) -> Path:
    """The night before, a deal was with another company and another one was not deleted."""
    deals = tuple(
        replace(deal, companies=("c1",), contacts=("p9",))
        if deal.id in ("again", "told")
        else replace(deal, is_archived=False)
        for deal in PORTAL.deals
    )
    return warehouse.build(api_pages(replace(PORTAL, deals=deals)), api_pages(PORTAL))


def visits_of(file: Path, ask: Ask, deal: str) -> list[tuple]:
    """The stage, the day of entry and the way out of each stay of a deal, in order."""
    return ask(
        file,
        "select stage_key, cast(day(entered_at) as integer), exit_kind from marts.fct_stage_visit "
        f"where opportunity_key = 'hubspot:{deal}' order by visit_number",
    )


def states_of(file: Path, ask: Ask) -> list[tuple]:
    """What is known of every deal that no export leaves out."""
    return ask(
        file,
        "select opportunity_id, opportunity_name, account_key, owner_key, pipeline_key, stage_key, "
        "amount_local, currency_code, created_at, close_date, stated_close_at, opportunity_type, "
        "lead_source, modified_at, is_deleted from intermediate.int_opportunities "
        "where opportunity_id <> 'deleted' order by 1",
    )


# --- two ways of sending one portal ----------------------------------------------------------


def test_pages_and_exports_give_the_same_deals(by_pages: Path, by_exports: Path, ask: Ask) -> None:
    assert len(states_of(by_pages, ask)) == len(PORTAL.deals) - 1
    assert states_of(by_pages, ask) == states_of(by_exports, ask)


def test_pages_and_exports_give_the_same_stages(by_pages: Path, by_exports: Path, ask: Ask) -> None:
    query = "select * from marts.dim_stage order by stage_key"
    assert len(ask(by_pages, query)) == 8
    assert ask(by_pages, query) == ask(by_exports, query)


def test_pages_and_exports_give_the_same_contacts_of_deals(
    by_pages: Path, by_exports: Path, ask: Ask
) -> None:
    table = "staging.stg_hubspot__opportunity_contacts"
    query = f"select opportunity_id, contact_id from {table} order by 1, 2"
    assert ask(by_pages, query) == [
        ("again", "p1"),
        ("again", "p2"),
        ("again", "p3"),
        ("moved", "p1"),
    ]
    assert ask(by_pages, query) == ask(by_exports, query)


def test_milliseconds_and_iso_timestamps_mean_the_same(
    warehouse: Warehouse, by_pages: Path, ask: Ask
) -> None:
    in_milliseconds = warehouse.build(api_pages(PORTAL, epoch))
    for table in (
        "intermediate.int_opportunities",
        "intermediate.int_opportunity_history",
        "intermediate.int_stage_events",
        "staging.stg_hubspot__opportunity_field_history",
        "staging.stg_hubspot__lead_status_history",
        "staging.stg_hubspot__activities",
    ):
        query = f"select * from {table} order by all"
        assert ask(by_pages, query), table
        assert ask(by_pages, query) == ask(in_milliseconds, query), table


# --- the life of a deal ----------------------------------------------------------------------


def test_a_stage_that_is_entered_again_is_visited_twice(by_pages: Path, ask: Ask) -> None:
    demo, offer = "hubspot:default:appointmentscheduled", "hubspot:default:1001"
    assert visits_of(by_pages, ask, "again") == [
        (demo, 1, "advanced"),
        (offer, 3, "regressed"),
        (demo, 5, "advanced"),
        (offer, 8, "open"),
    ]


def test_a_stage_of_the_old_pipeline_keeps_its_own_name(by_pages: Path, ask: Ask) -> None:
    """Both pipelines have an offer; the first one was made in the old one."""
    assert visits_of(by_pages, ask, "moved") == [
        ("hubspot:default:1001", 2, "handed_off"),
        ("hubspot:77:2002", 6, "open"),
    ]
    names = ask(by_pages, "select stage_id, pipeline_name, stage_name from marts.dim_stage")
    assert {("1001", "Sales", "Offer"), ("2002", "Renewals", "Offer")} <= set(names)


def test_amounts_are_those_of_the_instant(by_pages: Path, ask: Ask) -> None:
    reached = ask(
        by_pages,
        "select stage_rank, cast(reached_amount as double) from marts.fct_stage_reached "
        "where opportunity_key = 'hubspot:again' order by 1",
    )
    assert reached == [(1, 100.5), (2, 100.5)]


def test_every_push_of_the_close_date_counts_between_stages_too(by_pages: Path, ask: Ask) -> None:
    query = "select push_count from marts.fct_opportunity where opportunity_id = 'again'"
    assert ask(by_pages, query) == [(2,)]


def test_stamps_stand_in_where_there_is_no_history(by_pages: Path, ask: Ask) -> None:
    assert visits_of(by_pages, ask, "stamped") == [
        ("hubspot:default:appointmentscheduled", 2, "advanced"),
        ("hubspot:default:1001", 5, "won"),
    ]
    query = "select is_history_synthesised, outcome from marts.fct_opportunity where opportunity_id"
    assert ask(by_pages, f"{query} = 'stamped'") == [(True, "won")]


def test_stamps_are_nothing_beside_a_history(by_pages: Path, ask: Ask) -> None:
    assert visits_of(by_pages, ask, "told") == [
        ("hubspot:default:appointmentscheduled", 2, "advanced"),
        ("hubspot:default:1001", 4, "open"),
    ]


@pytest.mark.parametrize("typed", ["20250-03-22T00:00:00Z", "1711962000000000000"])
def test_a_close_date_of_the_past_that_nobody_means_is_none(
    warehouse: Warehouse, ask: Ask, typed: str
) -> None:
    """A year with a digit too many, and nanoseconds, beside a version that is right."""
    told = changes(
        ("closedate", "2024-03-22T00:00:00", at(3)), ("closedate", "2024-03-23T00:00:00", at(4))
    )
    files = api_pages(replace(PORTAL, deals=(Deal("a", way("default", ("1001", at(2))) + told),)))
    files["deals.jsonl"] = files["deals.jsonl"].replace(b"2024-03-22T00:00:00Z", typed.encode())
    model = "stg_hubspot__opportunity_stage_history"
    dates = f"select close_date from staging.{model} order by changed_at"
    assert ask(warehouse.build(files, models=[model]), dates) == [
        (None,),
        (None,),
        (date(2024, 3, 23),),
    ]


def test_stamps_of_an_export_are_found_by_label(by_exports: Path, ask: Ask) -> None:
    assert visits_of(by_exports, ask, "stamped") == [
        ("hubspot:default:appointmentscheduled", 2, "advanced"),
        ("hubspot:default:1001", 5, "won"),
    ]


def test_deleted_and_merged_deals_are_no_facts(by_pages: Path, ask: Ask) -> None:
    facts = {one for (one,) in ask(by_pages, "select opportunity_id from marts.fct_opportunity")}
    assert facts == {"again", "moved", "stamped", "told", "survivor", "abroad"}


def test_a_deal_is_deleted_from_the_instant_that_it_was_archived(by_pages: Path, ask: Ask) -> None:
    """To archive it is no change of it: the stamp of the last one stays."""
    assert ask(
        by_pages,
        "select known_at from intermediate.int_opportunity_versions "
        "where opportunity_key = 'hubspot:deleted' and is_deleted",
    ) == [(at(3, 15),)]


def test_a_merged_deal_points_at_the_last_survivor(by_pages: Path, ask: Ask) -> None:
    """The first one went into the loser, which went into the survivor."""
    merged = ask(
        by_pages,
        "select opportunity_id, merged_into_id from staging.stg_hubspot__opportunities "
        "where merged_into_id is not null order by 1",
    )
    assert merged == [("first", "survivor"), ("loser", "survivor")]


def test_a_deal_with_many_contacts_and_companies_is_one_row(by_pages: Path, ask: Ask) -> None:
    query = "select account_key from marts.fct_opportunity where opportunity_id = 'again'"
    assert ask(by_pages, query) == [("hubspot:c2",)]


def test_an_activity_with_many_deals_and_contacts_is_one_row(by_pages: Path, ask: Ask) -> None:
    query = (
        "select opportunity_id, contact_id, owner_id, channel, direction, duration_minutes "
        "from staging.stg_hubspot__activities"
    )
    assert ask(by_pages, query) == [("again", "p1", "9", "call", "outbound", 1.5)]


def test_history_of_a_field_runs_within_its_own_property(by_pages: Path, ask: Ask) -> None:
    owners = ask(
        by_pages,
        "select old_value, new_value, actor_id from staging.stg_hubspot__opportunity_field_history "
        "where opportunity_id = 'moved' and field = 'owner_id' order by changed_at",
    )
    assert owners == [(None, "9", "9"), ("9", "8", "9")]


def test_an_owner_of_the_past_is_a_rep_though_no_list_names_it(
    warehouse: Warehouse, ask: Ask
) -> None:
    moved = next(deal for deal in PORTAL.deals if deal.id == "moved")
    portal = replace(PORTAL, deals=(moved,), owners=PORTAL.owners[1:], calls=())
    file = warehouse.build(api_pages(portal), models=["dim_rep", "fct_opportunity_version"])
    reps = ask(file, "select rep_key, rep_name from marts.dim_rep order by 1")
    assert reps == [("hubspot:8", "Bo Ek"), ("hubspot:9", "9"), ("hubspot:unknown", "Unknown")]
    owners = ask(file, "select distinct owner_key from marts.fct_opportunity_version order by 1")
    assert owners == [("hubspot:8",), ("hubspot:9",)]


def test_an_owner_who_changes_the_team_and_leaves_is_a_version_each(
    warehouse: Warehouse, ask: Ask
) -> None:
    first, *others = PORTAL.owners
    nights = [
        replace(PORTAL, owners=(replace(first, team=team, is_archived=is_archived), *others))
        for team, is_archived in (("North", False), ("South", False), ("South", True))
    ]
    assert ask(
        warehouse.build(*map(api_pages, nights)),
        "select version_number, team, is_active from intermediate.int_user_versions "
        f"where user_id = '{first.id}' order by version_number",
    ) == [(1, "North", True), (2, "South", True), (3, "South", False)]


def test_a_lead_is_one_row_with_its_oldest_deal_and_recorded_instants(
    by_pages: Path, ask: Ask
) -> None:
    query = "select lead_id, status, mql_at, sql_at, opportunity_id from staging.stg_hubspot__leads"
    assert ask(by_pages, query) == [("p1", "marketingqualifiedlead", at(2), None, "again")]


# --- nights ----------------------------------------------------------------------------------


def test_what_two_nights_repeat_counts_once(by_pages: Path, by_two_nights: Path, ask: Ask) -> None:
    tables = [f"marts.{mart}" for mart in MARTS]
    for table in [*tables, "staging.stg_hubspot__opportunity_field_history"]:
        query = f"select * from {table} order by all"
        assert ask(by_pages, query) == ask(by_two_nights, query), table


def test_what_is_no_longer_associated_does_not_come_back(by_two_nights: Path, ask: Ask) -> None:
    query = "select opportunity_id, contact_id from staging.stg_hubspot__opportunity_contacts"
    assert {contact for _, contact in ask(by_two_nights, query)} == {"p1", "p2", "p3"}
    accounts = "select account_id from staging.stg_hubspot__opportunities where opportunity_id ="
    assert ask(by_two_nights, f"{accounts} 'told'") == [(None,)]


def test_what_a_company_was_outlives_its_merger(warehouse: Warehouse, ask: Ask) -> None:
    """A record that was merged away comes no more: the night says so in the one that survived."""
    small = Company("c3", "Gamma", employees=5)
    before = replace(PORTAL, companies=(*PORTAL.companies, small))
    merged = replace(PORTAL.companies[0], merged_ids=("c2",))
    after = replace(PORTAL, companies=(merged, replace(small, employees=2000)))
    nightly, rebuilt = warehouse.build_each(api_pages(before), api_pages(after))
    told = (
        "select account_id, account_name, segment, merged_into_key, is_deleted, valid_from::date "
        "from marts.dim_account_version order by account_id, version_number"
    )
    ever = date(1900, 1, 1)
    assert ask(nightly, told) == [
        ("c1", "Acme", "unknown", None, False, ever),
        ("c2", "Beta", "mid_market", None, False, ever),
        ("c2", "Beta", "mid_market", "hubspot:c1", True, NIGHT),
        ("c3", "Gamma", "small", None, False, ever),
        ("c3", "Gamma", "enterprise", None, False, NIGHT),
        ("unknown", "Unknown", "unknown", None, False, ever),
    ]
    assert difference_of_tables(nightly, rebuilt) is None


@pytest.fixture(scope="module")
def merged_later(warehouse: Warehouse) -> tuple[Path, Path]:
    """All deals are sent again; one has another amount, and one was merged into the first."""
    first, other, changed, *rest = PORTAL.deals
    more = replace(changed, changes=(*changed.changes, Change("amount", "4711", at(30))))
    after = replace(PORTAL, deals=(replace(first, merged_ids=(other.id,)), more, *rest))
    return warehouse.build_each(api_pages(PORTAL), api_pages(after))


def test_a_deal_that_was_merged_was_one_until_that_night(
    merged_later: tuple[Path, Path], ask: Ask
) -> None:
    nightly, rebuilt = merged_later
    first, other, *_ = PORTAL.deals
    merged = (
        "select old_value, new_value, occurred_at::date from marts.fct_opportunity_event "
        f"where opportunity_key = 'hubspot:{other.id}' and field = 'merged'"
    )
    assert ask(nightly, merged) == [(None, f"hubspot:{first.id}", NIGHT)]
    assert difference_of_tables(nightly, rebuilt) is None


def test_of_deals_that_are_sent_again_those_that_differ_are_computed_anew(
    merged_later: tuple[Path, Path], ask: Ask
) -> None:
    nightly, _ = merged_later
    _, other, changed, *_ = PORTAL.deals
    anew = ask(
        nightly,
        f"select opportunity_id from {OPPORTUNITIES.table} join "
        "intermediate.int_opportunities using (opportunity_key)",
    )
    assert {id_ for (id_,) in anew} == {other.id, changed.id}


def test_a_deal_that_is_restored_is_there_again(warehouse: Warehouse, ask: Ask) -> None:
    """Neither to archive nor to restore it need be a change of it: its stamp is older than both."""
    restored = Deal("restored", way("default", ("1001", at(2))))
    archived = replace(restored, is_archived=True, archived_at=at(30, 3))
    other = Deal("other", way("default", ("1001", at(3))))
    nightly, rebuilt = warehouse.build_each(
        *(
            api_pages(replace(PORTAL, deals=deals, calls=()))
            for deals in ((restored,), (archived,), (restored, other))
        )
    )
    versions = (
        "select valid_from, valid_to from marts.fct_opportunity_version "
        "where opportunity_key = 'hubspot:restored' order by version_number"
    )
    assert ask(nightly, versions) == [(at(2), at(30, 3)), (at(31, 0), None)]
    assert difference_of_tables(nightly, rebuilt) is None


def test_a_deleted_pipeline_that_a_table_lists_once_is_known_from_then_on(
    warehouse: Warehouse, ask: Ask
) -> None:
    """Histories name it, and lists of pipelines do not."""
    deal = Deal(
        "old", way("9", ("9001", at(2)), ("1001", at(6))) + changes(("pipeline", "default", at(6)))
    )
    other = Deal("other", way("default", ("1001", at(3))))
    deleted = {
        "pipeline_stages_deleted.csv": (
            b"Pipeline ID,Pipeline,Stage ID,Stage,Display order,Is closed,Probability,Archived\n"
            b"9,Partners,9001,Talk,0,false,0.2,true\n"
        )
    }
    first = api_pages(replace(PORTAL, deals=(deal,), calls=()))
    file = warehouse.build(
        first | deleted, api_pages(replace(PORTAL, deals=(deal, other), pipelines=(SALES,)))
    )
    assert visits_of(file, ask, "old") == [
        ("hubspot:9:9001", 2, "handed_off"),
        ("hubspot:default:1001", 6, "open"),
    ]
    stages = "select stage_id, stage_rank, is_active from marts.dim_stage where stage_kind = 'open'"
    assert {("9001", 1, False), ("1001", 2, True)} <= set(ask(file, stages))


def test_words_of_an_export_are_those_of_its_night(warehouse: Warehouse, ask: Ask) -> None:
    """A stage and an owner get other names, and both old names are taken by others."""
    offer, other = replace(SALES.stages[1], label="Quote"), Stage("1003", "Offer", "0.7")
    sales = replace(SALES, stages=(SALES.stages[0], offer, other, *SALES.stages[2:]))
    ana, bo = PORTAL.owners
    owners = (replace(ana, last_name="Marsh"), bo, Owner("7", 73, "Ana", "Lee"))
    after = replace(PORTAL, pipelines=(sales, RENEWALS), owners=owners)
    nightly, rebuilt = warehouse.build_each(
        exports(PORTAL, NIGHT - timedelta(days=1)), exports(after, NIGHT)
    )
    versions = (
        "select version_number, stage_key, owner_key from marts.fct_opportunity_version "
        "where opportunity_key = 'hubspot:again' order by 1"
    )
    assert ask(nightly, versions) == [(1, "hubspot:default:1001", "hubspot:9")]
    assert difference_of_tables(nightly, rebuilt) is None


def test_what_a_stage_was_called_is_found_where_no_stage_is_called_so_any_more(
    warehouse: Warehouse, ask: Ask
) -> None:
    """The list was exported after the stage got its new name, the deals before."""
    named = replace(SALES.stages[1], label="Quote")
    sales = replace(SALES, stages=(SALES.stages[0], named, *SALES.stages[2:]))
    stages = exports(replace(PORTAL, pipelines=(sales, RENEWALS)), NIGHT)
    lists = {name: data for name, data in stages.items() if "stages" in name}
    file = warehouse.build(
        exports(PORTAL, NIGHT - timedelta(days=1)),
        exports(PORTAL, NIGHT) | lists,
        models=["stg_hubspot__opportunities"],
    )
    staged = "select stage from staging.stg_hubspot__opportunities where opportunity_id = 'again'"
    assert ask(file, staged) == [("1001",)]


def test_nothing_is_lost_on_the_way(by_pages: Path, by_exports: Path, ask: Ask) -> None:
    for file in (by_pages, by_exports):
        assert ask(file, "select * from ops.reconciliation where difference <> 0") == []
        compared = ask(
            file,
            "select count(distinct comparison) from ops.reconciliation "
            "where subject in ('hubspot', 'hubspot/deal') and expected > 0",
        )
        assert compared == [(7,)]


def test_associations_of_their_own_files_serve_as_well(warehouse: Warehouse, ask: Ask) -> None:
    """API v4: both directions, labels, fields in any order, numbers that are of the portal, too."""
    primary, plain, of_contact, partner, decider = (
        {"category": category, "typeId": number, "label": label}
        for category, number, label in (
            ("HUBSPOT_DEFINED", 5, "Primary"),
            ("HUBSPOT_DEFINED", 341, None),
            ("HUBSPOT_DEFINED", 4, None),
            ("USER_DEFINED", 5, "Partner"),
            ("USER_DEFINED", 7, "Decision maker"),
        )
    )
    pairs = [
        {
            "from": {"id": "a"},
            "to": [
                {"toObjectId": 1, "associationTypes": [partner, plain]},
                {"toObjectId": 2, "associationTypes": [plain, primary]},
            ],
        },
        {
            "from": {"id": "p"},
            "to": [{"toObjectId": "a", "associationTypes": [decider, of_contact]}],
        },
        {
            "from": {"id": "q"},
            "to": [{"toObjectId": "a", "associationTypes": [dict(sorted(of_contact.items()))]}],
        },
    ]
    portal = replace(PORTAL, deals=(Deal("a", way("default", ("1001", at(2)))),), calls=())
    file = warehouse.build({**api_pages(portal), "associations.jsonl": json_pages(pairs)})
    account = "select account_id from staging.stg_hubspot__opportunities"
    assert ask(file, account) == [("2",)]
    contacts = "select contact_id, role from staging.stg_hubspot__opportunity_contacts order by 1"
    assert ask(file, contacts) == [("p", "Decision maker"), ("q", None)]


def test_a_label_of_another_pipeline_is_no_stage_of_this_one(
    warehouse: Warehouse, ask: Ask
) -> None:
    """`Closed Won` is in most pipelines: a deal of one that nobody lists stays unknown."""
    deal = Deal("a", way("77", ("2003", at(2))))
    files = exports(replace(PORTAL, deals=(deal,)), NIGHT)
    for name in files:
        if "deals" in name:
            files[name] = files[name].replace(b"Closed Won (Renewals)", b"Closed Won")
            files[name] = files[name].replace(b"Renewals", b"Partners")
    file = warehouse.build(files, models=["stg_hubspot__opportunities"])
    staged = "select pipeline, stage from staging.stg_hubspot__opportunities"
    assert ask(file, staged) == [("Partners", "Closed Won")]


def test_an_unknown_stage_is_refused_by_name(settings: Settings) -> None:
    pages = api_pages(PORTAL)
    pages["deals.jsonl"] = pages["deals.jsonl"].replace(b'"dealstage": "1001"', b'"dealstage": "9"')
    land(settings, "hubspot", NIGHT, dict(pages))
    heal(settings)
    loads = [
        load for load in load_night(settings, NIGHT, "run", "hubspot") if load.object == "deal"
    ]
    contract = native_sources()["hubspot"].contracts["deal"]
    held, _ = judge_object(settings, contract, loads, Ledger(settings.ledger))
    assert not held.success
    assert "a dealstage_id that pipeline_stage does not list: `9`" in held.observed


# --- against the reference -------------------------------------------------------------------


def random_portal(seed: int) -> Portal:
    """Deals that wander: back and forth, from pipeline to pipeline, several times a second."""
    draw = random.Random(seed)
    pipelines = (
        Pipeline(
            "default",
            "default",
            (
                *(Stage(name, name) for name in ("a", "1001", "1002")),
                Stage("closedwon", "closedwon", "1.0"),
                Stage("lost", "lost", "0.0"),
            ),
        ),
        # Pipelines made by the API may share ids of stages.
        Pipeline(
            "77",
            "77",
            (
                *(Stage(name, name) for name in ("2001", "1002")),
                Stage("closedwon", "closedwon", "1.0"),
                Stage("2004", "2004", "0.0"),
            ),
        ),
    )
    companies = tuple(
        Company(f"c{number}", f"Company {number}", draw.choice([None, "BANKING"]), number * 60)
        for number in range(4)
    )
    deals = []
    for number in range(60):
        now = datetime(2023, 6, 1) + timedelta(minutes=draw.randrange(300_000))
        pipeline = draw.choice(pipelines)
        told = [Change("pipeline", pipeline.id, now)]
        if draw.random() < 0.8:
            told.append(Change("amount", f"{draw.randrange(100_000) / 100}", now))
        for step in range(draw.randrange(1, 8)):
            if step and draw.random() < 0.15:
                pipeline = draw.choice(pipelines)
                told.append(Change("pipeline", pipeline.id, now))
            stage = draw.choice(pipeline.stages)
            is_imported = draw.random() < 0.15
            told.append(Change("dealstage", stage.id, now, "IMPORT" if is_imported else "CRM_UI"))
            if stage.kind != "open":
                told.append(Change("closedate", now.isoformat(), now))
            days = timedelta(days=draw.random() * 9)
            now += draw.choice([timedelta(milliseconds=250), timedelta(hours=30), days])
            now = now.replace(microsecond=now.microsecond // 1000 * 1000)
            if draw.random() < 0.3:
                told.append(Change("amount", draw.choice(["", "12.345", "700"]), now))
                now += timedelta(milliseconds=40)
        deals.append(
            Deal(
                str(500 + number),
                tuple(told),
                companies=tuple(draw.sample(["c0", "c1", "c2", "c3"], draw.randrange(3))),
                contacts=tuple(draw.sample(["p1", "p2", "p3", "p7"], draw.randrange(3))),
                merged_ids=(str(499 + number),) if number and draw.random() < 0.05 else (),
                is_archived=draw.random() < 0.05,
                currency=draw.choice([None, "USD", "EUR"]),
                source=draw.choice([None, "REFERRALS"]),
                campaign=draw.choice([None, "guid-1", "902", "Campaign 3", "Gone"]),
                is_history_sent=draw.random() < 0.9,
            )
        )
    contacts = tuple(random_contact(draw, f"p{number}") for number in range(12))
    return Portal(
        pipelines,
        tuple(deals),
        companies,
        contacts=contacts,
        calls=tuple(
            Activity(
                f"e{number}",
                datetime(2023, 12, 30) + timedelta(hours=draw.randrange(2000)),
                draw.choice(["9", "8"]),
                "Hello",
                tuple(str(500 + draw.randrange(60)) for _ in range(draw.randrange(3))),
                tuple(f"p{draw.randrange(12)}" for _ in range(draw.randrange(3))),
            )
            for number in range(25)
        ),
        offers=random_offers(draw, [one.id for one in deals], [one.id for one in contacts]),
    )


LIFECYCLE = ("lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer")


def random_contact(draw: random.Random, name: str) -> Contact:
    """Through some stages of the lifecycle, now and then back; some came by a campaign."""
    now, told = datetime(2023, 12, 31), []
    for _ in range(draw.randrange(5)):
        now += timedelta(hours=draw.randrange(1, 900))
        told.append((draw.choice(LIFECYCLE), now))
    return Contact(
        name,
        f"{name}@example.com",
        draw.choice(["c1", None]),
        tuple(told),
        first_seen_at=draw.choice([None, datetime(2023, 11, 5, 12)]),
        first_campaign=draw.choice([None, "901", "guid-1", "Gone"]),
        last_campaign=draw.choice([None, "901", "Campaign 2"]),
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_marts_agree_with_the_reference_on_random_portals(warehouse: Warehouse, seed: int) -> None:
    portal = random_portal(seed)
    crm = as_crm(portal, NIGHT)
    file = warehouse.build(api_pages(portal))
    with duckdb.connect(str(file), read_only=True) as connection:
        marts = {name: rows_of(connection, name) for name in MARTS}
    difference = first_difference(reference_of([crm]), marts)
    if difference is not None:
        key = str(difference.grain.get("opportunity_key"))
        pytest.fail("\n".join([str(difference), *nights_in_short([crm], key)]), pytrace=False)


# --- whole nights ----------------------------------------------------------------------------


def nightly(settings: Settings) -> subprocess.CompletedProcess[str]:
    return flywheel({"FLYWHEEL_HOME": str(settings.home), "COLUMNS": "200"}, "nightly")


@pytest.fixture(scope="module")
def plain_portal() -> Portal:
    """Deals in the reporting currency: a night publishes only what it can count in money."""
    return replace(PORTAL, deals=tuple(replace(deal, currency=None) for deal in PORTAL.deals))


def test_a_night_of_hubspot_alone_is_published(
    settings: Settings, plain_portal: Portal, ask: Ask
) -> None:
    land(settings, "hubspot", NIGHT, dict(api_pages(plain_portal)))
    night = nightly(settings)
    assert night.returncode == 0, night.stdout + night.stderr
    assert "published version 2024-03-31-001" in night.stdout
    assert ask(settings.published, "select count(*) from marts.fct_opportunity") == [(6,)]


def test_two_crms_stand_side_by_side(
    settings: Settings, plain_portal: Portal, tmp_path: Path, ask: Ask
) -> None:
    """The same ids in both must not meet."""
    simulate(settings.landing, opportunities=60, nights=1, seed=3, first_night=NIGHT)
    opportunity = settings.landing / "salesforce" / NIGHT.isoformat() / "Opportunity.csv"
    taken = opportunity.read_text(encoding="utf-8").splitlines()[1].split(",")[0].strip('"')
    deals = (*plain_portal.deals, Deal(taken, way("default", ("1001", at(2)))))
    land(settings, "hubspot", NIGHT, dict(api_pages(replace(plain_portal, deals=deals))))
    night = nightly(settings)
    assert night.returncode == 0, night.stdout + night.stderr
    counts = dict(
        ask(
            settings.published,
            "select source_system, count(*) from marts.fct_opportunity group by 1",
        )
    )
    assert counts["hubspot"] == 7
    assert counts["salesforce"] > 40
    both = f"select count(*) from marts.fct_opportunity where opportunity_id = '{taken}'"
    assert ask(settings.published, both) == [(2,)]


def test_pages_of_the_portal_are_what_the_api_gives() -> None:
    """Guards the helper: pages of at most three records, newest versions first."""
    pages = [json.loads(line) for line in api_pages(PORTAL)["deals.jsonl"].splitlines()]
    assert [len(page["results"]) for page in pages] == [3, 3, 2]
    stages = pages[0]["results"][0]["propertiesWithHistory"]["dealstage"]
    assert [version["timestamp"] for version in stages] == sorted(
        (version["timestamp"] for version in stages), reverse=True
    )
