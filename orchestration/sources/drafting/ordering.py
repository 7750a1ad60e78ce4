"""The order of open stages, by the best witness that an export has.

Belongs here: what tells the order, from a column that numbers the stages down to their names.
Does not belong here: which stages are open (stages.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from orchestration.sources.drafting.dates import read_dates
from orchestration.sources.drafting.feeds import DraftObject, fed_column
from orchestration.sources.drafting.mapping import Match, named_column
from orchestration.sources.drafting.vocabulary import has_word, vocabulary

# `2 - Demo`, `20% Demo`; a number alone is an id.
_NUMBER = re.compile(r"^\D{0,2}([0-9]{1,3})\b(?=.*[^\W\d])")

Ranks = dict[str, float]


@dataclass(frozen=True)
class Evidence:
    """What an export says of its stages.

    `deals` has a row a deal that has not ended, as far as an outcome tells: `stage`, `pipeline`,
    `number`, `probability`; `history` a row an entry: `deal`, `stage`, `entered`, `pipeline`;
    `stages` a row a listed stage: `stage`, `pipeline`, `rank`, `kind`. `ends` are the outcomes that
    end a deal.
    """

    deals: pl.DataFrame
    history: pl.DataFrame
    stages: pl.DataFrame
    ends: list[str]

    @classmethod
    def of(
        cls,
        deals: DraftObject,
        history: DraftObject | None,
        listed: Match | None,
        stage: str,
        outcome: str | None,
        ends: list[str],
        labels: dict[str, str],
    ) -> Evidence:
        """Gather it; `stage` and `outcome` are columns of the deals, `labels` names of stages."""
        sample = deals.matches[0].sample
        # The probability of a deal that ended is that of its end.
        has_ended = pl.col(outcome).str.strip_chars().is_in(ends) if outcome else pl.lit(False)
        rows = deals.rows.filter(~has_ended.fill_null(False)).select(
            stage=pl.col(stage).str.strip_chars().replace(labels),
            pipeline=_pipeline_of(deals),
            number=_number(named_column(sample, "stage_order", {stage})),
            probability=_number(deals.matches[0].columns.get("probability")),
        )
        return cls(rows, _history(history, deals, labels), _listed(listed, rows), ends)

    def listed(self, pipeline: str) -> dict[str, str | None]:
        """Stages that the CRM lists for a pipeline, with their kinds where it tells them."""
        rows = self.stages.filter(_is_of(pipeline))
        return dict(zip(rows["stage"], rows["kind"], strict=True))

    def seen_before(self, pipeline: str) -> list[str]:
        """Stages that deals of a pipeline passed, be it that none is in them now."""
        return list(self.history.filter(_is_of(pipeline))["stage"].unique(maintain_order=True))


def stage_labels(listed: Match | None, used: pl.Series) -> dict[str, str]:
    """Names of stages by their ids, where `used` are ids and each stage has a name of its own."""
    columns = listed.columns if listed else {}
    if listed is None or not {"stage", "stage_label"} <= columns.keys():
        return {}
    rows = listed.sample.rows.select(
        pl.col(columns[name]).str.strip_chars().alias(name) for name in ("stage", "stage_label")
    ).drop_nulls()
    labels = dict(rows.iter_rows())
    # Names need no other names.
    are_ids = bool(labels) and all(re.search("[0-9]", each) for each in labels)
    are_used = set(used.drop_nulls().str.strip_chars()) <= labels.keys()
    return labels if are_ids and are_used and len(set(labels.values())) == len(labels) else {}


def in_order(stages: list[str], pipeline: str, evidence: Evidence) -> tuple[list[str], str]:
    """Open stages in order, and by what; the last resort is the order of appearance."""
    if len(stages) < 2:
        return stages, ""
    deals = evidence.deals
    witnesses: list[tuple[str, Callable[[], Ranks]]] = [
        ("the list of stages", lambda: _means(evidence.stages, pipeline, "rank")),
        ("the column that numbers them", lambda: _means(deals, pipeline, "number")),
        ("the numbers in their names", lambda: _numbers_in(stages)),
        ("the mean probability of their deals", lambda: _means(deals, pipeline, "probability")),
        ("how deals passed through them", lambda: _passed(evidence.history, pipeline)),
        ("their names, a guess: make sure of it", lambda: _usual(stages)),
    ]
    for reason, witness in witnesses:
        ranks = witness()
        if all(stage in ranks for stage in stages) and len({ranks[each] for each in stages}) > 1:
            return sorted(stages, key=lambda stage: ranks[stage]), reason
    seen = deals.filter(_is_of(pipeline))["stage"].unique(maintain_order=True).to_list()
    order = [*(stage for stage in seen if stage in stages), *stages]
    return list(dict.fromkeys(order)), "their first appearance, a guess: put them in order"


def _pipeline_of(draft: DraftObject) -> pl.Expr:
    header = draft.feeds["pipeline"].header if "pipeline" in draft.feeds else None
    return pl.col(header) if header else pl.lit(None, dtype=pl.String)


def _number(header: str | None) -> pl.Expr:
    if header is None:
        return pl.lit(None, dtype=pl.Float64)
    plain = pl.col(header).str.strip_chars("% ").str.replace(",", ".", literal=True)
    return plain.cast(pl.Float64, strict=False)


def _history(
    history: DraftObject | None, deals: DraftObject, labels: dict[str, str]
) -> pl.DataFrame:
    """Entries into stages; one that names no pipeline is of its deal's."""
    shape = {"deal": pl.String, "stage": pl.String, "entered": pl.Datetime, "pipeline": pl.String}
    if history is None or not {"opportunity_id", "stage", "changed_at"} <= history.feeds.keys():
        return pl.DataFrame(schema=shape)
    guess = history.dates.get("changed_at")
    entered = fed_column(history, "changed_at")
    rows = pl.DataFrame(
        {
            "deal": fed_column(history, "opportunity_id"),
            "stage": fed_column(history, "stage").replace(labels),
            "entered": read_dates(entered, guess.formats if guess else (), "timestamp"),
            "pipeline": fed_column(history, "pipeline"),
        }
    )
    of_deals = pl.DataFrame(
        {"deal": fed_column(deals, "opportunity_id"), "its": fed_column(deals, "pipeline")}
    ).unique("deal")
    return (
        rows.join(of_deals, on="deal", how="left")
        .with_columns(pl.coalesce("pipeline", "its").alias("pipeline"))
        .drop_nulls(["deal", "stage", "entered"])
        .drop("its")
    )


def _listed(listed: Match | None, deals: pl.DataFrame) -> pl.DataFrame:
    """The listed stages in the words that the deals use: ids or labels."""
    shape = {"stage": pl.String, "pipeline": pl.String, "rank": pl.Float64, "kind": pl.String}
    if listed is None:
        return pl.DataFrame(schema=shape)
    columns, rows = listed.columns, listed.sample.rows
    used = set(deals["stage"].drop_nulls())
    names = [columns[each] for each in ("stage", "stage_label") if each in columns]
    name = max(names, key=lambda header: len(used & set(rows[header].str.strip_chars())))
    if not used & set(rows[name].str.strip_chars()):
        return pl.DataFrame(schema=shape)
    kind = columns.get("kind")
    pipeline = columns.get("pipeline")
    if pipeline and not set(rows[pipeline]) & set(deals["pipeline"].drop_nulls()):
        pipeline = None
    nothing = pl.lit(None, pl.String)
    return rows.select(
        stage=pl.col(name).str.strip_chars(),
        pipeline=pl.col(pipeline) if pipeline else nothing,
        rank=_number(columns.get("rank")),
        kind=pl.col(kind) if kind else nothing,
    ).drop_nulls("stage")


def _is_of(pipeline: str) -> pl.Expr:
    return pl.col("pipeline").is_null() | (pl.col("pipeline") == pipeline)


def _means(rows: pl.DataFrame, pipeline: str, column: str) -> Ranks:
    found = rows.filter(_is_of(pipeline)).drop_nulls(["stage", column])
    means = found.group_by("stage").agg(pl.col(column).mean())
    return dict(zip(means["stage"], means[column], strict=True))


def _passed(history: pl.DataFrame, pipeline: str) -> Ranks:
    """How often a stage was entered after another one that the same deal passed, on average."""
    rows = history.filter(_is_of(pipeline))
    first = rows.group_by("deal", "stage").agg(pl.col("entered").min())
    pairs = first.join(first, on="deal", suffix="_other").filter(
        (pl.col("stage") != pl.col("stage_other")) & (pl.col("entered") != pl.col("entered_other"))
    )
    is_later = pl.col("entered") > pl.col("entered_other")
    shares = pairs.group_by("stage", "stage_other").agg(is_later.mean().alias("later"))
    means = shares.group_by("stage").agg(pl.col("later").mean())
    return dict(zip(means["stage"], means["later"], strict=True))


def _numbers_in(stages: list[str]) -> Ranks:
    found = {stage: _NUMBER.match(stage) for stage in stages}
    return {stage: float(match[1]) for stage, match in found.items() if match}


def _usual(stages: list[str]) -> Ranks:
    steps: list[list[str]] = vocabulary()["stage_order_words"]
    return {
        stage: float(place)
        for stage in stages
        for place, words in reversed(list(enumerate(steps)))
        if has_word(stage, words)
    }
