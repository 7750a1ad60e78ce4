"""Rows of marts beside rows of the reference, tables beside tables: the first that disagree.

Belongs here: what names a row, what counts as the same. Does not belong here: drawing companies,
building marts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb

from tests.reference.quantities import Row

# The columns that name a row of each mart, facts first: a wrong fact explains the wrong aggregates
# above it.
GRAINS = {
    "dim_rep": ["rep_key", "valid_from"],
    "dim_account": ["account_key"],
    "dim_account_version": ["account_key", "version_number"],
    "bridge_merge": ["object_name", "merged_key"],
    "fct_opportunity": ["opportunity_key"],
    "fct_stage_visit": ["opportunity_key", "visit_number"],
    "fct_stage_reached": ["opportunity_key", "stage_key"],
    "fct_opportunity_event": ["opportunity_key", "event_number"],
    "fct_opportunity_credit": ["opportunity_key", "credit_kind", "rep_key"],
    "fct_opportunity_version": ["opportunity_key", "version_number"],
    "dim_campaign": ["campaign_key"],
    "fct_activity": ["activity_key"],
    "bridge_activity": ["activity_key", "record_kind", "record_key"],
    "fct_lead": ["lead_key"],
    "fct_opportunity_line": ["line_key"],
    "pipeline_daily": ["date_day", "pipeline_key", "stage_key", "owner_key"],
    "funnel_stage_conversion": ["stage_key", "cohort_month", "dimension", "dimension_value"],
    "funnel_stage_exit": ["stage_key", "exit_month", "dimension", "dimension_value"],
    "funnel_transition": [
        "from_stage_key", "to_pipeline_key", "to_stage_kind", "to_stage_key", "quarter_start",
    ],
    "funnel_bottleneck": ["stage_key"],
    "win_rate": [
        "metric_id", "pipeline_key", "grain", "period_start", "dimension", "dimension_value",
    ],
    "cohort_win_triangle": [
        "pipeline_key", "cohort_month", "age_months", "dimension", "dimension_value",
    ],
    "cohort_cumulative_incidence": ["pipeline_key", "dimension", "dimension_value", "days"],
    "cohort_value": ["pipeline_key", "cohort_quarter"],
    "cohort_customer": ["source_system", "cohort_month", "age_months"],
    "rep_ramp": ["source_system", "hire_quarter", "tenure_months"],
    "funnel_lead_to_win": ["cohort_month", "dimension", "dimension_value"],
    "campaign_influence": ["campaign_key", "influence_model", "created_month"],
}  # fmt: skip
# Of these the reference knows every column; of the others those that history decides.
WHOLE = {
    "funnel_stage_conversion", "funnel_stage_exit", "funnel_transition", "funnel_bottleneck",
    "win_rate", "cohort_win_triangle", "cohort_cumulative_incidence", "cohort_value",
    "cohort_customer", "rep_ramp", "funnel_lead_to_win", "campaign_influence",
}  # fmt: skip
TOLERANCE = 1e-9
NO_COLUMN = "(no such column)"


def rows_of(connection: duckdb.DuckDBPyConnection, mart: str) -> list[Row]:
    cursor = connection.execute(f"from marts.{mart}")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def is_same(expected: Any, found: Any) -> bool:
    """Exactly, but for quotients: those up to a rounding error."""
    if isinstance(expected, Fraction | float) and isinstance(found, float):
        return math.isclose(expected, found, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return type(found) is type(expected) and expected == found


@dataclass(frozen=True)
class Difference:
    """The first row about which mart and reference disagree."""

    mart: str
    grain: dict[str, Any]
    expected: Row | None
    found: Row | None

    def __str__(self) -> str:
        place = f"{self.mart}, {', '.join(f'{name}={value}' for name, value in self.grain.items())}"
        if self.expected is None or self.found is None:
            side = "the reference" if self.found is None else "the mart"
            return f"{place}: only {side} has this row: {self.found or self.expected}"
        columns = [
            f"  {name}: the mart says {self.found.get(name, NO_COLUMN)!r}, the reference {value!r}"
            for name, value in self.expected.items()
            if not is_same(value, self.found.get(name, NO_COLUMN))
        ]
        return "\n".join([f"{place}:", *columns])


def first_difference(
    reference: dict[str, list[Row]], marts: dict[str, list[Row]]
) -> Difference | None:
    """Over the marts that were built, facts first."""
    for mart, grain in GRAINS.items():
        if mart not in marts:
            continue
        expected = {tuple(row[name] for name in grain): row for row in reference[mart]}
        found = {tuple(row[name] for name in grain): row for row in marts[mart]}
        assert len(found) == len(marts[mart]), f"{mart} has several rows a {grain}"
        assert len(expected) == len(reference[mart]), f"so has the reference of {mart}"
        if mart in WHOLE and found and expected:
            assert set(next(iter(found.values()))) == set(next(iter(expected.values()))), mart
        for key in sorted(found.keys() | expected.keys(), key=str):
            ours, theirs = expected.get(key), found.get(key)
            if ours is None or theirs is None or not all(
                is_same(value, theirs.get(name, NO_COLUMN)) for name, value in ours.items()
            ):  # fmt: skip
                return Difference(mart, dict(zip(grain, key, strict=True)), ours, theirs)
    return None


# --- a warehouse beside another ------------------------------------------------------------------

# What nights do, not what they leave, differs by its nature.
OF_WAREHOUSES = {"ops": {"reconciliation"}}


def tables_of(connection: duckdb.DuckDBPyConnection, warehouse: str) -> set[tuple[str, str]]:
    found = connection.execute(
        "select table_schema, table_name from information_schema.tables where table_catalog = ?",
        [warehouse],
    ).fetchall()
    return {
        (schema, table)
        for schema, table in found
        if schema not in OF_WAREHOUSES or table in OF_WAREHOUSES[schema]
    }


def difference_of_tables(nightly: Path, rebuilt: Path) -> str | None:
    """The first table that is not the same row for row, with some rows of each side."""
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach '{nightly}' as nightly (read_only)")
        connection.execute(f"attach '{rebuilt}' as rebuilt (read_only)")
        sides = tables_of(connection, "nightly"), tables_of(connection, "rebuilt")
        if sides[0] != sides[1]:
            return f"only one of both has {sorted(sides[0] ^ sides[1])}"
        for schema, table in sorted(sides[0]):
            lines = []
            for here, there in (("nightly", "rebuilt"), ("rebuilt", "nightly")):
                cursor = connection.execute(
                    f'from {here}.{schema}."{table}" except all from {there}.{schema}."{table}" '
                    "order by all limit 5"
                )
                names = [column[0] for column in cursor.description]
                lines += [
                    f"  only {here}: " + " ".join(map("{}={}".format, names, row))
                    for row in cursor.fetchall()
                ]
            if lines:
                return "\n".join([f"{schema}.{table}:", *lines])
    return None
