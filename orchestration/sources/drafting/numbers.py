"""How a file writes numbers, yes and no, and nothing: proved on the values.

Belongs here: separators, money signs, words for yes and no, texts that stand for no value.
Does not belong here: how a value is read in a load (bronze/values.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from orchestration.sources.drafting.vocabulary import vocabulary, words_of

_MOST_VALUES = 5_000
_NUMBER = re.compile(r"^(?P<before>[^0-9+.,-]*)(?P<core>[+-]?[0-9](?:.*[0-9])?)(?P<after>[^0-9]*)$")
# `1.2k` and `3 Mio` are other numbers than what stands before the letter.
_SCALES = {"k", "m", "b", "mn", "mm", "mio", "mrd", "bn", "tsd", "t"}
_BLANKS = "\u00a0\u202f \u2009"
_ACCEPTED = {"true", "false", "1", "0", "yes", "no", "y", "n", "t", "f"}


@dataclass(frozen=True)
class NumberStyle:
    """The separators of a file. `is_open` where the values leave open what a separator means."""

    decimal: str = "."
    thousands: str | None = None
    is_open: bool = False

    def reads(self, core: str) -> bool:
        """Whether a number without signs of money is written so."""
        thousands, decimal = re.escape(self.thousands or ""), re.escape(self.decimal)
        whole = rf"[0-9]{{1,3}}(?:{thousands}[0-9]{{2,3}})*{thousands}[0-9]{{3}}|[0-9]+"
        return bool(
            re.fullmatch(rf"[+-]?(?:{whole if thousands else '[0-9]+'})(?:{decimal}[0-9]+)?", core)
        )


_STYLES = (
    NumberStyle(),
    NumberStyle(",", None),
    NumberStyle(".", ","),
    NumberStyle(",", "."),
    *(NumberStyle(decimal, blank) for blank in _BLANKS for decimal in (",", ".")),
    *(NumberStyle(decimal, mark) for mark in ("'", "’") for decimal in (".", ",")),
)


def texts_of(values: pl.Series) -> list[str]:
    """The different texts of a column, in order of appearance."""
    texts = values.drop_nulls().str.strip_chars().unique(maintain_order=True)
    return [text for text in texts.head(_MOST_VALUES) if text]


def share_of(texts: Iterable[str], values: pl.Series) -> float:
    """Which share of the rows with a value say one of some texts."""
    filled = values.drop_nulls()
    return float(filled.str.strip_chars().is_in(list(texts)).sum()) / max(len(filled), 1)


def number_style(columns: Iterable[pl.Series], *, leans_to_comma: bool) -> NumberStyle:
    """The style that reads the most of some columns; with none to tell, the usual one.

    `1,250` may be a thousand or one and a quarter: groups of exactly three digits everywhere are
    taken for thousands, except a single point, which `leans_to_comma` decides.
    """
    cores = {core for values in columns for core in _cores(values)}
    telling = [core for core in cores if not re.fullmatch(r"[+-]?[0-9]+", core)]
    if not telling:
        return NumberStyle()
    hits = {style: sum(style.reads(core) for core in telling) for style in _STYLES}
    best = [style for style in _STYLES if hits[style] == max(hits.values())]
    marks = {mark for core in telling for mark in re.sub(r"[0-9+-]", "", core)}
    is_grouped = all(re.fullmatch(r"[+-]?[0-9]{1,3}[.,][0-9]{3}", core) for core in telling)
    if not hits[best[0]]:
        return NumberStyle()
    if is_grouped and marks == {","}:
        return NumberStyle(".", ",", is_open=True)
    if is_grouped and marks == {"."}:
        german = NumberStyle(",", ".", is_open=True)
        return german if leans_to_comma else NumberStyle(is_open=True)
    return best[0]


def money_signs(values: pl.Series) -> str:
    """Characters to strip so that numbers are left: `$`, `USD `."""
    found: dict[str, None] = {}
    for text in texts_of(values):
        if parts := _parts(text):
            for sign in (parts["before"], parts["after"]):
                found.update(dict.fromkeys(sign.strip()))
    return "".join(found)


def is_number(text: str, style: NumberStyle) -> bool:
    """Whether a text is a number in this style, with or without a sign of money."""
    parts = _parts(text)
    return parts is not None and style.reads(parts["core"])


def _cores(values: pl.Series) -> list[str]:
    return [parts["core"] for text in texts_of(values) if (parts := _parts(text))]


def _parts(text: str) -> dict[str, str] | None:
    """A number between signs; NULL where stripping them would give another number."""
    found = _NUMBER.match(text)
    if found is None:
        return None
    signs = found["before"] + found["after"]
    is_scaled = found["after"].strip().rstrip(".").casefold() in _SCALES
    if is_scaled or re.search(r"[-+.,()]", signs):
        return None
    return found.groupdict()


def truth_words(values: pl.Series) -> dict[str, str] | None:
    """Words to replace so that yes and no are understood; NULL where they are not."""
    made: dict[str, str] = {}
    for text in texts_of(values):
        word = words_of(text).strip()
        if text.casefold() in _ACCEPTED:
            continue
        if word in vocabulary()["true_words"]:
            made[text] = "true"
        elif word in vocabulary()["false_words"]:
            made[text] = "false"
        else:
            return None
    return made


def null_texts(values: pl.Series, *, is_text: bool) -> list[str]:
    """Texts of a column that surely stand for no value."""
    known = set(vocabulary()["nulls"])
    if not is_text:
        known |= set(vocabulary()["numeric_nulls"])
    return [text for text in texts_of(values) if text.casefold() in known]
