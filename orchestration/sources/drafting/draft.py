"""The YAML text of a drafted source file: what was found, and every doubt as a comment.

Belongs here: writing. Does not belong here: guessing (feeds.py, stages.py, links.py).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from orchestration.sources.catalog import canonical_objects
from orchestration.sources.drafting.feeds import DraftObject, Feed
from orchestration.sources.drafting.mapping import file_patterns
from orchestration.sources.drafting.stages import DraftPipeline

_WIDTH = 96
_LONGEST_SHOWN = 60
# A pipeline needs an open stage.
_SOME_STAGE = "Open"
_PLAIN = re.compile(r"[^\W\d][\w.()/+-]*(?: [\w.()/+-]+)*")
# Told once above all objects where each says the same.
_SHARED = ("delimiter", "encoding", "decimal", "thousands", "null_values")


@dataclass
class DraftSource:
    """A source file before it is written."""

    name: str
    origin: str
    objects: dict[str, DraftObject]
    all_files: list[str]
    pipelines: list[DraftPipeline] = field(default_factory=list)
    lead_statuses: dict[str, list[str]] = field(default_factory=dict)
    currency: str | None = None
    unread: dict[str, str] = field(default_factory=dict)
    verdicts: dict[str, str] = field(default_factory=dict)


def draft_text(draft: DraftSource) -> str:
    """The source file."""
    shared = _shared_options(draft)
    lines = [*_heading(draft), *_source_lines(draft, shared), "objects:"]
    for name, each in draft.objects.items():
        lines += _object_lines(name, each, draft, shared)
    lines += _pipeline_lines(draft)
    if draft.lead_statuses:
        lines.append("# What the statuses of leads mean, by their words: make sure of it.")
        lines.append("lead_statuses:")
        lines += [f"  {each}: {_flow(texts)}" for each, texts in draft.lead_statuses.items()]
    return "\n".join(lines) + "\n"


def key_of(name: str, draft: DraftObject) -> list[str]:
    """The columns that tell one record of a drafted object from another."""
    key = canonical_objects()[name].key
    return [column for column in key if column in draft.feeds] or key[:1]


def _heading(draft: DraftSource) -> Iterator[str]:
    count = len({match.sample.label for each in draft.objects.values() for match in each.matches})
    exports = "one export" if count == 1 else f"{count} exports"
    yield from _comment(
        f"Drafted by `flywheel sources infer` from {exports} in {_shown(draft.origin)}. It is a "
        "guess: read every line, above all those below a comment. Then save it as "
        f"sources/{draft.name}.yml in FLYWHEEL_HOME, run `flywheel sources check`, and drop nights "
        f"of such exports into landing/{draft.name}/<YYYY-MM-DD>/.",
        0,
    )
    for name, reason in sorted(draft.unread.items()):
        yield from _comment(f"Not used: {_shown(name)}: {_shown(reason, 200)}", 0)


def _source_lines(draft: DraftSource, shared: dict[str, Any]) -> Iterator[str]:
    yield f"source: {draft.name}"
    yield from _comment(
        "`full`: each night holds everything, what it lacks is deleted; `delta`: what changed.", 0
    )
    yield "extract: full"
    guesses = [guess for each in draft.objects.values() for guess in each.dates.values()]
    if any(guess.has_local_times for guess in guesses):
        yield from _comment("Times bear no offset: in which zone does the CRM export them?", 0)
        yield "time_zone: UTC"
    if draft.currency:
        yield f"currency: {draft.currency}"
    elif "opportunities" in draft.objects:
        feeds = draft.objects["opportunities"].feeds
        if "amount" in feeds and "currency_code" not in feeds:
            yield from _comment("Nothing tells the currency of amounts: say it.", 0)
            yield "# currency: USD"
    yield from (f"{word}: {_flow(value)}" for word, value in shared.items())


def _object_lines(
    name: str, each: DraftObject, draft: DraftSource, shared: dict[str, Any]
) -> Iterator[str]:
    yield f"  {name}:"
    yield from _comment(draft.verdicts.get(name, ""), 4)
    for doubt in each.doubts:
        yield from _comment(_sentence(doubt), 4)
    yield f"    files: {_flow_or_one(file_patterns(each.matches, draft.all_files))}"
    yield f"    key: {_flow_or_one(key_of(name, each))}"
    for word, value in each.options.items():
        if word not in shared:
            yield f"    {word}: {_flow_or_one(value)}"
    yield "    columns:"
    for column in canonical_objects()[name].columns:
        if column in each.feeds:
            yield from _column_lines(column, each.feeds[column])
    for header, reason in each.left_out.items():
        yield from _comment(f"Left out: `{_shown(header)}`: {_shown(reason, 200)}", 6)
    unmapped = [header for header in each.unmapped if header not in each.left_out]
    if unmapped:
        names = ", ".join(_shown(header) for header in unmapped)
        yield from _comment(f"Not mapped, kept as text in bronze: {names}", 6)


def _column_lines(column: str, feed: Feed) -> Iterator[str]:
    for doubt in feed.doubts:
        yield from _comment(_sentence(doubt), 6)
    words = feed.words
    if feed.aliases:
        words = words | {"column": [words["column"], *feed.aliases]}
    is_short = words.keys() == {"column"} and not feed.aliases
    short = words["column"] if is_short else words
    line = f"      {column}: {_flow(short)}"
    if len(line) <= _WIDTH or short is not words:
        yield line
        return
    yield f"      {column}:"
    for word, value in words.items():
        one = f"        {word}: {_flow(value)}"
        if len(one) <= _WIDTH or not isinstance(value, dict):
            yield one
            continue
        yield f"        {word}:"
        yield from (f"          {_scalar(key)}: {_scalar(made)}" for key, made in value.items())


def _pipeline_lines(draft: DraftSource) -> Iterator[str]:
    if not draft.pipelines:
        return
    yield "pipelines:"
    for pipeline in draft.pipelines:
        yield f"  - name: {_scalar(pipeline.name)}"
        counted = [*pipeline.stages, *pipeline.won, *pipeline.lost]
        deals = ", ".join(f"{_shown(each)} {pipeline.counts[each]:,}" for each in counted)
        yield from _comment(f"Deals in each stage: {deals}", 4)
        if pipeline.ordered_by:
            yield from _comment(f"Ordered by {pipeline.ordered_by}.", 4)
        if pipeline.stages and all(stage.isdigit() for stage in pipeline.stages):
            yield from _comment(
                "Ids, not names: add the export that lists the stages and draft anew, or name them "
                "here and in the `replace` of `stage`.",
                4,
            )
        if not pipeline.stages:
            yield from _comment("No deal is open here: which open stages are there, in order?", 4)
        stages = pipeline.stages or [_SOME_STAGE]
        yield f"    stages: {_flow(stages)}"
        for word, ends in (("won", pipeline.won), ("lost", pipeline.lost)):
            if not ends:
                yield from _comment(f"No stage sounds {word}: which one is it?", 4)
            yield f"    {word}: {_flow_or_one(ends)}"
        if pipeline.qualified_from:
            yield from _comment("By its name: from which stage on is a deal qualified?", 4)
            yield f"    qualified_from: {_scalar(pipeline.qualified_from)}"
        else:
            yield from _comment("From which stage on is a deal qualified?", 4)
            yield f"    # qualified_from: {_scalar(stages[0])}"


def _shared_options(draft: DraftSource) -> dict[str, Any]:
    options = [each.options for each in draft.objects.values()]
    if len(options) < 2:
        return {}
    return {
        word: options[0][word]
        for word in _SHARED
        if all(word in each and each[word] == options[0].get(word) for each in options)
    }


def _comment(text: str, indent: int) -> list[str]:
    """Lines of a comment; whatever an export holds stays within them."""
    margin = " " * indent + "# "
    return textwrap.wrap(
        _printable(text),
        width=_WIDTH,
        initial_indent=margin,
        subsequent_indent=margin,
        break_on_hyphens=False,
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _shown(text: str, longest: int = _LONGEST_SHOWN) -> str:
    return text if len(text) <= longest else text[:longest] + "…"


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)


def _flow_or_one(value: Any) -> str:
    """A list of one is written as its only text."""
    is_one = isinstance(value, list) and len(value) == 1
    return _flow(value[0] if is_one else value)


def _flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{_scalar(key)}: {_flow(each)}" for key, each in value.items()) + "}"
        )
    if isinstance(value, Iterable) and not isinstance(value, str):
        return "[" + ", ".join(_flow(each) for each in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    """A text as YAML reads it back, in quotes where it must be."""
    if isinstance(value, int):
        return str(value).lower()
    text = str(value)
    if _PLAIN.fullmatch(text) and isinstance(yaml.safe_load(text), str):
        return text
    return yaml.safe_dump(text, default_style='"', width=10**9, allow_unicode=True).rstrip("\n")
