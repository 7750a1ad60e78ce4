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


def test_a_funnel_that_nobody_reached_is_told_and_drawn() -> None:
    rows = [entries("Demo", 0, 0, 0, 0, next_rate_low=None, next_rate_high=None)]
    assert findings.funnel(rows) == "No deal has reached a stage in these months."
    assert "nobody yet" in texts(svg(bars.funnel(rows)))


def test_a_funnel_without_a_finished_month_says_that_rates_will_rise() -> None:
    rows = [entries("Demo", 20, 10, 0.3, 0.7, is_finished=False)]
    assert "No month is finished yet" in findings.funnel_period(rows)


@pytest.mark.parametrize(
    ("newest", "told"),
    [(70, "above its usual 50"), (30, "below its usual 50"), (52, "In no stage")],
)
def test_a_month_stands_out_only_beyond_its_interval(newest: int, told: str) -> None:
    rows = [*(month(number, 50) for number in range(1, 6)), month(6, newest)]
    assert told in findings.trend(rows)


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
