"""Sentences and figures of the morning report where there is little to show, or something odd.

Belongs here: few deals, months that are not finished, hostile names, colours. Does not belong here:
whether the numbers are those of the marts (tests/integration/test_morning_report.py).
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from orchestration.morning import bars, curves, findings, heat, page, tables
from orchestration.morning.drawing import draw

Row = dict[str, Any]
STYLE = (Path(page.__file__).with_name("style.css")).read_text(encoding="utf-8")


def entries(name: str, reached: int, went_on: int, low: float, high: float, **said: Any) -> Row:
    """A row of the funnel."""
    return {
        "stage_key": name,
        "stage_name": name,
        "reached_count": reached,
        "reached_next_count": went_on,
        "won_count": went_on // 2,
        "lost_here_count": reached - went_on,
        "open_here_count": 0,
        "handed_off_count": 0,
        "next_rate": went_on / reached if reached else None,
        "next_rate_low": low,
        "next_rate_high": high,
        "first_month": date(2025, 1, 1),
        "last_month": date(2025, 3, 1),
        "is_finished": True,
        "median_days_in_stage": None,
    } | said


def month(number: int, went_on: int, reached: int = 100, **said: Any) -> Row:
    """A row of the trend: a month of 2025 with an interval of ten points."""
    rate = went_on / reached
    return {
        "stage_key": "Demo",
        "stage_name": "Demo",
        "cohort_month": date(2025, number, 1),
        "reached_count": reached,
        "reached_next_count": went_on,
        "open_here_count": 0,
        "next_rate": rate,
        "next_rate_low": max(0.0, rate - 0.05),
        "next_rate_high": min(1.0, rate + 0.05),
        "is_mature": True,
    } | said


def svg(chart: Any) -> str:
    return draw(chart, key="k", title="Title", description="What is to be seen")


def texts(drawn: str) -> list[str]:
    return [text.replace("\u202f", " ") for text in re.findall(r"<text[^>]*>([^<]*)</text>", drawn)]


def test_the_narrowest_step_is_named_when_no_other_can_be_it() -> None:
    rows = [entries("Demo", 200, 60, 0.24, 0.37), entries("Offer", 60, 40, 0.54, 0.77)]
    assert "The narrowest step is out of Demo (30\u202f% go on)" in findings.funnel(rows)


def test_steps_whose_intervals_overlap_are_not_ranked() -> None:
    rows = [entries("Demo", 20, 10, 0.30, 0.70), entries("Offer", 20, 12, 0.39, 0.78)]
    assert "too close to tell apart" in findings.funnel(rows)


def test_stages_that_few_reached_are_not_compared() -> None:
    rows = [entries("Demo", 20, 10, 0.30, 0.70), entries("Offer", 9, 1, 0.02, 0.43)]
    assert "too few reached the later stages" in findings.funnel(rows)


def test_a_stage_of_few_deals_may_be_the_narrowest_though_its_rate_is_not_the_second_lowest() -> (
    None
):
    rows = [
        entries("Demo", 2000, 600, 0.28, 0.32),
        entries("Offer", 600, 300, 0.46, 0.54),
        entries("Contract", 10, 6, 0.26, 0.87),
    ]
    assert "out of Demo and Contract, are too close to tell apart" in findings.funnel(rows)


def test_a_step_is_not_the_narrowest_for_deals_that_are_still_open() -> None:
    """Of Contract 20 of 100 are won, but 75 are open and may all be won."""
    rows = [
        entries("Demo", 1000, 400, 0.37, 0.43),
        entries("Contract", 100, 20, 0.13, 0.29, lost_here_count=5, open_here_count=75),
    ]
    told = findings.funnel(rows).replace("\u00a0", " ").replace("\u202f", " ")
    assert "The lowest rate so far is out of Contract (20 % go on), where 75 deals may yet" in told


@pytest.mark.parametrize(
    ("still_open", "told"), [(20, "nearly all"), (21, "21\u00a0deals of them are")]
)
def test_a_finished_month_is_not_said_to_have_ended_while_many_are_open(
    still_open: int, told: str
) -> None:
    """What ended at all may have ended within days, while most go on."""
    rows = [entries("Demo", 200, 60, 0.24, 0.37, open_here_count=still_open)]
    assert told in findings.funnel_period(rows)


def test_a_funnel_that_nobody_reached_is_told_and_drawn() -> None:
    rows = [entries("Demo", 0, 0, 0, 0, next_rate_low=None, next_rate_high=None)]
    assert findings.funnel(rows) == "No deal has reached a stage in these months."
    assert "nobody yet" in texts(svg(bars.funnel(rows)))


def test_a_funnel_without_a_finished_month_says_that_rates_can_only_rise() -> None:
    rows = [entries("Demo", 20, 10, 0.3, 0.7, is_finished=False)]
    assert "No month is finished yet" in findings.funnel_period(rows)


@pytest.mark.parametrize(
    ("newest", "told"),
    [(70, "above its usual 50"), (30, "below its usual 50"), (52, "In no stage")],
)
def test_a_month_stands_out_only_beyond_its_interval(newest: int, told: str) -> None:
    rows = [*(month(number, 50) for number in range(1, 6)), month(6, newest)]
    assert told in findings.trend(rows)


def test_a_month_is_not_below_what_few_deals_did_before_it() -> None:
    """Before it 12 of 12 went on, as they would by chance once in 12 times at its own 81 %."""
    rows = [month(1, 12, reached=12), month(2, 81)]
    assert "In no stage" in findings.trend(rows)
    assert findings.trend([month(1, 9, reached=9), month(2, 50)]).startswith("Too few deals")


def test_a_month_is_not_below_others_for_deals_that_are_still_open() -> None:
    before = [month(number, 50) for number in range(1, 6)]
    assert "below its usual" in findings.trend([*before, month(6, 30)])
    assert "In no stage" in findings.trend([*before, month(6, 30, open_here_count=15)])
    grown = [row | {"open_here_count": 20} for row in before]
    assert "In no stage" in findings.trend([*grown, month(6, 70)])


def test_of_many_stages_one_does_not_stand_out_by_chance() -> None:
    """One month in twenty lies so far off; of six stages one does every fourth time."""

    def stage(name: str, newest: int) -> list[Row]:
        months = [*(month(number, 50) for number in range(1, 13)), month(1, newest)]
        months[-1]["cohort_month"] = date(2026, 1, 1)
        return [row | {"stage_key": name, "stage_name": name} for row in months]

    assert "A stood below" in findings.trend(stage("A", 38))
    six = [*stage("A", 38), *(row for name in "BCDEF" for row in stage(name, 50))]
    assert "In no stage" in findings.trend(six)
    assert "A stood below" in findings.trend([*stage("A", 25), *six[13:]])


def test_months_that_are_not_finished_make_no_trend() -> None:
    rows = [month(number, 20, is_mature=False) for number in range(1, 4)]
    assert findings.trend(rows) == "No month is finished yet, so no trend can be told."
    assert "not finished" in texts(svg(curves.trend(rows)))


def test_a_month_without_entries_keeps_its_place() -> None:
    """March is missing: April must stand as far from February as May from March."""
    rows = [month(1, 50), month(2, 50), month(4, 50)]
    places = re.findall(r'<path transform="translate\(([\d.]+),', svg(curves.trend(rows)))
    first, second, third = (float(place) for place in places[-3:])
    assert third - second == pytest.approx(2 * (second - first), abs=0.5)


def test_few_deals_are_counted_and_not_rated() -> None:
    rows = [month(1, 4, reached=9)]
    assert "9\u00a0deals in Jan\u00a0\u201925" in texts(svg(curves.trend(rows)))
    assert "–*" not in tables.trend(rows)
    assert '<td data-number="">–<small>of 9</small></td>' in tables.trend(rows)


def win_rate(name: str, members: int, value: float) -> Row:
    """A named rate over all time, and the same in a quarter."""
    row = {"metric_name": name, "formula": "won / closed", "population": "closed deals"}
    for period in ("", "quarter_"):
        row |= {
            f"{period}member_count": members,
            f"{period}value": value,
            f"{period}value_low": value - 0.05,
            f"{period}value_high": value + 0.05,
        }
    return row | {"quarter_start": date(2025, 1, 1)}


def test_a_win_rate_of_few_deals_is_grey_and_no_extreme() -> None:
    rows = [win_rate("Few", 9, 0.9), win_rate("Broad", 40, 0.25), win_rate("Narrow", 40, 0.2)]
    assert "20.0\u202f% or 25.0\u202f%" in findings.win_rates(rows)
    drawn = svg(bars.win_rates(rows))
    assert {"9\u00a0deals", "25.0 %"} <= set(texts(drawn))
    # Two rings of quarters, and of the few the point and its interval.
    assert len(re.findall(r"<(?:path|line)[^>]*var\(--muted\)", drawn)) == 2 + 2


def test_one_half_year_of_velocity_is_drawn() -> None:
    rows = [{"last_month": date(2025, 6, 1), "velocity": 1_000.0, "won_a_day": 2_000.0}]
    assert "velocity 1.00\u00a0k" in texts(svg(curves.velocity(rows)))


@pytest.mark.parametrize(
    ("now", "wins", "error", "told"),
    [
        (1_500.0, 40, 0.1, "USD 1.50 k a day, 50.0 % more than half a year before."),
        (1_500.0, 40, 0.2, "against USD 1.00 k half a year before, no more of a difference than"),
        (1_500.0, 9, 0.1, "against USD 1.00 k half a year before, of too few wins to compare."),
        (1_500.0, 40, None, "of too few wins to compare."),
    ],
)
def test_velocities_are_compared_as_far_as_chance_lets_them(
    now: float, wins: int, error: float | None, told: str
) -> None:
    half = {"velocity": 1_000.0, "won_count": 40, "velocity_error": 0.1, "won_a_day": 900.0}
    newest = half | {"velocity": now, "won_count": wins, "velocity_error": error}
    found = findings.velocity([half] * 6 + [newest], "USD")
    assert told in found.replace("\u00a0", " ").replace("\u202f", " ")


def test_a_velocity_without_wins_is_told_as_missing() -> None:
    rows = [{"last_month": date(2025, 6, 1), "velocity": None, "won_a_day": 0.0}]
    assert findings.velocity(rows, "USD").startswith("A velocity needs")


def test_projected_cells_are_outlined_and_observed_ones_filled() -> None:
    cell = {"cohort_month": date(2025, 1, 1), "cohort_count": 40, "won_count": 4}
    rows = [
        cell | {"age_months": 0, "is_observed": True, "win_rate": 0.1, "projected_win_rate": None},
        cell | {"age_months": 1, "is_observed": False, "win_rate": None, "projected_win_rate": 0.2},
    ]
    drawn = svg(heat.triangle(rows))
    assert drawn.count('fill="var(--heat)"') == 1
    assert drawn.count("stroke-dasharray") == 1
    assert {"10", "20"} <= set(texts(drawn))
    assert "(20.0)" in tables.triangle(rows)


def test_months_of_many_thousand_deals_leave_room_for_their_number() -> None:
    """Months begin at the left edge; the number beside them ends where the cells begin."""
    ends = {}
    for deals in (40, 1_234_567):
        cell = {"cohort_month": date(2025, 1, 1), "cohort_count": deals, "age_months": 0}
        rates = {"is_observed": True, "win_rate": 0.1, "projected_win_rate": None}
        drawn = heat.triangle([cell | rates]).to_dict()
        (size,) = [each for each in drawn["layer"] if _text_field(each) == "size"]
        ends[deals] = size["encoding"]["x"]["value"]
    # Seven digits and two commas in place of two digits, none narrower than six pixels.
    assert ends[1_234_567] - ends[40] >= 7 * 6


def _text_field(layer: dict[str, Any]) -> str | None:
    return layer["encoding"].get("text", {}).get("field")


@pytest.mark.parametrize(("won", "told"), [(4, "–"), (5, "50.0 % | 24–76")])
def test_a_smaller_pipeline_of_few_closed_deals_has_no_win_rate(won: int, told: str) -> None:
    pipeline = {
        "pipeline_name": "Partners",
        "source_system": "crm",
        "opportunity_count": 10,
        "open_count": 0,
        "open_amount": 0,
        "won_count": won,
        "lost_count": 5,
        "win_rate": won / (won + 5),
        "win_rate_low": 0.237,
        "win_rate_high": 0.763,
    }
    cells = re.findall(r"<td[^>]*>(.*?)</td>", tables.other_pipelines([pipeline], "USD"))
    last = cells[-1].replace("<small>", " | ").replace("\u202f", " ").replace("23.7–76.3", "24–76")
    assert last.startswith(told)


def test_names_of_a_crm_cannot_become_markup() -> None:
    hostile = "<script>alert(1)</script>&\"'\\1"
    rows = [entries(hostile, 20, 10, 0.3, 0.7)]
    drawn = draw(bars.funnel(rows), key="k", title=hostile, description=hostile)
    for written in (drawn, tables.funnel(rows), tables.trend([month(1, 5, stage_name=hostile)])):
        assert "<script" not in written
        assert "&amp;lt;" not in written
        assert "&lt;" in written


def test_a_figure_takes_every_colour_and_letter_from_the_page() -> None:
    drawn = svg(bars.funnel([entries("Demo", 20, 10, 0.3, 0.7, open_here_count=2)]))
    assert "font-family" not in drawn
    assert not re.findall(r'(?:fill|stroke)="(?:#|rgb|black|white)[^"]*"', drawn)
    used = set(re.findall(r"var\((--[\w-]+)\)", drawn))
    assert used
    assert used <= set(re.findall(r"(--[\w-]+):", STYLE))


def test_a_figure_is_named_and_described() -> None:
    drawn = svg(bars.funnel([entries("Demo", 20, 10, 0.3, 0.7)]))
    assert 'role="img" aria-labelledby="k-title k-text"' in drawn
    assert '<title id="k-title">Title</title><desc id="k-text">What is to be seen</desc>' in drawn


def palettes() -> list[dict[str, tuple[float, ...]]]:
    """The light palette, and the dark one."""
    return [
        {
            name: tuple(int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
            for name, colour in re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)
        }
        for block in re.findall(r":root \{([^}]*--series:[^}]*)\}", STYLE)
    ]


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """As WCAG 2 has it."""

    def luminance(colour: tuple[float, ...]) -> float:
        linear = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour
        ]
        return sum(
            weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True)
        )

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark"])
@pytest.mark.parametrize(
    ("letters", "ground"),
    [
        *((ink, "paper") for ink in ("ink", "muted", "series", "lost-ink", "good", "warn", "bad")),
        ("ink", "wash"),
        ("ink", "heat"),
    ],
)
def test_letters_stand_out_from_their_ground(
    palette: dict[str, tuple[float, ...]], letters: str, ground: str
) -> None:
    assert contrast(palette[letters], palette[ground]) >= 4.5


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark"])
def test_bars_stand_out_from_the_page(palette: dict[str, tuple[float, ...]]) -> None:
    assert contrast(palette["series"], palette["paper"]) >= 3
