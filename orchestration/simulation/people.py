"""The sales people: reps in teams, their managers, and who sells on which day.

Belongs here: names, teams, hire and leave dates, planted skill, and the choice of an owner.
Does not belong here: what a rep's opportunities go through (`lives.py`), and user ids.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np

from orchestration.simulation.draws import between
from orchestration.simulation.period import (
    DAY_S,
    HISTORY_DAYS,
    HOUR_S,
    NEVER,
    Floats,
    Ints,
    Period,
)
from orchestration.simulation.truth import Planted

TEAMS = ("East", "Central", "West", "Enterprise", "International")
TIME_ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "America/New_York",
    "Europe/London",
)
REPS_PER_TEAM = 8
REP_COUNT = REPS_PER_TEAM * len(TEAMS)
VICE_PRESIDENT = REP_COUNT + len(TEAMS)
USER_COUNT = VICE_PRESIDENT + 1

_STARS, _WEAK, _LATE_HIRES, _LEAVERS, _MOVERS = 4, 4, 12, 5, 3
_FIRST_NAMES = (
    "Anna", "Ben", "Carla", "Dmitri", "Elena", "Farid", "Grace", "Hugo", "Ines", "Jamal", "Keiko",
    "Liam", "Maya", "Noah", "Olga", "Priya", "Quentin", "Rosa", "Søren", "Tara", "Uma", "Victor",
    "Zoë",
)  # fmt: skip
_LAST_NAMES = (
    "Abbott", "Baker", "Castillo", "Dubois", "Evans", "Fischer", "Gupta", "Harris", "Ivanov",
    "Jensen", "Kowalski", "Larsen", "Müller", "Nguyen", "O'Brien", "Park", "Quinn", "Reyes",
    "Silva", "Tanaka", "Underwood", "Vargas", "Walsh", "Xu", "Young", "Zhang", "Adeyemi",
    "Bianchi", "Chen", "Dlamini", "Eriksson", "Flores", "Garcia", "Hoffmann", "Ito", "Johnson",
    "Khan", "Lopez", "Moreau", "Núñez", "Okafor", "Petrov", "Rossi", "Schmidt", "Torres", "Usman",
)  # fmt: skip


@dataclass(frozen=True)
class People:
    """All users: indices 0..39 are reps, 40..44 managers by team, 45 the vice president.

    `team` and `later_team` are indices into `TEAMS` before and from `moved_at` on (-1 for the
    vice president); `hired_at`, `moved_at` and `left_at` are instants, `NEVER` if not at all.
    `logit_shift`, `kind` and `share` (of new opportunities) have one entry per rep.
    """

    names: list[str]
    team: Ints
    later_team: Ints
    hired_at: Ints
    moved_at: Ints
    left_at: Ints
    logit_shift: Floats
    kind: list[str]
    share: Floats

    def owners(self, created_at: Ints, period: Period, rng: np.random.Generator) -> Ints:
        """A rep for each new opportunity, among those employed on all of its first day."""
        days = period.start_day + np.arange(period.day_count)
        employed = (self.hired_at[:REP_COUNT] <= days[:, None] * DAY_S) & (
            self.left_at[:REP_COUNT] >= (days[:, None] + 1) * DAY_S
        )
        bounds = np.cumsum(employed * self.share, axis=1)
        bounds /= bounds[:, -1:]
        day = created_at // DAY_S - period.start_day
        # One search for all days: the shares of day d lie between d and d + 1.
        flat = (bounds + np.arange(period.day_count)[:, None]).ravel()
        place = np.searchsorted(flat, day + rng.random(len(day)), side="right")
        return np.asarray(np.minimum(place - day * REP_COUNT, REP_COUNT - 1))


def draw_people(planted: Planted, period: Period, rng: np.random.Generator) -> People:
    """Hires 40 reps, 5 managers and a vice president; stars, leavers, movers never coincide."""
    names = [
        f"{_FIRST_NAMES[i % len(_FIRST_NAMES)]} {_LAST_NAMES[i % len(_LAST_NAMES)]}"
        for i in range(USER_COUNT)
    ]
    special = rng.permutation(REP_COUNT)
    stars, weak, late_hires, leavers, movers, _ = np.split(
        special, np.cumsum([_STARS, _WEAK, _LATE_HIRES, _LEAVERS, _MOVERS])
    )

    history_s = HISTORY_DAYS * DAY_S
    hired_at = between(rng, period.start_s - 2 * history_s, period.start_s, USER_COUNT)
    hired_at[REP_COUNT:] = between(
        rng, period.start_s - 3 * history_s, period.start_s - 2 * history_s, len(TEAMS) + 1
    )
    hired_at[late_hires] = between(rng, period.start_s, period.start_s + history_s, _LATE_HIRES)
    hired_at = _at_nine(hired_at)

    left_at = np.full(USER_COUNT, NEVER)
    left_at[leavers] = _at_nine(
        between(rng, period.start_s + history_s // 3, period.start_s + history_s, _LEAVERS)
    )

    moved_at = np.full(USER_COUNT, NEVER)
    moved_at[movers] = _at_nine(between(rng, period.start_s, period.start_s + history_s, _MOVERS))
    if period.nights > 1:
        # So that every run of two nights or more carries a changed user.
        moved_at[movers[0]] = period.night_end_s(1) - 10 * HOUR_S

    team = np.concatenate([np.arange(REP_COUNT) // REPS_PER_TEAM, np.arange(len(TEAMS)), [-1]])
    later_team = team.copy()
    later_team[movers] = (team[movers] + 1) % len(TEAMS)

    logit_shift = planted.peer_logit_sigma * rng.standard_normal(REP_COUNT)
    logit_shift[stars] += planted.star_logit_shift
    logit_shift[weak] += planted.weak_logit_shift
    kind = np.full(REP_COUNT, "peer")
    kind[stars] = "star"
    kind[weak] = "weak"

    return People(
        names=names,
        team=team,
        later_team=later_team,
        hired_at=hired_at,
        moved_at=moved_at,
        left_at=left_at,
        logit_shift=np.round(logit_shift, 4),
        kind=kind.tolist(),
        share=np.exp(0.25 * rng.standard_normal(REP_COUNT)),
    )


def email(name: str) -> str:
    """An ASCII address for a name that may hold accents."""
    plain = unicodedata.normalize("NFKD", name.replace("ø", "o")).encode("ascii", "ignore").decode()
    return plain.lower().replace(" ", ".").replace("'", "") + "@flywheel.example"


def _at_nine(instants: Ints) -> Ints:
    return instants // DAY_S * DAY_S + 9 * HOUR_S
