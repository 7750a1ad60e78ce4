"""Which file and row said what a check found at fault.

Belongs here: from the key of an offending row of a mart back to the bronze row with that key.
Does not belong here: offending rows of bronze itself, which know their file (bronze/judge.py).

A refused night's rows leave bronze, so they are looked up before that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import polars as pl

from orchestration.gate.results import CheckResult
from orchestration.settings import Settings
from orchestration.sources.catalog import Source

# A key of the marts -> the object that has it, in Salesforce, in HubSpot and in mapped sources.
# A key of a mart is `<source>:<id>`.
_OBJECTS = {
    "opportunity_key": ("opportunity", "deal", "opportunities"),
    "account_key": ("account", "company", "accounts"),
    "lead_key": ("lead", "contact", "leads"),
    "contact_key": ("contact", "contacts"),
    "campaign_key": ("campaign", "campaigns"),
    "product_key": ("product2", "products"),
    "owner_key": ("user", "owner", "users"),
    "rep_key": ("user", "owner", "users"),
    "user_key": ("user", "owner", "users"),
}
_FOUND = ("source", "object", "id")


def with_origins(
    settings: Settings, sources: dict[str, Source], results: list[CheckResult]
) -> list[CheckResult]:
    """The results, with `file` and `row_number` in each offending row that can be traced.

    Of several versions of a record the newest is named. Rows without a key stay as they are.
    """
    keys = {
        key
        for result in results
        if not result.success
        for row in result.sample
        for key in _keys(result.check, row, sources)
    }
    if not keys:
        return results
    origins = dict(_look_up(settings, sources, keys))

    def traced(check: str, row: dict[str, Any]) -> dict[str, Any]:
        found = (origins[key] for key in _keys(check, row, sources) if key in origins)
        return row | next(found, {})

    return [
        replace(result, sample=[traced(result.check, row) for row in result.sample])
        for result in results
    ]


def _keys(
    check: str, row: dict[str, Any], sources: dict[str, Source]
) -> Iterator[tuple[str, str, str]]:
    """Source, object and id of the record that a row is about, most telling first."""
    if "file" in row:
        return
    for column, objects in _OBJECTS.items():
        # dbt's own tests call the value at fault after the test: the name tells the column.
        values = [row.get(column)]
        if check.endswith(column) or f"_{column}__" in check:
            values += [row.get(name) for name in ("unique_field", "from_field", "value_field")]
        for value in values:
            source, colon, id_ = str(value or "").partition(":")
            if colon and source in sources:
                for object_ in objects:
                    if object_ in sources[source].contracts:
                        yield source, object_, id_
                        break


def _look_up(
    settings: Settings, sources: dict[str, Source], keys: Iterable[tuple[str, str, str]]
) -> Iterator[tuple[tuple[str, str, str], dict[str, Any]]]:
    """File and row of each record that bronze holds; an object's files are read once."""
    wanted = pl.DataFrame(list(keys), schema=_FOUND, orient="row")
    for (source, object_), ids in wanted.group_by("source", "object"):
        name = sources[str(source)].contracts[str(object_)].key[0]
        files = sorted((settings.bronze / str(source) / str(object_)).glob("batch=*/*.parquet"))
        if not files:
            continue
        rows = (
            pl.scan_parquet(files, glob=False, extra_columns="ignore", missing_columns="insert")
            .filter(pl.col(name).cast(pl.String).is_in(ids["id"].to_list()))
            .select(
                id=pl.col(name).cast(pl.String),
                night="_batch_date",
                number="_load_number",
                file="_file",
                row_number="_row_number",
            )
            .collect()
            .sort("night", "number", "row_number")
            .unique("id", keep="last")
        )
        for row in rows.iter_rows(named=True):
            yield (
                (str(source), str(object_), row["id"]),
                {"file": f"{row['night']}/{row['file']}", "row_number": row["row_number"]},
            )
