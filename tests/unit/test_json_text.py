"""JSON files as tables of text, against a naive reading with Python's json module.

Belongs here: lines, pages and arrays, what is malformed, rows on a path, exact texts, raw texts.
Does not belong here: types and rules (test_bronze_casting.py), unpacking (test_unpack.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestration.extracts import json_lines, json_rows, json_text, parts
from orchestration.extracts.json_text import open_json
from orchestration.extracts.table import (
    ROW_NUMBER,
    TextTable,
    UnreadableFileError,
    column_around,
)
from orchestration.sources.file_options import FileOptions

random_files = settings(derandomize=True, max_examples=150, deadline=None)

Rows = dict[int, dict[str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("json")


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., TextTable]:
    def open_text(text: str | bytes, **options: Any) -> TextTable:
        return open_in(tmp_path, text, **options)

    return open_text


def open_in(folder: Path, text: str | bytes, **options: Any) -> TextTable:
    path = folder / "file.json"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return open_json(path, FileOptions(**options), folder)


def rows_of(table: TextTable) -> Rows:
    """Rows without their NULLs, by row number."""
    rows = table.records.collect(engine="streaming").to_dicts()
    return {
        row.pop(ROW_NUMBER): {name: text for name, text in row.items() if text is not None}
        for row in rows
    }


def reasons(table: TextTable) -> dict[int, str]:
    return {record.row_number: record.reason for record in table.malformed}


# The naive reading -------------------------------------------------------------------------------


class Written(str):
    """A number as it stands in the file."""


def naive_json(text: str) -> Any:
    return json.loads(text, parse_int=Written, parse_float=Written)


def naive_row(document: dict[str, Any], prefix: str = "") -> dict[str, str]:
    row: dict[str, str] = {}
    for name, value in document.items():
        if isinstance(value, dict):
            row |= naive_row(value, f"{prefix}{name}.")
        elif value is not None and value != "":
            row[prefix + name] = naive_text(value)
    return row


def naive_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    return naive_list(value)


def naive_list(value: Any) -> str:
    if isinstance(value, Written):
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(map(naive_list, value)) + "]"
    if isinstance(value, dict):
        fields = (f"{naive_list(k)}:{naive_list(v)}" for k, v in value.items())
        return "{" + ",".join(fields) + "}"
    return json.dumps(value, ensure_ascii=False)


# No dots in names: what two names for one column do is a test of its own.
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0."), max_size=4)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
numbers = st.sampled_from(
    ["0", "-0", "1", "0.1000", "1e400", "-1E-7", "12345678901234567890", "123456789012345678901",
     "1.0", "9007199254740993", "0.1", "1E3", "2.5e+10", "-9223372036854775809"]
)  # fmt: skip


class Raw:
    """A number that `written` puts into the file as it is."""

    def __init__(self, text: str) -> None:
        self.text = text


values = st.recursive(
    st.none() | st.booleans() | texts | numbers.map(Raw),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(names, values, max_size=5)


def written(value: Any, separators: tuple[str, str], ascii_only: bool) -> str:
    comma, colon = separators
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, list):
        return "[" + comma.join(written(each, separators, ascii_only) for each in value) + "]"
    if isinstance(value, dict):
        fields = (
            json.dumps(k, ensure_ascii=ascii_only) + colon + written(v, separators, ascii_only)
            for k, v in value.items()
        )
        return "{" + comma.join(fields) + "}"
    return json.dumps(value, ensure_ascii=ascii_only)


@st.composite
def lines(draw: st.DrawFn) -> list[str]:
    """JSON texts of documents, in the ways in which programs write them."""
    style = st.tuples(st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " : ")]), st.booleans())
    return [written(each, *draw(style)) for each in draw(st.lists(documents, max_size=5))]


# Values ------------------------------------------------------------------------------------------


@random_files
@given(texts=lines(), line_end=st.sampled_from(["\n", "\r\n", "\n\n"]), bom=st.booleans())
def test_a_line_is_a_row_of_exactly_the_texts_that_it_holds(
    folder: Path, texts: list[str], line_end: str, bom: bool
) -> None:
    read = [naive_json(text) for text in texts]
    data = ("\ufeff" if bom else "") + "".join(text + line_end for text in texts)
    table = open_in(folder, data)
    expected = {number: naive_row(each) for number, each in enumerate(read, start=1)}
    assert rows_of(table) == expected
    assert table.record_count == len(texts)
    assert set().union(*expected.values()) <= set(table.header)


@random_files
@given(texts=lines())
def test_raw_texts_are_the_documents_and_load_as_the_same_rows(
    folder: Path, texts: list[str]
) -> None:
    table = open_in(folder, "\n".join(texts))
    raw = table.raw_texts(range(1, len(texts) + 1))
    assert [raw[number] for number in sorted(raw)] == texts
    rows = rows_of(table)
    assert rows_of(open_in(folder, "\n".join(raw[number] for number in sorted(raw)))) == rows


@pytest.mark.parametrize(
    "number",
    ["1234567890123456789", "123456789012345678901234567890", "1e400", "0.1000", "-0", "1E3"],
)
@pytest.mark.parametrize("blank", ["", " "])
def test_a_number_is_the_text_that_stands_in_the_file(
    opened: Callable[..., TextTable], number: str, blank: str
) -> None:
    table = opened(f'{{"n":{blank}{number},{blank}"in list":{blank}[{number}]}}')
    assert rows_of(table) == {1: {"n": number, "in list": f"[{number}]"}}


def test_scalars_become_texts_and_nothing_is_no_value(opened: Callable[..., TextTable]) -> None:
    table = opened('{"a":true,"b":false,"c":null,"d":"","e":" x ","f":[],"g":{},"h":["ü",{"i":1}]}')
    assert rows_of(table) == {
        1: {"a": "true", "b": "false", "e": " x ", "f": "[]", "h": '["ü",{"i":1}]'}
    }
    # A name that only ever stands for null is a column all the same.
    assert table.header == ("a", "b", "c", "d", "e", "f", "h")


def test_a_column_that_is_null_in_every_row_stands_for_whatever_it_could_hold(
    opened: Callable[..., TextTable], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_text, "_BATCH_ROWS", 1)
    table = opened('{"a":null,"B":null,"c":"","d":null}\n{"a":{"x":1},"d":"e"}')

    assert table.empty == {"B"}
    assert column_around("b.x.y", table.empty) == "B"
    assert [column_around(name, table.empty) for name in ("B", "Bx.y", "a.y", "c.y", "d.y")] == (
        [None] * 5
    )


def test_flat_names_with_dots_are_the_columns_of_nested_ones(
    opened: Callable[..., TextTable],
) -> None:
    table = opened('{"id":"1","properties":{"amount":"5"}}\n{"id":"2","properties.amount":"6"}')
    assert rows_of(table) == {
        1: {"id": "1", "properties.amount": "5"},
        2: {"id": "2", "properties.amount": "6"},
    }


def test_columns_of_all_rows_are_found_in_order_of_first_appearance(
    opened: Callable[..., TextTable], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_text, "_BATCH_ROWS", 2)
    monkeypatch.setattr(parts, "_PART_ROWS", 3)
    table = opened("\n".join(f'{{"id":"{i}","f{i}":"{i}"}}' for i in range(8)))
    assert table.header == ("id", *(f"f{i}" for i in range(8)))
    assert rows_of(table) == {i + 1: {"id": f"{i}", f"f{i}": f"{i}"} for i in range(8)}


@pytest.mark.parametrize("name", ["*", "^.*$", "", "a b", "ä", '"', "a\nb", "__index__", "_offset"])
def test_a_column_may_have_any_name(opened: Callable[..., TextTable], name: str) -> None:
    table = opened(json.dumps({"id": "1", name: "", "x": "2"}) + "\n" + json.dumps({name: "3"}))
    assert rows_of(table) == {1: {"id": "1", "x": "2"}, 2: {name: "3"}}
    assert table.raw_texts([2]) == {2: json.dumps({name: "3"})}


def test_a_wide_batch_is_cut_into_several(
    opened: Callable[..., TextTable], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_rows, "_MOST_CELLS", 8)
    text = "\n".join(f'{{"x":{{"k":"{i}"}},"f{i}":[{{"v":"{i}"}}]}}' for i in range(7))
    assert rows_of(opened(text)) == {
        i + 1: {"x.k": f"{i}", f"f{i}": f'[{{"v":"{i}"}}]'} for i in range(7)
    }


# Pages, arrays, texts over many lines ------------------------------------------------------------


def pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


DEALS = [{"id": "1", "note": "a\nb ]}\\"}, {"id": "2", "tags": ["x", {"y": "é"}]}]
PAGE = {"results": DEALS, "paging": {"next": {"after": "2"}}}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(DEALS),
        pretty(DEALS),
        pretty(DEALS).replace("\n", "\r\n"),
        "\ufeff\n\n" + pretty(DEALS) + "\n\n",
        json.dumps(PAGE),
        json.dumps(PAGE, separators=(",", ":")),
        pretty(PAGE),
        "[\n" + ",\n".join(map(json.dumps, DEALS)) + "\n]",
        "\n".join(map(json.dumps, DEALS)),
        "\n".join(map(pretty, DEALS)),
    ],
    ids=["array", "pretty array", "crlf", "bom", "page", "compact page", "pretty page",
         "array with a document a line", "lines", "pretty documents"],
)  # fmt: skip
def test_documents_are_the_same_however_they_are_wrapped(
    opened: Callable[..., TextTable], text: str
) -> None:
    table = opened(text)
    assert rows_of(table) == {number: naive_row(deal) for number, deal in enumerate(DEALS, start=1)}
    assert table.record_count == 2
    raw = table.raw_texts([2, 1])
    assert [json.loads(raw[number]) for number in (1, 2)] == DEALS


def test_pages_follow_one_another(opened: Callable[..., TextTable]) -> None:
    pages = [{"results": [{"id": "1"}, {"id": "2"}]}, {"results": []}, {"results": [{"id": "3"}]}]
    table = opened("\n".join(map(json.dumps, pages)))
    assert rows_of(table) == {1: {"id": "1"}, 2: {"id": "2"}, 3: {"id": "3"}}
    assert table.raw_texts([3]) == {3: '{"id": "3"}'}


def test_an_object_with_an_id_or_other_results_is_no_page(
    opened: Callable[..., TextTable],
) -> None:
    table = opened('{"id":"1","results":[{"id":"2"}]}\n{"results":["x"]}\n{"results":"y"}')
    assert rows_of(table) == {
        1: {"id": "1", "results": '[{"id":"2"}]'},
        2: {"results": '["x"]'},
        3: {"results": "y"},
    }


def test_of_a_page_only_the_faulty_document_is_malformed(
    opened: Callable[..., TextTable],
) -> None:
    table = opened('{"results":[{"id":"1"},{"id":"2","id":"3"},{"id":"4"}],"paging":null}')
    assert rows_of(table) == {1: {"id": "1"}, 3: {"id": "4"}}
    assert reasons(table) == {2: "`id` stands twice in one object"}
    assert table.raw_texts([2, 3]) == {2: '{"id":"2","id":"3"}', 3: '{"id":"4"}'}


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", "[]", '{"results":[]}', "[\n]"])
def test_a_file_without_documents_has_no_columns_and_no_rows(
    opened: Callable[..., TextTable], text: str
) -> None:
    table = opened(text)
    assert (table.header, table.record_count, table.malformed) == ((), 0, ())
    assert table.records.collect().height == 0


@pytest.mark.parametrize("cut", range(3, len(pretty(DEALS)) - 1, 7))
def test_an_array_that_is_cut_off_is_refused(opened: Callable[..., TextTable], cut: int) -> None:
    with pytest.raises(UnreadableFileError, match=r"neither JSON Lines nor .* \(line \d+\)"):
        opened(pretty(DEALS)[:cut])


def test_a_first_line_that_is_cut_off_is_one_malformed_record(
    opened: Callable[..., TextTable],
) -> None:
    table = opened('{"id":"1","n\n{"id":"2"}\n{"id":"3"}')
    assert rows_of(table) == {2: {"id": "2"}, 3: {"id": "3"}}
    assert table.raw_texts([1]) == {1: '{"id":"1","n'}


# Malformed records -------------------------------------------------------------------------------

DEEP = 100
FAULTS: dict[str, tuple[bytes, str]] = {
    "no json": (b"hello", "not JSON"),
    "single quotes": (b"{'a': 1}", "not JSON"),
    "cut off": (b'{"a": "b', "not JSON"),
    "two documents": (b'{"a":1}{"b":2}', "after its end"),
    "trailing comma": (b'{"a":1,}', "not JSON"),
    "NaN": (b'{"a": NaN}', "NaN is no number"),
    "infinity": (b'{"a": -Infinity}', "-Infinity is no number"),
    "a leading zero": (b'{"a": 01}', "not JSON"),
    "a control character": (b'{"a": "x\ty"}', "not JSON"),
    "a list": (b"[1]", "a list, and no object"),
    "a text": (b'"x"', "a text, and no object"),
    "a number": (b"1", "a number or boolean, and no object"),
    "null": (b"null", "null, and no object"),
    "a name twice": (b'{"a":1,"b":{"c":1,"c":1}}', "`c` stands twice"),
    "a name twice, spaced": (b'{"a": 1, "a": 1}', "`a` stands twice"),
    "a name twice, of blanks": (b'{"a b": 1, "ab": 1, "a b": 1}', "`a b` stands twice"),
    "not utf-8": (b'{"a":"\xe9"}', "not UTF-8 at byte 7"),
    "a NUL byte": (b'{"a":"x\0"}', "a NUL character"),
    "a NUL escape": (rb'{"a":"\\\u0000"}', "a NUL character"),
    "a NUL name": (rb'{"\u0000": 1}', "a NUL character"),
    "half a character": (rb'{"a":"\ud83d"}', "half a character"),
    "too deep": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "nested more than 64 deep"),
    "too deep by an empty object": (
        b'{"a":' * 64 + b"{}" + b"}" * 64,
        "nested more than 64 deep",
    ),
    "far too deep": (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, "nested more than 64 deep"),
    "deep lists": (b'{"a":' + b"[" * DEEP + b"]" * DEEP + b"}", "nested more than 64 deep"),
    "a column twice": (b'{"a":{"b":1},"a.b":2}', "two values for the column `a.b`"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_line_is_one_malformed_record_among_others(
    opened: Callable[..., TextTable], fault: str
) -> None:
    line, reason = FAULTS[fault]
    table = opened(b'{"id":"1"}\n' + line + b'\n{"id":"3"}\n')
    assert rows_of(table) == {1: {"id": "1"}, 3: {"id": "3"}}
    assert reason in reasons(table)[2]
    assert table.record_count == 3
    assert table.raw_texts([2]) == {2: line.decode(errors="backslashreplace")}


def test_64_levels_are_read(opened: Callable[..., TextTable]) -> None:
    table = opened('{"a":' * 64 + '"x"' + "}" * 64)
    assert rows_of(table) == {1: {".".join("a" * 64): "x"}}


def test_a_backslash_before_u0000_is_no_nul(opened: Callable[..., TextTable]) -> None:
    assert rows_of(opened(r'{"a":"\\u0000"}')) == {1: {"a": r"\u0000"}}


@random_files
@given(
    good=lines(),
    bad=st.lists(st.binary(min_size=1, max_size=12).filter(lambda line: b"\n" not in line)),
    data=st.data(),
)
@example(good=['{"a":1}'], bad=[b"{", b"\xff", b"\0\0"], data=None)
def test_whatever_a_file_holds_every_record_is_a_row_or_malformed(
    folder: Path, good: list[str], bad: list[bytes], data: st.DataObject | None
) -> None:
    together = [text.encode() for text in good] + bad
    mixed = data.draw(st.permutations(together)) if data else together
    try:
        table = open_in(folder, b"\n".join(mixed))
    except UnreadableFileError:
        return
    rows = rows_of(table)
    assert sorted([*rows, *reasons(table)]) == list(range(1, table.record_count + 1))
    assert set(table.raw_texts(range(1, table.record_count + 1))) == {*rows, *reasons(table)}


@random_files
@given(data=st.binary(max_size=60) | st.text('{}[]",:1ae \n\\', max_size=40).map(str.encode))
def test_no_bytes_crash_the_reader(folder: Path, data: bytes) -> None:
    for rows in (None, "a.{b}"):
        try:
            table = open_in(folder, data, rows=rows)
        except UnreadableFileError:
            continue
        assert len(rows_of(table)) + len(table.malformed) == table.record_count


# Whole files that are refused --------------------------------------------------------------------


def test_a_field_named_like_the_row_number_is_refused(opened: Callable[..., TextTable]) -> None:
    with pytest.raises(UnreadableFileError, match="_row_number"):
        opened('{"_row_number": 7}')


def test_too_many_columns_are_refused(
    opened: Callable[..., TextTable], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "MAX_COLUMNS", 10)
    with pytest.raises(UnreadableFileError, match="more than 10 columns"):
        opened("\n".join(f'{{"id{i}": 1}}' for i in range(11)))


@pytest.mark.parametrize("rest", ["", "\n", "x" * 100])
def test_an_endless_line_is_refused(
    opened: Callable[..., TextTable], monkeypatch: pytest.MonkeyPatch, rest: str
) -> None:
    monkeypatch.setattr(json_lines, "MAX_LINE_BYTES", 50)
    monkeypatch.setattr(json_lines, "_CHUNK_BYTES", 16)
    assert opened('{"a":"' + "x" * 42 + '"}').record_count == 1
    with pytest.raises(UnreadableFileError, match="the line at byte 11 is longer than 50 bytes"):
        opened('{"id":"1"}\n{"a":"' + "x" * 43 + '"}' + rest)


def test_seams_of_chunks_lose_nothing(
    opened: Callable[..., TextTable], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "\ufeff" + "".join(f'{{"n":{i}}}\r\n' for i in range(40))
    for size in range(1, 30):
        monkeypatch.setattr(json_lines, "_CHUNK_BYTES", size)
        table = opened(text)
        assert rows_of(table) == {i + 1: {"n": str(i)} for i in range(40)}
        assert table.raw_texts([40, 7]) == {7: '{"n":6}', 40: '{"n":39}'}


def test_so_many_malformed_records_refuse_the_file(
    opened: Callable[..., TextTable], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_text, "MAX_MALFORMED", 3)
    with pytest.raises(UnreadableFileError, match=r"more than 3 records .* row 1 \(not JSON"):
        opened("id;name\n" * 4)


# Encodings ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "latin-1", "cp1252"])
def test_a_named_encoding_is_decoded(opened: Callable[..., TextTable], encoding: str) -> None:
    data = '{"name":"Müller"}\n{"name":"é"}'.encode(encoding)
    assert rows_of(opened(data, encoding=encoding)) == {1: {"name": "Müller"}, 2: {"name": "é"}}


def test_of_several_encodings_the_first_that_fits_is_taken(
    opened: Callable[..., TextTable],
) -> None:
    options = {"encoding": ["utf-8", "latin-1"]}
    assert rows_of(opened('{"name":"é"}', **options)) == {1: {"name": "é"}}
    assert rows_of(opened('{"name":"é"}'.encode("latin-1"), **options)) == {1: {"name": "é"}}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_an_unnamed_utf_16_is_told(opened: Callable[..., TextTable], encoding: str) -> None:
    with pytest.raises(UnreadableFileError, match="say `encoding: utf-16"):
        opened('{"name":"é"}'.encode(encoding))


# Rows on a path ----------------------------------------------------------------------------------

PIPELINE = {
    "id": "p1",
    "label": "Sales",
    "stages": [
        {"id": "s1", "metadata": {"isClosed": "false"}},
        {"id": "s2", "metadata": {"isClosed": "true"}},
    ],
}
DEAL = {
    "id": "7",
    "archived": False,
    "properties": {"dealname": "Big", "amount": None},
    "tags": ["t"],
    "propertiesWithHistory": {
        "amount": [{"value": "5", "timestamp": "b"}, {"value": "", "timestamp": "a"}],
        "dealstage": [{"value": "won", "timestamp": "c"}],
    },
    "associations": {"contacts": {"results": [{"id": "c1", "type": "deal_to_contact"}]}},
}


def test_a_list_gives_one_row_an_element_which_knows_its_document(
    opened: Callable[..., TextTable],
) -> None:
    parent = {"parent.id": "p1", "parent.label": "Sales"}
    assert rows_of(opened(json.dumps(PIPELINE), rows="stages")) == {
        1: {"id": "s1", "metadata.isClosed": "false"} | parent,
        2: {"id": "s2", "metadata.isClosed": "true"} | parent,
    }


def test_of_what_stands_around_the_rows_only_what_is_read_becomes_columns(tmp_path: Path) -> None:
    path = tmp_path / "pipelines.json"
    path.write_text(json.dumps(PIPELINE | {"Label": "Other"}))
    read = {"id", "parent.label", "label"}
    table = open_json(path, FileOptions(rows="stages"), tmp_path, read_around=read)
    assert set(table.header) == {"id", "metadata.isClosed", "parent.label", "parent.Label"}


@pytest.mark.parametrize("text", [json.dumps(DEAL), pretty({"results": [DEAL]}), pretty([DEAL])])
def test_a_name_in_braces_stands_for_any_key_and_becomes_a_column(
    opened: Callable[..., TextTable], text: str
) -> None:
    parent = {"parent.id": "7", "parent.archived": "false", "parent.properties.dealname": "Big"}
    table = opened(text, rows="propertiesWithHistory.{property}")
    assert rows_of(table) == {
        1: {"property": "amount", "value": "5", "timestamp": "b"} | parent,
        2: {"property": "amount", "timestamp": "a"} | parent,
        3: {"property": "dealstage", "value": "won", "timestamp": "c"} | parent,
    }
    assert "parent.tags" not in table.header


def test_a_path_may_go_on_below_a_bound_key(opened: Callable[..., TextTable]) -> None:
    rows = rows_of(opened(json.dumps(DEAL), rows="associations.{to_object}.results"))
    assert rows[1].items() >= {"to_object": "contacts", "id": "c1", "parent.id": "7"}.items()


def test_scalars_in_a_list_become_the_column_value(opened: Callable[..., TextTable]) -> None:
    table = opened('{"id":"1","tags":["x",5,null,["y"],{"z":1}]}', rows="tags")
    parent = {"parent.id": "1"}
    assert rows_of(table) == {
        1: {"value": "x"} | parent,
        2: {"value": "5"} | parent,
        3: parent,
        4: {"value": '["y"]'} | parent,
        5: {"z": "1"} | parent,
    }


def test_an_object_at_the_end_is_one_row_and_a_list_on_the_way_stands_for_its_elements(
    opened: Callable[..., TextTable],
) -> None:
    table = opened('{"a":[{"b":{"n":1}},{"b":[{"n":2},{"n":3}]},{}]}', rows="a.b")
    assert [row["n"] for row in rows_of(table).values()] == ["1", "2", "3"]


def test_a_path_that_leads_nowhere_gives_no_row(opened: Callable[..., TextTable]) -> None:
    table = opened('{"id":"1"}\n{"stages":null}\n{"stages":[]}\n{"stages":{}}', rows="stages.x")
    assert (table.record_count, table.malformed) == (0, ())


@pytest.fixture
def opened_for(tmp_path: Path) -> Callable[..., TextTable]:
    """A file whose rows stand at `data`, opened for some columns."""

    def open_text(text: str, *wanted: str) -> TextTable:
        path = tmp_path / "file.json"
        path.write_text(text)
        return open_json(path, FileOptions(rows="data"), tmp_path, wanted=wanted)

    return open_text


def test_a_document_without_the_path_to_its_rows_is_malformed(
    opened_for: Callable[..., TextTable],
) -> None:
    table = opened_for('{"data":[{"id":"1"}]}\n{"error":"rate limit","status":429}\n', "id")

    assert reasons(table) == {2: "nothing stands under `data`; it has `error`, `status`"}
    assert table.raw_texts([2]) == {2: '{"error":"rate limit","status":429}'}
    assert list(rows_of(table)) == [1]


@pytest.mark.parametrize("text", ['{"error":"rate limit"}', '[{"error":1},{"error":2}]', "{}"])
def test_a_file_in_which_the_path_to_the_rows_begins_nowhere_is_refused(
    opened_for: Callable[..., TextTable], text: str
) -> None:
    with pytest.raises(UnreadableFileError, match=r"leads nowhere .*nothing stands under `data`"):
        opened_for(text, "id")


@pytest.mark.parametrize("text", ['{"data":null}', '{"data":[]}', '{"data":{"id":"1"}}', "[]", ""])
def test_the_path_to_the_rows_may_end_in_none(
    opened_for: Callable[..., TextTable], text: str
) -> None:
    assert opened_for(text, "id").malformed == ()


def test_a_document_may_lack_rows_where_it_has_what_is_read_beside_them(
    opened_for: Callable[..., TextTable],
) -> None:
    table = opened_for('{"Id":"1"}\n{"Id":"2","data":[{"n":1}]}', "n", "parent.id.value")

    assert rows_of(table) == {1: {"n": "1", "parent.Id": "2"}}
    assert table.malformed == ()


def test_a_scalar_on_the_path_makes_the_document_malformed(
    opened: Callable[..., TextTable],
) -> None:
    table = opened('{"id":"1","stages":"none"}\n{"stages":[{"id":"2"}]}', rows="stages")
    assert reasons(table) == {1: "`stages` holds a text, and no object or list"}
    assert table.raw_texts([1]) == {1: '{"id":"1","stages":"none"}'}
    assert list(rows_of(table)) == [2]


@pytest.mark.parametrize("row", ['{"property":"x"}', '{"parent.id":"x"}', '{"parent":{"id":"x"}}'])
def test_a_row_that_names_a_column_of_its_path_anew_is_malformed(
    opened: Callable[..., TextTable], row: str
) -> None:
    table = opened(f'{{"id":"1","h":{{"p":[{row},{{"n":1}}]}}}}', rows="h.{property}")
    assert [reason[:26] for reason in reasons(table).values()] == ["two values for the column "]
    assert rows_of(table) == {2: {"n": "1", "property": "p", "parent.id": "1"}}


few_texts = st.dictionaries(names, texts, max_size=3)


@settings(random_files, max_examples=50)
@given(
    histories=st.lists(
        st.dictionaries(st.sampled_from("abc"), st.lists(few_texts, max_size=3), max_size=3),
        max_size=4,
    )
)
def test_raw_texts_of_rows_on_a_path_load_as_the_same_rows(
    folder: Path, histories: list[dict[str, list[dict[str, str]]]]
) -> None:
    text = "\n".join(json.dumps({"id": str(i), "h": h}) for i, h in enumerate(histories))
    table = open_in(folder, text, rows="h.{property}")
    rows, reason = rows_of(table), reasons(table)
    assert len(rows) + len(reason) == sum(len(v) for h in histories for v in h.values())
    raw = table.raw_texts(rows)
    again = rows_of(open_in(folder, "\n".join(raw[number] for number in sorted(rows))))
    assert list(again.values()) == [rows[number] for number in sorted(rows)]


@pytest.mark.parametrize("path", [".", "a..b", "{a", "a}", "{}", "{x}.{x}", "a{b}"])
def test_a_path_that_is_none_is_refused(opened: Callable[..., TextTable], path: str) -> None:
    with pytest.raises(UnreadableFileError, match="is no path"):
        opened('{"a":1}', rows=path)


def test_batches_of_rows_keep_numbers_and_documents_together(
    opened: Callable[..., TextTable], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_text, "_BATCH_ROWS", 5)
    monkeypatch.setattr(json_rows, "_MOST_CELLS", 6)
    monkeypatch.setattr(parts, "_PART_ROWS", 4)
    sizes = [3, 0, 7, 1, 12, 2]
    text = "\n".join(
        json.dumps({"id": str(i), "rows": [{"n": j} for j in range(size)]})
        for i, size in enumerate(sizes)
    )
    expected = [(str(i), str(j)) for i, size in enumerate(sizes) for j in range(size)]
    rows = rows_of(opened(text, rows="rows"))
    assert [(row["parent.id"], row["n"]) for row in rows.values()] == expected
    assert list(rows) == list(range(1, len(expected) + 1))


def test_records_stay_a_lazy_scan_of_text(opened: Callable[..., TextTable]) -> None:
    table = opened('{"a":1,"b":1.5,"c":"2025-01-01"}')
    schema = table.records.collect_schema()
    assert schema == {"a": pl.String, "b": pl.String, "c": pl.String, ROW_NUMBER: pl.Int64}
    assert table.typed == frozenset()
