"""What is told of a list of stages that says something else than the night before.

Belongs here: lists as Salesforce delivers them, night after night.
Does not belong here: stages that nobody lists (test_nights.py).
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from orchestration.bronze.judge import judge_object
from orchestration.bronze.night import accept, load_night
from orchestration.extracts.ledger import Ledger
from orchestration.settings import Settings
from orchestration.sources.catalog import native_sources
from tests.conftest import land

NIGHT = date(2025, 9, 1)
HEADER = "Id,ApiName,IsActive,DefaultProbability,ForecastCategoryName,"
HEADER += "MasterLabel,SortOrder,IsClosed,IsWon"
LISTED = ["Open,1,false,false", "Offer,2,false,false", "Won,3,true,true", "Lost,4,true,false"]


def observed(settings: Settings, *lists: list[str]) -> str:
    """What the check says of the last of some nights, each with its list of stages."""
    contract = native_sources()["salesforce"].contracts["opportunity_stage"]
    for day, stages in enumerate(lists):
        night = NIGHT + timedelta(days=day)
        rows = (
            f"01J5g00000DXB8{letter}EAX,,true,,,{stage}"
            for letter, stage in zip("STUVWX", stages, strict=False)
        )
        text = "\n".join([HEADER, *rows]) + "\n"
        land(settings, "salesforce", night, {"OpportunityStage.csv": text})
        loads = load_night(settings, night, f"run of {night}", "salesforce")
        held, usual = judge_object(settings, contract, loads, Ledger(settings.ledger))
        assert held.success, held.observed
        accept(settings)
    return usual.observed


def test_a_list_that_says_the_same_is_as_usual(settings: Settings) -> None:
    assert observed(settings, LISTED, LISTED) == "as usual"


def test_a_stage_that_is_new_in_between_moves_no_other(settings: Settings) -> None:
    longer = ["Open,1,false,false", "Demo,2,false,false", "Offer,3,false,false", *LISTED[2:]]
    longer[3:] = ["Won,4,true,true", "Lost,5,true,false"]
    assert observed(settings, LISTED, longer) == "as usual"


@pytest.mark.parametrize(
    ("stages", "told"),
    [
        ([LISTED[0], *LISTED[2:]], "it lacks `Offer`"),
        ([*LISTED[:2], "Won,3,true,false", LISTED[3]], "`Won` became of another kind"),
        (
            ["Open,2,false,false", "Offer,1,false,false", *LISTED[2:]],
            "order, first `Offer`, `Open`",
        ),
    ],
)
def test_a_list_that_says_something_else_is_told(
    settings: Settings, stages: list[str], told: str
) -> None:
    assert told in observed(settings, LISTED, stages)
    # Said once: from the next night on it is what the list says.
    assert observed(settings, LISTED, stages, stages) == "as usual"
