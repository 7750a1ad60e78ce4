"""A mistake in a source file: where it stands, what is wrong, what to write instead.

Belongs here: the shape of a mistake and how names that are nearly right are found.
Does not belong here: finding mistakes (document.py, reading.py, check.py), showing them
(commands/sources.py).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

_ALIKE = 0.6


@dataclass(frozen=True, order=True)
class Mistake:
    """One mistake: line and column (from 1), the words that lead there, and what is wrong.

    A warning does not keep the file from being used.
    """

    line: int
    column: int
    place: str
    text: str
    remedy: str = ""
    is_warning: bool = False

    @property
    def told(self) -> str:
        """What is wrong and what to do, in one line."""
        return "; ".join(filter(None, (self.text, self.remedy)))

    def __str__(self) -> str:
        """`12:7: objects.deals: there is no …; did you mean …?`."""
        place = f"{self.place}: " if self.place else ""
        return f"{self.line}:{self.column}: {place}{self.told}"


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The one of `words` that `word` was probably meant to be."""
    plain = {_plain(known): known for known in words}
    found = difflib.get_close_matches(_plain(word), plain, n=1, cutoff=_ALIKE)
    return plain[found[0]] if found else None


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """A question for whoever wrote `word`; empty when nothing is like it."""
    near = nearest(word, words)
    return f"did you mean `{near}`?" if near else ""


def listed(words: Iterable[str]) -> str:
    """Words for a sentence: `a`, `b`, `c`."""
    return ", ".join(f"`{word}`" for word in words)


def _plain(word: str) -> str:
    return re.sub(r"[\W_]+", "", word.casefold())
