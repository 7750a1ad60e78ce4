"""Leads that come in more than once: each time is an episode of its own.

Belongs here: what a lead went through in an episode. Does not belong here: the lead as a whole and
when it was taken up again (leads.py), cohorts of episodes (lead_funnel.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from tests.reference.leads import Journey, Leads
from tests.reference.lives import Life
from tests.reference.quantities import days_between


@dataclass(frozen=True)
class Episode:
    """A stretch of a lead's time, which the next one ends; an only one is the whole of the lead."""

    leads: Leads
    lead: Journey
    started_at: datetime | None
    ended_at: datetime | None
    is_only: bool

    @property
    def is_last(self) -> bool:
        return self.ended_at is None

    @property
    def life(self) -> Life | None:
        return self.lead.life if self.is_last else None

    @property
    def outcome(self) -> str:
        return self.lead.outcome if self.is_last else "disqualified"

    @property
    def is_won(self) -> bool:
        return self.is_last and self.lead.is_won

    @property
    def days_to_win(self) -> Fraction | None:
        days = days_between(self.started_at, self.lead.won_at) if self.is_won else None
        return None if days is None or days < 0 else days

    @property
    def hours_to_first_touch(self) -> Fraction | None:
        touches = [at for at in self.leads.touches(self.lead.row) if self.holds(at)]
        days = days_between(self.started_at, min(touches, default=None))
        return None if days is None else days * 24

    def holds(self, at: datetime | None) -> bool:
        if at is None or self.started_at is None:
            return False
        return self.started_at <= at and (self.ended_at is None or at < self.ended_at)

    def has_taken(self, step: str) -> bool:
        """It, or a later one."""
        if self.is_only:
            return self.lead.has_taken(step)
        if self.is_last and self.lead.has_taken("converted"):
            return True
        return any(self._was(one) for one in {"mql": ["mql", "sql"], "sql": ["sql"]}[step])

    def _was(self, step: str) -> bool:
        row, meaning = self.lead.row, self.leads.meaning
        return (
            any(
                meaning(one.status) == step
                for one in self.leads.told(row)
                if self.holds(one.changed_at)
            )
            or (self.is_last and meaning(row.status) == step)
            or self.holds(self.lead.taken_at(step))
        )


def episodes_of(leads: Leads, lead: Journey) -> list[Episode]:
    recycled = leads.recycled_at(lead)
    starts = [lead.row.created_at, *recycled]
    return [
        Episode(leads, lead, start, end, is_only=not recycled)
        for start, end in zip(starts, [*starts[1:], None], strict=True)
    ]
