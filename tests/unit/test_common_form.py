"""The short cut for texts in their common form reads as the careful way does.

Belongs here: odd texts in columns of every type, through both ways. Does not belong here: what a
text is worth (test_bronze_casting.py, test_accounts.py).
"""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from orchestration.bronze.cast import CastRows
from orchestration.bronze.header import match_header
from orchestration.extracts.table import ROW_NUMBER, TextTable
from orchestration.sources.contract import Contract, native_contract
from orchestration.sources.model import SourceFile
from tests.corpus.python_values import ODD_TEXTS, Refused

# The same texts on every run: a failure is a change of the code and not a lucky draw.
random_texts = hypothesis_settings(derandomize=True, max_examples=150, deadline=None)

_STRANGE = "0123456789+-.eE_:TZ/ ,\tntrufalse１٣\u00a0\u2009"


@st.composite
def odd_texts(draw: st.DrawFn, type_: str) -> str:
    """A text of a type, or one that is not quite of it."""
    text = draw(st.sampled_from(ODD_TEXTS[type_]))
    if draw(st.integers(0, 3)) == 0:
        place = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 1))
        text = text[:place] + draw(st.text(_STRANGE, max_size=2)) + text[place + cut :]
    return text


COLUMNS = [
    *({"type": type_} for type_ in ODD_TEXTS),
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
    {"time_zone": "America/Santiago"},
    {"thousands": ",", "null_values": ["NULL", "-"]},
    {"decimal": ",", "thousands": "."},
]


def contract_of(column: dict[str, Any], **source: Any) -> Contract:
    """An object with one column; `source` are words of the source file."""
    things = {"files": "things.csv", "key": "id", "columns": {"id": column}}
    said = SourceFile.model_validate({"source": "acme", "objects": {"things": things}} | source)
    return native_contract(said, "things", said.objects["things"])


def rows_of(rows: CastRows) -> dict[int, Any]:
    frame = rows.accepted().collect(engine="streaming")
    return dict(frame.select(ROW_NUMBER, "id").rows())


@random_texts
@given(data=st.data(), column=st.sampled_from(COLUMNS), source=st.sampled_from(SOURCES))
def test_what_the_short_cut_takes_the_careful_way_takes_for_the_same(
    data: st.DataObject, column: dict[str, Any], source: dict[str, Any]
) -> None:
    texts = data.draw(st.lists(odd_texts(column["type"]), min_size=1, max_size=30))
    contract = contract_of(column, **source)
    records = pl.LazyFrame(
        {"id": texts, ROW_NUMBER: range(len(texts))}, schema={"id": pl.String, ROW_NUMBER: pl.Int64}
    )
    table = TextTable(("id",), len(texts), (), records, raw_texts=lambda _: {})
    match = match_header(contract, ("id",))

    short = rows_of(CastRows(table, contract, match, in_common_form=True))
    careful = rows_of(CastRows(table, contract, match))
    # By their words: `0.0` and `-0.0` are two values.
    assert {row: repr(value) for row, value in short.items()} == {
        row: repr(careful.get(row, Refused)) for row in short
    }
