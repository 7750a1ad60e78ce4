"""The sample company: all its parts drawn from one seed, and a count of what came out.

Belongs here: the order in which the parts are drawn, what each part is told of the others, and
the realised counts. Does not belong here: parameters (`truth.py`), CRM formats (`salesforce.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.simulation.accounts import Accounts, assign_accounts, draw_accounts
from orchestration.simulation.campaigns import Campaigns, draw_campaigns
from orchestration.simulation.leads import Leads, draw_leads
from orchestration.simulation.lines import Lines, draw_lines
from orchestration.simulation.lives import Changes, draw_changes
from orchestration.simulation.opportunities import Opportunities, draw_opportunities
from orchestration.simulation.people import People, draw_people
from orchestration.simulation.period import Flags, Ints, Period
from orchestration.simulation.persons import Persons, draw_persons
from orchestration.simulation.tasks import Tasks, draw_tasks
from orchestration.simulation.truth import LOST_RANK, PLANTED, WON_RANK, Realised


@dataclass(frozen=True)
class Company:
    """One company over one period.

    `account` is the account of each opportunity, `opens_account` whether it is that account's
    first one.
    """

    period: Period
    people: People
    accounts: Accounts
    opportunities: Opportunities
    account: Ints
    opens_account: Flags
    changes: Changes
    tasks: Tasks
    leads: Leads
    campaigns: Campaigns
    lines: Lines
    persons: Persons


def draw_company(size: int, period: Period, seed: int) -> Company:
    """Draws a company with `size` opportunities at the end of `period`; equal for equal arguments.

    Raises ValueError if `seed` is negative.
    """
    # A generator for each part, so that a change to one part leaves the draws of the others alone.
    (
        people_rng, opportunities_rng, accounts_rng, lives_rng, tasks_rng, leads_rng,
        campaigns_rng, lines_rng, persons_rng,
    ) = (
        np.random.Generator(np.random.PCG64(part)) for part in np.random.SeedSequence(seed).spawn(9)
    )  # fmt: skip
    people = draw_people(PLANTED, period, people_rng)
    opportunities = draw_opportunities(size, people, PLANTED, period, opportunities_rng)

    account, opens = assign_accounts(size, accounts_rng)
    accounts = draw_accounts(
        opportunities.created_at[opens], opportunities.owner[opens], period, accounts_rng
    )

    source_shift = np.array(list(PLANTED.lead_sources.values()))
    logit_shift = people.logit_shift[opportunities.owner] + source_shift[opportunities.lead_source]
    changes = draw_changes(opportunities, logit_shift, PLANTED, period, lives_rng)

    last_change_at = np.zeros(size, dtype=np.int64)
    np.maximum.at(last_change_at, changes.opportunity, changes.at)
    tasks = draw_tasks(opportunities, last_change_at, PLANTED, period, tasks_rng)
    leads = draw_leads(opportunities, opens, PLANTED, period, leads_rng)
    return Company(
        period=period,
        people=people,
        accounts=accounts,
        opportunities=opportunities,
        account=account,
        opens_account=opens,
        changes=changes,
        tasks=tasks,
        leads=leads,
        campaigns=draw_campaigns(leads, PLANTED, period, campaigns_rng),
        lines=draw_lines(opportunities, changes, lines_rng),
        persons=draw_persons(len(leads.created_at), persons_rng),
    )


def realised(company: Company) -> Realised:
    """Counts what the company came to by the end of its period."""
    changes = company.changes
    start_rank = company.opportunities.start_rank
    size = len(start_rank)
    last_rank = np.zeros(size, dtype=np.int64)
    last_rank[changes.opportunity] = changes.rank  # numpy keeps the last value of a repeated index
    is_open_rank = changes.rank < WON_RANK
    was_open = (changes.previous_rank > 0) & (changes.previous_rank < WON_RANK)

    furthest = np.zeros(size, dtype=np.int64)
    for rank in range(1, WON_RANK + 1):
        furthest[changes.opportunity[changes.rank == rank]] = rank
    kept = company.opportunities.deleted_at >= company.period.end_s
    is_lost = last_rank == LOST_RANK
    stages: list[dict[str, int | str]] = []
    for rank, stage in enumerate(PLANTED.stages, start=1):
        ends_here = kept & (furthest == rank)
        stages.append(
            {
                "name": stage.name,
                "reached_count": int((kept & (furthest >= rank)).sum()),
                "reached_next_count": int((kept & (furthest > rank)).sum()),
                "open_here_count": int((ends_here & ~is_lost).sum()),
                "lost_here_count": int((ends_here & is_lost).sum()),
            }
        )

    # Changes of one opportunity in one second stand side by side in the order by instant.
    is_tie = (np.diff(changes.at, prepend=0) == 0) & (np.diff(changes.opportunity, prepend=-1) == 0)
    forward = was_open & (changes.rank <= WON_RANK) & (changes.rank > changes.previous_rank)
    return Realised(
        opportunity_count=size,
        won_count=int((last_rank == WON_RANK).sum()),
        lost_count=int(is_lost.sum()),
        open_count=int((last_rank < WON_RANK).sum()),
        deleted_count=int((~kept).sum()),
        late_created_count=int(((start_rank > 1) & (start_rank < WON_RANK)).sum()),
        created_won_count=int((start_rank == WON_RANK).sum()),
        skip_count=int((forward & (changes.rank - changes.previous_rank > 1)).sum()),
        regression_count=int(
            (was_open & is_open_rank & (changes.rank < changes.previous_rank)).sum()
        ),
        reopen_count=int(((changes.previous_rank == LOST_RANK) & is_open_rank).sum()),
        same_second_change_count=int((is_tie & (changes.rank != changes.previous_rank)).sum()),
        stages=stages,
    )
