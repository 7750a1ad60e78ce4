"""Numbers, days and money of the morning report, as people read them.

Belongs here: one value at a time. Does not belong here: sentences (test_morning_figures.py), where
the values come from (tests/integration/test_morning_report.py).
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from orchestration.morning import wording


def plain(text: str) -> str:
    """With ordinary spaces and minus signs."""
    return text.replace("\u202f", " ").replace("\u00a0", " ").replace("\u2212", "-")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.6164, "62 %"),
        (0.0, "0 %"),
        (1.0, "100 %"),
        # Nearly all is not all, and nearly none is not none.
        (0.9999, ">99 %"),
        (0.0001, "<1 %"),
        (None, "–"),
    ],
)
def test_a_share_is_told_in_whole_percent(value: float | None, told: str) -> None:
    assert plain(wording.share(value)) == told


def test_a_share_may_be_told_more_finely() -> None:
    assert plain(wording.share(0.16473, 1)) == "16.5 %"
    assert plain(wording.share(0.99999, 1)) == ">99.9 %"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0, "0"),
        (999, "999"),
        (999.4, "999"),
        (999.6, "1.00 k"),
        (Decimal("34670.03"), "34.7 k"),
        (999_600, "1.00 M"),
        (9_582_468.76, "9.58 M"),
        (99_960_000, "100 M"),
        (4_500_000_000, "4.50 bn"),
        (-61_468.3, "-61.5 k"),
    ],
)
def test_money_has_three_digits_that_count(value: wording.Number, told: str) -> None:
    assert plain(wording.amount(value)) == told


def test_money_names_its_currency() -> None:
    assert plain(wording.money(1_250, "EUR")) == "EUR 1.25 k"
    assert wording.money(None, "EUR") == "–"


@pytest.mark.parametrize(("value", "told"), [(12_000, "+12,000"), (-4, "-4"), (0, "±0")])
def test_a_change_has_a_sign(value: int, told: str) -> None:
    assert plain(wording.change(value)) == told


def test_an_interval_says_its_unit_once() -> None:
    assert plain(wording.interval(0.5972, 0.6353)) == "60–64 %"
    assert wording.interval(None, 0.5) == "–"


def test_days_and_instants_say_their_year_and_zone() -> None:
    assert plain(wording.weekday(date(2025, 9, 30))) == "Tuesday, 30 September 2025"
    assert plain(wording.instant(datetime(2025, 10, 1, 5, 4))) == "1 October 2025, 05:04 UTC"
    assert plain(wording.quarter(date(2025, 7, 1))) == "Q3 2025"
    assert plain(wording.short_day(date(2025, 9, 30))) == "30 Sep 2025"


def test_a_short_month_is_no_day() -> None:
    assert plain(wording.short_month(date(2025, 9, 1))) == "Sep \u201925"


def test_long_lists_are_cut_with_their_number() -> None:
    assert wording.listed(["a"]) == "a"
    assert wording.listed(["a", "b", "c"]) == "a, b and c"
    assert wording.listed(list("abcdefgh")) == "a, b, c, d, e and 3 more"


@pytest.mark.parametrize(
    "value", [wording.share(0.5), wording.money(12_345, "USD"), wording.several(3, "deal")]
)
def test_no_value_breaks_over_two_lines(value: str) -> None:
    assert " " not in value
    assert "\u2009" not in value


def test_a_name_of_the_company_keeps_its_letters() -> None:
    assert wording.begun("EMEA SMB") == "EMEA SMB"
    assert wording.begun("default") == "Default"
    assert [wording.crm(each) for each in ("hubspot", "salesforce", "acme_crm")] == [
        "HubSpot", "Salesforce", "Acme_crm",
    ]  # fmt: skip
