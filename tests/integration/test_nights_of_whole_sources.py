"""What a night says of a whole source, or lacks in a list, bears on records that stay as they are:
which type of split divides closes, what a stage is called, who is a user.

Belongs here: two nights of sources that send everything, reported in a currency without cents, and
a rebuild of them. Does not belong here: what changes of a record itself (test_nights_of_leads.py),
companies drawn at random (test_nights_agree_with_reference.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from orchestration.bronze.night import accept, heal, load_night
from orchestration.settings import Settings
from tests.conftest import land
from tests.integration.comparing import difference_of_tables
from tests.integration.histories.files import csv_text
from tests.integration.marts import build_night

NIGHTS = {"first": date(2024, 6, 30), "nightly": date(2024, 12, 31)}
COMPANY = {"reporting_currency": "JPY", "no_decision_reasons": ["No decision"]}
# Two sources alike but for the ids of their types of split: what divides closes, and the overlay.
SPLIT_TYPES = {"forth": ("a", "b"), "back": ("b", "a")}
# One in which what looked like an overlay turns out to divide closes.
TURNING = "turning"

# Of each object its key and its columns.
OBJECTS = {
    "opportunities": (
        ["opportunity_id"],
        ["opportunity_id", "owner_id", "stage", "amount", "created_at", "closed_at"],
    ),
    "stages": (["stage"], ["stage", "stage_label", "rank", "kind"]),
    "users": (["user_id"], ["user_id", "user_name", "is_active", "hired_date"]),
    "opportunity_splits": (
        ["opportunity_id", "user_id", "split_type"],
        ["opportunity_id", "user_id", "split_type", "share"],
    ),
    "opportunity_contacts": (["opportunity_id", "contact_id"], ["opportunity_id", "contact_id"]),
    "campaign_members": (
        ["campaign_id", "contact_id"], ["campaign_id", "contact_id", "created_at"],
    ),
}  # fmt: skip

Rows = list[tuple[Any, ...]]
Ask = Callable[..., Rows]


def source_file(name: str) -> dict[str, Any]:
    return {
        "source": name,
        "extract": "full",
        "currency": "JPY",
        "objects": {
            each: {"files": f"{each}.csv", "key": key, "columns": {one: one for one in columns}}
            for each, (key, columns) in OBJECTS.items()
        },
    }


def opportunity(number: int, stage: str, owner: str = "ann") -> tuple[Any, ...]:
    return f"o{number}", owner, stage, 1001, "2024-01-01 10:00:00", "2024-03-01 10:00:00"


def files_of(source: str, name: str) -> dict[str, str]:
    """What a source sends in a night."""
    is_second = name == "nightly"
    dividing, overlay = SPLIT_TYPES.get(source, ("a", "b"))
    rows: dict[str, Rows] = {
        "opportunities": [
            opportunity(1, "901"), opportunity(2, "901"), opportunity(3, "902"),
            opportunity(4, "903"),
        ],
        "stages": [
            ("1", "Talk", 1, "open"), ("901", "Won", None, "won"), ("902", "Lost", None, "lost"),
            ("903", "No decision" if is_second else "Undecided", None, "lost"),
        ],
        "users": [("ann", "Ann", True, "2024-01-01"), ("sue", "Sue", False, None)],
        "opportunity_splits": [
            ("o1", "ann", dividing, 1), ("o1", "sue", overlay, 1),
            ("o2", "ann", dividing, 0.5), ("o2", "dee", dividing, 0.5),
            ("o2", "sue", overlay, 0.5),
        ],
        "opportunity_contacts": [("o1", "c1")],
        "campaign_members": [
            (campaign, "c1", "2023-12-01 00:00:00") for campaign in ("k1", "k2", "k3")
        ],
    }  # fmt: skip
    if not is_second:
        rows["users"] += [("dee", "Dee", True, "2024-01-01"), ("gone", "Gone", False, None)]
    if source == TURNING and is_second:
        rows["opportunities"] += [opportunity(number, "901", "sue") for number in (5, 6, 7)]
        rows["opportunity_splits"] += [(f"o{number}", "sue", overlay, 1) for number in (5, 6, 7)]
    return {
        f"{each}.csv": csv_text(
            [dict(zip(OBJECTS[each][1], row, strict=True)) for row in its], OBJECTS[each][1]
        )
        for each, its in rows.items()
    }


@pytest.fixture(scope="module")
def warehouses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """As the first night left it, as the second did, and as a rebuild does."""
    shelf = tmp_path_factory.mktemp("shelf")
    settings = Settings(home=tmp_path_factory.mktemp("nights") / "home")
    settings.user_sources.mkdir(parents=True)
    settings.company.write_text(yaml.safe_dump(COMPANY), encoding="utf-8")
    sources = (*SPLIT_TYPES, TURNING)
    for source in sources:
        path = settings.user_sources / f"{source}.yml"
        path.write_text(yaml.safe_dump(source_file(source), sort_keys=False), encoding="utf-8")
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLYWHEEL_HOME", str(settings.root))
        for name, night in NIGHTS.items():
            for source in sources:
                land(settings, source, night, dict(files_of(source, name)))
            heal(settings)
            for source in sources:
                loads = load_night(settings, night, f"run of {night}", source)
                refused = [load.name for load in loads if load.error or load.rows_quarantined]
                assert refused == []
            accept(settings)
            assert (build_night(settings) is None) == (name == "nightly")
            found[name] = Path(shutil.copy(settings.candidate, shelf / f"{name}.duckdb"))
        build_night(settings, full_refresh=True)
        found["rebuilt"] = Path(shutil.copy(settings.candidate, shelf / "rebuilt.duckdb"))
        yield found


@pytest.fixture
def ask(warehouses: dict[str, Path]) -> Ask:
    def ask_one(query: str, *values: str, of: str = "nightly") -> Rows:
        with duckdb.connect(str(warehouses[of]), read_only=True) as connection:
            return connection.execute(query, list(values)).fetchall()

    return ask_one


def closed_by(ask: Ask, source: str, number: int, of: str = "nightly") -> dict[str, Decimal]:
    """Who closed an opportunity, and how much of it."""
    rows = ask(
        "select split_part(rep_key, ':', 2), amount from marts.fct_opportunity_credit "
        "where opportunity_key = ? and credit_kind = 'closed'",
        f"{source}:o{number}",
        of=of,
    )
    return dict(rows)


@pytest.mark.parametrize("source", SPLIT_TYPES)
def test_an_overlay_of_the_whole_takes_no_win_from_its_owner(ask: Ask, source: str) -> None:
    """The same helper has half of another one: an overlay divides nothing, whatever its id."""
    assert closed_by(ask, source, 1) == {"ann": 1001}
    assert set(closed_by(ask, source, 2)) == {"ann", "dee"}


def test_another_type_that_divides_closes_divides_those_before(ask: Ask) -> None:
    assert closed_by(ask, TURNING, 1, of="first") == {"ann": 1001}
    assert closed_by(ask, TURNING, 1) == {"sue": 1001}


def test_splits_leave_no_part_of_the_smallest_unit(ask: Ask) -> None:
    assert closed_by(ask, "forth", 2) == {"ann": 501, "dee": 500}


def test_campaigns_share_no_part_of_the_smallest_unit(ask: Ask) -> None:
    rows = ask(
        "select amount from marts.campaign_influence where influence_model = 'even' "
        "and campaign_key like 'forth:k%' order by campaign_key"
    )
    assert rows == [(334,), (334,), (333,)]


def test_a_stage_is_lost_to_nobody_by_the_name_that_it_has_now(ask: Ask) -> None:
    rates = {
        night: ask(
            "select numerator, denominator from marts.win_rate where grain = 'all' and "
            "dimension = 'all' and pipeline_key = 'forth:default' and metric_id = ?",
            "win_rate_period_narrow",
            of=night,
        )
        for night in NIGHTS
    }
    assert rates == {"first": [(2, 4)], "nightly": [(2, 3)]}


def test_whom_a_whole_list_lacks_is_no_rep_from_that_night_on(ask: Ask) -> None:
    versions = ask(
        "select is_active, cast(valid_to as date) from marts.dim_rep "
        "where rep_key = 'forth:dee' order by valid_from"
    )
    assert versions == [(True, NIGHTS["nightly"]), (False, None)]


def test_who_was_not_active_before_leaving_the_list_has_one_version(ask: Ask) -> None:
    """Nothing that is said of her changes."""
    assert ask("select is_active from marts.dim_rep where rep_key = 'forth:gone'") == [(False,)]


def test_a_month_in_which_a_rep_is_missed_is_none_of_tenure(ask: Ask) -> None:
    months = ask(
        "select tenure_months, rep_count from marts.rep_ramp where source_system = 'forth' "
        "and hire_quarter = date '2024-01-01' and tenure_months >= 10 order by tenure_months"
    )
    assert months == [(10, 2), (11, 1)]


def test_nights_of_whole_sources_give_what_a_rebuild_gives(warehouses: dict[str, Path]) -> None:
    assert difference_of_tables(warehouses["nightly"], warehouses["rebuilt"]) is None
