"""Nights as files: what a company tells is landed and loaded as a CRM's exports are.

Belongs here: company.yml, the source file of a mapped company, the tables of Salesforce, one run
after another. Does not belong here: what is told (telling.py), building and comparing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from orchestration.bronze.night import accept, heal, load_night
from orchestration.settings import Settings
from tests.integration.histories import around
from tests.integration.histories.company import Company
from tests.integration.histories.in_salesforce import salesforce_id
from tests.integration.histories.telling import File, Run, Telling
from tests.reference.landed import (
    Account,
    FieldChange,
    Opportunity,
    Options,
    Rate,
    Record,
    Split,
    Stage,
    User,
)
from tests.reference.stages import pipelines_of

Row = dict[str, Any]


def csv_text(rows: Iterable[Row], columns: Iterable[str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: "" if value is None else value for name, value in row.items()})
    return text.getvalue()


# --- a mapped source -------------------------------------------------------------------------

# Of each kind: canonical object, stem of its files, key, and fields by other names than ours.
MAPPED: dict[type, tuple[str, str, list[str], dict[str, str]]] = {
    Opportunity: (
        "opportunities", "opportunities", ["opportunity_id"], {"currency": "currency_code"},
    ),
    Record: (
        "opportunity_stage_history", "stage_changes", ["history_id"],
        {"record_id": "history_id", "at": "changed_at"},
    ),
    FieldChange: (
        "opportunity_field_history", "field_changes", ["history_id"],
        {"change_id": "history_id", "at": "changed_at"},
    ),
    Account: ("accounts", "accounts", ["account_id"], {}),
    User: ("users", "users", ["user_id"], {}),
    Rate: (
        "exchange_rates", "rates", ["currency_code", "valid_from"], {"currency": "currency_code"},
    ),
    Split: (
        "opportunity_splits", "splits", ["opportunity_id", "user_id", "split_type"],
        {"is_deleted": ""},
    ),
    **around.MAPPED,
}  # fmt: skip
STAGE_COLUMNS = ("pipeline", "stage", "stage_label", "rank", "kind", "is_qualifying")


def mapped_columns(kind: type) -> dict[str, str]:
    """Field of ours: canonical column, for all that a mapped source can say."""
    names = MAPPED[kind][3]
    fields = kind.__dataclass_fields__
    return {field: names.get(field, field) for field in fields if names.get(field, field)}


def mapped_file(file: File) -> tuple[str, str]:
    """Name and text."""
    columns = mapped_columns(file.kind)
    rows = ({columns[field]: getattr(row, field) for field in columns} for row in file.rows)
    return f"{MAPPED[file.kind][1]}{file.part}.csv", csv_text(rows, columns.values())


def stage_rows(stages: Iterable[Stage]) -> Iterable[Row]:
    for stage in stages:
        yield {
            "pipeline": stage.pipeline,
            "stage": stage.name,
            "stage_label": stage.label,
            "rank": stage.place if stage.kind == "open" else None,
            "kind": stage.kind,
            "is_qualifying": stage.is_qualifying,
        }


def source_file(company: Company) -> Row:
    """The user's mapping; columns that bear canonical names map to themselves."""
    objects: Row = {
        name: {
            "files": f"{stem}*.csv",
            "key": key,
            "columns": {column: column for column in mapped_columns(kind).values()},
        }
        for kind, (name, stem, key, _) in MAPPED.items()
    }
    habits = company.habits
    said = {
        "source": habits.source, "extract": habits.extract,
        "currency": company.options.reporting_currency, "objects": objects,
    }  # fmt: skip
    if habits.sends_stages:
        columns = {column: column for column in STAGE_COLUMNS}
        key = ["pipeline", "stage"]
        objects["stages"] = {"files": "stages.csv", "key": key, "columns": columns}
        return said
    pipelines = []
    for name, pipeline in pipelines_of(company.stages).items():
        ends = {
            kind: [stage for stage, its_kind in pipeline.kinds.items() if its_kind == kind]
            for kind in ("won", "lost")
        }
        pipelines.append({"name": name, "stages": list(pipeline.open_stages), **ends})
    return said | {"pipelines": pipelines}


# --- Salesforce ------------------------------------------------------------------------------


def stamp(instant: datetime | None) -> str | None:
    return None if instant is None else f"{instant.isoformat(timespec='milliseconds')}Z"


def salesforce_opportunity(row: Opportunity, kinds: dict[str, str]) -> Row:
    return {
        "Id": row.opportunity_id, "AccountId": row.account_id, "OwnerId": row.owner_id,
        "Name": row.opportunity_id, "StageName": row.stage, "Amount": row.amount,
        "CloseDate": row.close_date, "CreatedDate": stamp(row.created_at),
        "IsClosed": kinds[row.stage] != "open", "IsWon": kinds[row.stage] == "won",
        "IsDeleted": row.is_deleted, "Type": row.opportunity_type, "LeadSource": row.lead_source,
        "ForecastCategoryName": row.forecast_category, "Probability": None, "RecordTypeId": None,
        "CurrencyIsoCode": row.currency, "LastModifiedDate": None,
        "SystemModstamp": stamp(row.modified_at), "CampaignId": row.campaign_id,
    }  # fmt: skip


def salesforce_record(row: Record) -> Row:
    return {
        "Id": row.record_id, "OpportunityId": row.opportunity_id, "StageName": row.stage,
        "Amount": row.amount, "CloseDate": row.close_date, "Probability": None,
        "ForecastCategory": row.forecast_category, "ExpectedRevenue": None,
        "CreatedDate": stamp(row.at), "CreatedById": row.actor_id,
        "IsDeleted": around.lies_in_bin(row.record_id),
    }  # fmt: skip


def salesforce_change(row: FieldChange) -> Row:
    fields = {
        "stage": "StageName", "owner_id": "Owner", "amount": "Amount", "close_date": "CloseDate",
    }  # fmt: skip
    return {
        "Id": row.change_id, "OpportunityId": row.opportunity_id, "Field": fields[row.field],
        "OldValue": row.old_value, "NewValue": row.new_value, "CreatedDate": stamp(row.at),
        "CreatedById": row.actor_id, "IsDeleted": around.lies_in_bin(row.change_id),
        "DataType": "EntityId" if row.field == "owner_id" else "Text",
    }  # fmt: skip


def salesforce_account(row: Account) -> Row:
    return {
        "Id": row.account_id, "Name": row.account_name, "ParentId": row.parent_id,
        "OwnerId": row.owner_id, "Industry": row.industry,
        "NumberOfEmployees": row.employee_count, "AnnualRevenue": row.annual_revenue,
        "Type": row.account_type, "BillingCountry": row.country,
        "MasterRecordId": row.merged_into_id, "IsDeleted": row.is_deleted,
        "SystemModstamp": stamp(row.modified_at),
    }  # fmt: skip


def salesforce_user(row: User) -> Row:
    return {
        "Id": row.user_id, "Name": row.user_name, "Email": None, "IsActive": row.is_active,
        "UserRoleId": None, "ManagerId": row.manager_id, "ProfileId": None, "Department": row.team,
        "TimeZoneSidKey": None, "CreatedDate": f"{row.hired_date}T17:00:00.000Z",
        "Title": row.role, "SystemModstamp": stamp(row.modified_at),
    }  # fmt: skip


def salesforce_split(row: Split) -> Row:
    return {
        "Id": f"1Tl{row.opportunity_id[-7:]}{row.user_id[-7:]}{(row.split_type or '0')[-1]}",
        "OpportunityId": row.opportunity_id, "SplitOwnerId": row.user_id,
        "SplitTypeId": row.split_type,
        "SplitPercentage": row.share * 100, "IsDeleted": row.is_deleted,
    }  # fmt: skip


def salesforce_rate(row: Rate) -> Row:
    return {
        "IsoCode": row.currency, "StartDate": row.valid_from, "NextStartDate": None,
        "ConversionRate": row.rate,
    }  # fmt: skip


def salesforce_stage(stage: Stage, number: int) -> Row:
    return {
        "Id": salesforce_id("01J", str(number)), "ApiName": stage.name,
        "MasterLabel": stage.label or stage.name, "SortOrder": stage.place, "IsActive": True,
        "IsClosed": stage.kind != "open", "IsWon": stage.kind == "won",
        "DefaultProbability": None, "ForecastCategoryName": None,
    }  # fmt: skip


# Of each kind: object, name of its files, and its columns.
SALESFORCE: dict[type, tuple[str, str, Callable[[Any], Row]]] = {
    Record: ("opportunity_history", "OpportunityHistory", salesforce_record),
    FieldChange: ("opportunity_field_change", "OpportunityFieldHistory", salesforce_change),
    Account: ("account", "Account", salesforce_account),
    User: ("user", "User", salesforce_user),
    Split: ("opportunity_split", "OpportunitySplit", salesforce_split),
    Rate: ("dated_conversion_rate", "DatedConversionRate", salesforce_rate),
    **around.SALESFORCE,
}


def salesforce_file(file: File, company: Company) -> tuple[str, str]:
    """Name and text."""
    if file.kind is Opportunity:
        kinds = {stage.name: stage.kind for stage in company.stages}
        name, rows = "Opportunity", [salesforce_opportunity(row, kinds) for row in file.rows]
    else:
        _, name, row_of = SALESFORCE[file.kind]
        rows = list(map(row_of, file.rows))
    return f"{name}{file.part}.csv", csv_text(rows, rows[0])


def object_of(kind: type, is_salesforce: bool) -> str:
    """The name by which the ledger knows rows of a kind."""
    if not is_salesforce:
        return MAPPED[kind][0]
    return "opportunity" if kind is Opportunity else SALESFORCE[kind][0]


# --- landing and loading ---------------------------------------------------------------------


def company_file(options: Options) -> Row:
    """What the companies of a warehouse decided for themselves."""
    return {
        "reporting_currency": options.reporting_currency,
        "business_time_zone": options.time_zone,
        "fiscal_year_start_month": options.fiscal_calendar.start_month,
        "qualified_rank": options.qualified_rank,
        "reopen_grace_days": options.reopen_grace_days,
        "migration_share": float(options.migration_share),
        "migration_count": options.migration_count,
        "no_decision_reasons": list(options.no_decision_reasons),
        **{
            f"{meaning}_lead_statuses": [
                status for status, its in options.lead_meanings if its == meaning
            ]
            for meaning in ("mql", "sql", "disqualified")
        },
        "campaign_touches": options.campaign_touches,
        "campaign_lookback_days": options.campaign_lookback_days,
    }


def set_up(settings: Settings, companies: Iterable[Company]) -> None:
    """What stands in a home before the first night."""
    settings.user_sources.mkdir(parents=True)
    settings.company.unlink(missing_ok=True)
    mappings = []
    for company in companies:
        if company.options != Options():
            said = yaml.safe_dump(company_file(company.options))
            settings.company.write_text(said, encoding="utf-8")
        source = company.habits.source
        if not company.habits.is_salesforce:
            text = yaml.safe_dump(source_file(company), sort_keys=False)
            (settings.user_sources / f"{source}.yml").write_text(text, encoding="utf-8")
        mappings += [{"source_system": source} | vars(one) for one in company.stage_map]
    columns = ("source_system", "pipeline", "stage", "valid_from", "valid_to", "canonical_stage")
    if mappings:
        path = settings.user_sources / "stage_map.csv"
        path.write_text(csv_text(mappings, columns), encoding="utf-8")
    heal(settings)


def land(settings: Settings, company: Company, run: Run) -> None:
    """Write the files of a run; a corrected one takes the place of the one before."""
    source = settings.landing / company.habits.source
    for file in run.files:
        is_salesforce = company.habits.is_salesforce
        name, text = salesforce_file(file, company) if is_salesforce else mapped_file(file)
        write(source / str(file.night) / name, text)
    for name, text in lists_of(company):
        write(source / str(run.night) / name, text)
    (source / str(run.night)).mkdir(parents=True, exist_ok=True)
    (source / str(run.night) / "_SUCCESS").touch()


def lists_of(company: Company) -> Iterable[tuple[str, str]]:
    """What is the same each night."""
    if company.habits.is_salesforce:
        stages = [salesforce_stage(one, number) for number, one in enumerate(company.stages)]
        yield "OpportunityStage.csv", csv_text(stages, stages[0])
        currency = company.options.reporting_currency
        yield "CurrencyType.csv", f"IsoCode,ConversionRate,IsCorporate\n{currency},1,true\n"
    elif company.habits.sends_stages:
        yield "stages.csv", csv_text(stage_rows(company.stages), STAGE_COLUMNS)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def load(settings: Settings, telling: Telling, number: int) -> None:
    """Land one run and load it, older nights first; nothing may be refused."""
    run, source = telling.runs[number], telling.habits.source
    land(settings, telling.company, run)
    for night in sorted({run.night, *(file.night for file in run.files)}):
        loads = load_night(settings, night, f"run {number}", source)
    refused = [
        one for one in loads if one.status != "duplicate" and (one.error or one.rows_quarantined)
    ]
    assert not refused, refused
    accept(settings)
