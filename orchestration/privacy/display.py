"""Refused rows as they may be shown: in listings, in results of checks, in reports.

Belongs here: which fields of a raw record stay readable. Does not belong here: refusing rows
(bronze/), where they are shown.

A raw record holds all that the CRM said of a person. Of the fields, those stay that feed a declared
column without a tag; whatever cannot be told apart is not shown at all. The quarantine itself keeps
every text, or nothing could be read anew.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

from orchestration.privacy.patterns import redacted
from orchestration.sources.contract import Contract

HIDDEN = "…"
_DELIMITERS = ",;\t|^`"


def shown_rows(
    rows: Iterable[Mapping[str, Any]], contracts: Mapping[str, Contract]
) -> list[dict[str, Any]]:
    """Rows of a quarantine, with hidden values; contracts by `<source>/<object>`."""
    shown = []
    for row in rows:
        contract = contracts.get(f"{row['source']}/{row['object']}")
        said = {
            "value": shown_value(row["value"], row["column"], contract),
            "raw_text": shown_record(row["raw_text"], row["raw_header"], contract),
        }
        shown.append(dict(row) | said)
    return shown


def shown_value(value: str | None, column: str | None, contract: Contract | None) -> str | None:
    """The text that broke a rule; hidden where its column is tagged."""
    if value is None:
        return None
    declared = contract.columns if contract else ()
    is_plain = any(each.name == column and each.personal is None for each in declared)
    return redacted(value) if is_plain else HIDDEN


def shown_record(raw: str | None, header: str | None, contract: Contract | None) -> str | None:
    """A raw record; `header` is what stands above it in a file of lines, None for JSON."""
    if raw is None:
        return None
    plain = _plain_names(contract) if contract else set()
    shown = _shown_fields(raw, header, plain) if header else _shown_json(raw, plain)
    return f"[hidden: {len(raw):,} characters]" if shown is None else redacted(shown)


def _plain_names(contract: Contract) -> set[str]:
    """Columns of the file that feed declared columns without a tag, and no others."""
    names: dict[bool, set[str]] = {True: set(), False: set()}
    for column in contract.columns:
        read = (*column.headers, *column.parts)
        names[column.personal is not None].update(name.casefold() for name in read)
    return names[False] - names[True]


def _shown_fields(raw: str, header: str, plain: set[str]) -> str | None:
    delimiter = max(_DELIMITERS, key=header.count)
    names = _fields(header, delimiter)
    is_shown = [name.strip("\ufeff ").casefold() in plain for name in names]
    if all(is_shown):
        return raw
    fields = _fields(raw, delimiter)
    if len(fields) != len(names):
        return None
    text = io.StringIO()
    line = [field if shown else HIDDEN for field, shown in zip(fields, is_shown, strict=True)]
    csv.writer(text, delimiter=delimiter, lineterminator="").writerow(line)
    return text.getvalue()


def _fields(line: str, delimiter: str) -> list[str]:
    try:
        records = list(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter))
    except csv.Error:
        return []
    return records[0] if len(records) == 1 else []


def _shown_json(raw: str, plain: set[str]) -> str | None:
    try:
        document = json.loads(raw)
    except ValueError:
        return None
    return json.dumps(_pruned(document, "", plain), ensure_ascii=False, separators=(",", ":"))


def _pruned(value: Any, path: str, plain: set[str]) -> Any:
    if isinstance(value, dict):
        return {
            name: _pruned(each, f"{path}.{name}".lstrip("."), plain) for name, each in value.items()
        }
    if isinstance(value, list):
        return [_pruned(each, path, plain) for each in value]
    return value if value is None or path.casefold() in plain else HIDDEN
