"""A dataset a mart, written from dbt's YAML and the registry of metrics.

Belongs here: turning models and metrics into Superset's dataset files, and writing them
(`python -m orchestration.serving.superset.datasets`). Does not belong here: datasets of a query
(they stand in dashboard/datasets/ by hand), charts, the words, which dbt's YAML and the registry
hold.

A metric of Superset is a sum, a count or a quotient of two sums, so that it stays true whichever
rows a chart or a filter takes together. What does not add up (medians, projections, shares of a
denominator that stands in several rows) is none: it is a column, to be shown as it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import yaml

from orchestration.metrics.registry import Metric, registered_metrics
from orchestration.settings import PROJECT_ROOT

MARTS = PROJECT_ROOT / "dbt_project" / "models" / "marts"
DASHBOARD = Path(__file__).with_name("dashboard")
DATASETS = DASHBOARD / "datasets" / "Flywheel"
HEAD = "# Written by orchestration/serving/superset/datasets.py from dbt's YAML and the registry.\n"
_FORMATS = {
    "count": ",d", "share": ".1%", "ratio": ".2f", "money": ",.0f", "days": ".1f", "hours": ".1f",
}  # fmt: skip
_TIMES = ("date", "timestamp")
_NUMBERS = ("bigint", "integer", "decimal", "double")
# The square of the normal quantile of 97.5 %.
_Z2 = 3.8414588


def identity(kind: str, name: str) -> UUID:
    """The id of a part of the bundle; the same on every machine, so that an import updates it."""
    return uuid5(NAMESPACE_URL, f"flywheel/superset/{kind}/{name}")


def dataset_files() -> dict[Path, str]:
    """The text of every dataset that is a mart."""
    metrics = registered_metrics()
    return {
        DATASETS / f"{model['name']}.yaml": HEAD + _dump(dataset(model, metrics))
        for model in models()
    }


def models() -> Iterator[dict[str, Any]]:
    """Every mart, as its YAML says it, in the order of the names."""
    said = [
        model
        for path in sorted(MARTS.glob("*/_*.yml"))
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
    ]
    yield from sorted(said, key=lambda model: str(model["name"]))


def dataset(model: dict[str, Any], metrics: Iterable[Metric]) -> dict[str, Any]:
    """A mart as Superset's dataset: columns with what they mean, derived labels, metrics."""
    name = model["name"]
    types = {column["name"]: column["data_type"] for column in model["columns"]}
    of_mart = [metric for metric in metrics if metric.mart == name]
    return {
        "table_name": name,
        "description": " ".join(model["description"].split()),
        "main_dttm_col": next(iter(_main_times(types)), None),
        "schema": "marts",
        "sql": None,
        "filter_select_enabled": True,
        "normalize_columns": False,
        "uuid": str(identity("dataset", name)),
        "database_uuid": str(identity("database", "Flywheel")),
        "version": "1.0.0",
        "columns": [*map(_column, model["columns"]), *_labels(types, metrics)],
        "metrics": [
            {"metric_name": "row_count", "expression": "count(*)", "d3format": ",d",
             "verbose_name": "Rows", "description": "Rows of the mart."},
            *(said for metric in of_mart for said in _metric(metric)),
            *(_rates() if name == "win_rate" else ()),
        ],
    }  # fmt: skip


def _main_times(types: dict[str, str]) -> Iterator[str]:
    """Columns by which a chart over time may go, the one that tells what a row is about first."""
    order = ("_month", "_start", "_day", "_at", "_date")
    for ending in order:
        for column, type_ in types.items():
            if column.endswith(ending) and type_.startswith(_TIMES) and column != "as_of_date":
                yield column


def _column(column: dict[str, Any]) -> dict[str, Any]:
    type_ = column["data_type"]
    return {
        "column_name": column["name"],
        "type": type_.upper(),
        "is_dttm": type_.startswith(_TIMES),
        "groupby": not type_.startswith(("decimal", "double")),
        "filterable": True,
        "expression": None,
        "description": " ".join(column["description"].split()),
    }


def _labels(types: dict[str, str], metrics: Iterable[Metric]) -> Iterator[dict[str, Any]]:
    """Texts for axes, which sort as they should: a stage by its rank, a month as 2025-09."""
    if {"stage_rank", "stage_name"} <= set(types):
        yield _label(
            "stage_label",
            "lpad(cast(stage_rank as varchar), 2, '0') || ' ' || stage_name",
            "The stage, its rank first in two digits, so that stages sort in their order.",
        )
    if "cohort_month" in types:
        yield _label(
            "cohort_label",
            "substr(cast(cohort_month as varchar), 1, 7)",
            "The month as a text, for the axes of a heat map.",
        )
    if "metric_id" in types and "metric_name" not in types:
        names = " ".join(
            f"when '{metric.id}' then '{metric.name}'"
            for metric in metrics
            if metric.mart == "win_rate"
        )
        yield _label(
            "metric_name", f"case metric_id {names} end", "What a report calls the metric."
        )
        yield _label(
            "metric_label",
            f"replace(case metric_id {names} end, 'Win rate ', '')",
            "The same without its first two words, for an axis under a title that has them.",
        )


def _label(name: str, expression: str, description: str) -> dict[str, Any]:
    return {
        "column_name": name,
        "type": "VARCHAR",
        "is_dttm": False,
        "groupby": True,
        "filterable": True,
        "expression": expression,
        "description": description,
    }


def _metric(metric: Metric) -> Iterator[dict[str, Any]]:
    """A metric of the registry, and the ends of its interval where they follow from the sums."""
    expression = _expression(metric)
    if expression is None:
        return
    said = {
        "metric_name": metric.id,
        "verbose_name": metric.name,
        "d3format": _FORMATS[metric.unit],
        "description": f"{metric.formula}. Over {metric.population}.",
        "expression": expression,
    }
    yield said
    if metric.interval == "Wilson, 95 %":
        won, all_ = _sum(metric, metric.numerator), _sum(metric, metric.denominator)
        for end, sign, words in (("low", "-", "lower"), ("high", "+", "upper")):
            yield said | {
                "metric_name": f"{metric.id}_{end}",
                "verbose_name": f"{metric.name}, {words} end",
                "description": f"{words.capitalize()} end of the Wilson interval: {metric.name}.",
                "expression": wilson(won, all_, sign),
            }


def _expression(metric: Metric) -> str | None:
    if not metric.adds_up:
        return None
    if metric.numerator and metric.denominator:
        won, all_ = _sum(metric, metric.numerator), _sum(metric, metric.denominator)
        return f"{won} / nullif({all_}, 0)"
    kept = f"case when {metric.where} then {metric.column} end" if metric.where else metric.column
    if metric.unit == "money" and metric.id.startswith("average_"):
        return f"avg({kept})"
    if metric.unit == "money":
        return f"sum({kept})"
    if metric.unit == "count":
        return f"count({kept})" if metric.column.endswith("_key") else f"sum({kept})"
    return f"avg({kept})"


def _sum(metric: Metric, column: str | None) -> str:
    kept = f"case when {metric.where} then {column} end" if metric.where else column
    return f"cast(sum({kept}) as double precision)"


def wilson(won: str, all_: str, sign: str) -> str:
    """SQL of one end of the 95 % Wilson interval of a quotient of sums; NULL over nothing."""
    n = f"nullif({all_}, 0)"
    spread = f"sqrt({_Z2} * ({_Z2} + 4 * {won} * ({all_} - {won}) / {n}))"
    return f"(2 * {won} + {_Z2} {sign} {spread}) / (2 * ({n} + {_Z2}))"


def _rates() -> Iterator[dict[str, Any]]:
    """Any named win rate: the mart's own number where one row is asked, else quotient of sums."""
    won, all_ = (
        f"cast(sum({column}) as double precision)" for column in ("numerator", "denominator")
    )
    proportions = "min(metric_id) not in ('win_rate_value', 'win_rate_cohort_adjusted')"
    yield _rate("value", "Win rate", f"{won} / nullif({all_}, 0)")
    for end, sign, words in (("low", "-", "lower end"), ("high", "+", "upper end")):
        several = f"case when {proportions} then {wilson(won, all_, sign)} end"
        yield _rate(f"value_{end}", f"{words}, 95 %", several)


def _rate(column: str, name: str, several: str) -> dict[str, Any]:
    return {
        "metric_name": f"rate_{column}",
        "verbose_name": name,
        "d3format": ".1%",
        "description": (
            "Of one row of the mart, what stands there; of several slices, from their sums. Ask "
            "for one metric_id and one grain at a time."
        ),
        "expression": f"case when count(*) = 1 then max({column}) else {several} end",
    }


def _dump(document: dict[str, Any]) -> str:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


if __name__ == "__main__":
    DATASETS.mkdir(parents=True, exist_ok=True)
    for file, text in dataset_files().items():
        file.write_text(text, encoding="utf-8")
