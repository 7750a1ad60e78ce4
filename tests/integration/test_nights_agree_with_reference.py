"""After any sequence of nights the marts agree with the reference, and with a rebuild from bronze.

Belongs here: companies drawn at random (histories/), told night by night, and both claims about
what is built of them. Does not belong here: drawing and telling them, the rules themselves
(tests/reference/).

FLYWHEEL_LONG_TESTS=1 draws many more companies and shrinks what it finds.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as profile

from orchestration.extracts.ledger import Ledger
from orchestration.settings import Settings
from tests.integration.comparing import (
    GRAINS,
    difference_of_tables,
    first_difference,
    rows_of,
)
from tests.integration.histories.cases import CASES, cases_of
from tests.integration.histories.company import Company
from tests.integration.histories.drawing import (
    MAPPED,
    MAPPED_IN_FULL,
    SALESFORCE,
    companies,
)
from tests.integration.histories.files import load, object_of, set_up
from tests.integration.histories.in_short import nights_in_short
from tests.integration.histories.telling import Telling
from tests.integration.marts import build_marts, build_night
from tests.reference.fiscal import Calendar as FiscalCalendar
from tests.reference.landed import Crm, Options
from tests.reference.marts import reference_of

IS_LONG = bool(os.environ.get("FLYWHEEL_LONG_TESTS"))
# Everything otherwise: money has no cents, midnight moves on the 10th of March, the fiscal year
# begins on the 1st.
ELSEWHERE = Options(
    reporting_currency="JPY",
    time_zone="America/New_York",
    fiscal_calendar=FiscalCalendar(start_month=3),
    qualified_rank=3,
    reopen_grace_days=5,
    migration_share=Decimal("0.25"),
    migration_count=15,
    no_decision_reasons=(" no Decision",),
    lead_meanings=(("contacted", "mql"), ("o'held", "sql"), ("junk", "disqualified")),
    campaign_touches="responded",
    campaign_lookback_days=30,
)


def examples(count: int) -> Callable:
    """Few companies of many opportunities: a build costs seconds whatever it holds."""
    return profile(
        max_examples=20 * count if IS_LONG else count,
        deadline=None,
        derandomize=not IS_LONG,
        database=None,
        print_blob=IS_LONG,
        phases=[Phase.generate, Phase.shrink] if IS_LONG else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """One home for all companies, so that dbt parses the project once."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLYWHEEL_HOME", str(home))
        yield Settings(home=home)


def begin(settings: Settings, *tellings: Telling) -> None:
    """An empty home for some companies."""
    for folder in (
        settings.landing, settings.bronze, settings.user_sources, settings.candidate.parent,
    ):  # fmt: skip
        shutil.rmtree(folder, ignore_errors=True)
    set_up(settings, [telling.company for telling in tellings])


def begin_and_load(
    settings: Settings, *tellings: Telling, after_each: Callable = lambda: None
) -> None:
    """All runs of some companies; what bronze holds is what the reference is told."""
    begin(settings, *tellings)
    for number in range(len(tellings[0].runs)):
        for telling in tellings:
            load(settings, telling, number)
        after_each()
    for crm in crms_of(*tellings):
        assert_landed_as_told(settings, crm)


def assert_landed_as_told(settings: Settings, crm: Crm) -> None:
    """The same rows a night, and the same nights whole: else the reference judges other data."""
    loads = [one for one in Ledger(settings.ledger).loads if one.source == crm.source]
    for kind in sorted({extract.kind for extract in crm.extracts}, key=str):
        name = object_of(kind, crm.source == "salesforce")
        its = [one for one in loads if one.object == name]
        landed, told = Counter[date](), Counter[date]()
        for one in its:
            landed[one.batch_date] += one.rows_accepted
        for extract in crm.extracts:
            if extract.kind is kind:
                told[extract.night] += len(extract.rows)
        assert +landed == +told, name
        assert sorted({one.batch_date for one in its if one.is_whole}) == crm.whole_nights(kind)


def crms_of(*tellings: Telling) -> list[Crm]:
    """What the reference is told of companies that share a warehouse, and so its newest night."""
    newest = max(telling.runs[-1].night for telling in tellings)
    return [telling.crm(newest) for telling in tellings]


# --- what both claims compare ----------------------------------------------------------------


def check_against_reference(settings: Settings, *tellings: Telling) -> None:
    crms = crms_of(*tellings)
    reference = reference_of(crms)
    with duckdb.connect(str(settings.candidate), read_only=True) as connection:
        marts = {name: rows_of(connection, name) for name in GRAINS}
    difference = first_difference(reference, marts)
    if difference is None:
        return
    lines = [str(difference)]
    key = difference.grain.get("opportunity_key") or difference.grain.get("rep_key")
    if key:
        for side, tables in (("the reference", reference), ("the mart", marts)):
            lines.append(f"{side} has:")
            lines += [
                "  " + " ".join(f"{name}={value}" for name, value in row.items())
                for row in tables[difference.mart]
                if key in (row.get("opportunity_key"), row.get("rep_key"))
            ]
        lines += ["told:", *nights_in_short(crms, str(key))]
    pytest.fail("\n".join(lines), pytrace=False)


def check_against_rebuild(settings: Settings, nightly: Path, *tellings: Telling) -> None:
    difference = difference_of_tables(nightly, settings.candidate)
    if difference is not None:
        key = next((word for word in difference.split() if word.startswith("opportunity_key=")), "")
        told = nights_in_short(crms_of(*tellings), key.removeprefix("opportunity_key="))
        pytest.fail("\n".join([difference, "told:", *told]), pytrace=False)


# --- the claims ------------------------------------------------------------------------------


def test_random_histories_hold_every_case() -> None:
    """A rule that no history breaks when it is wrong is not tested."""
    found: set[str] = set()

    @examples(100)
    @given(companies(MAPPED, nights=6), companies(SALESFORCE, nights=5))
    def of_two_sources(mapped: Company, salesforce: Company) -> None:
        crms = crms_of(Telling(mapped), Telling(salesforce))
        found.update(cases_of(*crms), cases_of(*reversed(crms)))

    of_two_sources()
    assert found == CASES


@examples(2)
@given(companies(MAPPED, nights=5), companies(SALESFORCE, nights=5))
def test_marts_agree_with_the_reference(
    settings: Settings, mapped: Company, salesforce: Company
) -> None:
    """After one build at the end of all nights."""
    tellings = Telling(mapped), Telling(salesforce)
    begin_and_load(settings, *tellings)
    build_marts(settings, GRAINS)
    check_against_reference(settings, *tellings)


def test_nights_one_by_one_give_what_a_rebuild_gives(settings: Settings) -> None:
    """After a build each night on what stood there, then one from bronze."""
    reasons: list[str | None] = []

    @examples(1)
    @given(
        companies(MAPPED_IN_FULL, nights=4, options=ELSEWHERE, is_calm=True),
        companies(SALESFORCE, nights=4, options=ELSEWHERE, is_calm=True),
    )
    def of_two_sources(mapped: Company, salesforce: Company) -> None:
        tellings = Telling(mapped), Telling(salesforce)
        begin_and_load(
            settings, *tellings, after_each=lambda: reasons.append(build_night(settings))
        )
        check_against_reference(settings, *tellings)
        nightly = settings.warehouse / "nightly.duckdb"
        shutil.copy(settings.candidate, nightly)
        build_night(settings, full_refresh=True)
        check_against_rebuild(settings, nightly, *tellings)
        # A rebuild would take with it what nights before it did wrong.
        assert reasons[-1] is None, f"the last night did not work on what changed: {reasons[-1]}"

    of_two_sources()
