"""The one sentence that says what a figure shows, made from the numbers that it shows.

Belongs here: what is worth saying and when nothing may be said: few deals, months that are not
finished, intervals that overlap. Does not belong here: the form of a number (wording.py).
"""

from __future__ import annotations

from orchestration.morning import wording
from orchestration.morning.evidence import Row, Rows


def funnel(rows: Rows) -> str:
    """How many of the first stage are won, and which step is the narrowest."""
    first = rows[0]
    if not first["reached_count"]:
        return "No deal has reached a stage in these months."
    won = (
        f"Of {wording.several(first['reached_count'], 'deal')} that reached {first['stage_name']}, "
        f"{wording.share(first['won_count'] / first['reached_count'], 1)} are won"
    )
    known = [row for row in rows if row["reached_count"] >= wording.FEW]
    if len(known) < 2:
        return f"{won}; too few reached the later stages to compare them."
    by_rate = sorted(known, key=lambda row: row["next_rate"])
    narrowest, second = by_rate[:2]
    surely = narrowest["next_rate_high"] < second["next_rate_low"]
    return (
        f"{won}. The narrowest step is out of {narrowest['stage_name']}"
        if surely
        else f"{won}. The lowest rates, out of {narrowest['stage_name']} and "
        f"{second['stage_name']}, are too close to tell apart"
    ) + f" ({wording.share(narrowest['next_rate'])} go on)."


def funnel_period(rows: Rows) -> str:
    """Whose entries the funnel counts."""
    first = min((row["first_month"] for row in rows if row["first_month"]), default=None)
    if first is None:
        return "All entries; none has a date."
    last = max(row["last_month"] for row in rows if row["last_month"])
    period = (
        f"Deals that entered each stage from {wording.month(first)} to {wording.month(last)}"
        if first != last
        else f"Deals that entered each stage in {wording.month(first)}"
    )
    if all(row["is_finished"] for row in rows):
        return f"{period}, the newest months that are finished: nearly all of them have ended."
    return f"{period}. No month is finished yet: deals still open may go on, and rates will rise."


def trend(rows: Rows) -> str:
    """Whether the newest finished month of some stage differs from the year before it."""
    told = []
    for stage in stages_of(rows):
        finished = [row for row in stage if row["is_mature"]]
        if len(finished) < 2 or is_few(finished[-1]):
            continue
        *before, newest = finished[-13:]
        reached = sum(row["reached_count"] for row in before)
        usual = sum(row["reached_next_count"] for row in before) / reached
        if newest["next_rate_low"] <= usual <= newest["next_rate_high"]:
            continue
        direction = "above" if newest["next_rate"] > usual else "below"
        told.append(
            f"{newest['stage_name']} stood {direction} its usual {wording.share(usual)} in "
            f"{wording.month(newest['cohort_month'])} ({wording.share(newest['next_rate'])})"
        )
    if told:
        return f"{'; '.join(told)}."
    if any(row["is_mature"] for row in rows):
        return (
            "In no stage does the newest finished month differ from the months before it by more "
            "than chance would do."
        )
    return "No month is finished yet, so no trend can be told."


def triangle(rows: Rows) -> str:
    """The newest cohort of which half a year is seen, against the one that was best at that age."""
    age = 6
    seen = [
        row
        for row in rows
        if row["age_months"] == age and row["is_observed"] and row["cohort_count"] >= wording.FEW
    ]
    if not seen:
        return "No cohort of ten deals or more is half a year old yet."
    newest = seen[-1]
    told = (
        f"Of the deals created in {wording.month(newest['cohort_month'])}, "
        f"{wording.share(newest['win_rate'], 1)} were won within {age} months"
    )
    if len(seen) < 2:
        return f"{told}."
    low = min(row["win_rate"] for row in seen)
    high = max(row["win_rate"] for row in seen)
    return (
        f"{told}; the {len(seen)} cohorts that are as old lie between {wording.share(low, 1)} "
        f"and {wording.share(high, 1)}."
    )


def win_rates(rows: Rows) -> str:
    """How far the definitions lie apart."""
    known = [row for row in rows if row["value"] is not None and row["member_count"] >= wording.FEW]
    if not known:
        return "Too few deals are closed for a win rate."
    highest, lowest = known[0], known[-1]
    if len({round(row["value"], 4) for row in known}) == 1:
        return f"All definitions agree on {wording.share(lowest['value'], 1)}."
    return (
        f"The same company has {wording.share(lowest['value'], 1)} or "
        f"{wording.share(highest['value'], 1)}, by who is counted: quote a rate with its name."
    )


def velocity(rows: Rows, currency: str) -> str:
    """The newest velocity, half a year before, and what was really won."""
    if not rows or rows[-1]["velocity"] is None:
        return "A velocity needs half a year of deals with wins among them."
    newest = rows[-1]
    told = f"{wording.money(newest['velocity'], currency)} a day"
    earlier = rows[-7]["velocity"] if len(rows) > 6 else None
    if earlier:
        told += f", {_moved(newest['velocity'] / earlier - 1)} half a year before"
    return (
        f"{told}. Really won in these six months: "
        f"{wording.money(newest['won_a_day'], currency)} a day."
    )


def pipeline(rows: Rows, currency: str) -> str:
    """What is open, against four weeks before, and how much of it is past its close date."""
    if not rows:
        return "Nothing is open, nor was four weeks ago."
    now = sum(row["open_count"] for row in rows)
    amount, then = (sum(row[name] for row in rows) for name in ("open_amount", "then_open_amount"))
    told = f"{wording.several(now, 'open deal')} worth {wording.money(amount, currency)}"
    if then:
        told += f", {_moved(float(amount) / float(then) - 1)} four weeks before"
    past_due = sum(row["past_due_amount"] for row in rows)
    if amount and past_due:
        told += (
            f"; {wording.share(float(past_due) / float(amount))} of the amount is past its close "
            f"date"
        )
    return f"{told}."


def stages_of(rows: Rows) -> list[Rows]:
    """Rows by stage, in the order in which the stages stand."""
    keys = list(dict.fromkeys(row["stage_key"] for row in rows))
    return [[row for row in rows if row["stage_key"] == key] for key in keys]


def is_few(row: Row) -> bool:
    """Whether so few deals are behind a rate that it is shown in grey."""
    return bool(row["reached_count"] < wording.FEW)


def _moved(ratio: float) -> str:
    if abs(ratio) < 0.0005:
        return "as"
    return f"{wording.share(abs(ratio), 1)} {'more' if ratio > 0 else 'less'} than"
