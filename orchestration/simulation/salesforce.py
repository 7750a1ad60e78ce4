"""The company as Salesforce would export it: the tables of each night.

Belongs here: the columns of each object, their spelling, and which rows a night carries. Does not
belong here: how the company came to be (`company.py`), and files (`landing.py`).

The first night carries all records in their state at the end of that day, and all history up to
it. A later night carries the records created or changed on that day, in their state at its end,
and the history rows of that day. The stages are always whole.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from orchestration.simulation.accounts import COUNTRIES, INDUSTRIES
from orchestration.simulation.company import Company
from orchestration.simulation.lives import NO_AMOUNT
from orchestration.simulation.opportunities import PRODUCTS
from orchestration.simulation.people import REP_COUNT, TEAMS, TIME_ZONES, VICE_PRESIDENT, email
from orchestration.simulation.period import NEVER, Ints, day_of, iso_date
from orchestration.simulation.salesforce_columns import (
    changed,
    choose,
    constant,
    days,
    instants,
    money,
    references,
)
from orchestration.simulation.salesforce_ids import salesforce_ids
from orchestration.simulation.salesforce_leads import LeadExport
from orchestration.simulation.tasks import SUBJECTS
from orchestration.simulation.truth import PLANTED, WON_RANK, RepTruth

OBJECTS = (
    "Opportunity", "OpportunityHistory", "OpportunityStage", "Account", "User", "Task", "Lead",
    "LeadHistory", "Contact", "OpportunityContactRole", "Campaign", "CampaignMember", "Product2",
    "OpportunityLineItem",
)  # fmt: skip

_STAGES = pl.DataFrame(
    {
        "name": [stage.name for stage in PLANTED.stages] + ["Closed Won", "Closed Lost"],
        "probability": [10, 10, 20, 75, 90, 100, 0],
        "category": ["Pipeline"] * 3 + ["Best Case", "Commit", "Closed", "Omitted"],
        # OpportunityHistory spells the categories as the API does, Opportunity as people do.
        "api_category": ["Pipeline"] * 3 + ["BestCase", "Forecast", "Closed", "Omitted"],
    }
)
_NO_RECORD_TYPE = "012000000000000AAA"  # what Salesforce writes where record types are not used


class SalesforceExport:
    """Renders one company; `tables(night)` gives what the export of one night holds."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self._user_ids = salesforce_ids("005", len(company.people.names))
        self._opportunity_ids = salesforce_ids("006", len(company.account))
        self._account_ids = salesforce_ids("001", len(company.accounts.created_at))
        calls = len(company.leads.created_at)
        self._task_ids = salesforce_ids("00T", len(company.tasks.created_at) + calls)
        self._product_ids = salesforce_ids("01t", len(PRODUCTS))
        self._line_ids = salesforce_ids("00k", len(company.lines.opportunity))
        self._leads = LeadExport(company, self._user_ids, self._account_ids, self._opportunity_ids)
        self._is_history = ~company.changes.is_deletion
        self._history_ids = salesforce_ids("008", int(self._is_history.sum()))
        self._history_number = np.cumsum(self._is_history) - 1

    def tables(self, night: int) -> dict[str, pl.DataFrame]:
        """One frame per object of `OBJECTS`, for night number `night` (0 = first)."""
        end_s = self.company.period.night_end_s(night)
        begin_s = -NEVER if night == 0 else self.company.period.night_end_s(night - 1)
        first, last = np.searchsorted(self.company.changes.at, [begin_s, end_s])
        changes = np.arange(first, last)
        return {
            "Opportunity": self._opportunities(changes),
            "OpportunityHistory": self._history(changes[self._is_history[first:last]], end_s),
            "OpportunityStage": _stage_table(),
            "Account": self._accounts(begin_s, end_s),
            "User": self._users(begin_s, end_s),
            "Task": pl.concat([self._tasks(begin_s, end_s), self._calls(begin_s, end_s)]),
            **self._leads.tables(begin_s, end_s),
            "Product2": self._products(begin_s, end_s),
            "OpportunityLineItem": self._lines(begin_s, end_s),
        }

    def rep_truths(self) -> list[RepTruth]:
        """The planted skill of each rep under the id that the extracts know the rep by."""
        people = self.company.people
        return [
            RepTruth(
                user_id=self._user_ids[rep],
                logit_shift=float(people.logit_shift[rep]),
                kind=people.kind[rep],
                team=TEAMS[people.team[rep]],
                hired_date=iso_date(people.hired_at[rep]),
                left_date=None if people.left_at[rep] == NEVER else iso_date(people.left_at[rep]),
            )
            for rep in range(REP_COUNT)
        ]

    def _opportunities(self, changes: Ints) -> pl.DataFrame:
        """The newest after-image of each opportunity among `changes`."""
        _, from_the_end = np.unique(
            self.company.changes.opportunity[changes][::-1], return_index=True
        )
        newest = changes[len(changes) - 1 - from_the_end]
        image = self.company.changes
        who = image.opportunity[newest]
        rank = image.rank[newest]
        drawn = self.company.opportunities
        account = self.company.account[who]
        product = pl.Series(PRODUCTS).gather(drawn.product[who])
        modified_at = instants(image.at[newest])
        return pl.DataFrame(
            {
                "Id": self._opportunity_ids.gather(who),
                "AccountId": self._account_ids.gather(account),
                "OwnerId": self._user_ids.gather(drawn.owner[who]),
                "Name": self.company.accounts.name.gather(account) + " - " + product,
                "StageName": _by_rank("name", rank),
                "Amount": money(image.amount_cents[newest]),
                "CloseDate": days(image.close_day[newest]),
                "CreatedDate": instants(drawn.created_at[who]),
                "IsClosed": rank >= WON_RANK,
                "IsWon": rank == WON_RANK,
                "IsDeleted": image.is_deletion[newest],
                "Type": choose(
                    self.company.opens_account[who], "New Business", "Existing Business"
                ),
                "LeadSource": pl.Series(list(PLANTED.lead_sources)).gather(drawn.lead_source[who]),
                "ForecastCategoryName": _by_rank("category", rank),
                "Probability": _by_rank("probability", rank),
                "RecordTypeId": constant(_NO_RECORD_TYPE, len(who)),
                "CurrencyIsoCode": constant("USD", len(who)),
                "LastModifiedDate": modified_at,
                "SystemModstamp": modified_at,
                "CreatedById": self._user_ids.gather(drawn.creator[who]),
                "CampaignId": self._leads.campaigns_of(who),
            }
        )

    def _history(self, changes: Ints, end_s: int) -> pl.DataFrame:
        image = self.company.changes
        drawn = self.company.opportunities
        who = image.opportunity[changes]
        rank = image.rank[changes]
        amount_cents = image.amount_cents[changes]
        probability = _STAGES["probability"].to_numpy()[rank - 1]
        expected_cents = np.where(
            amount_cents == NO_AMOUNT, NO_AMOUNT, (amount_cents * probability + 50) // 100
        )
        actor = np.where(image.previous_rank[changes] == 0, drawn.creator[who], drawn.owner[who])
        return pl.DataFrame(
            {
                "Id": self._history_ids.gather(self._history_number[changes]),
                "OpportunityId": self._opportunity_ids.gather(who),
                "StageName": _by_rank("name", rank),
                "Amount": money(amount_cents),
                "CloseDate": days(image.close_day[changes]),
                "Probability": pl.Series(probability),
                "ForecastCategory": _by_rank("api_category", rank),
                "ExpectedRevenue": money(expected_cents),
                "CreatedDate": instants(image.at[changes]),
                "CreatedById": self._user_ids.gather(actor),
                "IsDeleted": drawn.deleted_at[who] < end_s,
            }
        )

    def _accounts(self, begin_s: int, end_s: int) -> pl.DataFrame:
        accounts = self.company.accounts
        modified_at = accounts.modified_at(end_s)
        rows = changed(modified_at, begin_s, end_s)
        employee_count = np.where(
            accounts.resized_at < end_s, accounts.later_employee_count, accounts.employee_count
        )[rows]
        is_merged = accounts.merged_at[rows] < end_s
        master = np.where(is_merged, accounts.merged_into[rows], -1)
        return pl.DataFrame(
            {
                "Id": self._account_ids.gather(rows),
                "Name": accounts.name.gather(rows),
                "ParentId": references(self._account_ids, accounts.parent[rows]),
                "OwnerId": self._user_ids.gather(accounts.owner[rows]),
                "Industry": pl.Series(INDUSTRIES).gather(accounts.industry[rows]),
                "NumberOfEmployees": employee_count,
                "AnnualRevenue": money(
                    100 * employee_count * accounts.revenue_per_employee[rows].astype(np.int64)
                ),
                "Type": choose(accounts.is_customer[rows], "Customer", "Prospect"),
                "BillingCountry": pl.Series(COUNTRIES).gather(accounts.country[rows]),
                "MasterRecordId": references(self._account_ids, master),
                "IsDeleted": is_merged,
                "SystemModstamp": instants(modified_at[rows]),
            }
        )

    def _users(self, begin_s: int, end_s: int) -> pl.DataFrame:
        people = self.company.people
        hired = np.where(people.hired_at < end_s, people.hired_at, NEVER)
        moved = np.where(people.moved_at < end_s, people.moved_at, hired)
        modified_at = np.where(people.left_at < end_s, people.left_at, moved)
        rows = changed(modified_at, begin_s, end_s)
        team = np.where(people.moved_at < end_s, people.later_team, people.team)[rows]
        is_rep = rows < REP_COUNT
        manager = np.where(is_rep, REP_COUNT + team, VICE_PRESIDENT)
        manager[rows == VICE_PRESIDENT] = -1
        role = np.where(rows == VICE_PRESIDENT, 2, np.where(is_rep, 0, 1))
        names = [people.names[row] for row in rows]
        return pl.DataFrame(
            {
                "Id": self._user_ids.gather(rows),
                "Name": pl.Series(names, dtype=pl.String),
                "Email": pl.Series([email(name) for name in names], dtype=pl.String),
                "IsActive": people.left_at[rows] >= end_s,
                "UserRoleId": salesforce_ids("00E", 3).gather(role),
                "ManagerId": references(self._user_ids, manager),
                "ProfileId": salesforce_ids("00e", 2).gather(np.where(is_rep, 0, 1)),
                "Department": references(pl.Series(TEAMS), team),
                "TimeZoneSidKey": pl.Series(TIME_ZONES).gather(np.maximum(team, 0)),
                "CreatedDate": instants(people.hired_at[rows]),
            }
        )

    def _tasks(self, begin_s: int, end_s: int) -> pl.DataFrame:
        tasks = self.company.tasks
        rows = changed(tasks.modified_at(end_s), begin_s, end_s)
        who = tasks.opportunity[rows]
        is_done = tasks.completed_at[rows] < end_s
        return pl.DataFrame(
            {
                "Id": self._task_ids.gather(rows),
                "WhoId": constant(None, len(rows)),
                "WhatId": self._opportunity_ids.gather(who),
                "AccountId": self._account_ids.gather(self.company.account[who]),
                "OwnerId": self._user_ids.gather(self.company.opportunities.owner[who]),
                "Subject": pl.Series(SUBJECTS).gather(tasks.subject[rows]),
                "CreatedDate": instants(tasks.created_at[rows]),
                "IsDeleted": np.zeros(len(rows), dtype=bool),
                "ActivityDate": days(day_of(tasks.due_at[rows])),
                "Status": choose(is_done, "Completed", "Not Started"),
                "IsClosed": is_done,
                "TaskSubtype": choose(tasks.is_email[rows], "Email", "Call"),
                "CompletedDateTime": instants(np.where(is_done, tasks.completed_at[rows], NEVER)),
            }
        )

    def _calls(self, begin_s: int, end_s: int) -> pl.DataFrame:
        """First calls to leads, as tasks behind those of opportunities."""
        leads = self.company.leads
        rows, about = self._leads.calls(begin_s, end_s)
        called_at = leads.first_call_at[rows]
        return pl.DataFrame(
            {
                "Id": self._task_ids.gather(len(self.company.tasks.created_at) + rows),
                "WhoId": about,
                "WhatId": constant(None, len(rows)),
                "AccountId": constant(None, len(rows)),
                "OwnerId": self._user_ids.gather(leads.owner[rows]),
                "Subject": "Call " + self.company.persons.names.gather(rows),
                "CreatedDate": instants(called_at),
                "IsDeleted": np.zeros(len(rows), dtype=bool),
                "ActivityDate": days(day_of(called_at)),
                "Status": constant("Completed", len(rows)),
                "IsClosed": np.ones(len(rows), dtype=bool),
                "TaskSubtype": constant("Call", len(rows)),
                "CompletedDateTime": instants(called_at),
            }
        )

    def _products(self, begin_s: int, end_s: int) -> pl.DataFrame:
        """All of them are as old as the history."""
        rows = changed(np.full(len(PRODUCTS), self.company.period.start_s), begin_s, end_s)
        return pl.DataFrame(
            {
                "Id": self._product_ids.gather(rows),
                "Name": pl.Series(PRODUCTS).gather(rows),
                "IsActive": np.ones(len(rows), dtype=bool),
            }
        )

    def _lines(self, begin_s: int, end_s: int) -> pl.DataFrame:
        lines = self.company.lines
        rows = changed(lines.created_at, begin_s, end_s)
        quantity, total_cents = lines.quantity[rows], lines.total_cents[rows]
        return pl.DataFrame(
            {
                "Id": self._line_ids.gather(rows),
                "OpportunityId": self._opportunity_ids.gather(lines.opportunity[rows]),
                "Product2Id": self._product_ids.gather(lines.product[rows]),
                "Quantity": quantity,
                "UnitPrice": money(total_cents // quantity),
                "TotalPrice": money(total_cents),
                "IsDeleted": np.zeros(len(rows), dtype=bool),
                "SystemModstamp": instants(lines.created_at[rows]),
            }
        )


def _by_rank(column: str, rank: Ints) -> pl.Series:
    return _STAGES[column].gather(rank - 1)


def _stage_table() -> pl.DataFrame:
    rank = np.arange(1, len(_STAGES) + 1)
    return pl.DataFrame(
        {
            "Id": salesforce_ids("01J", len(_STAGES)),
            "ApiName": _STAGES["name"],
            "MasterLabel": _STAGES["name"],
            "SortOrder": rank,
            "IsActive": np.ones(len(_STAGES), dtype=bool),
            "IsClosed": rank >= WON_RANK,
            "IsWon": rank == WON_RANK,
            "DefaultProbability": _STAGES["probability"],
            "ForecastCategoryName": _STAGES["category"],
        }
    )
