"""The stages of a CRM's sales processes: which are open, won and lost, and their order.

Belongs here: pipelines made from the deals themselves, and a stage made of stage and outcome where
a CRM keeps the two apart. Does not belong here: other columns (feeds.py).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from orchestration.sources.drafting.dates import guess_dates
from orchestration.sources.drafting.feeds import DraftObject, Feed, used_columns
from orchestration.sources.drafting.mapping import Match, named_column
from orchestration.sources.drafting.numbers import texts_of
from orchestration.sources.drafting.ordering import Evidence, in_order, stage_labels
from orchestration.sources.drafting.vocabulary import has_word, spellings, vocabulary

_DEFAULT = "default"
_SEPARATOR = " / "
_MOST_OUTCOMES, _MOST_STAGES = 12, 60
# Fewer rows of another outcome in a stage are slips of those who enter deals.
_SLIPS = 0.02
# With so many deals that ended it is no chance when those of a stage all ended alike.
_TELLING_DEALS = 20


@dataclass
class DraftPipeline:
    """One sales process as it will stand in the source file."""

    name: str
    stages: list[str] = field(default_factory=list)
    won: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    qualified_from: str | None = None
    ordered_by: str = ""
    counts: dict[str, int] = field(default_factory=dict)


def kind_of(text: str) -> str | None:
    """`won`, `lost`, `deleted` or `open`, if the words of a text say so."""
    kinds: dict[str, list[str]] = vocabulary()["kinds"]
    order = ("lost", "won", "deleted", "open")
    return next((kind for kind in order if has_word(text, kinds[kind])), None)


def draft_pipelines(
    deals: DraftObject, history: DraftObject | None, listed: Match | None
) -> list[DraftPipeline]:
    """Pipelines for the deals of an export; none where nothing tells a stage.

    Changes the feed of `stage` where it has to be made of two columns. `listed` is an export of the
    stages themselves.
    """
    sample = deals.matches[0].sample
    used = {name for match in deals.matches for name in match.columns.values()}
    outcome = _useful_outcome(deals, named_column(sample, "outcome", used))
    feed = deals.feeds.get("stage")
    if feed is None or feed.header is None:
        if outcome is None:
            return []
        deals.feeds["stage"] = feed = Feed({"column": outcome}, ["no stage but an outcome"])
        outcome = None
    header = str(feed.header)
    _strip_stage(deals, feed, header)
    pipeline = deals.feeds["pipeline"].header if "pipeline" in deals.feeds else None
    labels = stage_labels(listed, deals.rows[header])
    for each in (feed, history.feeds["stage"] if history else None):
        if each is not None and labels:
            each.words["replace"] = labels
    rows = deals.rows.select(
        stage=pl.col(header).str.strip_chars().replace(labels),
        outcome=pl.col(outcome) if outcome else pl.lit(None, dtype=pl.String),
        pipeline=(pl.col(pipeline) if pipeline else pl.lit(None)).fill_null(_DEFAULT),
    )
    ends = [text for text in texts_of(rows["outcome"]) if kind_of(text) in ("won", "lost")]
    evidence = Evidence.of(deals, history, listed, header, outcome, ends, labels)
    mixed = outcome is not None and _is_mixed(rows, outcome)
    if mixed:
        assert outcome is not None
        later = labels or [*evidence.stages["stage"], *evidence.history["stage"].unique()]
        _join(deals, feed, outcome, header, labels, list(later))
    found = []
    for (name,), part in rows.group_by("pipeline", maintain_order=True):
        made = _pipeline(str(name), part, evidence, is_mixed=mixed)
        if len(made.counts) > _MOST_STAGES:
            deals.doubts.append(f"{len(made.counts)} stages are too many: is `{header}` the stage?")
        elif made.counts:
            found.append(made)
    return found


def close_from_ends(deals: DraftObject) -> None:
    """Where a CRM tells when a deal was won and when it was lost, either is its close."""
    sample = deals.matches[0].sample
    used = {name for feed in deals.feeds.values() for name in used_columns(feed)}
    won, lost = (named_column(sample, word, used) for word in ("won_at", "lost_at"))
    if "closed_at" in deals.feeds or won is None or lost is None:
        return
    both = deals.rows.filter(pl.col(won).is_not_null() & pl.col(lost).is_not_null())
    instants = deals.rows.select(pl.coalesce(won, lost)).to_series()
    guess = guess_dates(instants, "timestamp")
    if len(both) or guess.unread or not guess.value_count:
        return
    words: dict[str, Any] = {"concat": [won, lost], "separator": ""}
    deals.feeds["closed_at"] = Feed(words | ({"format": [*guess.formats]} if guess.formats else {}))
    deals.dates["closed_at"] = guess


def lead_statuses(leads: DraftObject) -> dict[str, list[str]]:
    """Lead statuses by what their words mean in every CRM."""
    feed = leads.feeds.get("status")
    if feed is None or feed.header is None:
        return {}
    meanings: dict[str, list[str]] = vocabulary()["lead_meanings"]
    found: dict[str, list[str]] = {}
    for text in texts_of(leads.rows[feed.header])[:_MOST_STAGES]:
        meaning = next((each for each, words in meanings.items() if has_word(text, words)), None)
        if meaning is not None:
            found.setdefault(meaning, []).append(text)
    return {meaning: found[meaning] for meaning in reversed(meanings) if meaning in found}


def _useful_outcome(deals: DraftObject, header: str | None) -> str | None:
    if header is None:
        return None
    texts = texts_of(deals.rows[header])
    is_telling = any(kind_of(text) in ("won", "lost") for text in texts)
    return header if is_telling and len(texts) <= _MOST_OUTCOMES else None


def _strip_stage(deals: DraftObject, feed: Feed, header: str) -> None:
    values = deals.rows[header].drop_nulls()
    if (values != values.str.strip_chars()).any():
        feed.words["strip"] = " "


def _is_mixed(rows: pl.DataFrame, outcome: str) -> bool:
    """Whether the stage alone does not tell how a deal ended.

    A CRM that types its stages tells it, and so does a stage called won in every deal that was
    won; with few deals it may be chance that those of a stage all ended alike.
    """
    kinds = {text: kind_of(text) or "open" for text in texts_of(rows["outcome"])}
    told = rows.drop_nulls().with_columns(
        kind=pl.col("outcome").str.strip_chars().replace_strict(kinds, default="open")
    )
    ended = told.filter(pl.col("kind").is_in(["won", "lost"]))
    if all(kind_of(stage) == kind for stage, kind in ended.select("stage", "kind").iter_rows()):
        return False
    is_typed = "statustype" in spellings(outcome)
    if len(ended) < _TELLING_DEALS and not is_typed:
        return True
    counts = told.filter(pl.col("kind") != "deleted").group_by("stage", "kind").len()
    largest = counts.group_by("stage").agg(pl.col("len").max() / pl.col("len").sum())
    least = largest["len"].min()
    return isinstance(least, float) and least < 1 - _SLIPS


def _join(
    deals: DraftObject,
    feed: Feed,
    outcome: str,
    header: str,
    labels: dict[str, str],
    later: list[str],
) -> None:
    """Make the stage of outcome and stage: a won deal leaves the stage it was won in.

    `later` are stages that no deal is in now.
    """
    replaced: dict[str, str] = {}
    outcomes = deals.rows[outcome].drop_nulls().unique(maintain_order=True)
    stages = dict.fromkeys([*deals.rows[header].drop_nulls().unique(maintain_order=True), *later])
    for ended in outcomes:
        for stage in (*stages, None):
            said = ended if stage is None else f"{ended}{_SEPARATOR}{stage}"
            made = _joined(ended, labels.get((stage or "").strip(), stage))
            if made is not None and made != said:
                replaced[said] = made
    feed.words = {"concat": [outcome, header], "separator": _SEPARATOR, "replace": replaced}
    feed.doubts.append(
        f"`{header}` keeps the last stage of a deal that ended, `{outcome}` tells how: a stage "
        "that the CRM adds later must be added here"
    )
    if any(kind_of(text) == "deleted" for text in outcomes) and "is_deleted" not in deals.feeds:
        gone = {text: str(kind_of(text) == "deleted").lower() for text in outcomes}
        deals.feeds["is_deleted"] = Feed({"column": outcome, "replace": gone})


def _joined(outcome: str, stage: str | None) -> str | None:
    if kind_of(outcome) in ("won", "lost"):
        said = outcome.strip()
        return said[:1].upper() + said[1:]
    return stage.strip() if stage is not None else None


def _pipeline(
    name: str, rows: pl.DataFrame, evidence: Evidence, *, is_mixed: bool
) -> DraftPipeline:
    made = DraftPipeline(name)
    kinds: dict[str, Counter[str]] = {}
    for stage, outcome, count in rows.group_by("stage", "outcome").len().sort("len").iter_rows():
        ended = kind_of(outcome) if outcome else None
        text = _joined(outcome, stage) if is_mixed and outcome else stage
        if text:
            kind = ended if ended in ("won", "lost") else ("open" if is_mixed else None)
            kinds.setdefault(text, Counter())[kind or kind_of(text) or "open"] += count
    if is_mixed:
        # Every deal that ended was in its stage before, and any pipeline can be won and lost.
        for stage in rows["stage"].drop_nulls().unique(maintain_order=True):
            kinds.setdefault(stage, Counter())["open"] += 0
        for ended in evidence.ends:
            kinds.setdefault(str(_joined(ended, None)), Counter())[str(kind_of(ended))] += 0
    listed = evidence.listed(name)
    for stage in [*listed, *evidence.seen_before(name)]:
        kinds.setdefault(stage, Counter())[kind_of(stage) or "open"] += 0
    for stage, seen in kinds.items():
        kind = kind_of(listed.get(stage) or "") or seen.most_common(1)[0][0]
        made.counts[stage] = seen.total()
        {"won": made.won, "lost": made.lost}.get(kind, made.stages).append(stage)
    made.stages, made.ordered_by = in_order(made.stages, name, evidence)
    qualified = vocabulary()["qualified"]
    made.qualified_from = next((each for each in made.stages if has_word(each, qualified)), None)
    return made
