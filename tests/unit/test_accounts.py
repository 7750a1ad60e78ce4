"""For any file in any format, whole or mangled: no row is lost, and no value is other than written.

Belongs here: properties of the whole way from a file to its two sides, against readings by Python's
own modules; and that the short cut for common forms reads as the careful way does.
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
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from orchestration.bronze.cast import CastRows
from orchestration.bronze.header import match_header
from orchestration.bronze.load import accepted_path, load_file
from orchestration.bronze.quarantine import quarantine_path
from orchestration.extracts.landing import local_file
from orchestration.extracts.ledger import Ledger, Load
from orchestration.extracts.table import ROW_NUMBER, TextTable
from orchestration.settings import Settings
from orchestration.sources.contract import Contract, native_contract
from orchestration.sources.model import SourceFile

# The same files on every run: a failure is a change of the code and not a lucky draw.
# Shrinking what fails would take minutes, and the files are small as they are.
random_files = hypothesis_settings(
    derandomize=True, max_examples=50, deadline=None, phases=[Phase.generate]
)
random_texts = hypothesis_settings(derandomize=True, max_examples=150, deadline=None)

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


# What Python itself makes of a text --------------------------------------------------------------

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_BOOLEANS = {word: True for word in ("true", "1", "yes", "y", "t")} | {
    word: False for word in ("false", "0", "no", "n", "f")
}


class Refused:
    """What a text is worth that is no value of its type."""


def value_of(type_: str, text: str) -> Any:
    """The value of a text; NULL for none, Refused for what is no value."""
    if type_ == "text":
        return text or None
    text = text.strip()
    if not text:
        return None
    try:
        return {
            "integer": _integer,
            "decimal": _decimal,
            "double": _double,
            "boolean": lambda word: _BOOLEANS[word.lower()],
            "date": _day,
            "timestamp": _instant,
            "salesforce_id": _id,
        }[type_](text)
    except (ValueError, KeyError):
        return Refused


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+(?:\.0+)?", text):
        raise ValueError(text)
    value = int(text.split(".")[0])
    if not -(2**63) <= value < 2**63:
        raise ValueError(text)
    return value


def _decimal(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    value = Decimal(text)
    is_kept = abs(value) < 10**18 and value == round(value, 6)
    if not is_kept:
        raise ValueError(text)
    return value


def _double(text: str) -> float:
    if not _NUMBER.fullmatch(text) or abs(float(text)) == float("inf"):
        raise ValueError(text)
    return float(text)


def _day(text: str) -> date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(text)
    return _plausible(date.fromisoformat(text))


def _instant(text: str) -> datetime:
    if not re.fullmatch(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
        r"(?:[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?)?",
        text,
    ):
        raise ValueError(text)
    value = datetime.fromisoformat(text.upper())
    value = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    _plausible(value.date())
    return value


def _plausible(day: date) -> date:
    if not date(1900, 1, 1) <= day <= date(2199, 12, 31):
        raise ValueError(day)
    return day


def _id(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?", text):
        raise ValueError(text)
    if len(text) == 18:
        return text
    blocks = [text[start : start + 5] for start in (0, 5, 10)]
    sums = [sum(1 << i for i, letter in enumerate(each) if letter.isupper()) for each in blocks]
    return text + "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[number] for number in sums)


# Texts -------------------------------------------------------------------------------------------

# Forms that one reading takes and another may not.
ODD = {
    "integer": ["7", "-7", "+7", "007", "7.0", "7.", "7.5", "1e3", "1_0", "٣", "１２", "0x10", "-0",
                "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1 2", "--1"],
    "decimal": ["1", "1.5", "-1.50", ".5", "5.", "+5", "1e3", "1E-3", "1e-7", "1e-30", "1.1234567",
                "1.1234560", "0.000001", "0.00000100000000000000000000000000001", "1e17", "1e18",
                "999999999999999999.999999", "1234567890123456789", "1_0", "٣", "NaN", "Infinity",
                "1,5", "1 5", "--5", "e5", "5e", ".", "-", "00012", "1" * 40, "0" * 50 + "1"],
    "double": ["1", "1.5", "-0", ".5", "5.", "1e308", "1e309", "1e-400", "nan", "inf", "-Infinity",
               "0x1p3", "1_0", "1d", "1f", "٣", "1.7976931348623157e308", "4.9e-324", "1e", "+"],
    "boolean": ["true", "TRUE", "True", "false", "1", "0", "yes", "No", "t", "F", "on", "2", "ja",
                "truе", "1.0", "-1"],
    "date": ["2025-09-28", "2024-02-29", "2025-02-29", "2025-13-01", "1899-12-31", "2200-01-01",
             "0001-01-01", "20205-01-01", "2025-09-28T00:00:00.000Z", "28.09.2025", "20250928",
             "2025/09/28", "２025-09-28", "2025-09-31", "now"],
    "timestamp": ["2025-09-28T10:00:00.000Z", "2025-09-28T10:00:00.000+0000", "2025-09-28",
                  "2025-09-28 10:00:00", "2025-09-28T10:00:00", "2025-09-28T10:00:00.123456Z",
                  "2025-09-28T10:00:00.5+02:00", "2025-09-28T24:00:00.000Z",
                  "2025-09-28T25:00:00.000Z", "2025-09-28T10:61:00.000Z", "2025-02-30T10:00:00.000Z",
                  "1899-12-31T23:59:59.000Z", "2199-12-31T23:59:59.000Z", "2200-01-01T00:00:00.000Z",
                  "1900-01-01T00:00:00.000+0100", "1759053600000", "2025-09-28T10:00:00.000z"],
    "salesforce_id": ["006000000000001AAA", "006000000000001", "0067E0000028LZP", "00600000000000",
                      "006000000000001AA", "006000000000001AAAA", "00600000000000-AAA",
                      "00600000000000１AAA", "006000000000001aaa"],
    "text": ["a", "é😀", "a,b", 'a"b', "a\nb", " a ", "NULL", "=1+1", "\ufeff", "0012", "-"],
}  # fmt: skip
_STRANGE = "0123456789+-.eE_:TZ/ ,\tntrufalse１٣\u00a0\u2009"


@st.composite
def odd_texts(draw: st.DrawFn, type_: str) -> str:
    """A text of a type, or one that is not quite of it."""
    text = draw(st.sampled_from(ODD[type_]))
    if draw(st.integers(0, 3)) == 0:
        place = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 1))
        text = text[:place] + draw(st.text(_STRANGE, max_size=2)) + text[place + cut :]
    return text


# The short cut -----------------------------------------------------------------------------------

COLUMNS = [
    *({"type": type_} for type_ in ODD),
    *({"type": type_, "required": True} for type_ in ("text", "decimal", "timestamp")),
    {"type": "date", "format": ["%Y-%m-%d", "%Y-%m-%dT00:00:00.000Z"]},
    {"type": "date", "format": "%d.%m.%Y"},
    {"type": "date", "format": "%y%m%d"},
    {"type": "date", "format": "%m/%d/%y"},
    {"type": "timestamp", "format": "epoch_ms"},
    {"type": "decimal", "strip": "$ "},
    {"type": "integer", "replace": {"none": "0"}},
]
SOURCES: list[dict[str, Any]] = [
    {},
    {"time_zone": "America/New_York"},
    {"thousands": ",", "null_values": ["NULL", "-"]},
    {"decimal": ",", "thousands": "."},
]


def rows_of(rows: CastRows) -> dict[int, Any]:
    frame = rows.accepted().collect(engine="streaming")
    return dict(frame.select(ROW_NUMBER, "id").rows())


@random_texts
@given(data=st.data(), column=st.sampled_from(COLUMNS), source=st.sampled_from(SOURCES))
def test_what_the_short_cut_takes_the_careful_way_takes_for_the_same(
    data: st.DataObject, column: dict[str, Any], source: dict[str, Any]
) -> None:
    texts = data.draw(st.lists(odd_texts(column["type"]), min_size=1, max_size=30))
    contract = contract_of({"id": column}, **source)
    records = pl.LazyFrame(
        {"id": texts, ROW_NUMBER: range(len(texts))}, schema={"id": pl.String, ROW_NUMBER: pl.Int64}
    )
    table = TextTable(("id",), len(texts), (), records, raw_texts=lambda numbers: {})
    match = match_header(contract, ("id",))

    short = rows_of(CastRows(table, contract, match, in_common_form=True))
    careful = rows_of(CastRows(table, contract, match))
    # By their words: `0.0` and `-0.0` are two values.
    assert {row: repr(value) for row, value in short.items()} == {
        row: repr(careful.get(row, Refused)) for row in short
    }


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
            row[name] = draw(st.just("") | st.sampled_from(ODD[TYPES[name]]))
        rows.append(row)
    return rows


@pytest.mark.parametrize("name", TYPES)
def test_every_odd_text_is_worth_what_python_says(
    load_bytes: Callable[..., Loaded], name: str
) -> None:
    texts = [text for text in ODD[TYPES[name]] for text in (text, f" {text}\t")]
    rows = [{column: "" for column in TYPES} | {"id": "a", name: text} for text in texts]
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
    loaded = load_bytes(text.encode(), "things.json")

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
        number: {**{name: row[name] for name in SCHEMA}, "id": row["id"], "note": row["note"] or None}
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
                mangled[start:start] = draw(st.sampled_from([b'"', b"\n", b",", b"\0", b"\xff", b"{"]))
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


SAMPLE = [{name: ODD[type_][place] for name, type_ in TYPES.items()} for place in range(5)]


@pytest.mark.parametrize("name", ["things.csv", "things.jsonl", "things.parquet", "things.xlsx"])
@random_files
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
