"""JSON files with lines that are broken, pages of an API, and values of every kind.

Belongs here: JSON Lines and JSON documents. Does not belong here: paths into documents (tests of
the JSON reader), packing (packed_files.py).
"""

from __future__ import annotations

import codecs
from decimal import Decimal
from typing import Any

from tests.corpus.case import ACME, Case

_ONE = '{"id": "d1", "state": "Open", "value": 1}'
_TWO = '{"id": "d2", "state": "Open", "value": 2}'
_READ = [("d1", "Open", 1)]
_BOTH = [*_READ, ("d2", "Open", 2)]


def _lines(title: str, content: str | bytes, file: str = "deals.jsonl", **case: Any) -> Case:
    return Case(title, content, file=file, **case)


def _broken(title: str, line: str | bytes, rule: str) -> Case:
    """A line that is no document, between two that are."""
    bad = line.encode() if isinstance(line, str) else line
    content = b"\n".join([_ONE.encode(), bad, _TWO.encode(), b""])
    return Case(title, content, file="deals.jsonl", accepted=_BOTH, refused={2: rule})


def _value(title: str, json: str, value: Any) -> Case:
    """A value of JSON in the column of amounts."""
    line = f'{{"id": "d1", "state": "Open", "value": {json}}}\n'
    return Case(title, line, file="deals.jsonl", accepted=[("d1", "Open", value)])


def _no_value(title: str, json: str, rule: str = "type") -> Case:
    line = f'{{"id": "d1", "state": "Open", "value": {json}}}\n'
    return Case(title, line, file="deals.jsonl", refused={1: rule})


CASES = [
    # Files ---------------------------------------------------------------------------------------
    _lines("JSON Lines", f"{_ONE}\n{_TWO}\n", accepted=_BOTH),
    _lines(
        "JSON Lines with CRLF and blank lines",
        f"\r\n{_ONE}\r\n\r\n  {_TWO}  \r\n\r\n",
        accepted=_BOTH,
    ),
    _lines(
        "JSON Lines with a byte order mark",
        codecs.BOM_UTF8 + f"{_ONE}\n{_TWO}".encode(),
        accepted=_BOTH,
    ),
    _lines(
        "JSON Lines in UTF-16", f"{_ONE}\n{_TWO}\n".encode("utf-16"), error="say `encoding: utf-16`"
    ),
    _lines(
        "JSON Lines in UTF-16 as the source file says",
        f"{_ONE}\n{_TWO}\n".encode("utf-16"),
        says="encoding: utf-16\n",
        accepted=_BOTH,
    ),
    _lines(
        "pages of an API, one a line",
        f'{{"results": [{_ONE}], "paging": {{}}}}\n{{"results": [{_TWO}]}}\n',
        accepted=_BOTH,
    ),
    _lines(
        "a page of an API over many lines",
        f'{{\n "results": [\n  {_ONE},\n  {_TWO}\n ]\n}}\n',
        file="deals.json",
        accepted=_BOTH,
    ),
    _lines("an array of documents", f"[{_ONE}, {_TWO}]", file="deals.json", accepted=_BOTH),
    _lines(
        "an array of documents over many lines",
        f"[\n{_ONE},\n{_TWO}\n]\n",
        file="deals.json",
        accepted=_BOTH,
    ),
    _lines(
        "an array of documents that was cut off",
        f"[\n{_ONE},\n{_TWO[:20]}",
        file="deals.json",
        error="neither JSON Lines nor one JSON document",
    ),
    _lines("an empty JSON file", "", accepted=[]),
    _lines("an empty array", "[]", accepted=[]),
    _lines("a page without results", '{"results": []}\n', accepted=[]),
    _lines(
        "CSV that is called JSON Lines", "id,state,value\nd1,Open,1\n", error="the file lacks `id`"
    ),
    _lines(
        "a web page that is called JSON",
        "<!DOCTYPE html>\n<html></html>\n",
        file="deals.json",
        error="web page",
    ),
    _lines("an error of an API", '{"status":"error","message":"expired"}\n', error="lacks `id`"),
    _lines(
        "an error of an API whose rows stand on a path",
        '{"status":"error","message":"expired"}',
        file="deals.json",
        says="rows: data\n",
        error="nothing stands under `data`; it has `status`, `message`",
    ),
    _lines(
        "an error of an API behind a page of it",
        f'{{"data": [{_ONE}]}}\n{{"error": "rate limit", "status": 429}}\n',
        says="rows: data\n",
        accepted=_READ,
        refused={2: "nothing stands under `data`; it has `error`, `status`"},
    ),
    _lines("a page whose rows are null", '{"data": null}', says="rows: data\n", accepted=[]),
    _lines(
        "a page without rows, of columns put together of several",
        '{"data": []}',
        file="people.json",
        source_file=ACME.replace("user_name: name", "user_name: {concat: [first, last]}"),
        says="rows: data\n",
        columns=("user_id", "user_name"),
        accepted=[],
    ),
    _lines("an empty file that should be a JSON text", "", file="deals.json", error="is empty"),
    _lines(
        "blanks where a JSON text should be",
        codecs.BOM_UTF8 + b" \r\n",
        file="deals.json",
        error="is empty",
    ),
    # Lines ---------------------------------------------------------------------------------------
    _broken("a line that was cut off", '{"id": "d3", "state": "Op', "not JSON"),
    _broken("a line with a comma at its end", _TWO + ",", "not JSON"),
    _broken(
        "a line with a comma at the end of an object", '{"id": "d3", "state": "Open",}', "not JSON"
    ),
    _broken("a line with apostrophes for quotes", "{'id': 'd3'}", "not JSON"),
    _broken("a line with a comment", "// no data", "not JSON"),
    _broken("a line with two documents", _ONE + _TWO, "not JSON"),
    _broken("a line that is a number", "7", "a number or boolean, and no object"),
    _broken("a line that is a text", '"d3"', "a text, and no object"),
    _broken("a line that is null", "null", "null, and no object"),
    _broken("a line that is a list of numbers", "[1, 2]", "a list, and no object"),
    _broken(
        "a line with a name that stands twice",
        '{"id": "d3", "state": "Open", "state": "Won"}',
        "`state` stands twice in one object",
    ),
    _broken(
        "a line with NaN",
        '{"id": "d3", "state": "Open", "value": NaN}',
        "not JSON: NaN is no number",
    ),
    _broken(
        "a line with Infinity", '{"id": "d3", "state": "Open", "value": -Infinity}', "not JSON"
    ),
    _broken(
        "a line with a number in hexadecimal",
        '{"id": "d3", "state": "Open", "value": 0x10}',
        "not JSON",
    ),
    _broken(
        "a line with a number with a leading zero",
        '{"id": "d3", "state": "Open", "value": 007}',
        "not JSON",
    ),
    _broken("a line with a NUL byte", b'{"id": "d\x003", "state": "Open"}', "a NUL character"),
    _broken(
        "a line with an escaped NUL", '{"id": "d\\u00003", "state": "Open"}', "a NUL character"
    ),
    _broken(
        "a line with half a pair of UTF-16",
        '{"id": "d\\ud800", "state": "Open"}',
        "half a character",
    ),
    _broken("a line in Latin-1", '{"id": "dé", "state": "Open"}'.encode("latin-1"), "not UTF-8"),
    _broken(
        "a line with a text over two lines' end", '{"id": "d3\t", "state": "Open"}', "not JSON"
    ),
    _broken("a line of a hundred thousand brackets", "[" * 100_000, "nested more than"),
    _broken(
        "a line that is nested a thousand deep",
        '{"id": "d3", "state": ' + "[" * 1000 + "]" * 1000 + "}",
        "nested more than",
    ),
    _broken(
        "a line that is nested too deep for any reader",
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        "nested more than",
    ),
    # Values --------------------------------------------------------------------------------------
    _value("a number as a text", '"1.50"', Decimal("1.5")),
    _value(
        "a number with more digits than a double holds",
        "123456789012345678.123456",
        Decimal("123456789012345678.123456"),
    ),
    _value("a number that a double would round", "0.1", Decimal("0.1")),
    _value("a number with the noise of doubles", "1234.5600000000002", Decimal("1234.56")),
    _value("a number with an exponent", "1.5e3", 1500),
    _value("minus nought", "-0", 0),
    _value("null", "null", None),
    _value("an empty text", '""', None),
    _no_value("a number that is too large", "1" + "0" * 400),
    _no_value("a number with too many decimals", "0.12345678", "precision"),
    _no_value("a boolean where a number is due", "true"),
    _no_value("a list where a number is due", "[1]"),
    _lines(
        "a number where a text is due",
        '{"id": 12345678901234567890123, "state": 1.50, "value": 1}\n',
        accepted=[("12345678901234567890123", "1.50", 1)],
    ),
    _lines(
        "an object where a text is due",
        '{"id": "d1", "state": {"name": "Open"}, "value": 1}\n',
        error="lacks `state`",
    ),
    _lines(
        "a document with fields of its own",
        _ONE + '\n{"id": "d2", "state": "Open", "owner": {"name": "Ann", "teams": [1, {"a": 2}]}}',
        columns=("opportunity_id", "extra__owner_name", "extra__owner_teams"),
        accepted=[("d1", None, None), ("d2", "Ann", '[1,{"a":2}]')],
    ),
    _lines(
        "a field called like the row number of ours",
        '{"id": "d1", "state": "Open", "value": 1, "_row_number": 7}\n',
        error="_row_number",
    ),
    _lines(
        "an object that is null in every document",
        '{"id": "f1", "size": null}\n{"id": "f2"}\n',
        file="firms.jsonl",
        source_file=ACME.replace("employee_count: staff", "employee_count: Size.staff"),
        columns=("account_id", "employee_count"),
        accepted=[("f1", None), ("f2", None)],
    ),
    _lines(
        "an object that never has a field of that name",
        '{"id": "f1", "size": null}\n{"id": "f2", "size": {"area": 1}}\n',
        file="firms.jsonl",
        source_file=ACME.replace("employee_count: staff", "employee_count: size.staff"),
        error="lacks `size.staff`",
    ),
    _lines(
        "a text where an object is due",
        '{"id": "f1", "size": "large"}\n',
        file="firms.jsonl",
        source_file=ACME.replace("employee_count: staff", "employee_count: size.staff"),
        error="lacks `size.staff`",
    ),
    _lines(
        "fields with odd names",
        '{"id": "d1", "state": "Open", "value": 1, "": "a", "*": "b", "^.*$": "c", "value ": "d"}',
        columns=("opportunity_id", "amount"),
        accepted=[("d1", 1)],
    ),
    _lines(
        "a field for every record",
        "\n".join(f'{{"id": "d1", "state": "Open", "f{n}": 1}}' for n in range(5_001)),
        error="more than 5,000 columns",
    ),
]
