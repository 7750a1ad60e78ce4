"""How the values of a matched export are written: formats, separators, signs, texts for nothing.

Belongs here: what a source file must say of each column so that its values are read, and columns
that are better left out, with the reason. Does not belong here: which column is which (mapping.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from orchestration.sources.catalog import canonical_objects
from orchestration.sources.drafting.dates import DateGuess, guess_dates
from orchestration.sources.drafting.mapping import Match, name_rank, named_column
from orchestration.sources.drafting.numbers import (
    NumberStyle,
    is_number,
    money_signs,
    null_texts,
    number_style,
    share_of,
    texts_of,
    truth_words,
)
from orchestration.sources.drafting.vocabulary import has_word, vocabulary
from orchestration.sources.model import ColumnType

_NUMBERS = ("decimal", "double", "integer")
_DATES = ("date", "timestamp")
# Texts without a digit among numbers and dates stand for nothing, if they are few.
_MOST_NULL_TEXTS, _MOST_NULL_SHARE = 5, 0.3
# A column of which more is no value of its type refuses whole nights.
_MOST_UNREAD = 0.01
_CURRENCIES = {"€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"}
# Columns whose values are told as a share of one.
_SHARES = ("probability", "default_probability", "share")
_MOST_KINDS = 40
# Columns of kinds with canonical names, and what all others are.
_KINDS = {"channel": "other", "direction": None}


@dataclass
class Feed:
    """What feeds one canonical column, in the words of a source file, and doubts about it.

    `aliases` are what other files of the object call the column.
    """

    words: dict[str, Any]
    doubts: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)

    @property
    def header(self) -> str | None:
        """The column of the file, if it is one."""
        said = self.words.get("column")
        return said if isinstance(said, str) else None


@dataclass
class DraftObject:
    """One canonical object as it will stand in the source file.

    `rows` are those of all its files, a column under the name that the first file with it has.
    """

    name: str
    matches: list[Match]
    rows: pl.DataFrame
    feeds: dict[str, Feed] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    dates: dict[str, DateGuess] = field(default_factory=dict)
    currency: str | None = None

    @property
    def label(self) -> str:
        """The file that speaks for all."""
        return self.matches[0].sample.label

    @property
    def unmapped(self) -> list[str]:
        """Columns of the file that feed nothing."""
        used = {name for feed in self.feeds.values() for name in used_columns(feed)}
        names = [name for match in self.matches for name in match.sample.header]
        return [name for name in dict.fromkeys(names) if name not in used]


def used_columns(feed: Feed) -> list[str]:
    """The columns of the file that a feed reads."""
    said = feed.words.get("column", feed.words.get("concat", []))
    return [*([said] if isinstance(said, str) else said), *feed.aliases]


def feed_object(name: str, matches: list[Match]) -> DraftObject:
    """Say of each matched column how its values are written."""
    primary = _primary(name, matches)
    rows = pl.concat([_renamed(match, primary) for match in matches], how="diagonal")
    draft = DraftObject(name, matches, rows, options=dict(matches[0].sample.options))
    declared = canonical_objects()[name].columns
    columns = {
        column: primary[column]
        for column in declared
        if column in primary
        and not (column in _SHARES and _left_out_share(draft, column, primary[column]))
    }
    types: dict[str, ColumnType] = {column: declared[column].type or "text" for column in columns}
    style = number_style(
        (rows[header] for column, header in columns.items() if types[column] in _NUMBERS),
        leans_to_comma=matches[0].sample.delimiter == ";",
    )
    nulls: dict[str, None] = {}
    for column, header in columns.items():
        feed = Feed({"column": header}, aliases=_aliases(column, header, matches))
        texts = _nulls_of(rows[header], types[column], style)
        values = rows[header].set(rows[header].is_in(texts), None) if texts else rows[header]
        unread = _describe(feed, draft, column, values, types[column], style)
        if share_of(unread, values) > _MOST_UNREAD and not declared[column].required:
            draft.left_out[header] = f"{column}, but {_no_value(unread, types[column])}"
            continue
        if unread:
            feed.doubts.append(_no_value(unread, types[column]))
        if any(not {header, *feed.aliases} & set(match.sample.header) for match in matches):
            feed.words["optional"] = True
        draft.feeds[column] = feed
        nulls |= dict.fromkeys(texts)
    if any(types[column] in _NUMBERS for column in draft.feeds):
        _say_style(draft, style)
    if nulls:
        draft.options["null_values"] = list(nulls)
    return draft


def fed_column(draft: DraftObject, column: str) -> pl.Series:
    """What feeds a column, a text a row, without what is stripped; NULL where nothing does."""
    feed = draft.feeds.get(column)
    names = used_columns(feed)[: None if "concat" in feed.words else 1] if feed else []
    if feed is None or not names:
        return pl.repeat(None, len(draft.rows), dtype=pl.String, eager=True)
    separator = feed.words.get("separator", " ")
    joined = pl.concat_str(names, separator=separator, ignore_nulls=True).str.strip_chars()
    texts = draft.rows.select(pl.when(joined != "").then(joined)).to_series()
    return texts.str.strip_chars(feed.words["strip"]) if "strip" in feed.words else texts


def _primary(object_: str, matches: list[Match]) -> dict[str, str]:
    """For each canonical column the likeliest of the names that files have for it."""
    found: dict[str, list[str]] = {}
    for match in matches:
        for column, header in match.columns.items():
            found.setdefault(column, []).append(header)
    return {
        column: min(headers, key=lambda header: name_rank(object_, column, header))
        for column, headers in found.items()
    }


def _renamed(match: Match, primary: dict[str, str]) -> pl.DataFrame:
    """The rows of one file, its columns named as in the file that has them first."""
    rows = match.sample.rows
    other = {
        header: primary[column]
        for column, header in match.columns.items()
        if header != primary[column] and primary[column] not in rows.columns
    }
    # A column that feeds two keeps its name.
    once = {header: name for header, name in other.items() if _is_single(match, header)}
    return rows.rename(once)


def _is_single(match: Match, header: str) -> bool:
    return list(match.columns.values()).count(header) == 1


def _aliases(column: str, header: str, matches: list[Match]) -> list[str]:
    names = (match.columns.get(column) for match in matches if header not in match.sample.header)
    return [name for name in dict.fromkeys(names) if name]


def name_from_parts(draft: DraftObject, column: str) -> None:
    """A name that an export keeps in two columns."""
    sample = draft.matches[0].sample
    if column not in draft.feeds:
        first, last = (named_column(sample, word, set()) for word in ("first_name", "last_name"))
        if first is not None and last is not None:
            draft.feeds[column] = Feed({"concat": [first, last]})


def settle_dates(drafts: Iterable[DraftObject]) -> None:
    """Where values leave day and month open, follow the columns that do tell."""
    drafts = list(drafts)
    told = [(draft, guess) for draft in drafts for guess in draft.dates.values()]
    for draft in drafts:
        for column, guess in draft.dates.items():
            if column not in draft.feeds or not guess.is_open:
                continue
            own = [other.is_day_first for holder, other in told if holder is draft]
            all_ = [other.is_day_first for _, other in told]
            orders = [order for order in own if order is not None] or [
                order for order in all_ if order is not None
            ]
            rival = guess.rivals[0]
            if orders:
                day_first = sum(orders) * 2 >= len(orders)
                guess = guess.turned(day_first=day_first)
                reason = "as in other columns"
            else:
                # Only one country writes the month first, and it writes slashes.
                usual = "/" not in rival or draft.options.get("delimiter") == ";"
                guess = guess.turned(day_first=usual)
                reason = "a guess"
            draft.dates[column] = guess
            feed = draft.feeds[column]
            is_one = len(guess.formats) == 1
            feed.words["format"] = guess.formats[0] if is_one else list(guess.formats)
            feed.doubts.append(
                f"every value also reads as {guess.rivals[0]}: {reason}, make sure of it"
            )


def _describe(
    feed: Feed,
    draft: DraftObject,
    column: str,
    values: pl.Series,
    type_: ColumnType,
    style: NumberStyle,
) -> list[str]:
    """Say how a column is written; return texts that are no value of it."""
    if type_ in _DATES:
        guess = guess_dates(values, type_)
        draft.dates[column] = guess
        if guess.formats:
            formats = list(guess.formats)
            feed.words["format"] = formats[0] if len(formats) == 1 else formats
        if guess.is_mixed:
            feed.doubts.append("some values have the day first, others the month: which is it?")
        return list(guess.unread)
    if type_ in _NUMBERS:
        signs = money_signs(values)
        if signs:
            feed.words["strip"] = signs
            draft.currency = draft.currency or _currency_of(signs)
            if "$" in signs and draft.currency is None:
                feed.doubts.append("which dollar? say it with `currency:` above")
        unread = [text for text in texts_of(values) if not is_number(text, style)]
        if type_ == "integer":
            unread += [text for text in texts_of(values) if _has_fraction(text, style)]
        return unread
    if type_ == "boolean":
        words = truth_words(values)
        if words:
            feed.words["replace"] = words
        return [] if words is not None else texts_of(values)
    if column in _KINDS and len(texts_of(values)) <= _MOST_KINDS:
        replaced = _replaced(values, column)
        feed.words |= {"replace": replaced} if replaced else {}
    prefix = _id_prefix(column, values)
    if prefix:
        feed.words["strip"] = prefix
    if column == "currency_code":
        codes = texts_of(values)
        return [code for code in codes if not (len(code) == 3 and code.isalpha())]
    return []


def _id_prefix(column: str, values: pl.Series) -> str | None:
    """What some exports of a CRM put before its ids, and others do not."""
    prefixes: list[str] = vocabulary()["id_prefixes"]
    texts = values.drop_nulls()
    if not column.endswith("_id") or texts.is_empty():
        return None
    bare = rf"^(?:{'|'.join(prefixes)})[0-9]+$"
    return prefixes[0] if texts.str.contains(bare).all() else None


def _has_fraction(text: str, style: NumberStyle) -> bool:
    _, mark, fraction = text.partition(style.decimal)
    return bool(mark) and bool(fraction.strip("0")) and is_number(text, style)


def _nulls_of(values: pl.Series, type_: ColumnType, style: NumberStyle) -> list[str]:
    """Texts that stand for nothing: known ones, and words among numbers and dates."""
    known = null_texts(values, is_text=type_ == "text")
    if type_ not in (*_NUMBERS, *_DATES):
        return known
    words = [
        text
        for text in texts_of(values)
        if text not in known
        and not any(char.isdigit() for char in text)
        and not (type_ in _NUMBERS and is_number(text, style))
    ]
    if len(words) > _MOST_NULL_TEXTS or share_of(words, values) > _MOST_NULL_SHARE:
        return known
    return known + words


def _left_out_share(draft: DraftObject, column: str, header: str) -> bool:
    numbers = draft.rows[header].str.strip_chars("% ").str.replace(",", ".", literal=True)
    most = numbers.cast(pl.Float64, strict=False).max()
    if isinstance(most, float) and most > 1:
        draft.left_out[header] = f"{column}, but in percent where a share of 1 is needed"
        return True
    return False


def _say_style(draft: DraftObject, style: NumberStyle) -> None:
    if style.decimal != ".":
        draft.options["decimal"] = style.decimal
    if style.thousands:
        draft.options["thousands"] = style.thousands
    if style.is_open:
        meant = "thousands" if style.thousands else "decimals"
        draft.doubts.append(f"numbers like 1,250 or 1.250 are read as {meant}: make sure of it")


def _replaced(values: pl.Series, column: str) -> dict[str, str]:
    """Kinds that have canonical names, by what each says in words."""
    kinds: dict[str, list[str]] = vocabulary()[column]
    found = {
        text: next((kind for kind, words in kinds.items() if has_word(text, words)), _KINDS[column])
        for text in texts_of(values)
    }
    return {text: kind for text, kind in found.items() if kind and text != kind}


def _currency_of(signs: str) -> str | None:
    code = "".join(char for char in signs if char.isalpha())
    if len(code) == 3 and code.isupper():
        return code
    return next((code for sign, code in _CURRENCIES.items() if sign in signs), None)


def _no_value(texts: list[str], type_: ColumnType) -> str:
    shown = ", ".join(f"`{text}`" for text in texts[:3])
    more = f" and {len(texts) - 3} more" if len(texts) > 3 else ""
    return f"{shown}{more} can be read as no {type_}"
