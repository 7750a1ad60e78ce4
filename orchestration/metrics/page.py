"""The page of all metrics, written from the registry.

Belongs here: turning entries into docs/metrics.md. Does not belong here: the words, which stand in
the registry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from orchestration.metrics.registry import Metric
from orchestration.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "metrics.md"
_HEAD = """\
<!-- Written from the registry by orchestration/metrics/: change that. -->
# Metrics

Each metric is defined once, in `dbt_project/models/marts/metrics/_metric_registry.yml`; this page,
the table `marts.metric_registry` and the metrics of the semantic layer are made of it.

A metric counts by one of three clocks. **cohort**: what became of all that began in a period, so
that young periods are not finished. **period**: what happened in a period, whenever it began.
**snapshot**: what was there at the end of a day.

Those with a line "semantic layer" can be asked for by MetricFlow, cut by whatever it can join. It
reads what is published; days and months are those of the business time zone. It is an extra:

    pip install -e '.[metricflow]'

Then, in the folder of the checkout, with `.venv/bin` on the path:

    dbt parse
    export FLYWHEEL_TARGET=published
    mf query --metrics win_rate_period_broad --group-by metric_time__quarter,owner_at_close__team
    mf list dimensions --metrics win_rate_period_broad

Of a snapshot the last day that a filter leaves counts. Where nothing of what is filtered by is open
today, as of a rep who left, that is an earlier day: name the day too, by `metric_time__day` in
`--where`, or group by the rep in place of filtering."""


def page(metrics: Iterable[Metric]) -> str:
    """The whole page: a section for each mart, marts and metrics in the order of the registry."""
    sections: dict[str, list[str]] = {}
    for metric in metrics:
        sections.setdefault(metric.mart, [f"## {metric.mart}"]).append("\n".join(_lines(metric)))
    parts = [_HEAD, *("\n\n".join(section) for section in sections.values())]
    return "\n\n".join(parts) + "\n"


def _lines(metric: Metric) -> Iterator[str]:
    yield f"### {metric.name}\n"
    yield f"`{metric.id}` = {metric.formula}\n"
    yield f"- Over {metric.population}."
    yield f"- Clock: {metric.clock}, by the {metric.dated_by}. Unit: {metric.unit}."
    yield f"- Stands in `{metric.mart}.{metric.column}`{_rows(metric)}{_quotient(metric)}."
    if not metric.adds_up:
        yield "- Of one row at a time: rows do not add up."
    if metric.interval:
        yield f"- Interval: {metric.interval}, in `{metric.column}_low` and `{metric.column}_high`."
    if metric.is_semantic:
        yield f"- Semantic layer: `mf query --metrics {metric.id}`"
    yield f"- Origin: {metric.origin}."


def _rows(metric: Metric) -> str:
    return f" where `{metric.where}`" if metric.where else ""


def _quotient(metric: Metric) -> str:
    if not (metric.numerator and metric.denominator):
        return ""
    return f", which is `{metric.numerator}` / `{metric.denominator}`"
