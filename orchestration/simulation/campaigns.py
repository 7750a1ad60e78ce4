"""The campaigns, and whom they reach.

Belongs here: how many campaigns, when they run, which leads and contacts are part of one. Does not
belong here: the leads themselves (`leads.py`), columns of files (`salesforce_leads.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.simulation.draws import between
from orchestration.simulation.leads import NOBODY, Leads
from orchestration.simulation.period import DAY_S, Flags, Ints, Period
from orchestration.simulation.truth import Planted

CAMPAIGN_TYPES = ("Webinar", "Trade Show", "Email", "Content")
_CAMPAIGN_EVERY_S = 30 * DAY_S
_CAMPAIGN_LASTS_S = 60 * DAY_S
# What runs before the history begins: its first leads came from somewhere.
_RUN_IN = 6


@dataclass(frozen=True)
class Campaigns:
    """All campaigns, oldest first, and their members in the order in which they came.

    `lead` and `contact` are indices, `NOBODY` for the other kind of member: contacts are numbered
    as their leads were converted. `lead_campaign` is the campaign of each lead, `NOBODY` for none.
    """

    starts_at: Ints
    campaign: Ints
    lead: Ints
    contact: Ints
    joined_at: Ints
    has_responded: Flags
    lead_campaign: Ints


def draw_campaigns(
    leads: Leads, planted: Planted, period: Period, rng: np.random.Generator
) -> Campaigns:
    """A campaign a month; leads are part of the one that runs, contacts now and then of a later."""
    count = _RUN_IN + -(-period.day_count * DAY_S // _CAMPAIGN_EVERY_S)
    starts_at = period.start_s + (np.arange(count) - _RUN_IN) * _CAMPAIGN_EVERY_S

    size = len(leads.created_at)
    is_member = rng.random(size) < planted.campaign_member_share
    lead_campaign = np.where(is_member, _running(starts_at, leads.created_at, rng), NOBODY)
    members = np.flatnonzero(lead_campaign != NOBODY)

    contact = np.repeat(
        np.arange(leads.contact_count),
        rng.poisson(planted.touches_per_contact, leads.contact_count),
    )
    begins = leads.converted_at[leads.converted][contact]
    touched_at = between(rng, begins, begins + 2 * _CAMPAIGN_LASTS_S, len(contact))
    touching = _running(starts_at, touched_at, rng)
    # Nobody is a member of one campaign twice.
    _, once = np.unique(contact * count + touching, return_index=True)
    once = once[touched_at[once] < period.end_s]

    joined_at = np.concatenate([leads.created_at[members], touched_at[once]])
    order = np.argsort(joined_at, kind="stable")
    nobody = np.full(len(once), NOBODY)
    return Campaigns(
        starts_at=starts_at,
        campaign=np.concatenate([lead_campaign[members], touching[once]])[order],
        lead=np.concatenate([members, nobody])[order],
        contact=np.concatenate([np.full(len(members), NOBODY), contact[once]])[order],
        joined_at=joined_at[order],
        has_responded=rng.random(len(order)) < planted.response_share,
        lead_campaign=lead_campaign,
    )


def ends_at(starts_at: Ints) -> Ints:
    """The instant at which each campaign is over."""
    return starts_at + _CAMPAIGN_LASTS_S


def _running(starts_at: Ints, at: Ints, rng: np.random.Generator) -> Ints:
    """One of the campaigns that run at each instant, `NOBODY` before the first one."""
    newest = np.searchsorted(starts_at, at, side="right") - 1
    overlap = _CAMPAIGN_LASTS_S // _CAMPAIGN_EVERY_S
    chosen = newest - (rng.random(len(at)) * overlap).astype(np.int64)
    return np.where(newest < 0, NOBODY, np.maximum(chosen, 0))
