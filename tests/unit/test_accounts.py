"""For any file in any format, whole or mangled: no row is lost, and no value is other than written.

Belongs here: properties of the whole way from a file to its two sides, against readings by Python's
own modules.
Does not belong here: single files with a stated outcome (tests/corpus/), one reader alone
(test_csv_structure.py, test_json_text.py, …).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import polars as pl
import pytest
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from orchestration.bronze.load import load_file
from orchestration.bronze.paths import accepted_path, quarantine_path
from orchestration.extracts.landing import local_file
from orchestration.extracts.ledger import Ledger, Load
from orchestration.extracts.table import ROW_NUMBER
from orchestration.settings import Settings
from orchestration.sources.contract import Contract, native_contract
from orchestration.sources.model import SourceFile
from tests.corpus.python_values import ODD_TEXTS, Refused, value_of

# The same files on every run: a failure is a change of the code and not a lucky draw.
# Shrinking what fails would take minutes, and the files are small as they are.
random_files = hypothesis_settings(
    derandomize=True, max_examples=50, deadline=None, phases=[Phase.generate]
)

NIGHT = date(2025, 9, 28)
TYPES = {
    "id": "text",
    "count": "integer",
    "amount": "decimal",
    "share": "double",
    "flag": "boolean",
    "day": "date",
    "moment": "timestamp",
    "key": "salesforce_id",
    "note": "text",
}


def contract_of(columns: dict[str, dict[str, Any]], **source: Any) -> Contract:
    things = {"files": "things*", "key": "id", "columns": columns}
    said = SourceFile.model_validate({"source": "acme", "objects": {"things": things}} | source)
    return native_contract(said, "things", said.objects["things"])


def contract_of_all_types(**source: Any) -> Contract:
    columns: dict[str, dict[str, Any]] = {
        name: {"type": type_, "optional": True} for name, type_ in TYPES.items()
    }
    columns["id"] = {"type": "text", "required": True}
    return contract_of(columns, **source)


# Whole files -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Loaded:
    """A load and its two sides, by row number."""

    load: Load
    accepted: dict[int, dict[str, Any]]
    refused: set[int]


@pytest.fixture(scope="module")
def load_bytes(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Loaded]:
    """Load a file into a home without a ledger."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))

    def load(data: bytes, name: str, **source: Any) -> Loaded:
        path = settings.root / name
        path.write_bytes(data)
        settings.ledger.unlink(missing_ok=True)
        for old in [*settings.bronze.rglob("*.parquet"), *settings.quarantine.rglob("*.parquet")]:
            old.unlink()
        landed = local_file(contract_of_all_types(**source), NIGHT, path)
        loaded = load_file(landed, Ledger(settings.ledger), settings, "run")
        good, bad = accepted_path(settings, loaded), quarantine_path(settings, loaded)
        accepted = pl.read_parquet(good) if good.exists() else pl.DataFrame({ROW_NUMBER: []})
        refused = pl.read_parquet(bad)["row_number"].to_list() if bad.exists() else []
        assert loaded.rows_read == loaded.rows_accepted + loaded.rows_quarantined
        assert (accepted.height, len(refused)) == (loaded.rows_accepted, loaded.rows_quarantined)
        numbers = [*accepted[ROW_NUMBER].to_list(), *refused]
        assert len(numbers) == len(set(numbers))
        assert not list(settings.bronze.glob(".*"))
        rows = {row[ROW_NUMBER]: row for row in accepted.iter_rows(named=True)}
        return Loaded(loaded, rows, set(refused))

    return load


def expected(rows: dict[int, dict[str, str]]) -> dict[int, dict[str, Any]]:
    """The rows that must be accepted, with their values, of the texts of all rows."""
    values = {
        number: {name: value_of(type_, row.get(name, "")) for name, type_ in TYPES.items()}
        for number, row in rows.items()
    }
    return {
        number: row
        for number, row in values.items()
        if Refused not in row.values() and (row["id"] or "").strip()
    }


def check(loaded: Loaded, rows: dict[int, dict[str, str]]) -> None:
    """Both sides are as Python reads the same texts."""
    assert loaded.load.error is None
    wanted = expected(rows)
    assert {
        number: {name: row.get(name) for name in TYPES} for number, row in loaded.accepted.items()
    } == wanted
    assert loaded.refused == rows.keys() - wanted.keys()


GOOD = {
    "id": "a", "count": "-7", "amount": "1.50", "share": "1e308", "flag": "TRUE",
    "day": "2024-02-29", "moment": "2025-09-28T10:00:00.5+02:00", "key": "0067E0000028LZP",
    "note": '"é",\n',
}  # fmt: skip


@st.composite
def rows_of_texts(draw: st.DrawFn) -> list[dict[str, str]]:
    """Rows with some odd fields, and good or empty ones beside them."""
    rows = []
    for _ in range(draw(st.integers(0, 6))):
        row = {name: draw(st.sampled_from([text, text, ""])) for name, text in GOOD.items()}
        for name in draw(st.lists(st.sampled_from(list(TYPES)), max_size=2)):
            row[name] = draw(st.just("") | st.sampled_from(ODD_TEXTS[TYPES[name]]))
        rows.append(row)
    return rows


@pytest.mark.parametrize("name", TYPES)
def test_every_odd_text_is_worth_what_python_says(
    load_bytes: Callable[..., Loaded], name: str
) -> None:
    texts = [text for text in ODD_TEXTS[TYPES[name]] for text in (text, f" {text}\t")]
    rows = [dict.fromkeys(TYPES, "") | {"id": "a", name: text} for text in texts]
    loaded = load_bytes(csv_bytes(rows, {}, "utf-8"), "things.csv")

    check(loaded, dict(enumerate(rows, start=2)))


@st.composite
def dialects(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "delimiter": draw(st.sampled_from([",", ";", "\t", "|", "^", "`"])),
        "quotechar": draw(st.sampled_from(['"', "'"])),
        "lineterminator": draw(st.sampled_from(["\n", "\r\n"])),
        "quoting": draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
    }


def csv_bytes(rows: list[dict[str, str]], dialect: dict[str, Any], encoding: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(TYPES), **dialect)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def options_of(dialect: dict[str, Any], encoding: str) -> dict[str, Any]:
    plain = {"utf-8-sig": "utf-8"}.get(encoding, encoding)
    return {"delimiter": dialect["delimiter"], "quote": dialect["quotechar"], "encoding": plain}


@random_files
@given(
    rows=rows_of_texts(),
    dialect=dialects(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be"]),
)
def test_a_csv_file_in_any_dialect_says_what_the_csv_module_reads(
    load_bytes: Callable[..., Loaded],
    rows: list[dict[str, str]],
    dialect: dict[str, Any],
    encoding: str,
) -> None:
    data = csv_bytes(rows, dialect, encoding)
    loaded = load_bytes(data, "things.csv", **options_of(dialect, encoding))

    plain = {key: dialect[key] for key in ("delimiter", "quotechar")}
    read = list(csv.DictReader(io.StringIO(data.decode(encoding), newline=""), **plain))
    check(loaded, dict(enumerate(read, start=2)))


@random_files
@given(rows=rows_of_texts(), is_document=st.booleans(), is_indented=st.booleans())
def test_a_json_file_says_what_the_json_module_reads(
    load_bytes: Callable[..., Loaded],
    rows: list[dict[str, str]],
    is_document: bool,
    is_indented: bool,
) -> None:
    indent = 2 if is_indented and is_document else None
    documents: Any = [{**row, "count": _as_number(row["count"])} for row in rows]
    if is_document:
        text = json.dumps({"results": documents}, indent=indent)
    else:
        text = "\n".join(json.dumps(each, ensure_ascii=False) for each in documents)
    loaded = load_bytes(text.encode(), "things.json" if is_document else "things.jsonl")

    read = json.loads(text, parse_int=str)["results"] if is_document else documents
    texts = [{name: "" if v is None else str(v) for name, v in row.items()} for row in read]
    check(loaded, dict(enumerate(texts, start=1)))


def _as_number(text: str) -> int | str | None:
    """A number for a text that is one, as some programs write it."""
    return int(text) if re.fullmatch(r"-?[1-9][0-9]*", text) else text or None


FRAMES = st.fixed_dictionaries(
    {
        "id": st.text("ab ", min_size=0, max_size=3) | st.none(),
        "count": st.integers(-(2**63), 2**63 - 1) | st.none(),
        "amount": st.decimals(-(10**12), 10**12, places=6) | st.none(),
        "share": st.floats(-1e9, 1e9, width=32).map(lambda x: round(x, 3)) | st.none(),
        "flag": st.booleans() | st.none(),
        "day": st.dates(date(1890, 1, 1), date(2210, 1, 1)) | st.none(),
        "moment": st.datetimes(datetime(1890, 1, 1), datetime(2210, 1, 1)) | st.none(),
        "note": st.text("aé\n\"',=", max_size=4) | st.none(),
    }
)
SCHEMA = {
    "id": pl.String,
    "count": pl.Int64,
    "amount": pl.Decimal(24, 6),
    "share": pl.Float64,
    "flag": pl.Boolean,
    "day": pl.Date,
    "moment": pl.Datetime("us"),
    "note": pl.String,
}


def typed(rows: list[dict[str, Any]], first: int) -> dict[int, dict[str, Any]]:
    """Of typed rows those that must be accepted, under their numbers."""
    days = (date(1900, 1, 1), date(2199, 12, 31))
    return {
        number: {
            **{name: row[name] for name in SCHEMA},
            "id": row["id"],
            "note": row["note"] or None,
        }
        for number, row in enumerate(rows, start=first)
        if (row["id"] or "").strip()
        and all(each is None or days[0] <= each <= days[1] for each in [row["day"]])
        and all(each is None or days[0] <= each.date() <= days[1] for each in [row["moment"]])
    }


@random_files
@given(rows=st.lists(FRAMES, max_size=6))
def test_a_parquet_file_says_what_was_written(
    load_bytes: Callable[..., Loaded], rows: list[dict[str, Any]]
) -> None:
    file = io.BytesIO()
    pl.DataFrame(rows, schema=SCHEMA).write_parquet(file)
    loaded = load_bytes(file.getvalue(), "things.parquet")

    wanted = typed(rows, first=1)
    assert {
        number: {name: row[name] for name in SCHEMA} for number, row in loaded.accepted.items()
    } == wanted
    assert loaded.refused == set(range(1, len(rows) + 1)) - wanted.keys()


@random_files
@given(rows=st.lists(FRAMES, max_size=5))
def test_an_xlsx_file_says_what_was_written(
    load_bytes: Callable[..., Loaded], rows: list[dict[str, Any]]
) -> None:
    """Sheets know doubles only, and instants to the millisecond."""
    for row in rows:
        row["count"] = row["count"] and row["count"] % 10**12
        row["amount"] = row["amount"] and Decimal(int(row["amount"])) / 4
        row["note"] = (row["note"] or "").replace("=", "") or None
        row["moment"] = row["moment"] and row["moment"].replace(microsecond=0)
    for row in rows:
        row["day"] = row["day"] if row["day"] and row["day"] > date(1900, 3, 1) else None
        row["moment"] = row["moment"] if row["moment"] and row["moment"].year > 1900 else None
    file = io.BytesIO()
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(list(SCHEMA))
    for row in rows:
        sheet.append([row[name] for name in SCHEMA])
    book.save(file)
    loaded = load_bytes(file.getvalue(), "things.xlsx")

    is_blank = [all(row[name] in (None, "") for name in SCHEMA) for row in rows]
    wanted = typed(rows, first=2)
    assert {
        number: {name: row.get(name) for name in SCHEMA} for number, row in loaded.accepted.items()
    } == wanted
    filled = {number for number, blank in enumerate(is_blank, start=2) if not blank}
    assert loaded.refused | wanted.keys() == filled


# Mangled files -----------------------------------------------------------------------------------


@st.composite
def mangled(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes flipped, cut out, put in and repeated."""
    mangled = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(mangled)))
        end = min(len(mangled), start + draw(st.integers(1, 12)))
        match draw(st.sampled_from(["flip", "cut", "put in", "repeat", "lose the end"])):
            case "flip" if start < len(mangled):
                mangled[start] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del mangled[start:end]
            case "put in":
                mangled[start:start] = draw(
                    st.sampled_from([b'"', b"\n", b",", b"\0", b"\xff", b"{"])
                )
            case "repeat":
                mangled[start:start] = mangled[start:end]
            case _:
                del mangled[end:]
    return bytes(mangled)


def whole_files(rows: list[dict[str, str]]) -> dict[str, bytes]:
    """The same rows in each format."""
    parquet, xlsx = io.BytesIO(), io.BytesIO()
    pl.DataFrame(rows, schema=dict.fromkeys(TYPES, pl.String)).write_parquet(parquet)
    book = openpyxl.Workbook()
    book.active.append(list(TYPES))
    for row in rows:
        book.active.append(list(row.values()))
    book.save(xlsx)
    return {
        "things.csv": csv_bytes(rows, {}, "utf-8"),
        "things.jsonl": "\n".join(map(json.dumps, rows)).encode(),
        "things.parquet": parquet.getvalue(),
        "things.xlsx": xlsx.getvalue(),
    }


SAMPLE = [{name: ODD_TEXTS[type_][place] for name, type_ in TYPES.items()} for place in range(5)]


@pytest.mark.parametrize("name", ["things.csv", "things.jsonl", "things.parquet", "things.xlsx"])
@hypothesis_settings(random_files, max_examples=20)
@given(data=st.data())
def test_a_mangled_file_is_refused_whole_or_its_account_closes(
    load_bytes: Callable[..., Loaded], name: str, data: st.DataObject
) -> None:
    loaded = load_bytes(data.draw(mangled(WHOLE[name])), name)

    numbers = {*loaded.accepted, *loaded.refused}
    if loaded.load.error is not None:
        assert (loaded.load.rows_read, numbers) == (0, set())
    else:
        assert len(numbers) == loaded.load.rows_read


WHOLE = whole_files(SAMPLE)
