"""What each load holds, in numbers: how many rows are empty in a column, in a stage, of an owner.

Belongs here: counting the rows of a load once it stands in bronze, and keeping the counts of the
newest nights in `ops/load_profile.parquet`.
Does not belong here: how a load differs from the nights before (differences.py), what is usual
(dbt_project/models/ops/night_deviation.sql), what follows when a night is not (expectations/).

Nothing is remembered that bronze does not say: counts that are missing are taken again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from orchestration.bronze.differences import differences, path_in_sql
from orchestration.bronze.paths import accepted_path
from orchestration.bronze.watched import Record, Watched, record_of, watched_columns
from orchestration.durable import replacing
from orchestration.extracts.ledger import Ledger, Load
from orchestration.privacy.patterns import redacted
from orchestration.settings import Settings
from orchestration.sources.catalog import load_sources
from orchestration.sources.contract import Contract

if TYPE_CHECKING:
    import duckdb

# A weekday has thirteen nights in a quarter; some more, for sources that come late.
MEMORY_DAYS = 100
# A source that changes at random is quiet for longer than so many days with a change took once in
# a hundred times.
_NEWEST_DAYS = 7
# Owners and sources beyond these are counted together.
_MOST_LABELS = 100
_OTHERS = "(others)"

SCHEMA = pl.Schema(
    {
        "load_id": pl.String(),
        "topic": pl.String(),
        "column_name": pl.String(),
        "label": pl.String(),
        "measured": pl.Int64(),
    }
)

# How the values of a topic are labelled; of all others they are labels themselves.
_LABELS = {
    "amount": "case when {0} = 0 then '0' when {0} < 0 then 'below 0' "
    "else '1e' || cast(cast(floor(log10({0})) as integer) as varchar) end",
    "hour": "cast(hour({0}) // 3 * 3 as varchar) || ' to ' || "
    "cast(hour({0}) // 3 * 3 + 3 as varchar) || ' h'",
    "horizon": "case when day_count < -365 then 'over a year ago' "
    "when day_count < -90 then 'over a quarter ago' when day_count < 0 then 'past' "
    "when day_count < 90 then 'within a quarter' when day_count < 365 then 'within a year' "
    "else 'in over a year' end",
}


def write_profiles_file(settings: Settings) -> None:
    """Make the counts scannable before there are any."""
    if not _path(settings).exists():
        _write(settings, pl.DataFrame(schema=SCHEMA))


def remember_profiles(settings: Settings) -> None:
    """Count the rows of every load of the newest nights that was not counted yet.

    Those of an unpublished night are counted anew: the records of a history may be corrected ones.
    """
    ledger = Ledger(settings.ledger)
    loads = {load.load_id: load for load in _newest(ledger)}
    published = [load.load_id for load in loads.values() if load.status == "accepted"]
    written = _written(settings)
    kept = (
        pl.DataFrame(schema=SCHEMA)
        if written is None or written.schema != SCHEMA
        else written.filter(pl.col("load_id").is_in(published))
    )
    missing = [loads[load_id] for load_id in loads.keys() - set(kept["load_id"])]
    if not missing and written is not None and kept.height == written.height:
        return
    rows = list(_profiles(settings, missing, list(loads.values())))
    new = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    _write(settings, pl.concat([kept, new]).sort(SCHEMA.names()))


def _written(settings: Settings) -> pl.DataFrame | None:
    """The counts as they were left; None of a file that is lost or damaged."""
    with suppress(FileNotFoundError, pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return pl.read_parquet(_path(settings), glob=False)
    return None


def _newest(ledger: Ledger) -> Iterator[Load]:
    as_of = ledger.as_of()
    oldest = as_of - timedelta(days=MEMORY_DAYS) if as_of else date.max
    for load in ledger.loads:
        is_in_bronze = load.status in ("loaded", "accepted") and load.error is None
        # Rows read anew from quarantine are no delivery: their night has been compared.
        is_delivery = load.rows_accepted > 0 and load.reload_of is None
        if is_in_bronze and is_delivery and load.batch_date >= oldest:
            yield load


def _profiles(
    settings: Settings, missing: Iterable[Load], loads: list[Load]
) -> Iterator[tuple[Any, ...]]:
    # Who only asks for the status does not pay for it.
    import duckdb

    sources = load_sources(settings.user_sources)
    with duckdb.connect() as connection:
        for load in missing:
            source = sources.get(load.source)
            contract = source.contracts.get(load.object) if source else None
            path = accepted_path(settings, load)
            # A source that was taken out has no columns to compare.
            if contract is None or not path.exists():
                continue
            rows = connection.read_parquet(path_in_sql(path))
            record = record_of(contract)
            files = _files_of(settings, load, record, loads)
            for count_rows in (_nulls, _keys, _labels):
                yield from ((load.load_id, *count) for count in count_rows(rows, load, contract))
            counts = [
                *_records(connection, rows, record, files),
                *differences(connection, rows, load, contract, loads, settings),
            ]
            yield from ((load.load_id, *count) for count in counts)


def _nulls(
    rows: duckdb.DuckDBPyRelation, load: Load, contract: Contract
) -> Iterator[tuple[str, str, str, int]]:
    """Rows without and with a value, for each column of the contract that the file has."""
    # That a column is missing is told by `as_usual` of its object.
    there = set(rows.columns) - set(json.loads(load.missing_columns or "[]"))
    names = [column.name for column in contract.columns if column.name in there]
    counts = rows.aggregate(", ".join(["count(*)", *(f'count("{name}")' for name in names)]))
    ((row_count, *filled),) = counts.fetchall()
    for name, count in zip(names, filled, strict=True):
        yield "nulls", name, "empty", row_count - count
        yield "nulls", name, "filled", count


def _keys(
    rows: duckdb.DuckDBPyRelation, load: Load, contract: Contract
) -> Iterator[tuple[str, str, str, int]]:
    """Rows whose key the load has for the first time, and those that repeat one."""
    key = ", ".join(f'"{name}"' for name in contract.key)
    ((single,),) = rows.aggregate(f"count(distinct ({key}))").fetchall()
    yield "keys", key.replace('"', ""), "first", single
    yield "keys", key.replace('"', ""), "repeated", load.rows_accepted - single


def _records(
    connection: duckdb.DuckDBPyConnection,
    history: duckdb.DuckDBPyRelation,
    record: Record | None,
    files: list[str],
) -> Iterator[tuple[str, str, str, int]]:
    """Rows of a history whose record came in the same night, and those whose record did not."""
    if record is None:
        return
    named = history.project(f'"{record.column}" as named')
    came = (
        connection.read_parquet(files).project(f'"{record.key}" as came')
        if files
        else connection.sql("select cast(null as varchar) as came where false")
    )
    ((total,),) = named.aggregate("count(*)").fetchall()
    delivered = named.join(came.distinct(), "named = came")
    ((count,),) = delivered.aggregate("count(*)").fetchall()
    yield "records", record.column, "delivered", count
    yield "records", record.column, "missing", total - count


def _files_of(
    settings: Settings, load: Load, record: Record | None, loads: Iterable[Load]
) -> list[str]:
    """The bronze files of the records that came in the night of a history."""
    return [
        path_in_sql(accepted_path(settings, each))
        for each in loads
        if record is not None
        and (each.source, each.object, each.batch_date)
        == (load.source, record.object, load.batch_date)
    ]


def _labels(
    rows: duckdb.DuckDBPyRelation, load: Load, contract: Contract
) -> Iterator[tuple[str, str, str, int]]:
    for watched in watched_columns(contract):
        if watched.column not in rows.columns:
            continue
        if watched.topic == "newest":
            yield from _newest_instants(rows, watched)
            continue
        named = rows.filter(f'"{watched.column}" is not null').project(_label(watched, load))
        counts: Counter[str] = Counter()
        for label, count in named.aggregate("label, count(*)").fetchall():
            # People write into any field, and labels are read wherever counts are.
            counts[redacted(label)] += count
        counted = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        for label, count in counted[:_MOST_LABELS]:
            yield watched.topic, watched.column, label, count
        rest = sum(count for _, count in counted[_MOST_LABELS:])
        if rest:
            yield watched.topic, watched.column, _OTHERS, rest


def _label(watched: Watched, load: Load) -> str:
    column = f'"{watched.column}"'
    form = _LABELS.get(watched.topic, "cast({0} as varchar)").format(column)
    days = f"datediff('day', date '{load.batch_date}', cast({column} as date))"
    return f"{form.replace('day_count', days)} as label"


def _newest_instants(
    rows: duckdb.DuckDBPyRelation, watched: Watched
) -> Iterator[tuple[str, str, str, int]]:
    """The last instants of the newest days in a column, as seconds since 1970, newest first."""
    column = f'"{watched.column}"'
    last = f"cast(floor(epoch(max({column}))) as bigint) as last"
    days = rows.filter(f"{column} is not null").aggregate(last, f"cast({column} as date)")
    for place, (second,) in enumerate(days.order("last desc").limit(_NEWEST_DAYS).fetchall()):
        yield watched.topic, watched.column, str(place + 1), second


def _write(settings: Settings, profiles: pl.DataFrame) -> None:
    with replacing(_path(settings)) as temporary:
        profiles.write_parquet(temporary)


def _path(settings: Settings) -> Path:
    return settings.operations / "load_profile.parquet"
