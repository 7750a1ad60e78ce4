"""What a version changed against the one that readers saw before it.

Belongs here: comparing rows, columns and metrics of two versions, and the tables in which a version
keeps that. Does not belong here: judging a night (gate/): a change informs and never blocks.

A metric of `marts.metric_registry` whose rows add up is one number a version: over all its rows,
all dimensions and the newest day. It is reported when it moved by more than it usually moves from
version to version: an XmR chart of the moves, x̄ ± 2.66 · mean moving range, over up to 30 versions
before, and none under eight moves. The moves and not the numbers themselves, because most of these
grow every night. The numbers of all versions before travel within the file, in `ops.metric_value`,
so that what was rolled back is no measure of what comes after.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

import duckdb
import polars as pl

from orchestration.publication.comments import METRIC_VALUE, VERSION_CHANGE, comment
from orchestration.publication.opening import open_version
from orchestration.publication.versions import Publication, version_path
from orchestration.settings import Settings

_FEWEST_MOVES, _MOST_VERSIONS = 8, 30
# With so many, the newest one included, metrics have limits.
FEWEST_VERSIONS = _FEWEST_MOVES + 2
_XMR = 2.66
# Sums of floating-point numbers differ in their last digits from build to build: these are cut off.
_DIGITS = 12
_NOISE = 1e-9

_CHANGES = pl.Schema(
    {
        "version": pl.String(),
        "compared_with": pl.String(),
        "kind": pl.String(),
        "table_name": pl.String(),
        "item": pl.String(),
        "before": pl.String(),
        "after": pl.String(),
        "low": pl.Float64(),
        "high": pl.Float64(),
    }
)
_VALUES = pl.Schema(
    {
        "version": pl.String(),
        "as_of_date": pl.Date(),
        "published_at": pl.Datetime("us"),
        "metric_id": pl.String(),
        "value": pl.Float64(),
    }
)

Columns = dict[str, dict[str, str]]
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Change:
    """One difference. `kind` is rows, table added, table removed, column added, column removed,
    column retyped, or metric.

    `item` is the column or the metric; `before` and `after` are counts, types or values, as text.
    Of a metric, `low` and `high` are the limits that it left.
    """

    version: str
    compared_with: str
    kind: str
    table: str
    item: str | None
    before: str | None
    after: str | None
    low: float | None = None
    high: float | None = None

    @property
    def sentence(self) -> str:
        """For a person."""
        if self.kind == "rows":
            return f"{self.table}: {int(self.before or 0):,} → {int(self.after or 0):,} rows"
        if self.kind == "metric":
            return (
                f"{self.item}: {float(self.before or 0):,.6g} → {float(self.after or 0):,.6g}, "
                f"usual {self.low:,.6g} to {self.high:,.6g}"
            )
        if self.kind == "column retyped":
            return f"{self.table}.{self.item}: {self.before} → {self.after}"
        place = f"{self.table}.{self.item}" if self.item else self.table
        return f"{self.kind}: {place}"


def changes_of(settings: Settings, version: str) -> list[Change]:
    """What a version changed; nothing of one from before there were changes.

    Raises VersionUnreadableError.
    """
    path = version_path(settings, version)
    with suppress(duckdb.CatalogException), open_version(path) as connection:
        return [Change(*row) for row in connection.execute("from ops.version_change").fetchall()]
    return []


def write_changes(
    connection: duckdb.DuckDBPyConnection,
    publication: Publication,
    before: Path | None,
    scratch: Path,
) -> None:
    """Write both tables into a candidate that is being sealed.

    `before` is what readers see now, `scratch` a file that may be written meanwhile.
    """
    values = _values(connection)
    changes: list[Change] = []
    history: list[Row] = []
    if before is not None:
        # A version that cannot be read is no reason to hold the next one back.
        with suppress(duckdb.Error), duckdb.connect(str(before), read_only=True) as older:
            changes, history = _compared(connection, older, publication, values)
    about = publication.version, publication.as_of_date, publication.published_at
    history += [(*about, *each) for each in sorted(values.items())]
    for table, rows, schema, description in (
        ("version_change", [astuple(each) for each in changes], _CHANGES, VERSION_CHANGE),
        ("metric_value", history, _VALUES, METRIC_VALUE),
    ):
        pl.DataFrame(rows, schema=schema, orient="row").write_parquet(scratch)
        connection.execute(
            f"create or replace table ops.{table} as select * from read_parquet(?)", [str(scratch)]
        )
        comment(connection, f"ops.{table}", description)
        scratch.unlink()


def _compared(
    newer: duckdb.DuckDBPyConnection,
    older: duckdb.DuckDBPyConnection,
    publication: Publication,
    values: dict[str, float],
) -> tuple[list[Change], list[Row]]:
    row = older.execute("select arg_max(version, published_at) from ops.publication").fetchone()
    pair = publication.version, str(row[0] if row else None)
    history = _history(older)
    changes = [
        *_changed_columns(pair, _columns(older), _columns(newer)),
        *_changed_rows(pair, older, newer),
        *_moved_metrics(pair, history, values, _marts_of_metrics(newer)),
    ]
    return changes, history


def _changed_columns(pair: tuple[str, str], old: Columns, new: Columns) -> Iterator[Change]:
    for table in sorted(old.keys() | new.keys()):
        if table not in old or table not in new:
            kind = "table added" if table in new else "table removed"
            yield Change(*pair, kind, table, None, None, None)
            continue
        for column in sorted(old[table].keys() | new[table].keys()):
            before, after = old[table].get(column), new[table].get(column)
            if before != after:
                kind = "added" if before is None else "removed" if after is None else "retyped"
                yield Change(*pair, f"column {kind}", table, column, before, after)


def _changed_rows(
    pair: tuple[str, str], older: duckdb.DuckDBPyConnection, newer: duckdb.DuckDBPyConnection
) -> Iterator[Change]:
    tables = sorted(_columns(older).keys() & _columns(newer).keys())
    counts = [_counts(side, tables) for side in (older, newer)]
    for table in tables:
        before, after = (side[table] for side in counts)
        if before != after:
            yield Change(*pair, "rows", table, None, str(before), str(after))


def _moved_metrics(
    pair: tuple[str, str],
    history: list[Row],
    values: dict[str, float],
    marts: dict[str, str],
) -> Iterator[Change]:
    earlier: dict[str, list[float]] = defaultdict(list)
    for _, _, _, metric, value in history:
        earlier[metric].append(value)
    for metric, value in sorted(values.items()):
        limits = limits_after(earlier[metric])
        if limits is None:
            continue
        low, high = limits
        noise = _NOISE * max(1.0, abs(value))
        if not low - noise <= value <= high + noise:
            last = repr(earlier[metric][-1])
            yield Change(*pair, "metric", marts[metric], metric, last, repr(value), low, high)


def limits_after(values: list[float]) -> tuple[float, float] | None:
    """Between which numbers the next one is no surprise; None while too few are known."""
    moves = [after - before for before, after in pairwise(values)]
    if len(moves) < _FEWEST_MOVES:
        return None
    reach = _XMR * fmean(abs(after - before) for before, after in pairwise(moves))
    centre = values[-1] + fmean(moves)
    return centre - reach, centre + reach


def _history(older: duckdb.DuckDBPyConnection) -> list[Row]:
    """The numbers of the versions before, oldest first; none of a version that kept none."""
    history: list[Row] = []
    with suppress(duckdb.CatalogException):
        history += older.execute(
            "from ops.metric_value qualify dense_rank() over (order by published_at desc) "
            f"<= {_MOST_VERSIONS} order by published_at, metric_id"
        ).fetchall()
    return history


def _columns(connection: duckdb.DuckDBPyConnection) -> Columns:
    found: Columns = defaultdict(dict)
    for table, column, kind in connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() "
        "where schema_name = 'marts'"
    ).fetchall():
        found[table][column] = kind
    return found


def _counts(connection: duckdb.DuckDBPyConnection, tables: list[str]) -> dict[str, int]:
    if not tables:
        return {}
    query = " union all ".join(
        f"select '{table}', count(*) from marts.\"{table}\"" for table in tables
    )
    return dict(connection.execute(query).fetchall())


def _marts_of_metrics(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    query = "select metric_id, mart_name from marts.metric_registry"
    return dict(connection.execute(query).fetchall())


def _values(connection: duckdb.DuckDBPyConnection) -> dict[str, float]:
    """Each metric that has a number for all its rows, from one look at each mart."""
    columns = _columns(connection)
    if "metric_registry" not in columns:
        return {}
    wanted: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for metric, mart, *said in connection.execute(
        "select metric_id, mart_name, column_name, numerator_column, denominator_column, "
        "formula, unit, row_filter from marts.metric_registry where adds_up order by metric_id"
    ).fetchall():
        wanted[mart].append((metric, _aggregate(*said)))
    values: dict[str, float] = {}
    for mart, aggregates in wanted.items():
        listed = ", ".join(expression for _, expression in aggregates)
        row = connection.execute(
            f'select {listed} from marts."{mart}" where {_rows_of(mart, columns[mart])}'
        ).fetchone()
        for (metric, _), value in zip(aggregates, row or (), strict=True):
            if value is not None:
                values[metric] = float(f"{value:.{_DIGITS}g}")
    return values


def _aggregate(
    column: str,
    numerator: str | None,
    denominator: str | None,
    formula: str,
    unit: str,
    row_filter: str | None,
) -> str:
    rows = f"filter (where {row_filter or 'true'})"
    if numerator and denominator:
        return f"sum({numerator}) {rows} / nullif(sum({denominator}) {rows}, 0)"
    if formula.startswith("mean ") or unit not in ("count", "money"):
        return f"avg({column}) {rows}"
    return f"{'count' if column.endswith('_key') else 'sum'}({column}) {rows}"


def _rows_of(mart: str, columns: dict[str, str]) -> str:
    """Everything once: not each dimension again, and of days that are not added up the last."""
    whole = [f"{name} = 'all'" for name in ("grain", "dimension") if name in columns]
    if "date_day" in columns:
        whole.append(f'date_day = (select max(date_day) from marts."{mart}")')
    return " and ".join(whole) or "true"
