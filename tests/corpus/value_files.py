"""Files whose values are odd: what spreadsheets make of them, dates that never were, formulas.

Belongs here: texts in well-formed records. Does not belong here: all forms of a type
(unit/test_bronze_casting.py), random texts (unit/test_accounts.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tests.corpus.case import ACME, ROLES, Case, table

_HEADERS = {
    "amount": "value",
    "close_date": "close",
    "created_at": "created",
    "probability": "chance",
    "is_deleted": "gone",
    "next_step": "note",
}
_ID = "00E000000000001AAA"


def _column(
    title: str,
    column: str,
    good: Sequence[tuple[str, Any]] = (),
    bad: Sequence[tuple[str, str]] = (),
    **case: Any,
) -> Case:
    """One column: texts with the values they become, then texts with the rules they break."""
    rows = [[f"d{n}", "Open", text] for n, (text, _) in enumerate([*good, *bad])]
    return Case(
        title,
        table(["id", "state", _HEADERS[column]], *rows),
        columns=("opportunity_id", column),
        accepted=[(f"d{n}", value) for n, (_, value) in enumerate(good)],
        refused={n: rule for n, (_, rule) in enumerate(bad, start=len(good) + 2)},
        **case,
    )


def _types(*texts: str, rule: str = "type") -> list[tuple[str, str]]:
    return [(text, rule) for text in texts]


def _formatted(column: str, format_: str) -> str:
    header = _HEADERS[column]
    return ACME.replace(f"{{column: {header},", f'{{column: {header}, format: "{format_}",')


CASES = [
    # What spreadsheets leave behind --------------------------------------------------------------
    Case(
        "keys that Excel wrote as numbers",
        table(ROLES, ["1.23457E+17", "Rep", ""], [_ID, "Rep", ""]),
        file="UserRole.csv",
        source="salesforce",
        columns=("Id",),
        accepted=[(_ID,)],
        refused={2: "type"},
    ),
    Case(
        "keys of text that Excel wrote as numbers",
        table(
            ["id", "state", "value"],
            ["1.23457E+17", "Open", "1"],
            ["1,23457E+17", "Open", "1"],
            ["2E+15", "Open", "1"],
            ["123456789012345678", "Open", "1"],
            ["1E5", "Open", "1.23457E+05"],
            ["a1.2E+17", "Open", "1"],
        ),
        accepted=[
            ("123456789012345678", "Open", Decimal(1)),
            ("1E5", "Open", Decimal(123457)),
            ("a1.2E+17", "Open", Decimal(1)),
        ],
        refused=dict.fromkeys((2, 3, 4), "rounded"),
    ),
    Case(
        "other ids that Excel wrote as numbers",
        table(["id", "state", "owner"], ["d1", "Open", "5.54023E+17"], ["d2", "Open", ""]),
        source_file=ACME.replace("stage: state", "stage: state\n      owner_id: owner", 1),
        columns=("opportunity_id", "owner_id"),
        accepted=[("d2", None)],
        refused={2: "rounded"},
    ),
    Case(
        "a text that is written like a rounded number",
        table(["id", "state", "note"], ["d1", "Open", "1.23457E+17"]),
        columns=("opportunity_id", "next_step"),
        accepted=[("d1", "1.23457E+17")],
    ),
    Case(
        "parts of a column that stand for nothing",
        table(
            ["id", "first", "last"], ["u1", "n/a", "Bee"], ["u2", "Ann", "-"], ["u3", "n/a", "-"]
        ),
        file="people.csv",
        source_file=ACME.replace("user_name: name", "user_name: {concat: [first, last]}"),
        says='null_values: ["n/a", "-"]\n',
        columns=("user_id", "user_name"),
        accepted=[("u1", "Bee"), ("u2", "Ann"), ("u3", None)],
    ),
    Case(
        "keys of 15 characters",
        table(ROLES, ["00E000000000001", "Rep", "00E00000000000b"]),
        file="UserRole.csv",
        source="salesforce",
        columns=("Id", "ParentRoleId"),
        accepted=[("00E000000000001EAA", "00E00000000000bEAA")],
    ),
    Case(
        "keys that lost a leading zero, and keys with blanks around them",
        table(ROLES, [_ID[1:], "Rep", ""], [f" {_ID}\t", "Rep", ""]),
        file="UserRole.csv",
        source="salesforce",
        columns=("Id",),
        accepted=[(_ID,)],
        refused={2: "type"},
    ),
    Case(
        "a key that ends with a line end",
        table(ROLES, [f"{_ID}\n", "Rep", ""], quoting=1),
        file="UserRole.csv",
        source="salesforce",
        columns=("Id",),
        accepted=[(_ID,)],
    ),
    Case(
        "a key of blanks where every key is text",
        table(["id", "name"], ["   ", "Ann"], ["u2", "Bob"]),
        file="people.csv",
        columns=("user_id",),
        accepted=[("u2",)],
        refused={2: "missing"},
    ),
    Case(
        "texts for nothing in a Salesforce file",
        table(ROLES, [_ID, "null", ""], [_ID, "#N/A", ""], [_ID, "", ""]),
        file="UserRole.csv",
        source="salesforce",
        columns=("Name",),
        accepted=[("null",), ("#N/A",), (None,)],
    ),
    Case(
        "texts for nothing as the source file says",
        table(["id", "state", "value"], ["d1", "Open", "#N/A"], ["d2", "Open", "NULL"]),
        says='null_values: ["#N/A", "NULL"]\n',
        accepted=[("d1", "Open", None), ("d2", "Open", None)],
    ),
    _column(
        "numbers as people write them",
        "amount",
        bad=_types(
            "1,234.50", "(500)", "€ 5", "5 €", "1 234", "1\u00a0234", "1\u2009234", "5%", "5-"
        ),
    ),
    _column(
        "money with its sign, as the source file says",
        "amount",
        good=[("€ 5", 5), ("5\u00a0€", 5)],
        bad=_types("-€5", "US$ 5"),
        source_file=ACME.replace("{column: value,", '{column: value, strip: "€ \u00a0",'),
    ),
    _column(
        "thousands, as the source file says",
        "amount",
        good=[("1,234.50", Decimal("1234.50")), ("-12,50,000", -1_250_000), ("7", 7)],
        bad=_types("1,23", "1.234,567", "1234,567", "1.5,000", "1,234.567,890", ",123", "1,,234"),
        says='thousands: ","\n',
    ),
    _column(
        "decimal commas, as the source file says",
        "amount",
        good=[("1.234,50", Decimal("1234.50")), ("1,5", Decimal("1.5"))],
        bad=_types("1,234.567", "1234.567", "1,5.000", "1.234,567.890", "1,2,3", "12.5"),
        says='thousands: "."\ndecimal: ","\n',
    ),
    _column(
        "dates that Excel wrote as numbers",
        "close_date",
        good=[("2025-09-28", date(2025, 9, 28))],
        bad=_types("45928", "45928.5", "28/09/2025", "28.09.25", "Sep-25"),
    ),
    # Numbers -------------------------------------------------------------------------------------
    _column(
        "numbers with an exponent, a sign or no leading digit",
        "amount",
        good=[
            ("1e3", 1000),
            ("1.5E+2", 150),
            ("+5", 5),
            ("-0", 0),
            (".5", Decimal("0.5")),
            ("5.", 5),
        ],
        bad=_types("1e", "e5", "--5", "+-5", "1e5.5", "."),
    ),
    _column(
        "numbers that are none",
        "amount",
        bad=_types(
            "NaN",
            "Infinity",
            "-inf",
            "0x10",
            "1_000",
            "١٢",
            "１２",
            "½",
            "Ⅳ",
            "²",
            "1e400",
            "9" * 40,
        ),
    ),
    _column(
        "numbers with more decimals than bronze keeps",
        "amount",
        good=[
            ("0.1234560000000000000000000000", Decimal("0.123456")),
            # What programs make of sums in doubles.
            ("0.30000000000000004", Decimal("0.3")),
            ("1234.5600000000002", Decimal("1234.56")),
        ],
        bad=_types(
            "0.1234567",
            "1e-7",
            "1e-30",
            "100.0000000000000000000000001",
            "0.300000000000001",
            rule="precision",
        ),
    ),
    _column(
        "the largest numbers that bronze keeps, and larger ones",
        "amount",
        good=[
            ("9" * 18 + ".999999", Decimal("9" * 18 + ".999999")),
            ("-" + "9" * 18, -(10**18 - 1)),
        ],
        bad=_types("1" + "0" * 18, "-1e18"),
    ),
    _column(
        "doubles",
        "probability",
        good=[("0.1", 0.1), ("1e308", 1e308), ("1e-400", 0.0)],
        bad=_types("1e309", "nan", "inf", "50%", "0,5"),
    ),
    Case(
        "whole numbers",
        table(
            ["id", "staff"],
            *(
                [f"a{n}", text]
                for n, text in enumerate(
                    [
                        "9223372036854775807",
                        "-7",
                        "12.0",
                        "9223372036854775808",
                        "12.5",
                        "1e3",
                        "٣",
                        "1_0",
                    ]
                )
            ),
        ),
        file="firms.csv",
        columns=("employee_count",),
        accepted=[(9223372036854775807,), (-7,), (12,)],
        refused=dict.fromkeys(range(5, 10), "type"),
    ),
    _column(
        "yes and no in many words",
        "is_deleted",
        good=[
            ("TRUE", True),
            ("False", False),
            ("1", True),
            ("0", False),
            ("Yes", True),
            ("n", False),
        ],
        bad=_types("Ja", "oui", "2", "-1", "on", "ｔｒｕｅ", "1.0"),
    ),
    # Days and instants ---------------------------------------------------------------------------
    _column(
        "days that never were or that nobody means",
        "close_date",
        good=[
            ("2024-02-29", date(2024, 2, 29)),
            ("1900-01-01", date(1900, 1, 1)),
            ("2199-12-31", date(2199, 12, 31)),
        ],
        bad=[
            *_types("2025-02-30", "2025-13-01", "2025-02-29", "2025-00-10", "today"),
            *_types("0001-01-01", "1899-12-31", "2200-01-01", "25-01-01", rule="range"),
            *_types("20205-01-01"),
        ],
    ),
    _column(
        "years of two digits",
        "close_date",
        good=[("28.09.25", date(2025, 9, 28)), ("28.09.99", date(1999, 9, 28))],
        bad=_types("28.09.2x", "28.09.-5", "28.09.2O", "28.09.5", "28.09.2025"),
        source_file=_formatted("close_date", "%d.%m.%y"),
    ),
    _column(
        "days without anything between",
        "close_date",
        good=[("20250928", date(2025, 9, 28))],
        bad=_types("2025112", "2025 112", "2025+112", "202509281"),
        source_file=_formatted("close_date", "%Y%m%d"),
    ),
    _column(
        "instants",
        "created_at",
        good=[
            ("2025-09-28T10:00:00.000Z", datetime(2025, 9, 28, 10)),
            ("2025-09-28T10:00:00.000+0000", datetime(2025, 9, 28, 10)),
            ("2025-09-28T10:00:00.5-02:30", datetime(2025, 9, 28, 12, 30, 0, 500_000)),
            ("2025-09-28 10:00:00", datetime(2025, 9, 28, 10)),
            ("2016-12-31T23:59:60Z", datetime(2017, 1, 1)),
        ],
        bad=_types(
            "2025-09-28T25:00:00Z",
            "2025-09-28T24:00:00Z",
            "2025-09-28T10:60:00Z",
            "2025-09-28T10:00:00+25:00",
            "2025-02-30T10:00:00Z",
            "2025-09-28T10",
            "1759053600000",
        ),
    ),
    _column(
        "hours that a change of clocks leaves out or brings twice",
        "created_at",
        good=[
            ("2025-10-26 02:30:00", datetime(2025, 10, 26, 0, 30)),
            ("2025-03-30T02:30:00Z", datetime(2025, 3, 30, 2, 30)),
        ],
        bad=_types("2025-03-30 02:30:00", rule="gap"),
        says="time_zone: Europe/Berlin\n",
    ),
    _column(
        "milliseconds since 1970, and counts that no clock can hold",
        "created_at",
        good=[
            ("1759053600000", datetime(2025, 9, 28, 10)),
            ("-1000", datetime(1969, 12, 31, 23, 59, 59)),
        ],
        bad=[
            *_types("18448503127309552", "1759053600000000000", "9" * 40, "1.7e12", "１"),
            ("1759053600000000", "range"),
        ],
        source_file=_formatted("created_at", "epoch_ms"),
    ),
    # Formulas and markup -------------------------------------------------------------------------
    _column(
        "formulas and code in cells",
        "next_step",
        good=[
            (text, text)
            for text in (
                "=cmd|' /C calc'!A0",
                "@SUM(1+1)",
                "+1+1",
                "-2+3",
                '=HYPERLINK("http://x","y")',
                "'); drop table x; --",
                "<script>alert(1)</script>",
                "[bold]x[/]",
                "{{ 7*7 }}",
                "%s%n",
                "${jndi:ldap://x}",
                "\\N",
                "\\",
                'a\\"b',
                "\x1b[31mred",
                "\x08\x07",
                " lead and trail ",
                "\u200b",
                "\u202egnp.exe",
            )
        ],
    ),
    _column("formulas where numbers are due", "amount", bad=_types("=1+1", "+1+1", "@SUM(A1)")),
]
