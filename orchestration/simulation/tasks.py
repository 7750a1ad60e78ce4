"""The calls and e-mails that reps log on their opportunities.

Belongs here: how many, when, and whether they are done. Does not belong here: the Task file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.simulation.draws import pick
from orchestration.simulation.opportunities import Opportunities
from orchestration.simulation.period import DAY_S, NEVER, Flags, Ints, Period, seconds
from orchestration.simulation.truth import Planted

SUBJECTS = (
    "Call", "Follow-up call", "Discovery call",
    "Email: introduction", "Email: proposal, next steps", "Email: thank you",
)  # fmt: skip
_EMAIL_SUBJECTS_FROM = 3
_TAIL_S = 10 * DAY_S  # reps also write after the last change
_CALL_NEVER_MADE_SHARE = 0.15
_CALL_DELAY_MEAN_DAYS = 1.5


@dataclass(frozen=True)
class Tasks:
    """All tasks, oldest first; `due_at` and `completed_at` are instants (`NEVER` if not done)."""

    opportunity: Ints
    created_at: Ints
    due_at: Ints
    completed_at: Ints
    subject: Ints
    is_email: Flags

    def modified_at(self, end_s: int) -> Ints:
        """The last change of each task before `end_s`; `NEVER` for one not yet created."""
        last = np.where(self.created_at < end_s, self.created_at, NEVER)
        return np.where(self.completed_at < end_s, self.completed_at, last)


def draw_tasks(
    opportunities: Opportunities,
    last_change_at: Ints,
    planted: Planted,
    period: Period,
    rng: np.random.Generator,
) -> Tasks:
    """Tasks spread over the life of each opportunity, from creation to its last change and after.

    An e-mail is logged as done; a call is planned first, and most are made.
    """
    counts = rng.poisson(planted.tasks_per_opportunity, len(opportunities.created_at))
    opportunity = np.repeat(np.arange(len(counts)), counts)
    begins = opportunities.created_at[opportunity]
    span_s = last_change_at[opportunity] - begins + _TAIL_S
    created_at = begins + (rng.random(len(opportunity)) * span_s).astype(np.int64)

    seen = np.flatnonzero(
        created_at < np.minimum(period.end_s, opportunities.deleted_at[opportunity])
    )
    seen = seen[np.argsort(created_at[seen], kind="stable")]
    opportunity, created_at = opportunity[seen], created_at[seen]

    subject = pick(rng, np.ones(len(SUBJECTS)), len(seen))
    is_email = subject >= _EMAIL_SUBJECTS_FROM
    delay_s = seconds(_CALL_DELAY_MEAN_DAYS * rng.standard_exponential(len(seen)))
    due_at = np.where(is_email, created_at, created_at + delay_s)
    is_made = is_email | (rng.random(len(seen)) >= _CALL_NEVER_MADE_SHARE)
    return Tasks(
        opportunity=opportunity,
        created_at=created_at,
        due_at=due_at,
        completed_at=np.where(is_made, due_at, NEVER),
        subject=subject,
        is_email=is_email,
    )
