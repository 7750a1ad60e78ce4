"""The planted truth: every parameter that the company is drawn from, and the file that says so.

Belongs here: the parameters, the one formula that turns them into a conversion probability, and
their JSON form. Does not belong here: drawing from them (`lives.py` and its neighbours), and
counting what came out (`company.py`).

What "conversion" of open stage k means
    P(reach k+1 | reach k) by the furthest-stage rule: a stage is reached when it, a later open
    stage or Closed Won has been entered; a skipped stage counts as reached; won reaches all; a
    loss reaches nothing. For the last open stage, reaching k+1 is winning.

Why it can be recovered from a censored extract
    Each stay is drawn without looking at its outcome, and so is each detour (going back, a loss
    taken back, a stage passed in no time). The instant at which "k+1 or not" is settled is
    therefore independent of the answer, and the share among settled cases is unbiased at any
    as-of date. To keep it so, a stage that is passed in no time is not only skipped by those that
    go on: those fated to end in it enter it and are lost in the same second.

Exceptions, which an estimate must leave out or accept
    late-created    the stages before the first one shown were never drawn: reached by definition
    created won     nothing was drawn
    reopened        between a loss and its reopening (8 days and more, 20 on average) the
                    opportunity looks lost whatever its fate: a bias below 0.001 on any day
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from orchestration.simulation.period import Floats

CONVERSION_FORMULA = "p = sigmoid(logit(stage.conversion) + rep.logit_shift + lead_sources[name])"
LEAD_FORMULA = "p(sql) = sigmoid(logit(lead_steps[1]) + fast_lead_logit_shift if fast)"
EXCEPTIONS = {
    "late_created": "stages before the first stage of the history were not drawn",
    "created_won": "no stage was drawn",
    "reopened": "looks lost until it is reopened, whatever its fate (bias below 0.001)",
    "zero_second_stays": "a stage passed in no time has no duration drawn from its lognormal",
    "young_leads": "a lead that is still open has its steps before it: leave the last months out",
}


@dataclass(frozen=True)
class StageTruth:
    """One open stage.

    `conversion` is the probability of ever advancing for a rep and a lead source without shift.
    A stay that lasts at all is lognormal with median `median_days` and log-scale `sigma`,
    whatever follows it: the first stay, a stay after going back, a stay after reopening.
    """

    name: str
    conversion: float
    median_days: float
    sigma: float


@dataclass(frozen=True)
class RepTruth:
    """One rep. `kind` is star, weak or peer; `logit_shift` applies to every stage."""

    user_id: str
    logit_shift: float
    kind: str
    team: str
    hired_date: str
    left_date: str | None


@dataclass(frozen=True)
class Planted:
    """The parameters of the company, apart from its reps.

    `skip_probability`: having advanced out of a stage where it stayed, an opportunity passes the
    next stage without a trace. `bulk_edit_probability`: it passes the next stage within one
    second, with a history row. In both cases an opportunity fated to end in the next stage enters
    it and is lost in that second. Never two stages in a row.

    `regression_probability`: a stay in stage 2 or later ends by going back one stage, staying
    there, and staying a second time in the stage it came from; then the outcome drawn is applied.

    `reopen_probability`: the same detour from stage 3 or later, but through a Closed Lost that is
    taken back after `reopen_after_days` plus an exponential of mean `reopen_mean_days`.

    New opportunities of a day come in proportion to its month's weight (January first) times its
    weekday's weight (Monday first) times `yearly_growth` ** (days since the first one / 365.25).

    `late_created_probability`: created in stage 2 or 3. `created_won_probability`: created as
    Closed Won. `deleted_probability`: ever deleted, after an exponential of `deleted_mean_days`.

    `lead_born_share`: of the opportunities that open an account, those that came of a lead.
    `lead_steps`: the probabilities of a lead to become an MQL, of an MQL to become an SQL, and of
    an SQL to become an opportunity. `fast_lead_share`: leads called within an hour; their chance
    to become an SQL is shifted by `fast_lead_logit_shift`.

    `campaign_member_share`: leads that are part of a campaign. `touches_per_contact`: campaigns
    that a contact is part of later. `response_share`: parts that were responded to.

    `revision_probability`: amount or close date is changed during a stay, at an even moment.
    """

    stages: tuple[StageTruth, ...] = (
        StageTruth("Prospecting", conversion=0.62, median_days=10.0, sigma=0.8),
        StageTruth("Qualification", conversion=0.68, median_days=14.0, sigma=0.8),
        StageTruth("Needs Analysis", conversion=0.72, median_days=18.0, sigma=0.7),
        StageTruth("Proposal", conversion=0.64, median_days=16.0, sigma=0.7),
        StageTruth("Negotiation", conversion=0.74, median_days=12.0, sigma=0.8),
    )
    lead_sources: dict[str, float] = field(
        default_factory=lambda: {
            "Web": 0.0,
            "Referral": 0.5,
            "Cold Call": -0.45,
            "Partner": 0.15,
            "Trade Show": -0.1,
        }
    )
    lead_source_shares: tuple[float, ...] = (0.34, 0.18, 0.24, 0.14, 0.10)
    star_logit_shift: float = 0.5
    weak_logit_shift: float = -0.5
    peer_logit_sigma: float = 0.1
    # A slow summer, and a push before the end of each quarter.
    month_weights: tuple[float, ...] = (
        0.90, 0.95, 1.20, 0.95, 1.00, 1.15, 0.75, 0.70, 1.20, 1.05, 1.10, 1.05,
    )  # fmt: skip
    weekday_weights: tuple[float, ...] = (1.0, 1.1, 1.1, 1.05, 0.9, 0.05, 0.05)
    yearly_growth: float = 1.2
    skip_probability: float = 0.05
    bulk_edit_probability: float = 0.01
    regression_probability: float = 0.06
    reopen_probability: float = 0.025
    reopen_after_days: float = 8.0
    reopen_mean_days: float = 12.0
    late_created_probability: float = 0.05
    created_won_probability: float = 0.01
    deleted_probability: float = 0.015
    deleted_mean_days: float = 40.0
    backdated_probability: float = 0.08
    missing_amount_probability: float = 0.07
    revision_probability: float = 0.35
    tasks_per_opportunity: float = 1.5
    lead_born_share: float = 0.3
    lead_steps: tuple[float, float, float] = (0.7, 0.65, 0.6)
    fast_lead_share: float = 0.3
    fast_lead_logit_shift: float = 0.7
    campaign_member_share: float = 0.5
    touches_per_contact: float = 0.8
    response_share: float = 0.4


PLANTED = Planted()

# Open stages have the ranks 1..OPEN_STAGE_COUNT; the two terminals follow.
OPEN_STAGE_COUNT = len(PLANTED.stages)
WON_RANK = OPEN_STAGE_COUNT + 1
LOST_RANK = OPEN_STAGE_COUNT + 2
LEAD_STEPS = len(PLANTED.lead_steps)


def conversion_probability(stage: StageTruth, logit_shift: Floats) -> Floats:
    """P(ever advancing out of `stage`) for each shift (rep plus lead source), in (0, 1)."""
    logit = np.log(stage.conversion / (1.0 - stage.conversion)) + logit_shift
    return np.asarray(1.0 / (1.0 + np.exp(-logit)))


def lead_step_probabilities(planted: Planted) -> Floats:
    """P(taking the next step) of slow leads (first row) and fast ones (second row), by step."""
    slow = np.array(planted.lead_steps)
    fast = slow.copy()
    logit = np.log(slow[1] / (1 - slow[1])) + planted.fast_lead_logit_shift
    fast[1] = 1 / (1 + np.exp(-logit))
    return np.stack([slow, fast])


@dataclass(frozen=True)
class Realised:
    """What the draw came to by the end of the last night, counted on the company itself.

    `stages` holds one entry per open stage over the opportunities that are not deleted, under the
    furthest-stage rule and with the exceptions left in: `reached_count`, `reached_next_count`,
    `open_here_count` and `lost_here_count` (furthest stage is this one), adding up.
    The other counts include what later was deleted.
    """

    opportunity_count: int
    won_count: int
    lost_count: int
    open_count: int
    deleted_count: int
    late_created_count: int
    created_won_count: int
    skip_count: int
    regression_count: int
    reopen_count: int
    same_second_change_count: int
    stages: list[dict[str, int | str]]


@dataclass(frozen=True)
class Truth:
    """Everything that `_truth.json` says."""

    seed: int
    first_night: str
    last_night: str
    reps: list[RepTruth]
    realised: Realised
    persons: dict[str, list[str]]

    def to_json(self) -> str:
        """The truth as JSON: the planted parameters and the rest on one level, in fixed order."""
        document: dict[str, Any] = {
            "conversion_formula": CONVERSION_FORMULA,
            "lead_formula": LEAD_FORMULA,
            "exceptions": EXCEPTIONS,
            "seed": self.seed,
            "first_night": self.first_night,
            "last_night": self.last_night,
            **dataclasses.asdict(PLANTED),
            "reps": [dataclasses.asdict(rep) for rep in self.reps],
            "realised": dataclasses.asdict(self.realised),
            "persons": self.persons,
        }
        return json.dumps(document, indent=2) + "\n"
