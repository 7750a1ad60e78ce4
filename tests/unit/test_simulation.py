"""What the sample company promises to those who test the warehouse with it.

Belongs here: claims about the extracts and the truth, checked by small computations that share no
code with the simulation. Does not belong here: what the warehouse makes of the extracts.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import math
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

from orchestration.simulation import Simulated, simulate
from orchestration.simulation.landing import write_night

FIRST_NIGHT = datetime.date(2025, 9, 28)
OPPORTUNITIES = 20_000
NIGHTS = 8
# A fixed seed makes each check pass or fail for good; four standard errors leave room for one.
SIGMAS = 4.0

HEADERS = {
    "Opportunity": "Id,AccountId,OwnerId,Name,StageName,Amount,CloseDate,CreatedDate,IsClosed,"
    "IsWon,IsDeleted,Type,LeadSource,ForecastCategoryName,Probability,RecordTypeId,CurrencyIsoCode,"
    "LastModifiedDate,SystemModstamp,CreatedById,CampaignId",
    "OpportunityHistory": "Id,OpportunityId,StageName,Amount,CloseDate,Probability,"
    "ForecastCategory,ExpectedRevenue,CreatedDate,CreatedById,IsDeleted",
    "OpportunityStage": "Id,ApiName,MasterLabel,SortOrder,IsActive,IsClosed,IsWon,"
    "DefaultProbability,ForecastCategoryName",
    "Account": "Id,Name,ParentId,OwnerId,Industry,NumberOfEmployees,AnnualRevenue,Type,"
    "BillingCountry,MasterRecordId,IsDeleted,SystemModstamp",
    "User": "Id,Name,Email,IsActive,UserRoleId,ManagerId,ProfileId,Department,TimeZoneSidKey,"
    "CreatedDate",
    "Task": "Id,WhoId,WhatId,AccountId,OwnerId,Subject,CreatedDate,IsDeleted,ActivityDate,Status,"
    "IsClosed,TaskSubtype,CompletedDateTime",
    "Lead": "Id,Email,FirstName,LastName,Phone,Company,Status,LeadSource,OwnerId,CreatedDate,"
    "IsConverted,ConvertedDate,ConvertedAccountId,ConvertedContactId,ConvertedOpportunityId,MasterRecordId,IsDeleted,"
    "SystemModstamp",
    "LeadHistory": "Id,LeadId,Field,OldValue,NewValue,CreatedDate,CreatedById,IsDeleted",
    "Contact": "Id,AccountId,Email,FirstName,LastName,Phone,Title,OwnerId,CreatedDate,"
    "MasterRecordId,IsDeleted,SystemModstamp",
    "OpportunityContactRole": "Id,OpportunityId,ContactId,Role,IsPrimary,CreatedDate,IsDeleted",
    "Campaign": "Id,Name,Type,Status,StartDate,EndDate,ParentId,SystemModstamp",
    "CampaignMember": "Id,CampaignId,LeadId,ContactId,Status,HasResponded,FirstRespondedDate,"
    "CreatedDate,SystemModstamp",
    "Product2": "Id,Name,IsActive",
    "OpportunityLineItem": "Id,OpportunityId,Product2Id,Quantity,UnitPrice,TotalPrice,IsDeleted,"
    "SystemModstamp",
}
KEY_PREFIXES = {
    "Opportunity": "006",
    "OpportunityHistory": "008",
    "OpportunityStage": "01J",
    "Account": "001",
    "User": "005",
    "Task": "00T",
    "Lead": "00Q",
    "LeadHistory": "017",
    "Contact": "003",
    "OpportunityContactRole": "00K",
    "Campaign": "701",
    "CampaignMember": "00v",
    "Product2": "01t",
    "OpportunityLineItem": "00k",
}
OPEN_STAGES = ["Prospecting", "Qualification", "Needs Analysis", "Proposal", "Negotiation"]
WON, LOST = 6, 7
RANKS = {name: rank for rank, name in enumerate([*OPEN_STAGES, "Closed Won", "Closed Lost"], 1)}


@dataclass
class Extracts:
    """All nights as read back from the files, every value as text."""

    simulated: Simulated

    def night(self, number: int, name: str) -> pl.DataFrame:
        path = self.simulated.folders[number] / f"{name}.csv"
        return pl.read_csv(path, infer_schema=False)

    def newest(self, name: str) -> pl.DataFrame:
        """The last version of each record over all nights."""
        nights = [self.night(number, name) for number in range(NIGHTS)]
        return pl.concat(nights).unique("Id", keep="last", maintain_order=True)

    @cached_property
    def truth(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.simulated.truth.read_text(encoding="utf-8"))
        return document

    @cached_property
    def opportunities(self) -> pl.DataFrame:
        return self.newest("Opportunity")

    @cached_property
    def history(self) -> pl.DataFrame:
        """All history rows in the order in which they happened, `at` in seconds, `rank`."""
        nights = pl.concat([self.night(number, "OpportunityHistory") for number in range(NIGHTS)])
        return nights.with_columns(
            at=pl.col("CreatedDate").str.to_datetime("%Y-%m-%dT%H:%M:%S.000Z").dt.epoch("s"),
            rank=pl.col("StageName").replace_strict(RANKS, return_dtype=pl.Int64),
        ).sort("OpportunityId", "at", "Id")

    @cached_property
    def stays(self) -> pl.DataFrame:
        """One row per stay of an opportunity in a stage; `seconds` up to now if it still lasts."""
        of_opportunity = {"partition_by": "OpportunityId", "order_by": ["at", "Id"]}
        entries = self.history.filter(
            (pl.col("rank") != pl.col("rank").shift(1).over(**of_opportunity)).fill_null(True)
        )
        return entries.with_columns(
            next_rank=pl.col("rank").shift(-1).over(**of_opportunity),
            next_but_one_rank=pl.col("rank").shift(-2).over(**of_opportunity),
            previous_rank=pl.col("rank").shift(1).over(**of_opportunity),
            visit=pl.col("at").cum_count().over("OpportunityId", "rank", order_by=["at", "Id"]),
            seconds=pl.col("at").shift(-1).over(**of_opportunity).fill_null(self.end_s)
            - pl.col("at"),
        )

    @cached_property
    def end_s(self) -> int:
        last = datetime.datetime.combine(self.simulated.nights[-1], datetime.time(), datetime.UTC)
        return int(last.timestamp()) + 86_400

    @cached_property
    def paths(self) -> pl.DataFrame:
        """One row per opportunity: first rank, furthest rank (won = 6), whether lost, deleted."""
        furthest = pl.col("rank").filter(pl.col("rank") != LOST).max()
        return (
            self.stays.group_by("OpportunityId", maintain_order=True)
            .agg(
                start=pl.col("rank").first(),
                furthest=furthest,
                is_lost=pl.col("rank").last() == LOST,
                created_at=pl.col("at").first(),
            )
            .join(
                self.opportunities.select("Id", "OwnerId", "LeadSource", "IsDeleted"),
                left_on="OpportunityId",
                right_on="Id",
            )
        )

    def trials(self, rank: int) -> pl.DataFrame:
        """Opportunities for which it is settled whether they went beyond `rank`, with expected p.

        By the furthest-stage rule; those created beyond `rank` were never drawn there.
        """
        truth = self.truth
        conversion = truth["stages"][rank - 1]["conversion"]
        logit = math.log(conversion / (1 - conversion))
        rep = {one["user_id"]: one["logit_shift"] for one in truth["reps"]}
        shift = pl.col("OwnerId").replace_strict(rep) + pl.col("LeadSource").replace_strict(
            truth["lead_sources"]
        )
        return self.paths.filter(
            (pl.col("start") <= rank)
            & (pl.col("furthest") >= rank)
            & ((pl.col("furthest") > rank) | pl.col("is_lost"))
        ).with_columns(
            advanced=(pl.col("furthest") > rank).cast(pl.Float64),
            p=1 / (1 + (-(logit + shift)).exp()),
        )


@pytest.fixture(scope="module")
def extracts(tmp_path_factory: pytest.TempPathFactory) -> Extracts:
    return Extracts(
        simulate(
            tmp_path_factory.mktemp("landing"),
            opportunities=OPPORTUNITIES,
            nights=NIGHTS,
            seed=7,
            first_night=FIRST_NIGHT,
        )
    )


def simulate_small(landing: Path, seed: int = 3, opportunities: int = 300) -> Simulated:
    return simulate(
        landing, opportunities=opportunities, nights=2, seed=seed, first_night=FIRST_NIGHT
    )


def digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    whole = hashlib.sha256()
    for path in files:
        whole.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return whole.hexdigest()


def standard_errors_off(count: float, trials: int, probability: float) -> float:
    """How far a binomial count lies from its expectation."""
    return abs(count - trials * probability) / math.sqrt(trials * probability * (1 - probability))


def z_score(trials: pl.DataFrame) -> float:
    """Observed minus expected advances over the standard error of the difference."""
    variance = (trials["p"] * (1 - trials["p"])).sum()
    return float((trials["advanced"] - trials["p"]).sum() / math.sqrt(variance))


# --- what is written -------------------------------------------------------------------------


def test_equal_arguments_give_equal_bytes(tmp_path: Path) -> None:
    simulate_small(tmp_path / "a")
    simulate_small(tmp_path / "b")
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


def test_another_seed_gives_another_company(tmp_path: Path) -> None:
    simulate_small(tmp_path / "a", seed=3)
    simulate_small(tmp_path / "b", seed=4)
    assert digest(tmp_path / "a") != digest(tmp_path / "b")


@pytest.mark.parametrize("opportunities", [1, 2, 37])
def test_a_tiny_company_is_possible_and_exact(tmp_path: Path, opportunities: int) -> None:
    simulated = simulate_small(tmp_path, opportunities=opportunities)
    ids = {
        line.split(",")[0]
        for folder in simulated.folders
        for line in (folder / "Opportunity.csv").read_text(encoding="utf-8").splitlines()[1:]
    }
    assert len(ids) == opportunities


def test_exactly_the_asked_opportunities_exist_after_the_last_night(extracts: Extracts) -> None:
    assert extracts.opportunities.height == OPPORTUNITIES
    assert extracts.paths.height == OPPORTUNITIES


def test_a_night_holds_its_objects_and_the_mark_of_success(extracts: Extracts) -> None:
    for folder in extracts.simulated.folders:
        names = {path.name for path in folder.iterdir()}
        assert names == {f"{name}.csv" for name in HEADERS} | {"_SUCCESS"}
        assert (folder / "_SUCCESS").stat().st_size == 0


def test_nights_are_consecutive_days(extracts: Extracts) -> None:
    expected = [FIRST_NIGHT + datetime.timedelta(days=day) for day in range(NIGHTS)]
    assert extracts.simulated.nights == expected
    assert [folder.name for folder in extracts.simulated.folders] == [str(day) for day in expected]


@pytest.mark.parametrize("name", HEADERS)
def test_headers_are_those_of_the_export(extracts: Extracts, name: str) -> None:
    for folder in extracts.simulated.folders:
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            assert file.readline() == HEADERS[name] + "\n"


@pytest.mark.parametrize("name", HEADERS)
def test_row_counts_are_the_rows_of_all_nights(extracts: Extracts, name: str) -> None:
    heights = [extracts.night(number, name).height for number in range(NIGHTS)]
    assert extracts.simulated.row_counts[name] == sum(heights)


def test_values_are_spelled_as_salesforce_spells_them(extracts: Extracts) -> None:
    spelling = {
        "Amount": r"\d+\.\d\d",
        "CloseDate": r"\d{4}-\d\d-\d\d",
        "CreatedDate": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z",
        "SystemModstamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z",
        "IsWon": "true|false",
        "CurrencyIsoCode": "USD",
    }
    for column, pattern in spelling.items():
        values = extracts.opportunities[column].drop_nulls()
        assert values.str.contains(f"^({pattern})$").all(), column


def test_files_end_lines_with_a_line_feed_only(extracts: Extracts) -> None:
    for path in extracts.simulated.folders[0].iterdir():
        assert b"\r" not in path.read_bytes()


def test_some_account_names_hold_commas_quotes_and_accents(extracts: Extracts) -> None:
    names = extracts.newest("Account")["Name"]
    for character in (",", '"', "à"):
        assert names.str.contains(character, literal=True).any()


def test_an_existing_night_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    second_night = tmp_path / "salesforce" / str(FIRST_NIGHT + datetime.timedelta(days=1))
    second_night.mkdir(parents=True)
    with pytest.raises(ValueError, match=re.escape(str(second_night))):
        simulate_small(tmp_path)
    assert list((tmp_path / "salesforce").iterdir()) == [second_night]


@pytest.mark.parametrize("wrong", [{"opportunities": 0}, {"nights": 0}, {"seed": -1}])
def test_impossible_arguments_are_refused(tmp_path: Path, wrong: dict[str, int]) -> None:
    arguments = {"opportunities": 5, "nights": 1, "seed": 0} | wrong
    with pytest.raises(ValueError, match=r"at least one opportunity"):
        simulate(tmp_path, first_night=FIRST_NIGHT, **arguments)


def test_a_night_that_breaks_off_is_not_marked_as_a_success(tmp_path: Path) -> None:
    tables = {"Good": pl.DataFrame({"a": [1]}), "Bad": pl.DataFrame({"a": [[1, 2]]})}
    with pytest.raises(pl.exceptions.ComputeError):
        write_night(tmp_path / "night", tables)
    assert not (tmp_path / "night" / "_SUCCESS").exists()
    assert not (tmp_path / "night" / "Bad.csv").exists()


# --- ids and references ----------------------------------------------------------------------


def case_checksum(id15: str) -> str:
    """The three characters that Salesforce appends to a 15-character id."""
    blocks = (id15[start : start + 5] for start in (0, 5, 10))
    bits = (sum(char.isupper() << place for place, char in enumerate(block)) for block in blocks)
    return "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bit] for bit in bits)


def test_the_checksum_rule_of_this_test_agrees_with_a_published_id() -> None:
    assert case_checksum("0067E0000028LZP") == "QA2"


@pytest.mark.parametrize("name", HEADERS)
def test_ids_have_their_prefix_and_a_valid_checksum(extracts: Extracts, name: str) -> None:
    ids = extracts.newest(name)["Id"]
    assert ids.str.contains(f"^{KEY_PREFIXES[name]}[0-9A-Za-z]{{15}}$").all()
    assert all(one[15:] == case_checksum(one[:15]) for one in ids.gather_every(7))


def test_history_ids_are_unique(extracts: Extracts) -> None:
    assert extracts.history["Id"].is_unique().all()


@pytest.mark.parametrize(
    ("name", "column", "target"),
    [
        ("Opportunity", "AccountId", "Account"),
        ("Opportunity", "OwnerId", "User"),
        ("Opportunity", "CreatedById", "User"),
        ("OpportunityHistory", "OpportunityId", "Opportunity"),
        ("Account", "ParentId", "Account"),
        ("Account", "MasterRecordId", "Account"),
        ("Account", "OwnerId", "User"),
        ("User", "ManagerId", "User"),
        ("Task", "WhatId", "Opportunity"),
        ("Opportunity", "CampaignId", "Campaign"),
        ("Lead", "OwnerId", "User"),
        ("Lead", "ConvertedAccountId", "Account"),
        ("Lead", "ConvertedContactId", "Contact"),
        ("Lead", "ConvertedOpportunityId", "Opportunity"),
        ("LeadHistory", "LeadId", "Lead"),
        ("Contact", "AccountId", "Account"),
        ("OpportunityContactRole", "OpportunityId", "Opportunity"),
        ("OpportunityContactRole", "ContactId", "Contact"),
        ("CampaignMember", "CampaignId", "Campaign"),
        ("CampaignMember", "LeadId", "Lead"),
        ("CampaignMember", "ContactId", "Contact"),
        ("OpportunityLineItem", "OpportunityId", "Opportunity"),
        ("OpportunityLineItem", "Product2Id", "Product2"),
    ],
)
def test_every_reference_is_known_on_the_night_it_comes(
    extracts: Extracts, name: str, column: str, target: str
) -> None:
    known: set[str] = set()
    for number in range(NIGHTS):
        known |= set(extracts.night(number, target)["Id"])
        references = extracts.night(number, name)[column].drop_nulls()
        assert set(references) <= known
    assert extracts.newest(name)[column].null_count() < extracts.newest(name).height


# --- nights ----------------------------------------------------------------------------------


def day_bounds(night: datetime.date) -> tuple[str, str]:
    return f"{night}T00:00:00.000Z", f"{night}T23:59:59.000Z"


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("Opportunity", ["CreatedDate", "SystemModstamp", "LastModifiedDate"]),
        ("OpportunityHistory", ["CreatedDate"]),
        ("Account", ["SystemModstamp"]),
        ("User", ["CreatedDate"]),
        ("Task", ["CreatedDate", "CompletedDateTime"]),
        ("Lead", ["CreatedDate", "ConvertedDate", "SystemModstamp"]),
        ("LeadHistory", ["CreatedDate"]),
        ("Contact", ["CreatedDate"]),
        ("Campaign", ["StartDate"]),
        ("CampaignMember", ["CreatedDate"]),
        ("OpportunityLineItem", ["SystemModstamp"]),
    ],
)
def test_no_night_knows_what_happens_after_it(
    extracts: Extracts, name: str, columns: list[str]
) -> None:
    for number, night in enumerate(extracts.simulated.nights):
        _, last = day_bounds(night)
        for column in columns:
            assert (extracts.night(number, name)[column].drop_nulls() <= last).all()


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("Opportunity", "SystemModstamp"),
        ("OpportunityHistory", "CreatedDate"),
        ("Account", "SystemModstamp"),
    ],
)
def test_later_nights_hold_only_what_changed_that_day(
    extracts: Extracts, name: str, column: str
) -> None:
    for number, night in list(enumerate(extracts.simulated.nights))[1:]:
        first, last = day_bounds(night)
        rows = extracts.night(number, name)
        assert rows.height > 0
        assert rows[column].is_between(pl.lit(first), pl.lit(last)).all()


def test_later_nights_hold_only_tasks_created_or_completed_that_day(extracts: Extracts) -> None:
    for number, night in list(enumerate(extracts.simulated.nights))[1:]:
        tasks = extracts.night(number, "Task")
        assert tasks.height > 0
        changed_on = pl.coalesce("CompletedDateTime", "CreatedDate").str.slice(0, 10)
        assert (tasks.select(changed_on).to_series() == str(night)).all()


def test_the_second_night_holds_the_one_user_who_changed_teams(extracts: Extracts) -> None:
    before = extracts.night(0, "User")
    moved = extracts.night(1, "User").join(before, on="Id", suffix="_before")
    assert moved.height == 1
    assert moved["Department"][0] != moved["Department_before"][0]
    assert moved["ManagerId"][0] != moved["ManagerId_before"][0]


def test_each_change_of_an_opportunity_is_in_the_delta_of_its_day(extracts: Extracts) -> None:
    for number in range(1, NIGHTS):
        changed = extracts.night(number, "OpportunityHistory")["OpportunityId"].unique()
        assert set(changed) <= set(extracts.night(number, "Opportunity")["Id"])


def test_a_deletion_is_a_change_of_its_own_day(extracts: Extracts) -> None:
    first = extracts.night(0, "Opportunity").filter(pl.col("IsDeleted") == "false")
    deleted = extracts.opportunities.filter(pl.col("IsDeleted") == "true")
    later = deleted.join(first, on="Id", how="semi")
    assert later.height > 0
    assert (later["SystemModstamp"].str.slice(0, 10) > str(FIRST_NIGHT)).all()


def test_nothing_happens_to_a_deleted_opportunity(extracts: Extracts) -> None:
    deleted = extracts.opportunities.filter(pl.col("IsDeleted") == "true")
    rows = extracts.history.join(deleted, left_on="OpportunityId", right_on="Id")
    assert (rows["CreatedDate"] < rows["SystemModstamp"]).all()


# --- an opportunity and its history ----------------------------------------------------------


@pytest.mark.parametrize("column", ["StageName", "Amount", "CloseDate", "Probability"])
def test_the_last_history_row_is_the_opportunity(extracts: Extracts, column: str) -> None:
    last = extracts.history.group_by("OpportunityId").last()
    both = last.join(extracts.opportunities, left_on="OpportunityId", right_on="Id", suffix="_now")
    assert both.height == OPPORTUNITIES
    assert both[column].eq_missing(both[f"{column}_now"]).all()


def test_the_first_history_row_is_the_creation(extracts: Extracts) -> None:
    first = extracts.history.group_by("OpportunityId").first()
    both = first.join(extracts.opportunities, left_on="OpportunityId", right_on="Id", suffix="_now")
    assert (both["CreatedDate"] == both["CreatedDate_now"]).all()
    assert (both["CreatedById"] == both["CreatedById_now"]).all()


def test_the_last_change_moves_the_system_modstamp(extracts: Extracts) -> None:
    last = extracts.history.group_by("OpportunityId").last()
    kept = extracts.opportunities.filter(pl.col("IsDeleted") == "false")
    both = last.join(kept, left_on="OpportunityId", right_on="Id", suffix="_now")
    assert (both["CreatedDate"] == both["SystemModstamp"]).all()


def test_some_history_rows_change_amount_or_close_date_but_not_the_stage(
    extracts: Extracts,
) -> None:
    assert extracts.history.height - extracts.stays.height > OPPORTUNITIES / 10


def test_closed_opportunities_close_on_the_day_or_a_few_days_earlier(extracts: Extracts) -> None:
    closed = extracts.stays.filter((pl.col("rank") >= WON) & pl.col("next_rank").is_null())
    closed_on = pl.from_epoch("at", "s").dt.date()
    back_days = closed.select(
        (closed_on - pl.col("CloseDate").str.to_date()).dt.total_days()
    ).to_series()
    assert back_days.is_between(0, 9).all()
    assert 0.02 < (back_days > 0).mean() < 0.2


def test_some_open_opportunities_are_past_due_and_most_are_not(extracts: Extracts) -> None:
    open_ones = extracts.opportunities.filter(pl.col("IsClosed") == "false")
    past_due = (open_ones["CloseDate"] < str(extracts.simulated.nights[-1])).mean()
    assert 0.05 < past_due < 0.5


def test_some_amounts_are_unknown(extracts: Extracts) -> None:
    assert 0.01 < extracts.opportunities["Amount"].null_count() / OPPORTUNITIES < 0.1


def test_merged_accounts_name_their_master_and_own_nothing(extracts: Extracts) -> None:
    merged = extracts.newest("Account").filter(pl.col("MasterRecordId").is_not_null())
    assert merged.height > 0
    assert (merged["IsDeleted"] == "true").all()
    assert not extracts.opportunities["AccountId"].is_in(merged["Id"].implode()).any()


def test_tasks_are_about_one_and_a_half_per_opportunity(extracts: Extracts) -> None:
    tasks = extracts.newest("Task").drop_nulls("WhatId")
    assert 1.3 < tasks.height / OPPORTUNITIES < 1.6


# --- leads, campaigns and lines --------------------------------------------------------------


@dataclass
class Leads:
    """Leads that are old enough to have ended, with the steps they took."""

    frame: pl.DataFrame

    @classmethod
    def of(cls, extracts: Extracts) -> Leads:
        leads = extracts.newest("Lead")
        nights = [extracts.night(number, "LeadHistory") for number in range(NIGHTS)]
        steps = pl.concat(nights).group_by("LeadId").agg(pl.col("NewValue"))
        calls = extracts.newest("Task").filter(pl.col("WhatId").is_null())
        # A call is about the lead, or about the contact that it has become.
        by_contact = leads.drop_nulls("ConvertedContactId").select(
            pl.col("ConvertedContactId").alias("WhoId"), pl.col("Id").alias("called")
        )
        called = calls.join(by_contact, on="WhoId", how="left").select(
            pl.coalesce("called", "WhoId").alias("Id"), pl.col("CompletedDateTime").alias("call")
        )
        a_quarter_ago = str(extracts.simulated.nights[-1] - datetime.timedelta(days=90))
        instant = "%Y-%m-%dT%H:%M:%S.000Z"
        seconds = (
            pl.col("call").str.to_datetime(instant) - pl.col("CreatedDate").str.to_datetime(instant)
        ).dt.total_seconds()
        return cls(
            leads.filter(pl.col("CreatedDate") < a_quarter_ago)
            .join(steps, left_on="Id", right_on="LeadId", how="left")
            .join(called, on="Id", how="left")
            .with_columns(
                pl.col("NewValue").fill_null([]).alias("steps"), (seconds <= 3600).alias("is_fast")
            )
        )

    def took(self, step: str) -> pl.DataFrame:
        return self.frame.filter(pl.col("steps").list.contains(step))


@pytest.fixture(scope="module")
def leads(extracts: Extracts) -> Leads:
    return Leads.of(extracts)


def test_old_leads_are_converted_or_rejected(leads: Leads) -> None:
    ended = leads.frame.filter(pl.col("Status").str.starts_with("Closed"))
    assert ended.height > 0.99 * leads.frame.height
    assert 0 < ended["IsConverted"].eq("true").mean() < 1


def test_some_leads_of_today_are_still_open(extracts: Extracts) -> None:
    open_ones = extracts.newest("Lead").filter(~pl.col("Status").str.starts_with("Closed"))
    assert open_ones.height > 0


@pytest.mark.parametrize("is_fast", [True, False])
def test_planted_lead_steps_are_recovered(extracts: Extracts, leads: Leads, is_fast: bool) -> None:
    mql, sql, opportunity = extracts.truth["lead_steps"]
    if is_fast:
        logit = math.log(sql / (1 - sql)) + extracts.truth["fast_lead_logit_shift"]
        sql = 1 / (1 + math.exp(-logit))
    taken = [leads.frame, *map(leads.took, ("MQL", "SQL", "Closed - Converted"))]
    counts = [one.filter(pl.col("is_fast").fill_null(False) == is_fast).height for one in taken]
    for planted, before, after in zip((mql, sql, opportunity), counts, counts[1:], strict=False):
        assert standard_errors_off(after, before, planted) < SIGMAS


def test_the_effect_of_a_fast_call_is_large_enough_to_be_missed(
    extracts: Extracts, leads: Leads
) -> None:
    """Guards the test above: the planted probability of slow leads does not hold for fast ones."""
    fast = [
        one.filter(pl.col("is_fast").fill_null(False)).height
        for one in (leads.took("MQL"), leads.took("SQL"))
    ]
    planted = extracts.truth["lead_steps"][1]
    assert standard_errors_off(fast[1], fast[0], planted) > SIGMAS


def test_leads_are_called_fast_as_often_as_planted(extracts: Extracts, leads: Leads) -> None:
    count = leads.frame["is_fast"].sum()
    planted = extracts.truth["fast_lead_share"]
    assert standard_errors_off(count, leads.frame.height, planted) < SIGMAS


def test_a_lead_has_the_source_of_the_opportunity_that_came_of_it(extracts: Extracts) -> None:
    converted = extracts.newest("Lead").drop_nulls("ConvertedOpportunityId")
    both = converted.join(
        extracts.opportunities, left_on="ConvertedOpportunityId", right_on="Id", suffix="_of_deal"
    )
    assert both.height == converted.height > 0
    assert (both["LeadSource"] == both["LeadSource_of_deal"]).all()
    assert (both["CreatedDate"] < both["CreatedDate_of_deal"]).all()
    assert both["ConvertedOpportunityId"].is_unique().all()


def test_nobody_is_in_one_campaign_twice(extracts: Extracts) -> None:
    members = extracts.newest("CampaignMember")
    assert members.select("CampaignId", "LeadId", "ContactId").is_unique().all()
    assert members["LeadId"].is_null().any()
    assert members["ContactId"].is_null().any()


def test_the_lines_of_a_win_sum_to_its_amount(extracts: Extracts) -> None:
    totals = (
        extracts.newest("OpportunityLineItem")
        .group_by("OpportunityId")
        .agg(pl.col("TotalPrice").cast(pl.Decimal(18, 2)).sum())
    )
    won = extracts.opportunities.filter(pl.col("IsWon") == "true").drop_nulls("Amount")
    both = won.join(totals, left_on="Id", right_on="OpportunityId", how="left")
    assert (both["Amount"].cast(pl.Decimal(18, 2)) == both["TotalPrice"]).all()


# --- the planted truth, recovered ------------------------------------------------------------


@pytest.mark.parametrize("rank", [1, 2, 3, 4, 5])
def test_planted_conversion_is_recovered_from_the_censored_history(
    extracts: Extracts, rank: int
) -> None:
    assert abs(z_score(extracts.trials(rank))) < SIGMAS


@pytest.mark.parametrize("group", ["OwnerId", "LeadSource"])
def test_planted_shifts_are_recovered(extracts: Extracts, group: str) -> None:
    trials = pl.concat([extracts.trials(rank) for rank in range(1, 6)])
    by_group = trials.group_by(group).agg(
        off=(pl.col("advanced") - pl.col("p")).sum(),
        variance=(pl.col("p") * (1 - pl.col("p"))).sum(),
    )
    chi_square = (by_group["off"] ** 2 / by_group["variance"]).sum()
    low, high = stats.chi2.ppf([1e-4, 1 - 1e-4], by_group.height)
    assert low < chi_square < high


def test_the_shifts_are_large_enough_to_be_missed(extracts: Extracts) -> None:
    """Guards the test above: without the planted shifts, its bound would be broken."""
    trials = pl.concat(
        [extracts.trials(rank).with_columns(p=pl.col("p").mean()) for rank in range(1, 6)]
    )
    by_rep = trials.group_by("OwnerId").agg(
        off=(pl.col("advanced") - pl.col("p")).sum(),
        variance=(pl.col("p") * (1 - pl.col("p"))).sum(),
    )
    chi_square = (by_rep["off"] ** 2 / by_rep["variance"]).sum()
    assert chi_square > stats.chi2.ppf(1 - 1e-4, by_rep.height)


def kaplan_meier_median_days(stays: pl.DataFrame) -> float:
    ordered = stays.sort("seconds")
    is_exit = ordered["next_rank"].is_not_null().to_numpy()
    at_risk = np.arange(len(is_exit), 0, -1)
    survival = np.cumprod(1 - is_exit / at_risk)
    return float(ordered["seconds"].to_numpy()[np.argmax(survival < 0.5)] / 86_400)


@pytest.mark.parametrize("rank", [1, 2, 3, 4, 5])
def test_planted_median_time_in_stage_is_recovered(extracts: Extracts, rank: int) -> None:
    kept = extracts.paths.filter(pl.col("IsDeleted") == "false")
    stays = extracts.stays.filter((pl.col("rank") == rank) & (pl.col("seconds") > 0)).join(
        kept, on="OpportunityId", how="semi"
    )
    planted = extracts.truth["stages"][rank - 1]
    # The median of a lognormal sample has this standard error on the log scale.
    error = planted["sigma"] * math.sqrt(math.pi / 2 / stays.height)
    off = math.log(kaplan_meier_median_days(stays) / planted["median_days"])
    assert abs(off) < SIGMAS * error


@pytest.mark.parametrize("rank", [1, 2, 3, 4, 5])
def test_time_in_stage_does_not_depend_on_the_outcome(extracts: Extracts, rank: int) -> None:
    a_year_ago = extracts.end_s - 365 * 86_400
    stays = extracts.stays.filter(
        (pl.col("rank") == rank) & (pl.col("seconds") > 0) & (pl.col("at") < a_year_ago)
    )
    lost = stays.filter(pl.col("next_rank") == LOST)["seconds"].log()
    advanced = stays.filter(pl.col("next_rank").is_between(rank + 1, WON))["seconds"].log()
    error = math.sqrt(lost.var() / len(lost) + advanced.var() / len(advanced))
    assert abs(lost.mean() - advanced.mean()) < SIGMAS * error


def test_opportunities_come_in_by_season_weekday_and_growth(extracts: Extracts) -> None:
    truth = extracts.truth
    start = FIRST_NIGHT - datetime.timedelta(days=730)
    weights: dict[str, float] = {}
    for number in range(730 + NIGHTS):
        day = start + datetime.timedelta(days=number)
        weight = (
            truth["month_weights"][day.month - 1]
            * truth["weekday_weights"][day.weekday()]
            * truth["yearly_growth"] ** (number / 365.25)
        )
        weights[f"{day:%Y-%m}"] = weights.get(f"{day:%Y-%m}", 0.0) + weight
    months = extracts.opportunities["CreatedDate"].str.slice(0, 7).value_counts()
    observed = dict(months.iter_rows())
    scale = OPPORTUNITIES / sum(weights.values())
    statistic = sum((observed[m] - w * scale) ** 2 / (w * scale) for m, w in weights.items())
    assert statistic < stats.chi2.ppf(1 - 1e-4, len(weights) - 1)


def test_late_created_and_created_won_occur_at_their_rates(extracts: Extracts) -> None:
    start = extracts.paths["start"]
    assert set(start) == {1, 2, 3, WON}
    late = start.is_in([2, 3]).sum()
    assert standard_errors_off(late, OPPORTUNITIES, extracts.truth["late_created_probability"]) < 4
    born_won = (start == WON).sum()
    planted = extracts.truth["created_won_probability"]
    assert standard_errors_off(born_won, OPPORTUNITIES, planted) < SIGMAS


def test_deletions_occur_at_their_rate(extracts: Extracts) -> None:
    old = extracts.paths.filter(pl.col("created_at") < extracts.end_s - 365 * 86_400)
    deleted = (old["IsDeleted"] == "true").sum()
    planted = extracts.truth["deleted_probability"]
    assert standard_errors_off(deleted, old.height, planted) < SIGMAS


def passages(extracts: Extracts) -> pl.DataFrame:
    """One row per stage that an old opportunity reached after staying in the stage before.

    `kind` is `stayed`, `instant` (entered and left in the same second) or `skipped`; `advanced`
    says whether it went beyond the stage.
    """
    settled = extracts.paths.filter(pl.col("created_at") < extracts.end_s - 500 * 86_400)
    first_stays = extracts.stays.filter(pl.col("visit") == 1).select(
        "OpportunityId", "rank", "seconds"
    )
    kind = (
        pl.when(pl.col("seconds").is_null())
        .then(pl.lit("skipped"))
        .when(pl.col("seconds") == 0)
        .then(pl.lit("instant"))
        .otherwise(pl.lit("stayed"))
    )
    return (
        settled.join(pl.DataFrame({"rank": [2, 3, 4, 5]}), how="cross")
        .filter((pl.col("start") < pl.col("rank")) & (pl.col("furthest") >= pl.col("rank")))
        .join(
            first_stays.filter(pl.col("seconds") > 0).select(
                "OpportunityId", rank=pl.col("rank") + 1
            ),
            on=["OpportunityId", "rank"],
            how="semi",
        )
        .join(first_stays, on=["OpportunityId", "rank"], how="left")
        .with_columns(kind=kind, advanced=pl.col("furthest") > pl.col("rank"))
    )


@pytest.mark.parametrize(
    ("kind", "parameter"),
    [("skipped", "skip_probability"), ("instant", "bulk_edit_probability")],
)
def test_stages_are_passed_in_no_time_at_their_rates(
    extracts: Extracts, kind: str, parameter: str
) -> None:
    passed = passages(extracts).filter("advanced")
    count = (passed["kind"] == kind).sum()
    assert standard_errors_off(count, passed.height, extracts.truth[parameter]) < SIGMAS


def test_the_lost_pass_their_last_stage_in_no_time_as_often_as_the_others(
    extracts: Extracts,
) -> None:
    """Without it, skipped stages would be settled sooner than lost ones: a bias in every rate."""
    ended = passages(extracts).filter(~pl.col("advanced"))
    count = (ended["kind"] == "instant").sum()
    planted = extracts.truth["skip_probability"] + extracts.truth["bulk_edit_probability"]
    assert standard_errors_off(count, ended.height, planted) < SIGMAS


def test_regressions_occur_at_their_rate(extracts: Extracts) -> None:
    left = extracts.stays.filter(
        pl.col("rank").is_between(2, 5)
        & (pl.col("visit") == 1)
        & (pl.col("seconds") > 0)
        & pl.col("next_rank").is_not_null()
    )
    count = (left["next_rank"] == left["rank"] - 1).sum()
    planted = extracts.truth["regression_probability"]
    assert standard_errors_off(count, left.height, planted) < SIGMAS


def test_reopenings_occur_at_their_rate(extracts: Extracts) -> None:
    long_ago = extracts.end_s - 200 * 86_400
    left = extracts.stays.filter(
        pl.col("rank").is_between(3, 5)
        & (pl.col("visit") == 1)
        & (pl.col("seconds") > 0)
        & (pl.col("at") + pl.col("seconds") < long_ago)
    )
    count = ((left["next_rank"] == LOST) & left["next_but_one_rank"].is_not_null()).sum()
    planted = extracts.truth["reopen_probability"]
    assert standard_errors_off(count, left.height, planted) < SIGMAS


def test_a_loss_is_taken_back_into_a_middle_stage_after_more_than_a_week(
    extracts: Extracts,
) -> None:
    reopened = extracts.stays.filter((pl.col("rank") == LOST) & pl.col("next_rank").is_not_null())
    assert reopened.height > 0
    assert (reopened["seconds"] > 7 * 86_400).all()
    assert reopened["next_rank"].is_between(2, 4).all()


def test_some_reopened_opportunities_are_won(extracts: Extracts) -> None:
    reopened = extracts.stays.filter((pl.col("rank") == LOST) & pl.col("next_rank").is_not_null())
    assert (reopened.join(extracts.paths, on="OpportunityId")["furthest"] == WON).any()


def test_the_realised_counts_are_those_of_the_history(extracts: Extracts) -> None:
    kept = extracts.paths.filter(pl.col("IsDeleted") == "false")
    for rank, stage in enumerate(extracts.truth["realised"]["stages"], 1):
        here = kept.filter(pl.col("furthest") == rank)
        assert stage == {
            "name": OPEN_STAGES[rank - 1],
            "reached_count": (kept["furthest"] >= rank).sum(),
            "reached_next_count": (kept["furthest"] > rank).sum(),
            "open_here_count": (~here["is_lost"]).sum(),
            "lost_here_count": here["is_lost"].sum(),
        }
    stays = extracts.stays
    realised = extracts.truth["realised"]
    assert realised["won_count"] == (extracts.opportunities["IsWon"] == "true").sum()
    assert realised["open_count"] == (extracts.opportunities["IsClosed"] == "false").sum()
    assert realised["deleted_count"] == (extracts.opportunities["IsDeleted"] == "true").sum()
    assert (
        realised["reopen_count"]
        == stays.filter((pl.col("rank") == LOST) & pl.col("next_rank").is_not_null()).height
    )
    is_step = pl.col("rank") < WON
    assert (
        realised["regression_count"]
        == stays.filter(is_step & (pl.col("next_rank") < pl.col("rank"))).height
    )
    is_jump = is_step & pl.col("next_rank").is_between(pl.col("rank") + 2, WON)
    assert realised["skip_count"] == stays.filter(is_jump).height
    assert realised["same_second_change_count"] == (stays["seconds"] == 0).sum()
