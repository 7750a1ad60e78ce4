"""How companies are drawn.

Belongs here: which values there are, and how often. Does not belong here: what they mean (story.py,
telling.py).

Hypothesis draws what it can make smaller: nights, their troubles, and one number an opportunity.
All else comes of such numbers, because drawing it piece by piece would cost more than building it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from hypothesis import strategies as st

from tests.integration.histories.company import (
    ACCOUNTS,
    ALONE,
    DAY,
    FIRST_NIGHT,
    FORMER,
    REPS,
    STRANGER,
    Bulk,
    Company,
    Habits,
    Night,
    Plan,
    RateChange,
    Shares,
    Step,
)
from tests.reference.landed import (
    Account,
    FieldChange,
    Opportunity,
    Options,
    Rate,
    Record,
    Split,
    Stage,
    StageMapping,
    User,
)
from tests.reference.stages import pipelines_of


def mapped(*extracts: str) -> st.SearchStrategy[Habits]:
    return st.builds(
        Habits,
        source=st.just("drawn"),
        extract=st.sampled_from(extracts),
        has_stamps=st.booleans(),
        keeps_stages=st.sampled_from([True, True, False]),
        keeps_fields=st.booleans(),
        names_actors=st.sampled_from([True, True, True, False]),
        sends_stages=st.booleans(),
    )


MAPPED = mapped("full", "delta")
# Only a full extract can lack a record.
MAPPED_IN_FULL = mapped("full")
SALESFORCE = st.builds(
    Habits,
    source=st.just("salesforce"),
    extract=st.just("delta"),
    has_stamps=st.just(True),
    keeps_stages=st.sampled_from([True, True, False]),
    keeps_fields=st.booleans(),
    names_actors=st.just(True),
    sends_stages=st.just(True),
)
NO_TROUBLE = "none"
TROUBLES = ("late", "later", "corrected", "resent", "cut off", "lagging")
# What a later run brings, which then rebuilds everything.
BELATED = ("late", "later", "corrected")
# What goes wrong with opportunities matters most.
KINDS = (Opportunity, Opportunity, Opportunity, Record, FieldChange, Split, User, Rate, Account)


@st.composite
def companies(
    draw: st.DrawFn,
    habits: st.SearchStrategy[Habits],
    nights: int,
    *,
    options: Options | None = None,
    is_calm: bool = False,
) -> Company:
    """Any company; calm ones have little trouble, and nothing belated in the last night."""
    its = draw(habits)
    # Hypothesis begins with nothing but zeros, whose build would be wasted.
    random = Random(draw(st.integers(0, 2**32 - 1).filter(bool)))
    numbers = draw(st.lists(st.integers(0, 2**20), unique=True, min_size=80, max_size=110))
    gaps = draw(
        st.lists(st.sampled_from([1, 1, 1, 2, 3, 8]), min_size=nights - 1, max_size=nights - 1)
    )
    quiet = 4 * len(TROUBLES) if is_calm else 2
    troubles = draw(
        st.lists(
            st.sampled_from([NO_TROUBLE] * quiet + [*TROUBLES]), min_size=nights, max_size=nights
        )
    )
    if is_calm:
        troubles[-3:] = [NO_TROUBLE if each in BELATED else each for each in troubles[-3:]]
    days = [FIRST_NIGHT + sum(gaps[:number]) * DAY for number in range(nights)]
    stages = tuple(stages_of(random, pipeline_names(random, its), its))
    return Company(
        habits=its,
        options=options or Options(),
        stages=stages,
        stage_map=tuple(stage_map_of(random, stages)),
        plans=tuple(plan_of(Random(number), its) for number in numbers),
        nights=tuple(
            Night(day, trouble, random.choice(KINDS))
            for day, trouble in zip(days, troubles, strict=True)
        ),
        bulk=Bulk(
            at=datetime.combine(days[-1], time(14, 30)) - random.randint(0, 9) * DAY,
            size=random.choice([26, 19, 20, 0]),
            to_last=random.random() < 0.5,
        ),
        staff_changes=tuple(
            (random.randrange(nights), random.choice(REPS), random.choice(STAFF_CHANGES))
            for _ in range(random.randint(0, 6))
        ),
        account_mergers=random.choice(ACCOUNT_MERGERS),
        rate_changes=tuple(rate_changes_of(random, nights)),
        account_changes=tuple(
            (random.randrange(nights), random.choice(ACCOUNTS), random.choice(ACCOUNT_CHANGES))
            for _ in range(random.randint(8, 24))
        ),
        split_types=random.choice(SPLIT_TYPES),
    )


# --- what a company has ----------------------------------------------------------------------

OPEN_STAGES = ("Prospect", "Meet", "Qualify", "Offer", "Negotiate")
# In both orders of their ids, and without one.
SPLIT_TYPES = (("a", "b"), ("b", "a"), (None, "b"))
STAFF_CHANGES = ("team", "manager", "role", "leave", "name", "stamp", "vanish", "return")
ACCOUNT_CHANGES = (
    "name", "industry", "segment", "country", "size", "revenue", "type", "owner", "parent",
    "delete", "undelete", "vanish", "return", "vanish", "return", "stamp", "arrive", "silent",
    "unstamped",
)  # fmt: skip
ACCOUNT_MERGERS: tuple[tuple[tuple[int, str, str], ...], ...] = (
    (), ((1, "a1", "a2"),), ((1, "a1", "a2"), (2, "a2", "a3")), ((0, "a3", "a2"),),
)  # fmt: skip
RATES = tuple(map(Decimal, ("0.5", "0.9", "1.25", "2")))
RATE_DAYS = (date(2023, 11, 15), date(2024, 1, 1), date(2024, 2, 20), date(2024, 3, 1))


def pipeline_names(random: Random, habits: Habits) -> tuple[str, ...]:
    if habits.is_salesforce:
        return ("default",)
    return random.choice([("default",), ("default", "Renewal"), ("A", "B", "C")])


def stages_of(random: Random, pipelines: tuple[str, ...], habits: Habits) -> Iterator[Stage]:
    """Pipelines that share names of stages, each with the former one somewhere among them.

    A stage that is sent, and not named in a source file, may bear an id besides its name.
    """
    for pipeline in pipelines:
        names = random.sample(OPEN_STAGES, random.randint(2, len(OPEN_STAGES)))
        names.insert(random.randint(0, len(names)), FORMER)
        for place, name in enumerate(names, start=1):
            yield Stage(pipeline, name, "open", place=10 * place)
        yield Stage(pipeline, "Won", "won")
        yield Stage(pipeline, "Lost", "lost")
        if random.random() < 0.3:
            nobody = "No decision"
            yield Stage(pipeline, "903" if habits.sends_stages else nobody, "lost", label=nobody)


def stage_map_of(random: Random, stages: tuple[Stage, ...]) -> Iterator[StageMapping]:
    """The former stage renamed for good, or for a time; another stage for a time."""
    for name, pipeline in pipelines_of(stages).items():
        others = [stage for stage in pipeline.open_stages if stage != FORMER]
        bounds = random.choice(
            [None, (None, None), (None, date(2024, 3, 1)), (date(2024, 2, 20), None)]
        )
        if bounds:
            yield StageMapping(name, FORMER, random.choice(others), *bounds)
        if random.random() < 0.25:
            until = random.choice([date(2024, 1, 30), date(2024, 2, 28)])
            yield StageMapping(name, others[0], others[-1], None, until)


def rate_changes_of(random: Random, nights: int) -> Iterator[RateChange]:
    """Of euros and pounds; francs never have a rate. Now and then a line is taken back."""
    for _ in range(random.randint(0, 6)):
        change = RateChange(
            night=random.randrange(nights),
            currency=random.choice(["EUR", "EUR", "GBP"]),
            valid_from=random.choice(RATE_DAYS),
            rate=random.choice(RATES),
        )
        yield change
        if random.random() < 0.4:
            yield replace(change, night=change.night + random.randint(1, 3), rate=None)


# --- what happens to an opportunity ----------------------------------------------------------

GAPS = (
    timedelta(hours=7), DAY, 2 * DAY, 3 * DAY, 5 * DAY, 9 * DAY, timedelta(), DAY, 40 * DAY,
    timedelta(milliseconds=400),
)  # fmt: skip
# About midnight in London, in New York, and within a second.
CLOCKS = (
    timedelta(hours=9), timedelta(), timedelta(hours=23, minutes=59),
    timedelta(hours=4, minutes=30), timedelta(hours=9, milliseconds=700),
)  # fmt: skip
DEEDS = (
    "next", "next", "next", "next", "jump", "back", "win", "lose", "lose", "reopen", "reopen",
    "hand over", "reprice", "reprice", "postpone", "assign", "assign", "categorise", "touch",
    "delete", "undelete", "vanish", "return", "merge", "recurrency", "change silently",
    "sell to another",
)  # fmt: skip
# What seldom happens by chance, or not in time.
EPISODES = (
    (Step(DAY, "delete", 0), Step(2 * DAY, "undelete", 0)),
    (Step(DAY, "vanish", 0), Step(2 * DAY, "return", 0)),
    (Step(DAY, "lose", 0), Step(9 * DAY, "reopen", 1), Step(DAY, "win", 0)),
    (
        Step(DAY, "lose", 0), Step(8 * DAY, "reopen", 0), Step(DAY, "lose", 1),
        Step(9 * DAY, "reopen", 0),
    ),
    (Step(DAY, "win", 0), Step(DAY, "lose", 1), Step(2 * DAY, "reopen", 0)),
    (Step(DAY, "lose", 0), Step(7 * DAY, "reopen", 1)),
    (
        Step(DAY, "next", 0), Step(timedelta(milliseconds=400), "back", 1),
        Step(timedelta(milliseconds=200), "reprice", 2),
        Step(timedelta(milliseconds=300), "next", 0),
    ),
)  # fmt: skip
AMOUNTS = tuple(
    None if text is None else Decimal(text)
    for text in ("100", None, "2500.50", "0", "-40", "19.995", "20", "87654321.10", "300")
)
SHARES: tuple[Shares, ...] = (
    (("Bo", Decimal("0.5")), ("Ana", Decimal("0.5"))),
    (("Ana", Decimal("0.333333")), ("Bo", Decimal("0.333333")), ("Eve", Decimal("0.333334"))),
    ((STRANGER, Decimal("0.3")), ("Di", Decimal("0.7"))),
)
# Of those who helped: all of it to one, also to who may be the owner, or a part.
OVERLAYS: tuple[Shares, ...] = (
    (("Gus", Decimal(1)),), (("Ana", Decimal(1)),), (("Bo", Decimal("0.5")),),
)  # fmt: skip


def plan_of(random: Random, habits: Habits) -> Plan:
    shares = random.choice([(), *SHARES])
    return Plan(
        born=random.randint(-40, 9) * DAY + random.choice(CLOCKS),
        start=random.choice(["first", "first", "first", "second", "last", "won", "lost"]),
        steps=tuple(steps_of(random)),
        creation=random.choice(["at the first", "at the first", "before", "unknown"]),
        told=random.choice(["all", "all", "all", "nothing", "not the first", "not the last"]),
        closing=random.choice(["by day", "by day", "instant", "untold", "too early", "too late"]),
        is_sequenced=random.random() < 0.5,
        is_imported=random.random() < 0.15,
        amount=random.choice(AMOUNTS),
        currency=random.choice([None, None, "USD", "EUR", "GBP", "CHF"]),
        owner_id=random.choice([*REPS, None, "Eve"]),
        account_id=random.choice([*ACCOUNTS, "unlisted", ALONE, None]),
        opportunity_type=random.choice(["New", None]),
        shares=shares,
        later_shares=random.choice([shares, other_shares(random, shares, habits)]),
        shares_last=random.randint(1, 20) * DAY,
        overlay=random.choice([(), (), *OVERLAYS]),
    )


def steps_of(random: Random) -> Iterator[Step]:
    for _ in range(random.randint(2, 9)):
        if random.random() < 0.2:
            yield from random.choice(EPISODES)
        else:
            yield Step(random.choice(GAPS), random.choice(DEEDS), random.randint(0, 5))


def other_shares(random: Random, shares: Shares, habits: Habits) -> Shares:
    """A mapped extract of changes cannot say that a split is gone: there the same users share."""
    if habits.is_full or habits.is_salesforce:
        return random.choice([(), *SHARES])
    users, parts = [user for user, _ in shares], [part for _, part in shares]
    return tuple(zip(users, reversed(parts), strict=True))
