"""A source file drafted from exports: what is found out, what is left to the person, what loads.

Belongs here: drafts from small exports in the style of each CRM, loaded through bronze.
Does not belong here: real exports (tests/real_data/), what a source file may say.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from orchestration.bronze.night import load_night, write_contract_files
from orchestration.commands.sources import sources_app
from orchestration.extracts.ledger import Load
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.sources.catalog import canonical_objects, load_sources
from orchestration.sources.check import check_text
from orchestration.sources.drafting.dates import DateGuess, guess_dates
from orchestration.sources.drafting.mapping import file_patterns, match_samples
from orchestration.sources.drafting.numbers import NumberStyle, money_signs, number_style
from orchestration.sources.drafting.samples import Sample
from orchestration.sources.drafting.sniffing import sniff
from orchestration.sources.drafting.stages import kind_of
from orchestration.sources.drafting.vocabulary import vocabulary
from orchestration.sources.infer import Inferred, infer_source, source_name
from tests.conftest import land

NIGHT = date(2025, 3, 1)
Files = dict[str, str | bytes]

PIPEDRIVE: Files = {
    "deals-1234-56.csv": """\
Deal - ID,Deal - Title,Deal - Value,Deal - Currency of Value,Deal - Organization ID,Deal - Owner,\
Deal - Pipeline,Deal - Stage,Deal - Status,Deal - Deal created,Deal - Won time,Deal - Lost time,\
Deal - Lost reason,Deal - Label
1,Alpha,1000,EUR,11,Max,Sales,Proposal Made,Won,2025-01-03 10:00:00,2025-02-03 10:00:00,,,
2,Beta,2500.50,EUR,12,Eva,Sales,Qualified,Open,2025-01-04 11:00:00,,,,Hot
3,Gamma,300,EUR,13,Max,Sales,Demo Scheduled,Lost,2025-01-05 12:00:00,,2025-02-05 10:00:00,Price,
4,Delta,400,EUR,11,Eva,Sales,Proposal Made,Open,2025-01-06 12:00:00,,,,
5,Epsilon,500,EUR,14,Eva,Renewals,Contact Made,Open,2025-01-16 12:00:00,,,,
""",
    "organizations-1234-57.csv": """\
Organization - ID,Organization - Name,Organization - Address - Country
11,Acme,Germany
12,Bolt,France
13,Core,
14,Dunn,
""",
}
ZOHO: Files = {
    "Deals.csv": """\
Record Id,Deal Owner,Deal Name,Account Name.id,Account Name,Amount,Stage,Closing Date,\
Probability (%),Lead Source,Created Time,Pipeline
z1,Ann,Big,a1,Acme,$ 12000.00,Qualification,2025-04-30,10,Web,2025-01-03 10:00:00,Standard
z2,Bob,Mid,a2,Bolt,$ 800.50,Needs Analysis,2025-04-12,20,Call,2025-01-04 10:00:00,Standard
z3,Ann,Won,a1,Acme,$ 5000.00,Closed Won,2025-02-28,100,Web,2025-01-05 10:00:00,Standard
z4,Ann,No,a2,Bolt,$ 700.00,Closed Lost to Competition,2025-02-20,0,Web,2025-01-06 10:00:00,Standard
z5,Ann,Prop,a2,Bolt,$ 700.00,Proposal/Price Quote,2025-05-20,75,Web,2025-01-06 10:00:00,Standard
""",
    "Stage_History.csv": """\
Deal Id,Stage,Amount,Modified Time,Modified By
z3,Qualification,5000,2025-01-05 10:00:00,Ann
z3,Needs Analysis,5000,2025-01-15 10:00:00,Ann
z3,Closed Won,5000,2025-02-28 10:00:00,Ann
""",
    "Accounts.csv": """\
Record Id,Account Name,Industry,Employees,Annual Revenue,Billing Country,Parent Account
a1,Acme,Tech,100,"$ 1,000,000.00",Germany,
a2,Bolt,Tech,1000,"$ 2,000,000.00",Germany,
""",
}
DYNAMICS: Files = {
    "My Open Opportunities 1-2-2025 3-45-10 PM.csv": """\
(Do Not Modify) Opportunity,(Do Not Modify) Modified On,Topic,Potential Customer,Owner,\
Est. Revenue,Est. Close Date,Actual Close Date,Status,Pipeline Phase,Created On
a1,1/2/2025 3:45 PM,Server,Acme,Ann,"$12,000.00",4/30/2025,,Open,2-Develop,12/24/2024 9:00 AM
a2,1/2/2025 3:45 PM,Laptop,Bolt,Bob,"$2,500.50",3/15/2025,1/15/2025,Won,3-Propose,11/24/2024 9:00 AM
a3,1/2/2025 3:45 PM,Phones,Core,Ann,$800.00,2/28/2025,1/20/2025,Lost,2-Develop,10/14/2024 9:00 AM
a4,1/2/2025 3:45 PM,Chairs,Core,Ann,$800.00,2/28/2025,,Open,1-Qualify,10/14/2024 9:00 AM
""",
}
CLOSE: Files = {
    "opportunities.csv": """\
id,lead_id,status_label,status_type,pipeline_name,value,value_currency,confidence,date_created,\
date_won,date_lost,user_id
o1,l1,Demo Completed,active,Sales,50000,USD,50,2025-01-03T10:00:00+00:00,,,u1
o2,l2,Signed Off,won,Sales,50000,USD,100,2025-01-03T10:00:00+00:00,2025-02-03,,u1
o3,l2,Ghosted,lost,Sales,50000,USD,0,2025-01-03T10:00:00+00:00,,2025-02-13,u1
o4,l2,Contract Sent,active,Sales,50000,USD,80,2025-01-03T10:00:00+00:00,,,u1
""",
}
COPPER: Files = {
    "opportunities.csv": """\
Opportunity Id,Name,Company,Company Id,Owned By,Pipeline,Stage,Status,Value,Currency,Close Date,\
Created At,Loss Reason
1,A,Acme,7,Max,Sales,First Meeting,Open,1000.0,USD,06/30/2025,01/13/2025,
2,B,Bolt,8,Max,Sales,Proposal,Won,1000.0,USD,02/15/2025,01/03/2025,
3,C,Core,9,Max,Sales,Qualified,Abandoned,1000.0,USD,02/15/2025,01/03/2025,No budget
""",
}
FRESHSALES: Files = {
    "deals.csv": """\
Id,Name,Deal value,Deal stage,Deal pipeline,Expected close,Closed date,Sales owner,Sales account,\
Created at
1,A,1000,New,Default,30 Jun 2025,,Ann,Acme,03 Jan 2025 10:00
2,B,1000,Won,Default,30 Jan 2025,15 Feb 2025,Ann,Acme,03 Jan 2025 10:00
3,C,1000,Lost,Default,30 Mar 2025,15 Feb 2025,Ann,Acme,03 Jan 2025 10:00
4,D,1000,Negotiation,Default,30 Mar 2025,,Ann,Acme,03 Jan 2025 10:00
""",
}
GERMAN: Files = {
    "Verkaufschancen.csv": """\
Bericht: Verkaufschancen;;;;;;;
Stand 31.03.2025;;;;;;;

Vorgangsnummer;Kunde;Betrag (EUR);Phase;Erstellt am;Abschlussdatum;Zuständig;Verlustgrund
V-1;Müller GmbH;1.234,50 €;Angebot;03.01.2025;30.04.2025;Jörg;
V-2;Schmidt AG;12.000,00 €;Gewonnen;04.01.2025;28.02.2025;Jörg;k.A.
V-3;Bäcker KG;800,00 €;Verloren;05.01.2025;15.02.2025;Änne;Preis
V-4;Otto;950,00 €;Erstgespräch;06.01.2025;15.05.2025;Änne;
Gesamt;;14.984,50 €;;;;;
""".encode("cp1252"),
}
SPANISH: Files = {
    "oportunidades.csv": """\
Oportunidad;Empresa;Importe;Etapa;Fecha de creación;Fecha de cierre;Propietario
A;Acme;1.500,00;Propuesta;02/03/2025;30/04/2025;Ana
B;Bolt;250,5;Ganada;01/02/2025;05/03/2025;Luis
C;Core;99;Perdida;03/02/2025;06/03/2025;Luis
""",
}
FRENCH: Files = {
    "affaires.csv": """\
Affaire;Société;Montant;Étape;Date de création;Date de clôture;Commercial
A;Acme;1 500,00;Proposition;02/03/2025;23/04/2025;Ana
B;Bolt;250,5;Gagnée;01/02/2025;05/03/2025;Luis
C;Core;99;Perdue;03/02/2025;06/03/2025;Luis
""",
}
VENDORS = {
    "pipedrive": PIPEDRIVE, "zoho": ZOHO, "dynamics": DYNAMICS, "close": CLOSE, "copper": COPPER,
    "freshsales": FRESHSALES, "tabelle": GERMAN, "hoja": SPANISH, "feuille": FRENCH,
}  # fmt: skip


def folder_of(tmp_path: Path, files: Files, name: str = "crm") -> Path:
    folder = tmp_path / name
    folder.mkdir(parents=True)
    for file, content in files.items():
        (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def infer(tmp_path: Path, files: Files, name: str = "crm") -> Inferred:
    return infer_source(folder_of(tmp_path, files, name))


def draft(tmp_path: Path, files: Files, name: str = "crm") -> tuple[str, dict[str, Any]]:
    """The text of a draft, and what it says."""
    text = infer(tmp_path, files, name).text
    assert text is not None
    assert [mistake for mistake in check_text(text, name) if not mistake.is_warning] == []
    return text, yaml.safe_load(text)


def columns(said: dict[str, Any], object_: str = "opportunities") -> dict[str, Any]:
    found: dict[str, Any] = said["objects"][object_]["columns"]
    return found


def load(settings: Settings, files: Files, text: str, name: str = "crm") -> list[Load]:
    """Load a night of the exports by the draft, up to bronze."""
    settings.user_sources.mkdir(parents=True)
    (settings.user_sources / f"{name}.yml").write_text(text, encoding="utf-8")
    land(settings, name, NIGHT, files)
    write_contract_files(settings, load_sources(settings.user_sources))
    return load_night(settings, NIGHT, "run", name)


def bronze(settings: Settings, object_: str, name: str = "crm") -> list[dict[str, Any]]:
    files = settings.bronze / name / object_ / "batch=*" / "*.parquet"
    rows = pl.scan_parquet(files, missing_columns="insert", extra_columns="ignore").collect()
    return rows.sort("_row_number").to_dicts()


def deals(*rows: str, header: str = "Deal ID,Stage,Amount,Created,Close date") -> Files:
    return {"deals.csv": "\n".join([header, *rows]) + "\n"}


# Exports in the style of each CRM ----------------------------------------------------------------


@pytest.mark.parametrize("name", VENDORS)
def test_a_draft_is_good_and_loads_without_a_refused_row(
    settings: Settings, tmp_path: Path, name: str
) -> None:
    text, _ = draft(tmp_path, VENDORS[name], name)
    loads = load(settings, VENDORS[name], text, name)

    assert {load.object for load in loads} >= {"opportunities", "stages"}
    assert [load.error for load in loads if load.error] == []
    assert sum(load.rows_quarantined for load in loads) == 0
    assert "_load_number" in bronze(settings, "opportunities", name)[0]


@pytest.mark.parametrize(
    ("name", "expected"),
    {
        "pipedrive": {
            "opportunity_id": "Deal - ID",
            "account_id": "Deal - Organization ID",
            "owner_id": "Deal - Owner",
            "pipeline": "Deal - Pipeline",
            "amount": "Deal - Value",
            "currency_code": "Deal - Currency of Value",
            "created_at": "Deal - Deal created",
            "closed_at": {"concat": ["Deal - Won time", "Deal - Lost time"], "separator": ""},
            "loss_reason": "Deal - Lost reason",
        },
        "zoho": {
            "opportunity_id": "Record Id",
            "opportunity_name": "Deal Name",
            "account_id": "Account Name.id",
            "stage": "Stage",
            "amount": {"column": "Amount", "strip": "$"},
            "close_date": "Closing Date",
            "created_at": "Created Time",
        },
        "dynamics": {
            "opportunity_id": "(Do Not Modify) Opportunity",
            "opportunity_name": "Topic",
            "account_id": "Potential Customer",
            "amount": {"column": "Est. Revenue", "strip": "$"},
            "created_at": {"column": "Created On", "format": "%m/%d/%Y %I:%M %p"},
            "close_date": {"column": "Est. Close Date", "format": "%m/%d/%Y"},
            "closed_at": {"column": "Actual Close Date", "format": "%m/%d/%Y"},
        },
        "close": {
            "account_id": "lead_id",
            "stage": "status_label",
            "pipeline": "pipeline_name",
            "created_at": "date_created",
        },
        "copper": {
            "account_id": "Company Id",
            "owner_id": "Owned By",
            "close_date": {"column": "Close Date", "format": "%m/%d/%Y"},
        },
        "freshsales": {
            "account_id": "Sales account",
            "stage": "Deal stage",
            "closed_at": {"column": "Closed date", "format": "%d %b %Y"},
        },
        "tabelle": {
            "opportunity_id": "Vorgangsnummer",
            "account_id": "Kunde",
            "owner_id": "Zuständig",
            "stage": "Phase",
            "amount": {"column": "Betrag (EUR)", "strip": "€"},
            "created_at": {"column": "Erstellt am", "format": "%d.%m.%Y"},
            "loss_reason": "Verlustgrund",
        },
        "hoja": {
            "opportunity_id": "Oportunidad",
            "account_id": "Empresa",
            "amount": "Importe",
            "close_date": {"column": "Fecha de cierre", "format": "%d/%m/%Y"},
        },
        "feuille": {"account_id": "Société", "stage": "Étape", "owner_id": "Commercial"},
    }.items(),
)
def test_columns_are_known_by_the_names_that_crms_give_them(
    tmp_path: Path, name: str, expected: dict[str, Any]
) -> None:
    _, said = draft(tmp_path, VENDORS[name], name)

    found = columns(said)
    assert {column: found.get(column) for column in expected} == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    {
        "pipedrive": [
            ("Sales", ["Qualified", "Demo Scheduled", "Proposal Made"], "Won", "Lost"),
            ("Renewals", ["Contact Made"], "Won", "Lost"),
        ],
        "zoho": [
            (
                "Standard",
                ["Qualification", "Needs Analysis", "Proposal/Price Quote"],
                "Closed Won",
                "Closed Lost to Competition",
            )
        ],
        "dynamics": [("default", ["1-Qualify", "2-Develop", "3-Propose"], "Won", "Lost")],
        "close": [("Sales", ["Demo Completed", "Contract Sent"], "Signed Off", "Ghosted")],
        "copper": [("Sales", ["Qualified", "First Meeting", "Proposal"], "Won", "Abandoned")],
        "freshsales": [("Default", ["New", "Negotiation"], "Won", "Lost")],
        "tabelle": [("default", ["Erstgespräch", "Angebot"], "Gewonnen", "Verloren")],
        "hoja": [("default", ["Propuesta"], "Ganada", "Perdida")],
        "feuille": [("default", ["Proposition"], "Gagnée", "Perdue")],
    }.items(),
)
def test_stages_are_told_apart_and_put_in_order(
    tmp_path: Path, name: str, expected: list[tuple[str, list[str], str, str]]
) -> None:
    _, said = draft(tmp_path, VENDORS[name], name)

    assert [
        (each["name"], each["stages"], each["won"], each["lost"]) for each in said["pipelines"]
    ] == expected


def test_a_stage_that_does_not_tell_the_end_is_put_together_with_the_outcome(
    settings: Settings, tmp_path: Path
) -> None:
    """Pipedrive leaves a won deal in the stage in which it was won."""
    text, _ = draft(tmp_path, PIPEDRIVE)
    load(settings, PIPEDRIVE, text)

    loaded = {row["opportunity_id"]: row for row in bronze(settings, "opportunities")}
    stages = {key: row["stage"] for key, row in loaded.items()}
    assert stages == {
        "1": "Won",
        "2": "Qualified",
        "3": "Lost",
        "4": "Proposal Made",
        "5": "Contact Made",
    }
    assert loaded["1"]["closed_at"] == datetime(2025, 2, 3, 10)
    assert loaded["3"]["closed_at"] == datetime(2025, 2, 5, 10)
    assert loaded["2"]["closed_at"] is None


def test_a_report_with_title_and_total_is_read_between_them(
    settings: Settings, tmp_path: Path
) -> None:
    text, said = draft(tmp_path, GERMAN)
    load(settings, GERMAN, text)

    options = said["objects"]["opportunities"]
    assert (options["header_row"], options["skip_footer"], options["delimiter"]) == (4, 1, ";")
    assert said["currency"] == "EUR"
    rows = bronze(settings, "opportunities")
    assert [(row["opportunity_id"], float(row["amount"])) for row in rows] == [
        ("V-1", 1234.5),
        ("V-2", 12000),
        ("V-3", 800),
        ("V-4", 950),
    ]
    assert rows[1]["loss_reason"] is None
    assert rows[0]["account_id"] == "Müller GmbH"


def test_pages_of_an_api_are_read_and_stages_named_as_people_name_them(
    settings: Settings, tmp_path: Path
) -> None:
    """Pipedrive's deals bear ids of stages, and its stages bear names."""

    def page(*records: dict[str, Any]) -> str:
        return json.dumps({"success": True, "data": list(records), "next": {"start": 0}})

    times: dict[str, Any] = {"add_time": "2025-01-03 10:00:00", "lost_time": None}
    deal = times | {"org_id": 11, "value": 10, "currency": "EUR", "pipeline_id": 1}
    won = {"status": "won", "stage_id": 5, "won_time": "2025-02-03 10:00:00"}
    files: Files = {
        "deals.json": page(
            deal | {"id": 1, "title": "A"} | won,
            deal | {"id": 2, "title": "B", "status": "open", "stage_id": 3, "won_time": None},
        ),
        "stages.json": page(
            {"id": 4, "order_nr": 2, "name": "Demo", "pipeline_id": 1},
            {"id": 3, "order_nr": 1, "name": "Qualified", "pipeline_id": 1},
            {"id": 5, "order_nr": 3, "name": "Offer", "pipeline_id": 1},
        ),
    }
    text, said = draft(tmp_path, files)
    load(settings, files, text)

    assert said["objects"]["opportunities"]["rows"] == "data"
    assert columns(said)["stage"]["replace"]["open / 4"] == "Demo"
    assert said["pipelines"][0]["stages"] == ["Qualified", "Demo", "Offer"]
    assert [row["stage"] for row in bronze(settings, "opportunities")] == ["Won", "Qualified"]


@pytest.mark.parametrize("folder", ["export/", "export\\"])
def test_packed_exports_are_opened(settings: Settings, tmp_path: Path, folder: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{folder}Accounts.csv", ZOHO["Accounts.csv"])
        archive.writestr(f"{folder}readme.md", "# Accounts")
    deals_ = gzip.compress(str(ZOHO["Deals.csv"]).encode())
    files: Files = {"Deals.csv.gz": deals_, "all.zip": packed.getvalue()}
    text, said = draft(tmp_path, files)
    load(settings, files, text)

    assert said["objects"]["opportunities"]["files"] == "Deals.csv"
    assert len(bronze(settings, "opportunities")) == 5
    assert len(bronze(settings, "accounts")) == 2
    assert "# Not used: readme.md: its ending is none of an export" in text


def test_lines_of_json_are_read(settings: Settings, tmp_path: Path) -> None:
    lines = [{"deal_id": number, "deal_stage": "Won", "amount": number} for number in (1, 2)]
    files: Files = {"deals.jsonl": "".join(json.dumps(line) + "\n" for line in lines)}
    text, _ = draft(tmp_path, files)
    load(settings, files, text)

    assert [row["amount"] for row in bronze(settings, "opportunities")] == [1, 2]


def test_typed_values_of_parquet_need_no_format(settings: Settings, tmp_path: Path) -> None:
    table = io.BytesIO()
    pl.DataFrame(
        {
            "deal_id": [1, 2],
            "deal_stage": ["Won", "Demo"],
            "created_at": [datetime(2025, 1, 2, 3, 4)] * 2,
            "close_date": [date(2025, 2, 3)] * 2,
            "amount": [1.5, None],
        }
    ).write_parquet(table)
    files: Files = {"deals.parquet": table.getvalue()}
    text, said = draft(tmp_path, files)
    load(settings, files, text)

    assert columns(said)["created_at"] == "created_at"
    rows = bronze(settings, "opportunities")
    assert [(row["created_at"], row["close_date"], row["amount"]) for row in rows] == [
        (datetime(2025, 1, 2, 3, 4), date(2025, 2, 3), Decimal("1.5")),
        (datetime(2025, 1, 2, 3, 4), date(2025, 2, 3), None),
    ]


@pytest.mark.parametrize("name", ["zoho", "dynamics365", "fivetran_salesforce"])
def test_a_draft_loads_the_deals_that_a_source_file_by_hand_loads(
    tmp_path: Path, name: str
) -> None:
    """The worked examples of the docs. Time zones and what staff mean by words no export tells."""
    example = PROJECT_ROOT / "docs" / "examples" / name
    folder = example / "landing" / "2026-01-30"
    files: Files = {path.name: path.read_bytes() for path in folder.iterdir()}
    text = infer_source(folder, "crm").text
    assert text is not None
    loads = load(Settings(home=tmp_path / "drafted"), files, text)
    written = (example / f"{name}.yml").read_text(encoding="utf-8")
    by_hand = written.replace(f"source: {name}", "source: crm")
    load(Settings(home=tmp_path / "by_hand"), files, by_hand)

    assert sum(each.rows_quarantined for each in loads) == 0
    facts = ("opportunity_id", "account_id", "owner_id", "stage", "amount")
    drafted, expected = (
        {tuple(row[fact] for fact in facts) for row in bronze(Settings(home=home), "opportunities")}
        for home in (tmp_path / "drafted", tmp_path / "by_hand")
    )
    assert len(expected) > 10
    assert drafted == expected


def test_sheets_of_a_workbook_are_objects_of_their_own(settings: Settings, tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    for title, rows in {
        "Deals": [
            ["Our pipeline"],
            [None],
            ["No.", "Customer", "Rep", "Phase", "Value", "Opened"],
            [1, "Acme", "Ann", "Won", 10.5, datetime(2025, 1, 2)],
            [2, "Bolt", "Bob", "Offer", None, datetime(2025, 1, 3)],
            ["Total", None, None, None, 10.5],
        ],
        "Team": [["Short", "Name", "Team"], ["a", "Ann", "East"], ["b", "Bob", "West"]],
    }.items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(row)
    del workbook["Sheet"]
    target = io.BytesIO()
    workbook.save(target)
    files: Files = {"Pipeline.xlsx": target.getvalue()}
    text, said = draft(tmp_path, files)
    load(settings, files, text)

    options = said["objects"]["opportunities"]
    assert (options["sheet"], options["header_row"], options["skip_footer"]) == ("Deals", 3, 1)
    rows_ = bronze(settings, "opportunities")
    assert [(row["opportunity_id"], row["owner_id"], row["created_at"]) for row in rows_] == [
        ("1", "a", datetime(2025, 1, 2)),
        ("2", "b", datetime(2025, 1, 3)),
    ]


def test_exports_of_open_and_of_ended_deals_are_one_object(
    settings: Settings, tmp_path: Path
) -> None:
    """Each lacks a column of the other, and calls the amount otherwise."""
    files: Files = {
        "open deals.csv": "Deal ID,Deal name,Stage,Owner,Est. revenue,Created\n"
        "1,A,Demo,Ann,10,2025-01-02\n",
        "won deals.csv": "Deal ID,Deal name,Stage,Owner,Actual revenue,Created,Closed on\n"
        "2,B,Won,Ann,20,2025-01-02,2025-02-02\n",
    }
    text, said = draft(tmp_path, files)
    load(settings, files, text)

    assert columns(said)["amount"] == {"column": ["Est. revenue", "Actual revenue"]}
    assert columns(said)["closed_at"] == {"column": "Closed on", "optional": True}
    amounts = {row["opportunity_id"]: row["amount"] for row in bronze(settings, "opportunities")}
    assert amounts == {"1": 10, "2": 20}


# A built-in source, or none ----------------------------------------------------------------------


def test_an_export_of_a_built_in_crm_needs_no_source_file(tmp_path: Path) -> None:
    header = (
        "ID,ISDELETED,ACCOUNTID,NAME,STAGENAME,AMOUNT,PROBABILITY,CLOSEDATE,TYPE,LEADSOURCE,"
        "ISCLOSED,ISWON,OWNERID,CREATEDDATE,LASTMODIFIEDDATE,SYSTEMMODSTAMP"
    )
    inferred = infer(tmp_path, {"export.csv": header + "\n", "success041306.csv": header + "\n"})

    assert inferred.text is None
    assert "this is an export of Salesforce, which is built in: no source file is needed" in (
        inferred.advice
    )
    assert "  export.csv: as Opportunity.csv" in inferred.advice
    assert "  success041306.csv: leave it out, it is a log of the Data Loader" in inferred.advice


def test_a_folder_without_an_export_is_told_with_the_reasons(tmp_path: Path) -> None:
    files: Files = {
        "notes.txt": "nothing,of,a,crm\n1,2,3,4\n",
        "logo.png": b"\x89PNG",
        "e.csv": "",
        "line\nbreak.csv": "Deal ID,Stage\n1,Won\n",
    }
    inferred = infer(tmp_path, files)

    assert inferred.text is None
    assert not inferred.is_built_in
    told = "\n".join(inferred.advice)
    assert "notes.txt: no object fits it" in told
    assert "logo.png: its ending is none of an export" in told
    assert "its name cannot stand in a source file: rename it" in told
    assert "e.csv: the file is empty" in told


# Doubts ------------------------------------------------------------------------------------------


def test_a_day_that_may_be_a_month_is_said_to_be_a_guess(tmp_path: Path) -> None:
    text, said = draft(tmp_path, deals("1,Won,10,01/02/2025,03/04/2025"))

    assert columns(said)["created_at"]["format"] == "%m/%d/%Y"
    assert "Every value also reads as %d/%m/%Y: a guess" in text


def test_a_column_that_tells_decides_for_one_that_does_not(tmp_path: Path) -> None:
    text, said = draft(tmp_path, deals("1,Won,10,01/02/2025,23/04/2025"))

    assert columns(said)["created_at"]["format"] == "%d/%m/%Y"
    assert "as in other columns" in text


def test_days_in_both_orders_are_told(tmp_path: Path) -> None:
    text, _ = draft(tmp_path, deals("1,Won,1,25/02/2025,", "2,Won,1,02/25/2025,"))

    assert "some values have the day first, others the month" in text.lower()


def test_a_name_that_the_other_file_lacks_is_told_with_the_nearest_one(tmp_path: Path) -> None:
    files = deals("1,Won,GTXPro", "2,Won,GTX Pro", header="Deal ID,Stage,Product")
    text, _ = draft(tmp_path, files | {"products.csv": "Product,Sales price\nGTX Pro,5\nMG,6\n"})

    assert "In no row of products.csv: `GTXPro` (1 rows, did you mean `GTX Pro`?)" in text


def test_names_are_looked_up_where_the_other_file_has_ids(
    settings: Settings, tmp_path: Path
) -> None:
    files = deals("1,Won,Ann", "2,Won,Bob", header="Deal ID,Stage,Owner")
    files |= {"users.csv": "User ID,Name,Team\nu1,Ann,East\nu2,Bob,West\n"}
    text, said = draft(tmp_path, files)
    load(settings, files, text)

    lookup = {"object": "users", "match": "user_name", "return": "user_id"}
    assert columns(said)["owner_id"] == {"column": "Owner", "lookup": lookup}
    assert [row["owner_id"] for row in bronze(settings, "opportunities")] == ["u1", "u2"]


def test_a_name_that_two_records_bear_is_not_looked_up(tmp_path: Path) -> None:
    files = deals("1,Won,Ann", header="Deal ID,Stage,Owner")
    text, said = draft(tmp_path, files | {"users.csv": "User ID,Name\nu1,Ann\nu2,Ann\n"})

    assert columns(said)["owner_id"] == "Owner"
    assert "In no row of users.csv" in text


def test_a_column_of_another_type_is_left_out_with_the_reason(tmp_path: Path) -> None:
    rows = [f"{number},Won,{number},x" for number in range(9)]
    text, said = draft(
        tmp_path, deals(*rows, "9,Won,12k,x", header="Deal ID,Stage,Amount,Close date")
    )

    assert "amount" not in columns(said)
    assert "Left out: `Amount`: amount, but `12k` can be read as no decimal" in text
    assert "Close date" in text[text.index("Not mapped") :]


def test_words_among_numbers_stand_for_nothing(settings: Settings, tmp_path: Path) -> None:
    amounts = ["10", "TBD", "n/a", "-", "20", "1", "1"]
    files = deals(*(f"{number},Won,{amount},," for number, amount in enumerate(amounts)))
    text, said = draft(tmp_path, files)
    load(settings, files, text)

    assert set(said["objects"]["opportunities"]["null_values"]) == {"TBD", "n/a", "-"}
    loaded = [row["amount"] for row in bronze(settings, "opportunities")]
    assert loaded == [10, None, None, None, 20, 1, 1]


def test_a_probability_in_percent_is_left_out(tmp_path: Path) -> None:
    """The canonical probability is a share of one, and no option divides."""
    text, said = draft(tmp_path, deals("1,Won,45 %", header="Deal ID,Stage,Probability"))

    assert "probability" not in columns(said)
    assert "in percent" in text


def test_rows_that_share_a_key_are_told(tmp_path: Path) -> None:
    text, _ = draft(tmp_path, deals("1,Won,1,,", "1,Won,2,,", "2,Open,3,,"))

    assert "1 rows repeat the key of another row" in text


def test_columns_that_feed_nothing_are_listed(tmp_path: Path) -> None:
    text, _ = draft(tmp_path, deals("1,Won,x", header="Deal ID,Stage,Shoe size"))

    assert "# Not mapped, kept as text in bronze: Shoe size" in text


def test_stages_in_no_known_order_are_said_to_be_a_guess(tmp_path: Path) -> None:
    text, said = draft(tmp_path, deals("1,Ypsilon,1,,", "2,Xanthippe,2,,", "3,Won,3,,"))

    assert said["pipelines"][0]["stages"] == ["Ypsilon", "Xanthippe"]
    assert "Ordered by their first appearance, a guess: put them in order." in text


def test_the_history_tells_the_order_of_stages_that_names_do_not(tmp_path: Path) -> None:
    history = "Deal ID,New stage,Changed at\n" + "".join(
        f"{deal},{stage},{day}.01.2025\n"
        for deal in (1, 2)
        for day, stage in (("02", "Xanthippe"), ("09", "Ypsilon"))
    )
    files = deals("1,Ypsilon,1,,", "2,Xanthippe,2,,") | {"deal_stage_history.csv": history}
    _, said = draft(tmp_path, files)

    assert said["pipelines"][0]["stages"] == ["Xanthippe", "Ypsilon"]


def test_a_list_of_stages_gives_order_and_stages_without_a_deal(tmp_path: Path) -> None:
    listed = "Stage ID,Name,Order nr,Status\n7,Zeta,1,open\n5,Beta,2,open\n9,Done,3,won\n"
    files = deals("1,Beta,1,,", "2,Done,2,,") | {"deal_stages.csv": listed}
    _, said = draft(tmp_path, files)

    assert said["pipelines"][0]["stages"] == ["Zeta", "Beta"]
    assert said["pipelines"][0]["won"] == "Done"
    assert "stages" not in said["objects"]


def test_kinds_get_their_canonical_names(settings: Settings, tmp_path: Path) -> None:
    files: Files = {
        "activities.csv": "Activity ID,Type,Due Date,Direction,Done\n"
        "1,Phone call,2025-01-02,Outgoing,Ja\n2,Zoom,2025-01-03,,Nein\n3,Fax,2025-01-03,,Ja\n"
    }
    text, _ = draft(tmp_path, files)
    load(settings, files, text)

    rows = bronze(settings, "activities")
    assert [(row["channel"], row["direction"], row["is_completed"]) for row in rows] == [
        ("call", "outbound", True),
        ("meeting", None, False),
        ("other", None, True),
    ]


def test_a_name_in_two_columns_is_put_together(settings: Settings, tmp_path: Path) -> None:
    files: Files = {"users.csv": "User ID,Last name,First name,Team\nu1,Byron,Ada,East\n"}
    text, _ = draft(tmp_path, files)
    load(settings, files, text)

    assert bronze(settings, "users")[0]["user_name"] == "Ada Byron"


def test_an_object_that_cannot_be_whole_is_named_and_left_out(tmp_path: Path) -> None:
    """A share of one is needed, and no option divides."""
    splits = "Deal ID,User,Split percentage\n1,Ann,100\n"
    text, said = draft(tmp_path, deals("1,Won,1,,") | {"deal_splits.csv": splits})

    assert list(said["objects"]) == ["opportunities"]
    assert "deal_splits.csv: looks like opportunity_splits, but nothing feeds `share`" in text


def test_statuses_of_leads_are_told_by_words(tmp_path: Path) -> None:
    statuses = ["New", "MQL", "Sales Qualified", "Converted", "Unqualified"]
    lines = [f"{number},{status},2025-01-01" for number, status in enumerate(statuses)]
    _, said = draft(
        tmp_path, {"leads.csv": "\n".join(["Lead ID,Lead Status,Created", *lines]) + "\n"}
    )

    assert said["lead_statuses"] == {
        "mql": ["MQL"],
        "sql": ["Sales Qualified"],
        "converted": ["Converted"],
        "disqualified": ["Unqualified"],
    }


def test_two_parts_of_a_table_are_one_object(settings: Settings, tmp_path: Path) -> None:
    header = "Deal ID,Stage,Amount\n"
    files: Files = {
        "deals_2024-01.csv": header + "1,Won,1\n",
        "deals_2025-01.csv": header + "2,Won,2\n",
    }
    text, said = draft(tmp_path, files)
    load(settings, files, text)

    assert said["objects"]["opportunities"]["files"] == "deals_*.csv"
    assert len(bronze(settings, "opportunities")) == 2


def test_what_would_be_refused_is_told_before_it_is(tmp_path: Path) -> None:
    """One date of two hundred cannot be read: too few to leave the column out."""
    rows = [f"{number},Won,1,2025-01-02," for number in range(199)]
    text, _ = draft(tmp_path, deals(*rows, "999,Won,1,2025-13-45,"))

    assert "the 200 rows tried, 1 refused: 1 for created_at (type: `2025-13-45`)" in text


# The parts ---------------------------------------------------------------------------------------

DAYS = [date(2016, 10, 20) + timedelta(days=3 * number) for number in range(140)]
FORMATS = (
    "%d-%m-%y", "%m/%d/%Y", "%d.%m.%Y", "%d/%m/%Y", "%b %d, %Y", "%d %b %Y", "%d-%b-%y", "%Y%m%d",
    "%y-%m-%d", "%Y/%m/%d", "%B %d, %Y",
)  # fmt: skip


@pytest.mark.parametrize("format_", FORMATS)
def test_the_format_of_a_date_is_proved_on_its_values(format_: str) -> None:
    guess = guess_dates(pl.Series([day.strftime(format_) for day in DAYS]), "date")

    assert (guess.formats, guess.rivals, guess.unread) == ((format_,), (), ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("31.01.2025 13:45", "%d.%m.%Y %H:%M"),
        ("31.01.2025, 13:45", "%d.%m.%Y, %H:%M"),
        ("1/31/2025 1:45 PM", "%m/%d/%Y %I:%M %p"),
        ("Jan 31, 2025 at 1:45 PM", "%b %d, %Y at %I:%M %p"),
        ("2025-01-31 13:45", "%Y-%m-%d %H:%M"),
        ("2025-01-31 13:45:01 +0100", "%Y-%m-%d %H:%M:%S %#z"),
        ("1738327501000", "epoch_ms"),
        ("1738327501", "epoch_s"),
    ],
)
def test_the_format_of_an_instant_is_found(text: str, expected: str) -> None:
    assert guess_dates(pl.Series([text]), "timestamp").formats == (expected,)


@pytest.mark.parametrize("text", ["2025-01-31", "2025-01-31T13:45:01Z", "2025-01-31 13:45:01.5"])
def test_what_is_written_in_iso_form_needs_no_format(text: str) -> None:
    assert guess_dates(pl.Series([text]), "timestamp").formats == ()


def test_a_column_in_two_formats_gets_both() -> None:
    guess = guess_dates(pl.Series(["31.01.2025", "28.02.2025 13:45", "soon"]), "timestamp")

    assert guess.formats == ("%d.%m.%Y", "%d.%m.%Y %H:%M")
    assert guess.unread == ("soon",)


def test_a_column_of_nothing_tells_nothing() -> None:
    assert guess_dates(pl.Series([None, "", " "], dtype=pl.String), "date") == DateGuess()


@pytest.mark.parametrize(
    ("texts", "decimal", "thousands", "is_open"),
    [
        (["1,234.50", "2"], ".", ",", False),
        (["1.234,50"], ",", ".", False),
        (["1234,5"], ",", None, False),
        (["1234.5", "7"], ".", None, False),
        (["1 234,5"], ",", " ", False),
        (["1\u00a0234,5"], ",", "\u00a0", False),
        (["1'000.5"], ".", "'", False),
        (["12", "3"], ".", None, False),
        (["1,234", "2,500"], ".", ",", True),
        (["1.234"], ".", None, True),
        (["1.234.567"], ",", ".", False),
        (["12,34,567.8"], ".", ",", False),
        (["$1,200.00", "USD 30.5"], ".", ",", False),
        ([], ".", None, False),
    ],
)
def test_separators_are_told_by_the_values(
    texts: list[str], decimal: str, thousands: str | None, is_open: bool
) -> None:
    style = number_style([pl.Series(texts, dtype=pl.String)], leans_to_comma=False)

    assert style == NumberStyle(decimal, thousands, is_open)


@pytest.mark.parametrize(
    ("text", "signs"), [("$5", "$"), ("5 €", "€"), ("USD 5", "USD"), ("-5", ""), ("5.2k", ""),
                        ("(5)", ""), ("5,-", "")]
)  # fmt: skip
def test_only_signs_that_leave_the_number_as_it_is_are_stripped(text: str, signs: str) -> None:
    """Five thousand two hundred is no 5.2, and a number in parentheses is a negative one."""
    assert money_signs(pl.Series([text])) == signs


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (b"a,b\n1,2\n", {}),
        ("\ufeffa,b\n1,2\n".encode(), {}),
        (b"a;b\n1,5;2,5\n2,5;3,5\n", {"delimiter": ";"}),
        (b"a\tb\n1\t2\n", {"delimiter": "\t"}),
        (b"sep=;\na;b\n1;2\n", {"delimiter": ";", "header_row": 2}),
        (b"Title\n\nName,Stage\nx,y\n", {"header_row": 3}),
        (b"Name,Stage,Amount\nx,y,1\nTotal,,1\n\nPrinted on Monday\n", {"skip_footer": 3}),
        ("Größe,Name\n1,2\n".encode("cp1252"), {"encoding": ["utf-8", "cp1252"]}),
        ("Größe,Name\n1,2\n".encode("utf-16"), {"encoding": ["utf-16"]}),
        (b'a,b\n"x\nTotal",2\n', {}),
        (b"", {}),
    ],
)
def test_how_a_text_file_is_written_is_found_out(
    tmp_path: Path, content: bytes, options: dict[str, Any]
) -> None:
    (tmp_path / "x.csv").write_bytes(content)

    assert sniff(tmp_path / "x.csv") == options


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Closed Won", "won"), ("WON", "won"), ("Gewonnen", "won"), ("Ganada", "won"),
        ("Gagnée", "won"), ("Closed Lost to Competition", "lost"), ("Verloren", "lost"),
        ("perdida", "lost"), ("Perdue", "lost"), ("Abandoned", "lost"), ("Open", "open"),
        ("Proposal", None), ("Winter campaign", None), ("Windows upgrade", None),
    ],
)  # fmt: skip
def test_won_and_lost_are_told_by_words(text: str, kind: str | None) -> None:
    assert kind_of(text) == kind


@pytest.mark.parametrize(
    ("names", "patterns"),
    [
        (["deals.csv"], ["deals.csv"]),
        (["deals_2025-01-31.csv", "deals_2025-02-28.csv"], ["deals_*.csv"]),
        (["deals [a].csv"], ["deals [[]a].csv"]),
        (["deals_1.csv"], ["deals_*.csv"]),
        (["Deals 1-31-2025 9-12-44 AM.csv"], ["Deals *.csv"]),
        (["20250131.csv"], ["20250131.csv"]),
    ],
)
def test_a_pattern_takes_the_files_of_other_nights_but_not_of_other_objects(
    names: list[str], patterns: list[str]
) -> None:
    header = ("Deal ID", "Deal Name", "Deal Stage", "Deal Owner", "Close Date")
    rows = pl.DataFrame([["1", "Big", "Won", "Ann", "2025-01-02"]], schema=header, orient="row")
    samples = [Sample(name, {}, rows) for name in names]
    matches = match_samples(samples).chosen["opportunities"]

    assert file_patterns(matches, [*names, "contacts_2025-01-31.csv"]) == patterns
    if len(names) > 1:
        assert file_patterns(matches, [*names, "deals_won.csv"]) == ["deals_[0-9]*.csv"]
        assert file_patterns(matches, [*names, "deals_2_won.csv"]) == names


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("acme/2025-01-31", "acme"),
        ("My Exports (2025)", "my_exports_2025"),
        ("2025", "crm_2025"),
        ("Salesforce", "salesforce_export"),
    ],
)
def test_a_source_is_named_after_its_folder(tmp_path: Path, folder: str, name: str) -> None:
    assert source_name(tmp_path / folder) == name


def test_the_newest_night_of_a_landing_folder_is_taken(tmp_path: Path) -> None:
    folder_of(tmp_path, deals("1,Old,1,,"), "crm/2025-01-01")
    folder_of(tmp_path, deals("1,Recent,1,,"), "crm/2025-01-02")
    text = infer_source(tmp_path / "crm").text

    assert text is not None
    assert text.index("source: crm\n") < text.index("Recent")


def test_the_vocabulary_speaks_of_canonical_objects_and_columns_only() -> None:
    for name, said in vocabulary()["objects"].items():
        assert set(said["columns"]) <= set(canonical_objects()[name].columns)


# Any table at all --------------------------------------------------------------------------------

_HEADERS = st.one_of(
    st.sampled_from(
        ["Deal ID", "Stage", "Status", "Amount", "Close Date", "Owner", "Created", "Name"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12),
)
_VALUES = st.one_of(
    st.sampled_from(
        ["Won", "Open", "1,5", "2025-01-31", "31/01/2025", "# x", "a: b", "{{ x }}", "'", "-"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8),
)


@hypothesis_settings(derandomize=True, max_examples=40, deadline=None)
@given(
    header=st.lists(_HEADERS, min_size=1, max_size=6, unique=True),
    rows=st.lists(st.lists(_VALUES, min_size=6, max_size=6), max_size=5),
)
def test_whatever_a_table_holds_its_draft_is_good(
    tmp_path_factory: pytest.TempPathFactory, header: list[str], rows: list[list[str]]
) -> None:
    """No header and no value gets out of its place in the YAML."""

    def line(cells: list[str]) -> str:
        return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n"

    folder = tmp_path_factory.mktemp("any") / "crm"
    folder.mkdir()
    text = line(header) + "".join(line(row[: len(header)]) for row in rows)
    (folder / "deals.csv").write_text(text, encoding="utf-8", newline="")
    before = sorted(folder.parent.rglob("*"))
    inferred = infer_source(folder)

    assert sorted(folder.parent.rglob("*")) == before
    if inferred.text is not None:
        mistakes = check_text(inferred.text, "crm")
        assert [mistake for mistake in mistakes if not mistake.is_warning] == []


# The command -------------------------------------------------------------------------------------


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(sources_app, ["infer", *map(str, arguments)])
    return result.exit_code, result.stdout


def test_a_draft_is_printed_as_it_would_be_written(tmp_path: Path) -> None:
    folder, target = folder_of(tmp_path, PIPEDRIVE), tmp_path / "crm.yml"
    printed = run(folder)
    written = run(folder, "--output", target)

    assert printed == (0, target.read_text(encoding="utf-8"))
    assert written == (0, "")


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "crm.yml"
    target.write_text("mine")

    assert run(folder_of(tmp_path, PIPEDRIVE), "--output", target)[0] == 2
    assert target.read_text() == "mine"


def test_the_place_of_source_files_is_made_for_the_first_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLYWHEEL_HOME", str(tmp_path / "home"))
    target = tmp_path / "home" / "sources" / "crm.yml"

    assert run(folder_of(tmp_path, PIPEDRIVE), "--output", target)[0] == 0
    assert target.is_file()


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "crm.yml").symlink_to(tmp_path / "elsewhere.yml")

    assert run(folder_of(tmp_path, PIPEDRIVE), "--output", tmp_path / "crm.yml")[0] == 2
    assert not (tmp_path / "elsewhere.yml").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--name", "My CRM"],
        ["--name", "salesforce"],
        ["--output", "crm.yaml"],
        ["--output", "none/crm.yml"],
        ["--output", "crm.yml", "--name", "other"],
    ],
)
def test_a_name_that_no_source_can_bear_is_refused(tmp_path: Path, arguments: list[str]) -> None:
    folder = folder_of(tmp_path, PIPEDRIVE)
    placed = [str(tmp_path / each) if ".y" in each else each for each in arguments]

    assert run(folder, *placed)[0] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["crm"]


def test_a_draft_bears_the_name_that_was_asked_for(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, PIPEDRIVE)

    assert "\nsource: sales\n" in run(folder, "--name", "sales")[1]
    run(folder, "--output", tmp_path / "deals.yml")
    assert "\nsource: deals\n" in (tmp_path / "deals.yml").read_text()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert run(tmp_path / "none")[0] == 2
