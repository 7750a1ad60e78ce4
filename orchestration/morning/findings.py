"""The one sentence that says what a figure shows, made from the numbers that it shows.

Belongs here: what is worth saying and when nothing may be said: few deals, months that are not
finished, intervals that overlap. Does not belong here: the form of a number (wording.py).
"""

from __future__ import annotations

from math import hypot, log

from orchestration.morning import chance, wording
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
    narrowest, *others = sorted(known, key=lambda row: row["next_rate"])
    told = f"out of {narrowest['stage_name']}"
    rate = f"({wording.share(narrowest['next_rate'])} go on)"
    rivals = [row for row in others if row["next_rate_low"] <= narrowest["next_rate_high"]]
    if rivals:
        return (
            f"{won}. The lowest rates, {told} and {rivals[0]['stage_name']}, are too close to tell "
            f"apart {rate}."
        )
    _, most = chance.wilson(_at_best(narrowest), chance.normal_quantile())
    if most >= min(row["next_rate_low"] for row in others):
        still_open = wording.several(narrowest["open_here_count"], "deal")
        return f"{won}. The lowest rate so far is {told} {rate}, where {still_open} may yet go on."
    return f"{won}. The narrowest step is {told} {rate}."


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
    if not all(row["is_finished"] for row in rows):
        return f"{period}. No month is finished yet: open deals may go on, so rates can only rise."
    still_open = sum(row["open_here_count"] for row in rows)
    # A month is finished by the deals that have ended, which may be the few that end soon.
    if still_open <= max(row["reached_count"] for row in rows) / 10:
        return f"{period}, the newest months that are finished: nearly all of them have ended."
    return (
        f"{period}, the newest months that are finished: as old as nine of ten were that have "
        f"ended. But {wording.several(still_open, 'deal')} of them are still open, so rates can "
        f"only rise."
    )


def trend(rows: Rows) -> str:
    """Whether the newest finished month of some stage differs from the year before it.

    Deals that are still open may go on: a month stands below others only if it would with all of
    its own gone on, and above them only if it would with all of theirs.
    """
    compared = [pair for pair in map(_newest_and_before, stages_of(rows)) if pair is not None]
    if not compared:
        if any(row["is_mature"] for row in rows):
            return "Too few deals entered a stage in the finished months to tell a trend."
        return "No month is finished yet, so no trend can be told."
    quantile, told = chance.normal_quantile(len(compared)), []
    for newest, before in compared:
        if chance.is_below(_at_best(newest), _so_far(before), quantile):
            direction = "below"
        elif chance.is_below(_at_best(before), _so_far(newest), quantile):
            direction = "above"
        else:
            continue
        usual = before["reached_next_count"] / before["reached_count"]
        told.append(
            f"{newest['stage_name']} stood {direction} its usual {wording.share(usual)} in "
            f"{wording.month(newest['cohort_month'])} ({wording.share(newest['next_rate'])})"
        )
    if told:
        return f"{'; '.join(told)}."
    return (
        "In no stage does the newest finished month differ from the months before it by more than "
        "chance would do."
    )


def _newest_and_before(stage: Rows) -> tuple[Row, Row] | None:
    """The newest finished month of a stage, and sums of up to a year before; None of few deals."""
    finished = [row for row in stage if row["is_mature"]][-13:]
    counts = ("reached_count", "reached_next_count", "open_here_count")
    before = {name: sum(row[name] for row in finished[:-1]) for name in counts}
    if not finished or is_few(finished[-1]) or is_few(before):
        return None
    return finished[-1], before


def _so_far(row: Row) -> chance.Share:
    return row["reached_next_count"], row["reached_count"]


def _at_best(row: Row) -> chance.Share:
    """If all that are still open went on."""
    return row["reached_next_count"] + row["open_here_count"], row["reached_count"]


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
        f"{told}; of the cohorts shown, the {len(seen)} that are as old and have ten deals or more "
        f"lie between {wording.share(low, 1)} and {wording.share(high, 1)}."
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
        f"The win rate is {wording.share(lowest['value'], 1)} or "
        f"{wording.share(highest['value'], 1)}, by who is counted and for how much: quote a rate "
        f"with its name."
    )


def velocity(rows: Rows, currency: str) -> str:
    """The newest velocity, half a year before, and what was really won."""
    if not rows or rows[-1]["velocity"] is None:
        return "A velocity needs half a year of deals with wins among them."
    newest = rows[-1]
    told = f"{wording.money(newest['velocity'], currency)} a day"
    earlier = rows[-7] if len(rows) > 6 else None
    if earlier and earlier["velocity"]:
        told += _against(earlier, newest, currency)
    return (
        f"{told}. Really won in these six months: "
        f"{wording.money(newest['won_a_day'], currency)} a day."
    )


def _against(earlier: Row, newest: Row, currency: str) -> str:
    """Two velocities, of half years that do not overlap, with how sure their difference is."""
    before = f"{wording.money(earlier['velocity'], currency)} half a year before"
    errors = earlier["velocity_error"], newest["velocity_error"]
    fewest = min(earlier["won_count"], newest["won_count"])
    if fewest < wording.FEW or None in errors:
        return f", against {before}, of too few wins to compare"
    ratio = newest["velocity"] / earlier["velocity"]
    if abs(log(ratio)) <= chance.normal_quantile() * hypot(*errors):
        return f", against {before}, no more of a difference than chance would make"
    return f", {_moved(ratio - 1)} half a year before"


def pipeline(rows: Rows, currency: str) -> str:
    """What is open, against four weeks before, and how much of it is past its close date."""
    if not rows:
        return "Nothing is open, nor was four weeks ago."
    now = sum(row["open_count"] for row in rows)
    amount, then = (sum(row[name] for row in rows) for name in ("open_amount", "then_open_amount"))
    told = f"{wording.several(now, 'open deal')} worth {wording.money(amount, currency)}"
    if then > 0:
        told += f", {_moved(float(amount) / float(then) - 1)} four weeks before"
    past_due = sum(row["past_due_amount"] for row in rows)
    if amount > 0 and past_due > 0:
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
