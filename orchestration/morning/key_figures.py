"""The few numbers of a pipeline that stand above its figures.

Belongs here: which they are, and what stands small below each. Does not belong here: the figures
(chapters.py), the form of a number (wording.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.morning import wording
from orchestration.morning.evidence import Chapter, Rows

_QUOTED = "win_rate_cohort_adjusted"


@dataclass(frozen=True)
class KeyFigure:
    """One number, its name, and how to read it."""

    name: str
    value: str
    note: str


def key_figures(chapter: Chapter, currency: str) -> list[KeyFigure]:
    """What is open, what was won, how often and how fast; what cannot be told is left out."""
    return [
        _open_pipeline(chapter.stages, currency),
        *_won_and_velocity(chapter.velocity, currency),
        *_win_rate(chapter.win_rates),
    ]


def _open_pipeline(rows: Rows, currency: str) -> KeyFigure:
    deals = sum(row["open_count"] for row in rows)
    now, then = (sum(row[name] for row in rows) for name in ("open_amount", "then_open_amount"))
    return KeyFigure(
        "Open pipeline",
        wording.money(now, currency),
        f"{wording.several(deals, 'deal')}, {wording.amount_change(now - then)} in four weeks",
    )


def _won_and_velocity(rows: Rows, currency: str) -> list[KeyFigure]:
    if not rows or rows[-1]["velocity"] is None:
        return []
    newest = rows[-1]
    until = wording.short_month(newest["last_month"])
    return [
        KeyFigure(
            "Won in six months",
            wording.money(newest["won_amount"], currency),
            f"{wording.several(newest['won_count'], 'deal')}, to the end of {until}",
        ),
        KeyFigure(
            "Sales velocity a day",
            wording.money(newest["velocity"], currency),
            f"{wording.days(newest['mean_cycle_days'])} from creation to win",
        ),
    ]


def _win_rate(rows: Rows) -> list[KeyFigure]:
    return [
        KeyFigure(
            row["metric_name"],
            wording.share(row["value"], 1),
            f"{wording.interval(row['value_low'], row['value_high'], 1)}, of "
            f"{wording.several(row['member_count'], 'deal')}",
        )
        for row in rows
        if row["metric_id"] == _QUOTED
        and row["value"] is not None
        and row["member_count"] >= wording.FEW
    ]
