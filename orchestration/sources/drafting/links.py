"""Ids that stand in another export: whether they are found there, or names are written instead.

Belongs here: comparing the values of two exports. Does not belong here: which column is which
(mapping.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from orchestration.sources.drafting.feeds import DraftObject, Feed, fed_column
from orchestration.sources.mistakes import nearest

# Canonical columns that name a record of another object: its id, and what else may be written.
_LINKS: dict[str, tuple[str, tuple[str, ...]]] = {
    "account_id": ("accounts", ("account_id", "account_name")),
    "owner_id": ("users", ("user_id", "user_name", "email")),
    "created_by_id": ("users", ("user_id", "user_name", "email")),
    "actor_id": ("users", ("user_id", "user_name", "email")),
    "user_id": ("users", ("user_id", "user_name", "email")),
    "product_id": ("products", ("product_id", "product_name")),
    "contact_id": ("contacts", ("contact_id", "full_name", "email")),
    "campaign_id": ("campaigns", ("campaign_id", "campaign_name")),
    "opportunity_id": ("opportunities", ("opportunity_id", "opportunity_name")),
    "lead_id": ("leads", ("lead_id", "email")),
}
_SHOWN, _COMPARED = 3, 5_000


@dataclass(frozen=True)
class _Found:
    """How many of some values stand in a column of the other export, each for one record."""

    column: str
    share: float
    missing: list[str]


def link_objects(drafts: dict[str, DraftObject]) -> None:
    """Where a file names records of another file, add the `lookup` or the doubt."""
    for draft in drafts.values():
        for column, feed in draft.feeds.items():
            target_name, columns = _LINKS.get(column, ("", ()))
            target = drafts.get(target_name)
            if target is None or target is draft or feed.header is None:
                continue
            _link(feed, fed_column(draft, column).drop_nulls(), target, columns)


def _link(feed: Feed, texts: pl.Series, target: DraftObject, columns: tuple[str, ...]) -> None:
    identity = columns[0]
    found = [
        _found(texts, target, column, is_identity=column == identity)
        for column in columns
        if column in target.feeds
    ]
    if texts.is_empty() or not found:
        return
    best = max(found, key=lambda each: each.share)
    if best.column != identity and best.share == 1 and best.share > found[0].share:
        feed.words["lookup"] = {"object": target.name, "match": best.column, "return": identity}
    elif found[0].missing:
        shown = ", ".join(
            _suggested(text, texts, target, identity) for text in found[0].missing[:_SHOWN]
        )
        more = len(found[0].missing) - _SHOWN
        feed.doubts.append(
            f"in no row of {target.label}: {shown}" + (f" and {more} more" if more > 0 else "")
        )


def _found(texts: pl.Series, target: DraftObject, column: str, *, is_identity: bool) -> _Found:
    known = fed_column(target, column).drop_nulls()
    # A name that two records bear finds neither; an id may stand once for each version.
    there = set(known) if is_identity else set(known.filter(~known.is_duplicated()))
    unique = texts.unique(maintain_order=True)
    missing = [text for text in unique if text not in there]
    return _Found(column, 1 - len(missing) / max(len(unique), 1), missing)


def _suggested(text: str, texts: pl.Series, target: DraftObject, identity: str) -> str:
    count = int((texts == text).sum())
    near = nearest(
        text, fed_column(target, identity).drop_nulls().unique(maintain_order=True).head(_COMPARED)
    )
    meant = f", did you mean `{near}`?" if near else ""
    return f"`{text}` ({count:,} rows{meant})"
