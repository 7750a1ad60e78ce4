"""What a company decides for itself: its currency, its time zone, its calendar, its rules.

It stands in `company.yml` below `FLYWHEEL_HOME`, where an upgrade does not touch it, and reaches
the models as dbt's variables. What the file does not say is as in dbt_project.yml.

Belongs here: the words of that file, their form, and how they reach dbt. Does not belong here: what
a word changes in a table (dbt_project/), places and limits of this machine (settings.py).
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import available_timezones

from pydantic import Field, ValidationError, field_validator

from orchestration.sources.document import read_document
from orchestration.sources.explain import Explainer
from orchestration.sources.file_options import Strict, TextList
from orchestration.sources.mistakes import did_you_mean


class CompanyFileError(Exception):
    """company.yml says something that cannot be carried out; the text names line and remedy."""


class Company(Strict):
    """The words of company.yml; their defaults are those of dbt_project.yml."""

    reporting_currency: str = Field(
        default="USD", pattern="^[A-Z]{3}$", description="Currency of every `amount` (ISO 4217)."
    )
    plan_rate_date: date | None = Field(
        default=None,
        description="Day whose rates are the plan rates, else the first one of the fiscal year.",
    )
    business_time_zone: str = Field(
        default="UTC", description="Where a day begins and ends: Europe/Berlin, America/New_York."
    )
    fiscal_year_start_month: int = Field(
        default=1, ge=1, le=12, description="Month in which the fiscal year starts, 1 to 12."
    )
    fiscal_year_named_by: Literal["end", "start"] = Field(
        default="end", description="Which calendar year names it: the one of its `end` or `start`."
    )
    fiscal_calendar: Literal["gregorian", "4-4-5", "4-5-4", "5-4-4"] = Field(
        default="gregorian", description="Months of the calendar, or whole weeks."
    )
    fiscal_week_start: int = Field(
        default=1, ge=1, le=7, description="First day of the fiscal week, 1 Monday to 7 Sunday."
    )
    fiscal_year_anchor: Literal["last", "nearest"] = Field(
        default="last",
        description="A year of whole weeks ends with the `last` week that ends in the month before "
        "the start month, or with the week whose end is `nearest` to the end of that month.",
    )
    qualified_rank: int = Field(
        default=2, ge=1, description="Rank of the stage that qualifies, where the source says none."
    )
    reopen_grace_days: float = Field(
        default=7, ge=0, description="A close that was reversed within so many days was none."
    )
    migration_count: int = Field(
        default=20, ge=1, description="A bulk move of fewer opportunities is no migration."
    )
    migration_share: float = Field(
        default=0.2, ge=0, le=1, description="Nor is one of at most this share of the open ones."
    )

    no_decision_reasons: list[str] = Field(
        default=[],
        description="Loss reasons, or names or ids of lost stages, by which nobody was chosen.",
    )
    mql_lead_statuses: TextList = Field(
        default=["MQL", "Marketing Qualified"],
        description="Statuses of leads that marketing qualified, where a CRM cannot say so.",
    )
    sql_lead_statuses: TextList = Field(
        default=["SQL", "Sales Qualified", "Qualified"],
        description="Statuses of leads that sales accepted.",
    )
    disqualified_lead_statuses: TextList = Field(
        default=["Closed - Not Converted", "Unqualified", "Disqualified"],
        description="Statuses of leads that will become no opportunity.",
    )
    campaign_touches: Literal["all", "responded"] = Field(
        default="all",
        description="Which parts in a campaign touch somebody: `all`, or those `responded` to.",
    )
    campaign_lookback_days: float = Field(
        default=365,
        ge=0,
        description="Days before its creation in which a campaign may have touched an opportunity.",
    )

    @field_validator("business_time_zone")
    @classmethod
    def _time_zone_exists(cls, name: str) -> str:
        # `localtime` is that of the machine: the same extracts would give other marts elsewhere.
        zones = available_timezones() - {"localtime"}
        if name not in zones:
            meant = did_you_mean(name, sorted(zones)) or "its names are like Europe/Berlin"
            raise ValueError(f"there is no time zone named `{name}`; {meant}")
        return name

    @field_validator("plan_rate_date", mode="before")
    @classmethod
    def _day_is_written_plainly(cls, text: Any) -> Any:
        """Pydantic would take 20250131 for seconds since 1970."""
        if not isinstance(text, str):
            return text
        try:
            return datetime.strptime(text, "%Y-%m-%d").date()
        except ValueError as error:
            raise ValueError(f"`{text}` is no day; a day is written like 2025-01-31") from error

    @property
    def variables(self) -> dict[str, Any]:
        """What the file says, as dbt's variables."""
        return self.model_dump(mode="json", exclude_unset=True, exclude_none=True)


_EXPLAINER = Explainer(
    root=Company,
    parts={Company: "company.yml"},
    patterns={"reporting_currency": "the three capital letters of a currency, like USD"},
)


def read_company(path: Path) -> Company:
    """What the company has decided; all defaults where there is no file.

    Raises CompanyFileError with every mistake on a line of its own, as `file:line:column: word:
    what is wrong; what to do`.
    """
    if not path.exists():
        return Company()
    document = read_document(path)
    mistakes, company = set(document.mistakes), Company()
    try:
        company = Company.model_validate({} if document.said is None else document.said)
    except ValidationError as error:
        mistakes |= {_EXPLAINER.mistake(document, problem) for problem in error.errors()}
    if mistakes:
        raise CompanyFileError("\n".join(f"{path}:{mistake}" for mistake in sorted(mistakes)))
    return company
