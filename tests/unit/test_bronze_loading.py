"""From landed files to bronze, quarantine and ledger: no row is lost, and nothing counts twice.

Belongs here: the account of a file, and the life of a load: due, loaded, accepted, refused, undone.
Does not belong here: values (test_bronze_casting.py), where records end (test_csv_structure.py).
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from orchestration.bronze.due import survey
from orchestration.bronze.load import load_file
from orchestration.bronze.night import accept, heal, load_night, refuse, retry
from orchestration.bronze.paths import accepted_path, quarantine_path
from orchestration.extracts.csv_structure import raw_records
from orchestration.extracts.landing import local_file
from orchestration.extracts.ledger import Ledger, Load
from orchestration.settings import Settings
from orchestration.sources.catalog import load_sources
from orchestration.sources.contract import Contract, native_contract
from orchestration.sources.model import SourceFile
from tests.conftest import describe, land

FIRST, SECOND, THIRD = date(2025, 9, 1), date(2025, 9, 2), date(2025, 9, 3)
ACME = """\
source: acme
objects:
  accounts:
    files: "accounts*.csv"
    key: account_id
    extract: full
    columns: {account_id: id, account_name: name, annual_revenue: revenue}
  opportunities:
    files: "deals*.csv"
    key: opportunity_id
    extract: delta
    columns: {opportunity_id: id, stage: {column: state}, amount: value}
"""
PIPELINES = """\
pipelines:
  - {name: new, stages: [Open, Offer], won: Won, lost: [Lost, Gone], qualified_from: Offer}
"""
DEALS = "id,state,value\nd1,Open,10\nd2,Won,20.50\n"
OTHER_DEALS = "id,state,value\nd3,Open,30\n"
BAD_DEALS = "id,state,value\nd1,Open,10\nd2,Won,much\nd3,Open\nd4,,5\n"
ACCOUNTS = "id,name,revenue\na1,Bell,1\na2,Hill,2\n"

# The same files on every run: a failure is a change of the code and not a lucky draw.
random_files = hypothesis_settings(derandomize=True, max_examples=120, deadline=None)


@pytest.fixture
def home(settings: Settings) -> Settings:
    """A home with one mapped source."""
    return describe(settings, ACME)


def run(settings: Settings, night: date, run_id: str = "run") -> list[Load]:
    """What a night loads of the source before a gate has judged it."""
    return load_night(settings, night, run_id, "acme")


def publish(settings: Settings, night: date, run_id: str = "run") -> list[Load]:
    """A night that the gates let pass."""
    loads = run(settings, night, run_id)
    accept(settings)
    return loads


def due(settings: Settings, always: tuple[date, ...] = ()) -> dict[date, list[str]]:
    """Names of the files that are due, by night."""
    found = survey(settings, Ledger(settings.ledger), always)
    return {night: [file.name for file in files] for night, files in found.files.items()}


def ledger_of(settings: Settings) -> list[tuple[str, str]]:
    """File and status of every line of the ledger."""
    return [(load.file, load.status) for load in Ledger(settings.ledger).loads]


def bronze_of(settings: Settings, object_: str) -> pl.DataFrame:
    """The rows of an object as the models see them."""
    files = settings.bronze / "acme" / object_ / "*" / "*.parquet"
    return pl.read_parquet(files).sort("_load_number", "_row_number")


def ids_of(settings: Settings, object_: str = "opportunities") -> list[str]:
    frame = bronze_of(settings, object_)
    return frame[frame.columns[0]].to_list()


def quarantine_of(settings: Settings, load: Load) -> list[dict[str, object]]:
    return pl.read_parquet(quarantine_path(settings, load)).to_dicts()


def batch_files(settings: Settings) -> list[Path]:
    return sorted(settings.bronze.glob("*/*/batch=*/*"))


# The account of a file, on random damage ---------------------------------------------------------

NAMES = ["id", "name", "note"]
FIELD = st.text(alphabet='ab7é ",\n', max_size=4)
PLAIN_FIELD = st.text(alphabet="ab7é ;", max_size=4)


@st.composite
def files_in_quotes(draw: st.DrawFn) -> bytes:
    """A well-formed file, some rows of which have lost or won a field."""
    text = io.StringIO(newline="")
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    line_end = draw(st.sampled_from(["\n", "\r\n"]))
    writer = csv.writer(text, lineterminator=line_end, quoting=quoting)
    writer.writerow(NAMES)
    widths = st.sampled_from([3, 3, 3, 3, 2, 4, 1])
    for _ in range(draw(st.integers(min_value=0, max_value=8))):
        width = draw(widths)
        writer.writerow(draw(st.lists(FIELD, min_size=width, max_size=width)))
    return text.getvalue().encode()


def damaged(draw: st.DrawFn, data: bytes, wrong: bytes, count: int) -> bytes:
    """Replace, insert and cut single bytes, and sometimes lose the end of the file."""
    damaged = bytearray(data)
    for _ in range(draw(st.integers(min_value=1, max_value=count))):
        place = draw(st.integers(min_value=0, max_value=len(damaged)))
        byte = draw(st.sampled_from(list(wrong)))
        match draw(st.sampled_from(["replace", "insert", "cut", "cut", "lose the end"])):
            case "replace":
                damaged[place : place + 1] = bytes([byte])
            case "insert":
                damaged.insert(place, byte)
            case "cut":
                del damaged[place : place + 1]
            case _ if len(damaged) > 40:
                del damaged[len(damaged) - place // 4 :]
    return bytes(damaged)


@st.composite
def damaged_files(draw: st.DrawFn) -> bytes:
    """A file that anything may have happened to."""
    return damaged(draw, draw(files_in_quotes()), b'"",,\n\nx\xff\x00 ', count=4)


@st.composite
def damaged_files_without_quotes(draw: st.DrawFn) -> bytes:
    """A damaged file where nobody can quarrel about where a record ends."""
    rows = draw(st.lists(st.lists(PLAIN_FIELD, min_size=3, max_size=3), max_size=8))
    data = "\n".join(",".join(row) for row in [NAMES, *rows]).encode()
    return damaged(draw, data, b",,\n\nx\xff\x00 ", count=4)


@pytest.fixture(scope="module")
def load_bytes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], tuple]:
    """Load a file of three text columns into a home without a ledger."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    columns = {name: {"type": "text"} for name in NAMES}
    columns["id"]["required"] = True
    things = {"files": "things.csv", "key": "id", "columns": columns}
    said = SourceFile.model_validate({"source": "acme", "objects": {"things": things}})
    contract: Contract = native_contract(said, "things", said.objects["things"])
    path = settings.root / "things.csv"

    def load(data: bytes) -> tuple[Load, pl.DataFrame, pl.DataFrame]:
        path.write_bytes(data)
        settings.ledger.unlink(missing_ok=True)
        for old in [*settings.bronze.rglob("*.parquet"), *settings.quarantine.rglob("*.parquet")]:
            old.unlink()
        loaded = load_file(
            local_file(contract, FIRST, path), Ledger(settings.ledger), settings, "run"
        )
        frames = [
            pl.read_parquet(place) if place.exists() else pl.DataFrame({number: []})
            for place, number in (
                (accepted_path(settings, loaded), "_row_number"),
                (quarantine_path(settings, loaded), "row_number"),
            )
        ]
        return loaded, *frames

    load.path = path
    return load


def by_name(row: dict[str, object]) -> dict[str, object]:
    return {name: row[name] for name in NAMES}


def named(header: list[str], row: list[str]) -> dict[str, object]:
    """The fields of a row as bronze should have them; the damage may have moved a column."""
    names = [name.strip() for name in header]
    return {name: row[names.index(name)] or None for name in NAMES}


def strictly_read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


@random_files
@given(data=damaged_files() | damaged_files_without_quotes() | files_in_quotes())
def test_a_file_is_refused_whole_or_every_row_of_it_stands_on_one_side(
    load_bytes: Callable[[bytes], tuple], data: bytes
) -> None:
    load, accepted, refused = load_bytes(data)

    if load.error is not None:
        assert (load.rows_read, accepted.height, refused.height) == (0, 0, 0)
    else:
        assert load.rows_read == load.rows_accepted + load.rows_quarantined
        assert (accepted.height, refused.height) == (load.rows_accepted, load.rows_quarantined)
        numbers = [*accepted["_row_number"].to_list(), *refused["row_number"].to_list()]
        assert sorted(numbers) == list(range(2, load.rows_read + 2))


@random_files
@given(data=damaged_files_without_quotes() | files_in_quotes())
def test_every_accepted_value_is_what_the_csv_module_reads_in_that_row(
    load_bytes: Callable[[bytes], tuple], data: bytes
) -> None:
    load, accepted, _ = load_bytes(data)

    if load.error is None:
        text = io.StringIO(data.decode("utf-8-sig"), newline="")
        rows = [row for row in csv.reader(text) if row]
        for row in accepted.iter_rows(named=True):
            assert by_name(row) == named(rows[0], rows[row["_row_number"] - 1])


@random_files
@given(data=damaged_files())
def test_an_accepted_row_is_well_formed_by_itself(
    load_bytes: Callable[[bytes], tuple], data: bytes
) -> None:
    """Where a quote is out of place two readers disagree, and the text must not be guessed."""
    load, accepted, _ = load_bytes(data)

    if load.error is None:
        wanted = [1, *accepted["_row_number"]]
        raw = raw_records(load_bytes.path, wanted, delimiter=",", quote='"')
        (header,) = strictly_read(raw[1].removeprefix("\ufeff"))
        for row in accepted.iter_rows(named=True):
            (read,) = strictly_read(raw[row["_row_number"]])
            assert by_name(row) == named(header, read)


# Both sides --------------------------------------------------------------------------------------


def test_accepted_rows_say_where_they_come_from(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": DEALS})
    run(home, FIRST)

    origin = ["_source", "_batch_date", "_load_number", "_file", "_row_number"]
    assert bronze_of(home, "opportunities").select(origin).rows() == [
        ("acme", FIRST, 1, "deals.csv", 2),
        ("acme", FIRST, 1, "deals.csv", 3),
    ]


def test_a_refused_row_says_which_value_of_which_column_broke_which_rule(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": BAD_DEALS})
    (load,) = run(home, FIRST)

    much = quarantine_of(home, load)[0]
    assert (much["row_number"], much["column"], much["rule"]) == (3, "amount", "type")
    assert (much["value"], much["raw_text"]) == ("much", "d2,Won,much")


def test_a_refused_row_says_which_file_of_which_night_it_stood_in(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": BAD_DEALS})
    (load,) = run(home, FIRST)

    for row in quarantine_of(home, load):
        assert (row["source"], row["object"]) == ("acme", "opportunities")
        assert (row["batch_date"], row["file"]) == (FIRST, "deals.csv")


def test_a_row_with_too_few_fields_is_refused_with_its_raw_text(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": BAD_DEALS})
    (load,) = run(home, FIRST)

    short = quarantine_of(home, load)[1]
    assert (short["row_number"], short["raw_text"]) == (4, "d3,Open")
    assert (short["column"], short["rule"]) == (None, "2 fields where the header has 3")


def test_a_row_without_a_required_value_is_refused(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": BAD_DEALS})
    (load,) = run(home, FIRST)

    empty = quarantine_of(home, load)[2]
    assert (empty["row_number"], empty["column"], empty["rule"]) == (5, "stage", "missing")


def test_the_rows_around_a_refused_one_are_accepted_under_their_own_numbers(
    home: Settings,
) -> None:
    deals = "id,state,value\nd1,Open,1\nd2\n\nd3,Open,x\nd4,Open,4\n\nd5,Open,5,5\nd6,Open,6\n"
    land(home, "acme", FIRST, {"deals.csv": deals})
    (load,) = run(home, FIRST)

    rows = bronze_of(home, "opportunities").select("opportunity_id", "_row_number").rows()
    assert rows == [("d1", 2), ("d4", 5), ("d6", 7)]
    assert (load.rows_read, load.rows_accepted, load.rows_quarantined) == (6, 3, 3)


def test_the_raw_text_of_a_refused_row_keeps_its_lines_and_quotes(home: Settings) -> None:
    raw = '"d""1","Open\r\nor not",x'
    land(home, "acme", FIRST, {"deals.csv": f"id,state,value\r\n{raw}\r\nd2,Open,2\r\n"})
    (load,) = run(home, FIRST)

    assert [row["raw_text"] for row in quarantine_of(home, load)] == [raw]


def test_the_raw_text_of_a_latin_1_file_is_readable(settings: Settings) -> None:
    describe(settings, ACME + "encoding: latin-1\n")
    land(
        settings, "acme", FIRST, {"deals.csv": "id,state,value\nMüller,Open,x\n".encode("latin-1")}
    )
    (load,) = run(settings, FIRST)

    assert quarantine_of(settings, load)[0]["raw_text"] == "Müller,Open,x"


def test_without_a_refused_row_there_is_no_quarantine(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": DEALS})
    (load,) = run(home, FIRST)

    assert not quarantine_path(home, load).exists()


def test_nothing_but_whole_files_is_left_in_bronze(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": BAD_DEALS, "accounts.csv": b"\xff"})
    loads = run(home, FIRST)

    assert batch_files(home) == [accepted_path(home, loads[-1])]
    assert list(home.bronze.glob(".*")) == []


# Headers and names -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "id, state ,value",
        "id,state,value,",
        '"id","state","value"',
        "\ufeffid,state,value",
        "value,id,state",
    ],
    ids=["blanks", "a delimiter at the end", "quotes", "a byte order mark", "another order"],
)
def test_a_header_is_understood_as_people_write_it(home: Settings, header: str) -> None:
    places = {name.strip(' "\ufeff'): place for place, name in enumerate(header.split(","))}
    row = ["" for _ in places]
    for name, value in {"id": "d1", "state": "Open", "value": "10"}.items():
        row[places[name]] = value
    land(home, "acme", FIRST, {"deals.csv": f"{header}\n{','.join(row)}\n"})
    (load,) = run(home, FIRST)

    assert load.error is None
    assert ids_of(home) == ["d1"]


def test_a_column_of_the_file_may_bear_any_name(home: Settings) -> None:
    odd = 'id,state,value,"a ""b""\nc"\nd1,Open,10,x\n'
    land(home, "acme", FIRST, {"deals.csv": odd})
    (load,) = run(home, FIRST)

    assert load.error is None
    assert bronze_of(home, "opportunities")["_row_number"].to_list() == [2]


def test_a_column_with_a_name_of_ours_does_not_stop_the_night(home: Settings) -> None:
    """Loaded or refused, as long as the other files are loaded and somebody hears of it."""
    land(home, "acme", FIRST, {"deals.csv": "id,state,value,_row_number\nd1,Open,10,7\n"})
    (load,) = run(home, FIRST)

    if load.error is None:
        assert bronze_of(home, "opportunities")["_row_number"].to_list() == [2]
    else:
        assert "_row_number" in load.error


def test_a_file_name_is_no_pattern(home: Settings) -> None:
    """Whoever downloads an export twice gets `deals [1].csv`."""
    land(home, "acme", FIRST, {"deals [1].csv": DEALS})
    (load,) = run(home, FIRST)

    assert load.error is None
    assert ids_of(home) == ["d1", "d2"]


# Files refused whole -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"id,state\nd1,Open\n", "lacks `value`"),
        (b"id,state,value\nd1,\xff,3\n", "not UTF-8"),
        (b'id,state,value\nd1,"Open,3\n', "never closed"),
        (b"id,state,id\nd1,Open,3\n", "more than once"),
        (b"id,state,value\rd1,Open,3\r", "line"),
        (b'id,state,value\nd1,""Open"\nd2,"Won"",3\n', "quote"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_load_with_an_error_and_no_rows(
    home: Settings, content: bytes, said: str
) -> None:
    land(home, "acme", FIRST, {"deals.csv": content})
    (load,) = run(home, FIRST)

    assert said in str(load.error)
    assert (load.rows_read, load.rows_accepted, load.rows_quarantined) == (0, 0, 0)
    assert batch_files(home) == []


def test_an_unreadable_file_does_not_keep_the_others_from_being_loaded(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": b"", "accounts.csv": ACCOUNTS})

    assert [(load.file, load.rows_accepted) for load in run(home, FIRST)] == [
        ("accounts.csv", 2),
        ("deals.csv", 0),
    ]


# Every file loads once ---------------------------------------------------------------------------


def test_a_file_is_loaded_once(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": DEALS})
    publish(home, FIRST, "first")

    assert publish(home, FIRST, "second") == []
    assert ids_of(home) == ["d1", "d2"]


def test_an_attempt_that_is_repeated_goes_on_where_it_stopped(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": DEALS})
    first = run(home, FIRST, "run")

    assert run(home, FIRST, "run") == first


@pytest.mark.parametrize("night", [FIRST, SECOND], ids=["the same night", "a later night"])
def test_the_same_changes_under_another_name_are_not_loaded_again(
    home: Settings, night: date
) -> None:
    land(home, "acme", FIRST, {"deals.csv": DEALS})
    publish(home, FIRST)
    land(home, "acme", night, {"deals_again.csv": DEALS})
    again = publish(home, night, "again")

    assert [(load.status, load.rows_read) for load in again] == [("duplicate", 0)]
    assert "deals.csv of 2025-09-01" in str(again[0].error)
    assert ids_of(home) == ["d1", "d2"]


def test_changes_that_are_changed_back_are_loaded_again(home: Settings) -> None:
    won = DEALS.replace("Open", "Won")
    for day, text in enumerate((DEALS, won, DEALS)):
        night = FIRST + timedelta(days=day)
        land(home, "acme", night, {"deals.csv": text})
        publish(home, night, f"run {day}")

    assert ids_of(home) == ["d1", "d2"] * 3


def test_changes_that_were_changed_back_are_loaded_once(home: Settings) -> None:
    won = DEALS.replace("Open", "Won")
    for day, text in enumerate((DEALS, won, DEALS, DEALS)):
        night = FIRST + timedelta(days=day)
        land(home, "acme", night, {"deals.csv": text})
        loads = publish(home, night, f"run {day}")

    assert [load.status for load in loads] == ["duplicate"]


def test_the_same_bytes_of_another_object_are_loaded(home: Settings) -> None:
    """Two empty exports of two objects may be alike."""
    wide = "id,name,revenue,state,value\n1,Bell,2,Open,3\n"
    land(home, "acme", FIRST, {"deals.csv": wide, "accounts.csv": wide})

    assert [load.status for load in run(home, FIRST)] == ["loaded", "loaded"]


def test_a_full_extract_that_says_the_same_says_it_of_its_own_night(home: Settings) -> None:
    land(home, "acme", FIRST, {"accounts.csv": ACCOUNTS})
    publish(home, FIRST)
    land(home, "acme", SECOND, {"accounts.csv": ACCOUNTS})
    publish(home, SECOND)

    nights = bronze_of(home, "accounts")["_batch_date"].to_list()
    assert nights == [FIRST, FIRST, SECOND, SECOND]


def test_a_full_extract_counts_once_in_a_night(home: Settings) -> None:
    land(home, "acme", FIRST, {"accounts.csv": ACCOUNTS, "accounts_2.csv": ACCOUNTS})

    assert sorted(load.status for load in run(home, FIRST)) == ["duplicate", "loaded"]
    assert ids_of(home, "accounts") == ["a1", "a2"]


def test_other_bytes_under_the_same_name_are_another_file(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": DEALS})
    publish(home, FIRST)
    land(home, "acme", FIRST, {"deals.csv": OTHER_DEALS})
    publish(home, FIRST, "again")

    assert ids_of(home) == ["d1", "d2", "d3"]


def test_loads_are_numbered_in_their_order(home: Settings) -> None:
    for night, deals in ((FIRST, DEALS), (SECOND, BAD_DEALS), (THIRD, OTHER_DEALS)):
        land(home, "acme", night, {"deals.csv": deals})
        run(home, night)
        refuse(home) if night == SECOND else accept(home)
    retry(home, SECOND)
    publish(home, SECOND, "again")

    rows = bronze_of(home, "opportunities").select("_batch_date", "_load_number").unique()
    in_order = [night for night, _ in sorted(rows.rows(), key=lambda row: row[1])]
    assert in_order == [FIRST, THIRD, SECOND]
    assert rows["_load_number"].n_unique() == 3


# Which files are due -----------------------------------------------------------------------------


def test_a_late_file_of_a_published_night_is_loaded_with_the_next(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": DEALS})
    publish(home, FIRST)
    land(home, "acme", FIRST, {"deals_late.csv": OTHER_DEALS})
    land(home, "acme", SECOND, {"accounts.csv": ACCOUNTS})
    publish(home, SECOND, "second")

    late = bronze_of(home, "opportunities").filter(pl.col("_file") == "deals_late.csv")
    assert late.select("_batch_date", "opportunity_id").rows() == [(FIRST, "d3")]


def test_a_night_that_was_never_published_waits_for_a_run_of_its_own(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": BAD_DEALS})
    land(home, "acme", SECOND, {"deals.csv": OTHER_DEALS})

    assert [load.batch_date for load in run(home, SECOND)] == [SECOND]
    assert due(home) == {FIRST: ["deals.csv"]}


def test_a_corrected_file_of_a_refused_night_waits_for_a_run_of_its_own(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": BAD_DEALS, "accounts.csv": ACCOUNTS})
    run(home, FIRST)
    refuse(home)
    land(home, "acme", FIRST, {"deals.csv": DEALS})
    land(home, "acme", SECOND, {"deals.csv": OTHER_DEALS})

    assert [load.batch_date for load in publish(home, SECOND, "second")] == [SECOND]
    assert due(home) == {FIRST: ["accounts.csv", "deals.csv"]}


def test_a_night_leaves_later_nights_alone(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": DEALS})
    land(home, "acme", SECOND, {"deals.csv": OTHER_DEALS})
    run(home, FIRST)

    assert ids_of(home) == ["d1", "d2"]


def test_nights_are_due_in_order_of_date(home: Settings) -> None:
    for night in (THIRD, FIRST, SECOND):
        land(home, "acme", night, {"deals.csv": f"id,state,value\n{night},Open,1\n"})

    assert list(due(home)) == [FIRST, SECOND, THIRD]


def test_a_night_that_is_still_being_written_waits(home: Settings) -> None:
    folder = land(home, "acme", FIRST, {"deals.csv": DEALS})
    (folder / "_SUCCESS").unlink()
    found = survey(home, Ledger(home.ledger))

    assert found.files == {}
    assert [(night.source.name, night.night) for night in found.incomplete] == [("acme", FIRST)]


def test_whoever_names_a_night_says_that_it_is_complete(home: Settings) -> None:
    folder = land(home, "acme", FIRST, {"deals.csv": DEALS})
    (folder / "_SUCCESS").unlink()

    assert due(home, always=(FIRST,)) == {FIRST: ["deals.csv"]}
    assert [load.file for load in run(home, FIRST)] == ["deals.csv"]


def test_a_night_that_nobody_touched_for_long_enough_is_complete(home: Settings) -> None:
    folder = land(home, "acme", FIRST, {"deals.csv": DEALS})
    (folder / "_SUCCESS").unlink()
    patient = Settings(home=home.home, quiet_minutes=5)
    for path in (folder / "deals.csv", folder):
        os.utime(path, (0, 0))

    assert due(patient) == {FIRST: ["deals.csv"]}


def test_a_night_waits_for_all_its_sources(home: Settings) -> None:
    (home.user_sources / "other.yml").write_text(
        ACME.replace("source: acme", "source: other"), encoding="utf-8"
    )
    land(home, "acme", FIRST, {"deals.csv": DEALS})
    folder = land(home, "other", FIRST, {"deals.csv": DEALS})
    (folder / "_SUCCESS").unlink()

    assert due(home) == {}


def test_a_file_that_no_object_claims_is_reported(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": DEALS, "daels.csv": DEALS, ".part": "", "_log": ""})

    assert survey(home, Ledger(home.ledger)).unclaimed == ["acme/2025-09-01/daels.csv"]


def test_what_is_no_night_is_passed_over(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": DEALS})
    (home.landing / "acme" / "old").mkdir()
    (home.landing / "acme" / "2025-09-02").write_text("a file")
    (home.landing / "stranger" / "2025-09-01").mkdir(parents=True)

    assert list(due(home)) == [FIRST]


def test_an_empty_landing_folder_has_nothing_due(home: Settings) -> None:
    assert due(home) == {}


# A night that was interrupted --------------------------------------------------------------------


def test_healing_takes_rows_that_no_gate_has_judged_out_of_bronze(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": BAD_DEALS})
    (load,) = run(home, FIRST)

    assert heal(home) == [load]
    assert batch_files(home) == []
    assert not quarantine_path(home, load).exists()


def test_after_healing_the_files_are_due_again(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": DEALS, "accounts.csv": ACCOUNTS})
    run(home, FIRST)
    heal(home)

    assert due(home) == {FIRST: ["accounts.csv", "deals.csv"]}


def test_a_night_that_is_run_again_after_a_crash_ends_as_if_nothing_had_happened(
    home: Settings,
) -> None:
    land(home, "acme", FIRST, {"deals.csv": BAD_DEALS, "accounts.csv": ACCOUNTS})
    run(home, FIRST, "crashed")
    before = bronze_of(home, "opportunities")
    heal(home)
    run(home, FIRST, "again")

    assert bronze_of(home, "opportunities").equals(before)


def test_a_repeated_file_is_loaded_after_a_crash(home: Settings) -> None:
    """Its copy is no witness once the rows that it repeats are gone."""
    land(home, "acme", FIRST, {"deals.csv": DEALS, "deals_copy.csv": DEALS})
    run(home, FIRST, "crashed")
    heal(home)
    run(home, FIRST, "again")

    assert ids_of(home) == ["d1", "d2"]


def test_a_copy_is_loaded_in_place_of_a_file_that_is_gone_after_a_crash(home: Settings) -> None:
    folder = land(home, "acme", FIRST, {"deals.csv": DEALS, "deals_copy.csv": DEALS})
    run(home, FIRST, "crashed")
    heal(home)
    (folder / "deals.csv").unlink()
    run(home, FIRST, "again")

    assert ids_of(home) == ["d1", "d2"]


def test_healing_leaves_published_rows_alone(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": DEALS})
    publish(home, FIRST)

    assert heal(home) == []
    assert ids_of(home) == ["d1", "d2"]


def test_healing_removes_bronze_files_that_the_ledger_does_not_know(home: Settings) -> None:
    """A crash between writing a file and writing it down."""
    land(home, "acme", FIRST, {"deals.csv": DEALS})
    (load,) = publish(home, FIRST)
    known = accepted_path(home, load)
    known.with_name("deals-000000000000.parquet").write_bytes(known.read_bytes())
    heal(home)

    assert batch_files(home) == [known]


def test_healing_removes_what_a_killed_reader_had_half_written(home: Settings) -> None:
    """A large file leaves gigabytes there, each time."""
    (home.bronze / ".loading-abc").mkdir()
    (home.bronze / ".loading-abc" / "accepted.parquet").write_bytes(b"half")
    heal(home)

    assert list(home.bronze.glob(".loading-*")) == []


def test_healing_removes_quarantined_rows_that_the_ledger_does_not_know(home: Settings) -> None:
    """A crash between the two sides of a file; a corrected file would never overwrite them."""
    orphan = home.quarantine / "acme" / "opportunities" / f"batch={FIRST}" / "deals-0.parquet"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"")
    heal(home)

    assert not orphan.exists()


# A night that was refused ------------------------------------------------------------------------


def test_refusing_takes_the_rows_out_of_bronze(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": DEALS})
    publish(home, FIRST)
    land(home, "acme", SECOND, {"deals.csv": OTHER_DEALS})
    run(home, SECOND)
    refuse(home)

    assert ids_of(home) == ["d1", "d2"]
    assert ledger_of(home) == [("deals.csv", "accepted"), ("deals.csv", "refused")]


def test_refusing_keeps_what_was_quarantined(home: Settings) -> None:
    """It is what a person looks at to find out why."""
    land(home, "acme", FIRST, {"deals.csv": BAD_DEALS})
    (load,) = run(home, FIRST)
    refuse(home)

    assert len(quarantine_of(home, load)) == 3


def test_healing_keeps_what_a_refused_night_had_quarantined(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": BAD_DEALS})
    (load,) = run(home, FIRST)
    refuse(home)
    heal(home)

    assert len(quarantine_of(home, load)) == 3


def test_healing_ends_a_refusal_that_was_interrupted(home: Settings) -> None:
    """Written down as refused, and killed before its rows were out of bronze."""
    land(home, "acme", FIRST, {"deals.csv": DEALS})
    (load,) = run(home, FIRST)
    Ledger(home.ledger).mark([load.load_id], "refused")
    heal(home)

    assert ids_of(home) == []


def test_a_refused_file_is_not_due_by_itself(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": BAD_DEALS})
    run(home, FIRST)
    refuse(home)

    assert due(home) == {}


def test_trying_a_night_again_makes_its_refused_files_due(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": BAD_DEALS})
    run(home, FIRST)
    refuse(home)
    retry(home, FIRST)

    assert due(home) == {FIRST: ["deals.csv"]}


def test_trying_a_night_again_leaves_other_nights_alone(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": BAD_DEALS})
    run(home, FIRST)
    refuse(home)
    retry(home, SECOND)

    assert due(home) == {}
    assert ledger_of(home) == [("deals.csv", "refused")]


def test_trying_a_night_again_leaves_published_files_alone(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": DEALS})
    publish(home, FIRST)
    retry(home, FIRST)

    assert due(home) == {}


def test_a_corrected_file_brings_the_rest_of_its_refused_night_along(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": BAD_DEALS, "accounts.csv": ACCOUNTS})
    run(home, FIRST)
    refuse(home)
    land(home, "acme", FIRST, {"deals.csv": DEALS})
    publish(home, FIRST, "corrected")

    assert ids_of(home) == ["d1", "d2"]
    assert ids_of(home, "accounts") == ["a1", "a2"]


def test_refused_bytes_under_another_name_are_not_taken_for_loaded(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": DEALS})
    run(home, FIRST)
    refuse(home)
    land(home, "acme", SECOND, {"deals.csv": DEALS})
    publish(home, SECOND)

    assert ids_of(home) == ["d1", "d2"]


def test_a_repeated_file_of_a_refused_night_is_loaded_when_it_is_tried_again(
    home: Settings,
) -> None:
    """Its copy is no witness once the rows that it repeats are gone."""
    land(home, "acme", FIRST, {"deals.csv": DEALS, "deals_copy.csv": DEALS})
    run(home, FIRST)
    refuse(home)
    retry(home, FIRST)
    publish(home, FIRST, "again")

    assert ids_of(home) == ["d1", "d2"]


def test_a_refused_file_that_lands_again_unchanged_has_one_account(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": DEALS})
    run(home, FIRST)
    refuse(home)
    os.utime(home.landing / "acme" / str(FIRST) / "deals.csv", (1, 1))
    publish(home, FIRST, "again")

    read = [load.rows_read for load in Ledger(home.ledger).with_status("accepted")]
    assert read == [2]
    assert ids_of(home) == ["d1", "d2"]


# Pipelines ---------------------------------------------------------------------------------------


@pytest.fixture
def staged(settings: Settings) -> Settings:
    """A home whose source says its stages itself, and a night."""
    describe(settings, ACME + PIPELINES)
    land(settings, "acme", FIRST, {"deals.csv": DEALS})
    return settings


def stage_names(settings: Settings) -> list[str]:
    """The stages of the newest load of them."""
    stages = bronze_of(settings, "stages")
    newest = pl.col("_load_number") == pl.col("_load_number").max()
    return stages.filter(newest)["stage"].to_list()


def test_pipelines_become_stages_in_their_order(staged: Settings) -> None:
    publish(staged, FIRST)

    columns = ["pipeline", "stage", "rank", "kind", "is_qualifying"]
    assert bronze_of(staged, "stages").select(columns).rows() == [
        ("new", "Open", 1, "open", False),
        ("new", "Offer", 2, "open", True),
        ("new", "Won", None, "won", None),
        ("new", "Lost", None, "lost", None),
        ("new", "Gone", None, "lost", None),
    ]


def test_pipelines_come_with_the_first_night_that_is_run(staged: Settings) -> None:
    land(staged, "acme", SECOND, {"deals.csv": OTHER_DEALS})

    assert [load.file for load in publish(staged, SECOND)] == ["pipelines.csv", "deals.csv"]
    assert due(staged) == {FIRST: ["deals.csv"]}


def test_pipelines_become_stages_once(staged: Settings) -> None:
    publish(staged, FIRST)
    land(staged, "acme", SECOND, {"deals.csv": OTHER_DEALS})
    publish(staged, SECOND)

    assert len(stage_names(staged)) == bronze_of(staged, "stages").height


def test_pipelines_wait_for_the_first_night_of_their_source(settings: Settings) -> None:
    describe(settings, ACME + PIPELINES)

    assert due(settings) == {}


def test_changed_pipelines_become_stages_anew(staged: Settings) -> None:
    publish(staged, FIRST)
    describe(staged, ACME + PIPELINES.replace("Offer", "Proposal"))
    publish(staged, FIRST, "changed")

    assert stage_names(staged) == ["Open", "Proposal", "Won", "Lost", "Gone"]


def test_pipelines_that_are_changed_back_become_stages_anew(staged: Settings) -> None:
    publish(staged, FIRST)
    describe(staged, ACME + PIPELINES.replace("Offer", "Proposal"))
    publish(staged, FIRST, "changed")
    describe(staged, ACME + PIPELINES)
    publish(staged, FIRST, "changed back")

    assert stage_names(staged) == ["Open", "Offer", "Won", "Lost", "Gone"]


def test_pipelines_of_a_refused_night_wait_with_it(staged: Settings) -> None:
    """Due by themselves they would publish the refused night without its extracts."""
    run(staged, FIRST)
    refuse(staged)

    assert due(staged) == {}


def test_pipelines_of_a_refused_night_are_due_when_it_is_tried_again(staged: Settings) -> None:
    run(staged, FIRST)
    refuse(staged)
    retry(staged, FIRST)

    assert due(staged) == {FIRST: ["pipelines.csv", "deals.csv"]}


# The ledger --------------------------------------------------------------------------------------


def test_the_ledger_reads_what_it_wrote(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": BAD_DEALS, "accounts.csv": b""})
    loads = run(home, FIRST)

    assert Ledger(home.ledger).loads == loads


def test_the_ledger_says_which_contract_a_file_was_read_by(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": DEALS})
    (load,) = run(home, FIRST)

    contract = load_sources(home.user_sources)["acme"].contracts["opportunities"]
    assert load.contract_version == contract.version


def test_a_half_written_ledger_changes_nothing(home: Settings) -> None:
    land(home, "acme", FIRST, {"deals.csv": DEALS})
    (load,) = publish(home, FIRST)
    home.ledger.with_name(".ledger.parquet.tmp").write_bytes(b"half")
    land(home, "acme", SECOND, {"deals.csv": OTHER_DEALS})

    assert [each.file for each in Ledger(home.ledger).loads] == [load.file]
    publish(home, SECOND)
    assert ids_of(home) == ["d1", "d2", "d3"]


def test_a_ledger_that_is_held_by_a_reader_keeps_its_own_state(home: Settings) -> None:
    """Written whole and renamed: whoever has it open reads the old one to its end."""
    land(home, "acme", FIRST, {"deals.csv": DEALS})
    publish(home, FIRST)
    before = home.ledger.read_bytes()
    with home.ledger.open("rb") as reader:
        land(home, "acme", SECOND, {"deals.csv": OTHER_DEALS})
        publish(home, SECOND)

        assert reader.read() == before


def test_today_is_the_newest_night_that_is_in_bronze(home: Settings) -> None:
    for night in (FIRST, SECOND):
        land(home, "acme", night, {"accounts.csv": ACCOUNTS})
        publish(home, night)
    land(home, "acme", SECOND + timedelta(days=5), {"accounts.csv": b""})
    run(home, SECOND + timedelta(days=5))
    refuse(home)

    assert Ledger(home.ledger).as_of() == SECOND


def test_an_empty_ledger_knows_no_today(home: Settings) -> None:
    assert Ledger(home.ledger).as_of() is None


def test_every_declared_object_can_be_scanned_before_anything_was_delivered(
    home: Settings,
) -> None:
    for object_ in ("accounts", "opportunities"):
        assert bronze_of(home, object_).height == 0


def test_a_changed_contract_replaces_the_empty_file_of_the_old_one(home: Settings) -> None:
    describe(home, ACME.replace("id: id,", "id: key,"))

    folder = home.bronze / "acme" / "opportunities" / "contract"
    contract = load_sources(home.user_sources)["acme"].contracts["opportunities"]
    assert [path.stem for path in folder.iterdir()] == [contract.version]
