"""A source file drafted from a folder of exports.

Belongs here: the steps, from files to a text that `flywheel sources check` finds good.
Does not belong here: the guesses themselves (drafting/), the command (commands/sources.py).
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from orchestration.extracts.places import night_of
from orchestration.sources.catalog import (
    canonical_objects,
    mapped_source,
    native_sources,
    reserved_names,
)
from orchestration.sources.check import check_document
from orchestration.sources.document import parse_document
from orchestration.sources.drafting.draft import DraftSource, draft_text, key_of
from orchestration.sources.drafting.feeds import (
    DraftObject,
    feed_object,
    name_from_parts,
    settle_dates,
)
from orchestration.sources.drafting.links import link_objects
from orchestration.sources.drafting.mapping import Match, match_samples, native_export
from orchestration.sources.drafting.numbers import texts_of
from orchestration.sources.drafting.rehearsal import rehearse
from orchestration.sources.drafting.samples import Folder, read_folder
from orchestration.sources.drafting.stages import close_from_ends, draft_pipelines, lead_statuses
from orchestration.sources.reading import Reading

_LOADER_LOG = re.compile(r"(success|error)[0-9]+\.csv$", re.IGNORECASE)
_CODE_IN_NAME = re.compile(r"\(([A-Z]{3})\)|\bin ([A-Z]{3})$")


@dataclass(frozen=True)
class Inferred:
    """A drafted source file, or no text and the advice to do something else."""

    text: str | None
    advice: list[str] = field(default_factory=list)
    is_built_in: bool = False


def infer_source(folder: Path, name: str | None = None) -> Inferred:
    """Draft a source file from the exports in a folder; nothing is written anywhere.

    `name` is the source's; by default the folder's. Raises NotADirectoryError.
    """
    if not folder.is_dir():
        raise NotADirectoryError(folder)
    with tempfile.TemporaryDirectory(prefix="flywheel-infer-") as scratch:
        found = read_folder(folder, Path(scratch))
        native = native_export(found.samples)
        if native is not None:
            return Inferred(None, _native_advice(*native), is_built_in=True)
        draft = _draft(found, name or source_name(found.path))
    if not draft.objects:
        return Inferred(None, _no_export_advice(found, draft))
    reading = check_document(parse_document(draft_text(draft)), draft.name)
    if reading.source is not None:
        draft.verdicts = rehearse(draft, mapped_source(reading.source))
    return Inferred(draft_text(draft), _advice(draft, reading))


def source_name(folder: Path) -> str:
    """A name that a source may bear, from the name of a folder (or of the folder of nights)."""
    folder = folder.resolve()
    while night_of(folder.name) or folder.name in ("landing", "exports"):
        folder = folder.parent
    stem = folder.name
    plain = re.sub(r"[^a-z0-9]+", "_", stem.casefold()).strip("_")
    plain = plain if re.match(r"[a-z]", plain) else f"crm_{plain}".rstrip("_")
    return plain if is_source_name(plain) else f"{plain}_export"


def is_source_name(name: str) -> bool:
    """Whether a user's source may bear the name."""
    return bool(re.fullmatch(r"[a-z][a-z0-9_]*", name)) and name not in reserved_names()


def _draft(found: Folder, name: str) -> DraftSource:
    matches = match_samples(found.samples)
    listed = matches.chosen.pop("stages", [])
    objects = {object_: feed_object(object_, held) for object_, held in matches.chosen.items()}
    if "opportunities" in objects:
        close_from_ends(objects["opportunities"])
    for object_, column in (("contacts", "full_name"), ("users", "user_name")):
        if object_ in objects:
            name_from_parts(objects[object_], column)
    settle_dates(objects.values())
    draft = DraftSource(
        name=name,
        origin=found.path.resolve().name,
        objects=objects,
        all_files=list({sample.name: None for sample in found.samples}),
        unread=found.unread | matches.unread,
    )
    _add_stages(draft, listed)
    _drop_incomplete(draft)
    link_objects(objects)
    if "leads" in objects:
        draft.lead_statuses = lead_statuses(objects["leads"])
    draft.currency = _currency(objects)
    for object_, each in objects.items():
        _doubt_key(object_, each)
    return draft


def _add_stages(draft: DraftSource, listed: list[Match]) -> None:
    deals = draft.objects.get("opportunities")
    first = listed[0] if listed else None
    if deals is not None:
        history = draft.objects.get("opportunity_stage_history")
        draft.pipelines = draft_pipelines(deals, history, first)
    for match in listed:
        draft.unread[match.sample.label] = "it lists stages, as `pipelines:` below does"


def _drop_incomplete(draft: DraftSource) -> None:
    """An object that lacks a column it needs cannot stand in a source file."""
    for name, each in list(draft.objects.items()):
        needed = [
            column
            for column, said in canonical_objects()[name].columns.items()
            if said.required and column not in each.feeds and column != "currency_code"
        ]
        if needed:
            del draft.objects[name]
            header = each.matches[0].columns.get(needed[0], "")
            why = f" (left out: {each.left_out[header]})" if header in each.left_out else ""
            draft.unread[each.label] = f"looks like {name}, but nothing feeds `{needed[0]}`{why}"


def _currency(objects: dict[str, DraftObject]) -> str | None:
    """The only currency that an export names, in a column, a header or a sign."""
    deals = objects.get("opportunities")
    if deals is None:
        return None
    feed = deals.feeds.get("currency_code")
    if feed is not None and feed.header is not None:
        codes = texts_of(deals.rows[feed.header])
        return codes[0] if len(codes) == 1 and re.fullmatch("[A-Z]{3}", codes[0]) else None
    amount = deals.feeds.get("amount")
    named = _CODE_IN_NAME.search(amount.header) if amount and amount.header else None
    return (named[1] or named[2]) if named else deals.currency


def _doubt_key(name: str, each: DraftObject) -> None:
    """Rows that share a key are versions of one record: the last one wins."""
    headers = [each.feeds[column].header for column in key_of(name, each) if column in each.feeds]
    if not headers or None in headers:
        return
    shared = [column for column, feed in each.feeds.items() if feed.header == headers[0]]
    if len(headers) == 1 and len(shared) > 1:
        each.doubts.append(f"no column of ids: `{headers[0]}` tells its records apart")
    rows = each.rows.select(str(header) for header in headers)
    repeated = len(rows) - rows.n_unique()
    if repeated:
        each.doubts.append(
            f"{repeated:,} rows repeat the key of another row, and only one of them will count"
        )


def _native_advice(source: str, objects: dict[str, str]) -> list[str]:
    title = {"salesforce": "Salesforce", "hubspot": "HubSpot"}.get(source, source)
    advice = [
        f"this is an export of {title}, which is built in: no source file is needed",
        f"drop the files into landing/{source}/<YYYY-MM-DD>/:",
    ]
    for file, object_ in sorted(objects.items()):
        patterns = native_sources()[source].contracts[object_].files
        is_claimed = any(fnmatchcase(file.casefold(), each.casefold()) for each in patterns)
        if _LOADER_LOG.match(file):
            advice.append(f"  {file}: leave it out, it is a log of the Data Loader")
        else:
            advice.append(f"  {file}: " + ("as it is" if is_claimed else f"as {patterns[0]}"))
    return advice


def _no_export_advice(found: Folder, draft: DraftSource) -> list[str]:
    reasons = [f"  {name}: {reason}" for name, reason in sorted(draft.unread.items())]
    return [f"no file of {found.path} looks like an export of a CRM", *reasons]


def _advice(draft: DraftSource, reading: Reading) -> list[str]:
    count = sum(len(each.feeds) for each in draft.objects.values())
    return [
        f"drafted {len(draft.objects)} objects with {count} columns; "
        f"read every line of it before it is used",
        *(f"{mistake}" for mistake in reading.mistakes if not mistake.is_warning),
    ]
