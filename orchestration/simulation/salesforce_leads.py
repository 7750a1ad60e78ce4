"""Leads, their contacts and campaigns as Salesforce would export them: the tables of each night.

Belongs here: the columns of Lead, LeadHistory, Contact, OpportunityContactRole, Campaign and
CampaignMember, and the calls to leads. Does not belong here: how they came to be (`leads.py`,
`campaigns.py`), the other objects (`salesforce.py`).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import polars as pl

from orchestration.simulation.campaigns import CAMPAIGN_TYPES, ends_at
from orchestration.simulation.company import Company
from orchestration.simulation.leads import NOBODY, STATUSES
from orchestration.simulation.period import NEVER, Ints, day_of
from orchestration.simulation.salesforce_columns import (
    changed,
    choose,
    constant,
    days,
    instants,
    references,
)
from orchestration.simulation.salesforce_ids import salesforce_ids
from orchestration.simulation.truth import PLANTED


class LeadExport:
    """Renders the leads of one company; `tables(begin_s, end_s)` gives what one night holds."""

    def __init__(
        self, company: Company, user_ids: pl.Series, account_ids: pl.Series, ids: pl.Series
    ) -> None:
        self.company = company
        self._user_ids, self._account_ids, self._opportunity_ids = user_ids, account_ids, ids
        self._lead_ids = salesforce_ids("00Q", len(company.leads.created_at))
        self._contact_ids = salesforce_ids("003", company.leads.contact_count)
        self._campaign_ids = salesforce_ids("701", len(company.campaigns.starts_at))
        self._member_ids = salesforce_ids("00v", len(company.campaigns.joined_at))

    def tables(self, begin_s: int, end_s: int) -> dict[str, pl.DataFrame]:
        """What changed from one instant to another, as it stands at the second one."""
        return {
            "Lead": self._leads(begin_s, end_s),
            "LeadHistory": self._history(begin_s, end_s),
            "Contact": self._contacts(begin_s, end_s),
            "OpportunityContactRole": self._roles(begin_s, end_s),
            "Campaign": self._campaigns(begin_s, end_s),
            "CampaignMember": self._members(begin_s, end_s),
        }

    def campaigns_of(self, opportunities: Ints) -> pl.Series:
        """The id of the campaign that brought each opportunity, empty where none did."""
        leads, by_opportunity = self.company.leads, np.full(len(self._opportunity_ids), NOBODY)
        its = leads.converted
        by_opportunity[leads.opportunity[its]] = self.company.campaigns.lead_campaign[its]
        return references(self._campaign_ids, by_opportunity[opportunities])

    def calls(self, begin_s: int, end_s: int) -> tuple[Ints, pl.Series]:
        """The leads that were called for the first time, and whom the call is about at `end_s`."""
        leads = self.company.leads
        rows = changed(leads.first_call_at, begin_s, end_s)
        contact = np.where(leads.converted_at[rows] < end_s, self._contact_of_lead[rows], NOBODY)
        about = references(self._contact_ids, contact)
        return rows, about.fill_null(self._lead_ids.gather(rows))

    @cached_property
    def _contact_of_lead(self) -> Ints:
        leads = self.company.leads
        contact = np.full(len(leads.created_at), NOBODY)
        contact[leads.converted] = np.arange(leads.contact_count)
        return contact

    def _leads(self, begin_s: int, end_s: int) -> pl.DataFrame:
        leads = self.company.leads
        modified_at = leads.modified_at(end_s)
        rows = changed(modified_at, begin_s, end_s)
        is_converted = leads.converted_at[rows] < end_s
        opportunity = np.where(is_converted, leads.opportunity[rows], NOBODY)
        contact = np.where(is_converted, self._contact_of_lead[rows], NOBODY)
        account = np.where(is_converted, self.company.account[opportunity], NOBODY)
        return pl.DataFrame(
            {
                "Id": self._lead_ids.gather(rows),
                **self._person(rows),
                "Company": constant("Company of a lead", len(rows)),
                "Status": pl.Series(STATUSES).gather(leads.status(end_s)[rows]),
                "LeadSource": pl.Series(list(PLANTED.lead_sources)).gather(leads.lead_source[rows]),
                "OwnerId": self._user_ids.gather(leads.owner[rows]),
                "CreatedDate": instants(leads.created_at[rows]),
                "IsConverted": is_converted,
                "ConvertedDate": instants(
                    np.where(is_converted, leads.converted_at[rows], NEVER)
                ).cast(pl.Date),
                "ConvertedAccountId": references(self._account_ids, account),
                "ConvertedContactId": references(self._contact_ids, contact),
                "ConvertedOpportunityId": references(self._opportunity_ids, opportunity),
                "MasterRecordId": constant(None, len(rows)),
                "IsDeleted": np.zeros(len(rows), dtype=bool),
                "SystemModstamp": instants(modified_at[rows]),
            }
        )

    def _person(self, rows: Ints) -> dict[str, pl.Series]:
        persons = self.company.persons
        return {
            "Email": persons.emails.gather(rows),
            "FirstName": persons.first_names.gather(rows),
            "LastName": persons.last_names.gather(rows),
            "Phone": persons.phones.gather(rows),
        }

    def _history(self, begin_s: int, end_s: int) -> pl.DataFrame:
        """One row an entry into a later status; the first one is no change."""
        leads = self.company.leads
        entered = [(status, changed(at, begin_s, end_s), at) for status, at in leads.steps()]
        who = np.concatenate([rows for _, rows, _ in entered])
        at = np.concatenate([at[rows] for _, rows, at in entered])
        status = np.concatenate([np.full(len(rows), status) for status, rows, _ in entered])
        order = np.lexsort((who, at))
        who, at, status = who[order], at[order], status[order]
        return pl.DataFrame(
            {
                "Id": self._history_ids.gather(who * len(STATUSES) + status),
                "LeadId": self._lead_ids.gather(who),
                "Field": constant("Status", len(who)),
                "OldValue": constant(None, len(who)),
                "NewValue": pl.Series(STATUSES).gather(status),
                "CreatedDate": instants(at),
                "CreatedById": self._user_ids.gather(leads.owner[who]),
                "IsDeleted": np.zeros(len(who), dtype=bool),
            }
        )

    @cached_property
    def _history_ids(self) -> pl.Series:
        """One for each lead and status."""
        return salesforce_ids("017", len(self._lead_ids) * len(STATUSES))

    def _contacts(self, begin_s: int, end_s: int) -> pl.DataFrame:
        leads = self.company.leads
        converted_at = leads.converted_at[leads.converted]
        rows = changed(converted_at, begin_s, end_s)
        lead = leads.converted[rows]
        return pl.DataFrame(
            {
                "Id": self._contact_ids.gather(rows),
                "AccountId": self._account_ids.gather(
                    self.company.account[leads.opportunity[lead]]
                ),
                **self._person(lead),
                "Title": constant(None, len(rows)),
                "OwnerId": self._user_ids.gather(leads.owner[lead]),
                "CreatedDate": instants(converted_at[rows]),
                "MasterRecordId": constant(None, len(rows)),
                "IsDeleted": np.zeros(len(rows), dtype=bool),
                "SystemModstamp": instants(converted_at[rows]),
            }
        )

    def _roles(self, begin_s: int, end_s: int) -> pl.DataFrame:
        leads = self.company.leads
        converted_at = leads.converted_at[leads.converted]
        rows = changed(converted_at, begin_s, end_s)
        opportunity = leads.opportunity[leads.converted[rows]]
        return pl.DataFrame(
            {
                "Id": salesforce_ids("00K", len(converted_at)).gather(rows),
                "OpportunityId": self._opportunity_ids.gather(opportunity),
                "ContactId": self._contact_ids.gather(rows),
                "Role": constant("Decision Maker", len(rows)),
                "IsPrimary": np.ones(len(rows), dtype=bool),
                "CreatedDate": instants(converted_at[rows]),
                "IsDeleted": np.zeros(len(rows), dtype=bool),
            }
        )

    def _campaigns(self, begin_s: int, end_s: int) -> pl.DataFrame:
        starts_at = self.company.campaigns.starts_at
        rows = changed(starts_at, begin_s, end_s)
        kind = pl.Series(CAMPAIGN_TYPES).gather(rows % len(CAMPAIGN_TYPES))
        number = pl.Series(rows + 1).cast(pl.String)
        return pl.DataFrame(
            {
                "Id": self._campaign_ids.gather(rows),
                "Name": kind + " " + number,
                "Type": kind,
                "Status": constant("In Progress", len(rows)),
                "StartDate": days(day_of(starts_at[rows])),
                "EndDate": days(day_of(ends_at(starts_at[rows]))),
                "ParentId": constant(None, len(rows)),
                "SystemModstamp": instants(starts_at[rows]),
            }
        )

    def _members(self, begin_s: int, end_s: int) -> pl.DataFrame:
        campaigns = self.company.campaigns
        rows = changed(campaigns.joined_at, begin_s, end_s)
        joined_at, has_responded = campaigns.joined_at[rows], campaigns.has_responded[rows]
        return pl.DataFrame(
            {
                "Id": self._member_ids.gather(rows),
                "CampaignId": self._campaign_ids.gather(campaigns.campaign[rows]),
                "LeadId": references(self._lead_ids, campaigns.lead[rows]),
                "ContactId": references(self._contact_ids, campaigns.contact[rows]),
                "Status": choose(has_responded, "Responded", "Sent"),
                "HasResponded": has_responded,
                "FirstRespondedDate": instants(np.where(has_responded, joined_at, NEVER)).cast(
                    pl.Date
                ),
                "CreatedDate": instants(joined_at),
                "SystemModstamp": instants(joined_at),
            }
        )
