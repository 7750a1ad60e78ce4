"""The landed files of the examples that are no text: workbooks, Parquet, compressed files.

Belongs here: their rows, to be read and changed, and how they are packed. After a change run

    python docs/examples/make_binary.py

Does not belong here: landed files that are text, which are changed as they are.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl

from orchestration.extracts.zstandard import zstd

Row = Sequence[Any]

EXAMPLES = Path(__file__).parent


def workbook(sheets: Mapping[str, Iterable[Row]]) -> bytes:
    """An XLSX file; a sheet is all its rows, titles and totals included."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of some files, the same bytes whenever it is made."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 30, 9, 0, 0)), data)
    return target.getvalue()


# --- pipedrive: activities as one line of JSON each, compressed with zstd ----------------------


def activities() -> bytes:
    """`GET /api/v2/activities`, one activity a line."""
    columns = (
        "id", "subject", "type", "owner_id", "deal_id", "lead_id", "person_id", "org_id",
        "due_date", "due_time", "duration", "done", "is_deleted", "add_time",
    )  # fmt: skip
    added = "2025-09-01T08:00:00Z"
    rows = (
        (9001, "First call", "call", 7001, 101, None, 501, 301,
         "2025-09-04", "09:30", "00:20", True, False, added),
        (9002, "Site visit", "meeting", 7001, 101, None, 501, 301,
         "2025-09-17", "12:00", "02:00", True, False, added),
        (9003, "Send offer", "task", 7002, 102, None, 502, 302,
         "2025-10-20", "", "", True, False, added),
        (9004, "Lunch in Parma", "lunch", 7002, 106, None, 502, 302,
         "2025-10-08", "11:30", "01:30", True, False, added),
        (9005, "Offer runs out", "deadline", 7003, 104, None, 504, 304,
         "2025-12-19", "17:00", "", True, False, added),
        (9006, "Ask for papers", "email", 7002, 107, None, 506, 306,
         "2026-01-13", "08:15", "", True, False, added),
        (9007, "Demo", "meeting", 7001, 103, None, 503, 303,
         "2026-02-03", "14:00", "01:00", False, False, added),
        (9008, "Yearly review", "call", 7002, None, None, 503, 303,
         "2026-01-22", "10:45", "00:30", True, False, added),
    )  # fmt: skip
    lines = (json.dumps(dict(zip(columns, row, strict=True))) + "\n" for row in rows)
    return zstd.compress("".join(lines).encode(), level=19)


# --- fivetran_salesforce: one table as Parquet, one compressed without saying so ---------------

SYNCED = datetime(2026, 1, 30, 2, 11, 7, tzinfo=UTC)


def account() -> bytes:
    """The table `account` of a data lake."""
    columns = (
        "id", "name", "type", "parent_id", "industry", "number_of_employees", "annual_revenue",
        "billing_country", "owner_id", "is_deleted", "master_record_id", "segment_c",
    )  # fmt: skip
    rows = (
        ("001Qy00000Ra1mPIAR", "Orchard Insurance", "Customer", None, "Insurance", 850, 1.2e8,
         "United States", "005Qy00000Kd1aXIAR", False, None, "Enterprise"),
        ("001Qy00000Ra2nQIAR", "Basalt Mining", "Prospect", None, "Mining", 2300, None,
         "Australia", "005Qy00000Kd2bYIAR", False, None, "Enterprise"),
        ("001Qy00000Ra3oRIAR", "Cobalt Media", "Customer", "001Qy00000Ra1mPIAR", "Media", 64,
         8750000.5, "Canada", "005Qy00000Kd1aXIAR", False, None, "Small business"),
        ("001Qy00000Ra4pSIAR", "Dune Travel", "Prospect", None, None, None, None,
         "Morocco", "005Qy00000Kd3cZIAR", False, None, None),
        # Merged into the one above.
        ("001Qy00000Ra5qTIAR", "Dune Travels Ltd", None, None, None, None, None,
         None, "005Qy00000Kd3cZIAR", True, "001Qy00000Ra4pSIAR", None),
    )  # fmt: skip
    frame = pl.DataFrame(list(rows), schema=list(columns), orient="row").with_columns(
        pl.col("number_of_employees").cast(pl.Int64),
        created_date=pl.lit(datetime(2025, 6, 2, 9, 15, tzinfo=UTC)),
        system_modstamp=pl.lit(datetime(2026, 1, 12, 17, 40, 30, 500_000, tzinfo=UTC)),
        _fivetran_deleted=pl.lit(False),
        _fivetran_synced=pl.lit(SYNCED),
    )
    target = io.BytesIO()
    frame.write_parquet(target, compression="zstd", statistics=False)
    return target.getvalue()


USER = """\
id|name|email|title|manager_id|is_active|time_zone_sid_key|system_modstamp|_fivetran_synced
005Qy00000Kd1aXIAR|Ada Lindqvist|ada@example.com|Account Executive|005Qy00000Kd3cZIAR|t|\
Europe/Stockholm|2026-01-05 08:00:00+00|2026-01-30 02:11:07+00
005Qy00000Kd2bYIAR|Ben Achterberg|ben@example.com|Account Executive|005Qy00000Kd3cZIAR|f|\
Europe/Amsterdam|2026-01-05 08:00:00+00|2026-01-30 02:11:07+00
005Qy00000Kd3cZIAR|Cho Yeon|cho@example.com|Sales Director|\\N|t|\
Asia/Seoul|2026-01-05 08:00:00+00|2026-01-30 02:11:07+00
"""

# --- dynamics365: a workbook a view, and a zip of what Excel saved as CSV -----------------------


def guid(kind: int, number: int) -> str:
    """An id as Dataverse makes them."""
    return f"{kind:02x}f3a{number:03x}-71d2-ef11-8ee9-6045bd{kind:02x}c4{number:02x}"


OPPORTUNITY, ACCOUNT, USER_KIND, LEAD = 0xA1, 0xB2, 0xC3, 0xD4
MARKED = ("(Do Not Modify) {}", "(Do Not Modify) Row Checksum", "(Do Not Modify) Modified On")


def opportunities() -> dict[str, bytes]:
    """The three views of opportunities, each with the columns that it has by default."""
    # number, topic, customer, sales stage, amount, planned close, owner, created, modified,
    # status reason, probability; and of closed ones the day of the close
    open_ = (
        (4, "Booster pumps, Ulm", "Albrecht Wasserwerke", "Propose", 27400, date(2026, 3, 16),
         "Katrin Solms", datetime(2025, 9, 2, 10, 5, 12), datetime(2026, 1, 8, 11, 30),
         "In Progress", 60),
        (5, "Retrofit hall 3", "Gießerei Pfaff", "Develop", 61850.5, date(2026, 4, 30),
         "Owen Brandt", datetime(2025, 11, 12, 9, 0), datetime(2026, 1, 20, 16, 2, 44),
         "In Progress", 40),
        (6, "Spare parts contract", "Molkerei Süd", "Qualify", None, date(2026, 2, 27),
         "Katrin Solms", datetime(2026, 1, 19, 8, 30), datetime(2026, 1, 19, 8, 30),
         "On Hold", 20),
        (7, "Sludge pumps", "Albrecht Wasserwerke", "Close", 18200, date(2026, 2, 13),
         "Owen Brandt", datetime(2025, 10, 6, 13, 45), datetime(2026, 1, 27, 9, 10),
         "In Progress", 90),
        (8, "Test rig", "Institut für Strömung", "Qualify", 9900, date(2026, 5, 29),
         "Owen Brandt", datetime(2026, 1, 28, 15, 20), datetime(2026, 1, 28, 15, 20),
         "In Progress", 10),
    )  # fmt: skip
    won = (
        (1, "Irrigation, phase 1", "Gemüsehof Lindau", "Close", 38500, date(2025, 10, 31),
         "Katrin Solms", datetime(2025, 8, 18, 9, 30), datetime(2025, 10, 22, 12, 11, 12),
         "Won", 100, date(2025, 10, 22)),
        (3, "Dosing units", "Molkerei Süd", "Propose", 15750.25, date(2025, 12, 12),
         "Owen Brandt", datetime(2025, 9, 8, 11, 15), datetime(2025, 12, 9, 15, 4, 58),
         "Won", 100, date(2025, 12, 9)),
        (9, "Filters", "Gemüsehof Lindau", "Qualify", 1200, date(2025, 11, 4),
         "Katrin Solms", datetime(2025, 11, 4, 10, 0), datetime(2025, 11, 4, 10, 40),
         "Won", 100, date(2025, 11, 4)),
        # Imported with the old system's deals: no activity tells of its close.
        (10, "Pump house (2024)", "Albrecht Wasserwerke", "Close", 84000, date(2025, 8, 29),
         "Katrin Solms", datetime(2025, 7, 1, 0, 0), datetime(2025, 9, 1, 7, 0),
         "Won", 100, date(2025, 8, 29)),
    )  # fmt: skip
    lost = (
        (2, "Cooling loop", "Gießerei Pfaff", "Develop", 22000, date(2025, 12, 19),
         "Owen Brandt", datetime(2025, 9, 15, 14, 0), datetime(2025, 11, 20, 17, 30),
         "Out-Sold", 0, date(2025, 11, 20)),
        (11, "Rental pumps", "Institut für Strömung", "Qualify", 3100, date(2025, 12, 31),
         "Katrin Solms", datetime(2025, 12, 1, 9, 45), datetime(2026, 1, 15, 8, 20),
         "Canceled", 0, date(2026, 1, 15)),
        (12, "Sprinklers", "Gemüsehof Lindau", "Propose", 7450, date(2026, 1, 9),
         "Owen Brandt", datetime(2025, 10, 27, 16, 10), datetime(2026, 1, 9, 13, 0, 30),
         "Out-Sold", 0, date(2026, 1, 9)),
    )  # fmt: skip
    own = [text.format("Opportunity") for text in MARKED]
    shared = ["Topic", "Potential Customer", "Status", "Status Reason", "Sales Stage"]
    ends = ["Probability", "Owner", "Created On", "Est. Close Date"]
    views: tuple[tuple[str, str, list[str], Sequence[Row]], ...] = (
        ("Open", "Open", ["Est. Revenue (Base)"], open_),
        ("Won", "Won", ["Actual Revenue (Base)"], won),
        ("Lost", "Lost", ["Est. Revenue (Base)"], lost),
    )
    books = {}
    for view, status, money, deals in views:
        closed = ["Actual Close Date"] if view != "Open" else []
        rows: list[Row] = [own + shared + money + ends + closed]
        for deal in deals:
            number, topic, customer, stage, amount, planned, owner, created, modified = deal[:9]
            reason, probability, *day = deal[9:]
            checksum = f"rO0ABXNyAC{number:02d}mNvbS5taWNyb3NvZnQ="
            row = [guid(OPPORTUNITY, number), checksum, modified]
            row += [topic, customer, status, reason, stage, amount]
            rows.append([*row, probability, owner, created, planned, *day])
        name = f"{view} Opportunities 1-30-2026 9-12-44 AM.xlsx"
        books[name] = workbook({f"{view} Opportunities": rows})
    return books


def saved_by_excel() -> dict[str, bytes]:
    """Views that somebody opened in a German Excel and saved as CSV."""
    accounts = (
        (1, "Albrecht Wasserwerke", "Germany", "Utilities", "1.250", "84.300.000,00"),
        (2, "Gießerei Pfaff", "Germany", "Metal", "310", "41.750.500,50"),
        (3, "Molkerei Süd", "Austria", "Food", "95", "12.000.000,00"),
        (4, "Gemüsehof Lindau", "Germany", "Agriculture", "18", ""),
        (5, "Institut für Strömung", "Switzerland", "Education", "", ""),
    )
    users = (
        (1, "Katrin Solms", "katrin@example.com", "Account Manager", "Süd", "Enabled"),
        (2, "Owen Brandt", "owen@example.com", "Account Manager", "Nord", "Enabled"),
        (3, "Lise Hartung", "lise@example.com", "Sales Director", "", "Disabled"),
    )
    leads = (
        (1, "Well drilling", "New", "Trade Show", "Brunnen Veith", "", "21.01.2026 10:15"),
        (2, "Fish farm", "Contacted", "Web", "Aqua Nord", "info@example.com", "13.01.2026 16:40"),
        (3, "Spare parts", "Qualified", "Web", "Molkerei Süd", "", "12.01.2026 09:05"),
        (4, "Pool pump", "No Longer Interested", "Web", "", "pool@example.com", "05.12.2025 22:10"),
        (5, "Test", "Canceled", "Other", "", "", "02.12.2025 08:00"),
    )

    def table(entity: str, columns: str, rows: Iterable[tuple[str, ...]]) -> bytes:
        header = ";".join([*(text.format(entity) for text in MARKED), columns])
        return "".join(f"{line}\r\n" for line in (header, *map(";".join, rows))).encode("cp1252")

    mark, stamp = "rO0ABXNyACmNvbS5taWNyb3NvZnQ=", "30.01.2026 08:00"
    return {
        "accounts.csv": table(
            "Account",
            "Account Name;Country/Region;Industry;No. of Employees;Annual Revenue (Base)",
            ((guid(ACCOUNT, number), mark, stamp, *rest) for number, *rest in accounts),
        ),
        "users.csv": table(
            "User",
            "Full Name;Primary Email;Title;Site;Status",
            ((guid(USER_KIND, number), mark, stamp, *rest) for number, *rest in users),
        ),
        "leads.csv": table(
            "Lead",
            "Topic;Status Reason;Lead Source;Company Name;Email;Created On;Owner",
            ((guid(LEAD, number), mark, stamp, *rest, "Katrin Solms") for number, *rest in leads),
        ),
    }


# --- spreadsheet: a workbook kept by hand ------------------------------------------------------


def pipeline() -> bytes:
    """Deals, people, prices and quotas, each on a sheet."""
    deals: list[Row] = [
        ("Lumen & Oak: what we are working on",),
        ("Kept by Petra. Dates are day.month.year, money in US dollars",),
        (),
        ("No.", "Customer", "What", "Rep", "Phase", "Value", "Opened", "Expected", "Closed",
         "Source", "Product"),
        (1, "Ferrand Hotels", "Lobby lamps", "Petra Vogel", "Won", 18500,
         date(2025, 9, 3), date(2025, 11, 15), date(2025, 11, 12), "Fair", "Lamp L2"),
        (2, "Stadtbad Nord", "Pool lighting", "Yusuf Aydin", "Lost", "$ 42,000.00",
         date(2025, 9, 16), date(2025, 12, 1), date(2025, 12, 5), "Web", "Lamp L7"),
        (3, "Kanzlei Roth", "Reading lamps", "Petra Vogel", "Won", "$ 2,350.50",
         "1.10.2025", date(2025, 10, 24), "22.10.2025", "Fair", "Lamp L1"),
        (4, "Galerie Mo", "Track lights", "Yusuf Aydin", "Offer", 7890.25,
         date(2025, 11, 11), date(2026, 2, 20), None, "Web", "Lamp L2"),
        # A text where money should be: this row is refused (see README.md).
        (5, "Ferrand Hotels", "Rooms, 2nd house", "Petra Vogel", "Talk", "to be agreed",
         date(2025, 12, 8), date(2026, 4, 1), None, None, "Lamp L2"),
        (6, "Café Lindt", "Terrace", "Nora Haas", "Contract", "$ 5,400",
         date(2025, 11, 24), date(2026, 2, 6), None, "Friend", "Lamp L7"),
        (7, "Schule am Ring", "Classrooms", "Nora Haas", "Lost", 31000,
         date(2025, 10, 13), date(2025, 12, 19), date(2026, 1, 7), "Tender", "Lamp L1"),
        (8, "Kanzlei Roth", "Archive", "Petra Vogel", "Talk", None,
         date(2026, 1, 26), None, None, "Customer", "Lamp L1"),
        (9, "Theater 12", "Foyer", "Yusuf Aydin", "Offer", "$ 14,200.00",
         "15.12.2025", date(2026, 3, 2), None, "Fair", "Lamp L7"),
        (10, "Galerie Mo", "Storage", "Yusuf Aydin", "Won", 990,
         date(2026, 1, 5), date(2026, 1, 16), date(2026, 1, 15), "Customer", "Lamp L1"),
        (11, "Praxis Dr. Wirth", "Waiting room", "Nora Haas", "Talk", 3100,
         date(2026, 1, 12), date(2026, 3, 31), None, "Web", "Lamp L2"),
        (12, "Stadtbad Nord", "Sauna", "Yusuf Aydin", "Talk", "$ 8,800.00",
         date(2026, 1, 20), date(2026, 4, 30), None, "Customer", "Lamp L7"),
        (None, "Total", None, None, None, 134030.75),
    ]  # fmt: skip
    team: list[Row] = [
        ("Short", "Name", "Team", "Since"),
        ("PV", "Petra Vogel", "Hotels and offices", date(2021, 4, 1)),
        ("YA", "Yusuf Aydin", "Culture", date(2023, 9, 15)),
        ("NH", "Nora Haas", "Culture", date(2025, 1, 7)),
    ]
    prices: list[Row] = [
        ("Price list 2026", None, None),
        ("Product", "Family", "Price"),
        ("Lamp L1", "Desk", 89.9),
        ("Lamp L2", "Ceiling", 240),
        ("Lamp L7", "Outdoor", 415.5),
    ]
    quotas: list[Row] = [
        ("Who", "From", "To", "US dollars"),
        *(
            (name, first, last, amount)
            for name, amount in (
                ("Petra Vogel", 40000), ("Yusuf Aydin", 35000), ("Nora Haas", 22500.5)
            )
            for first, last in (
                (date(2025, 10, 1), date(2025, 12, 31)), (date(2026, 1, 1), date(2026, 3, 31))
            )
        ),
    ]  # fmt: skip
    return workbook({"Deals": deals, "Team": team, "Price list": prices, "Quotas": quotas})


# -----------------------------------------------------------------------------------------------


def binary_files() -> dict[str, bytes]:
    """Every binary file of the examples, by its path below their folder."""
    dynamics = "dynamics365/landing/2026-01-30"
    fivetran = "fivetran_salesforce/landing/2026-01-30"
    return {
        "pipedrive/landing/2026-01-29/activities.jsonl.zst": activities(),
        f"{fivetran}/account.parquet": account(),
        f"{fivetran}/user_000.csv": gzip.compress(USER.encode(), mtime=0),
        **{f"{dynamics}/{name}": data for name, data in opportunities().items()},
        f"{dynamics}/saved from Excel.zip": zipped(saved_by_excel()),
        "spreadsheet/landing/2026-01-30/Pipeline.xlsx": pipeline(),
    }


def main(folder: Path) -> None:
    """Write them below `folder`."""
    for name, data in binary_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLES)
