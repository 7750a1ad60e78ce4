"""What CRMs call the things that Flywheel names: vocabulary.yml, made ready for comparing.

Belongs here: names of objects, columns and kinds of stages, and when two names are one.
Does not belong here: values of columns (dates.py, numbers.py), what follows from a match
(mapping.py).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from orchestration.sources.document import read_document

_LONG_WORD = 5
_FILE = Path(__file__).parent / "vocabulary.yml"


def spellings(name: str) -> tuple[str, ...]:
    """A name without case, accents, blanks and punctuation; and also without parentheses."""
    bare = _squashed(re.sub(r"\([^)]*\)", " ", name))
    return tuple(filter(None, dict.fromkeys((_squashed(name), bare))))


def words_of(text: str) -> str:
    """The words of a text in small letters, one blank around each: ` closed won `."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return f" {re.sub(r'[^0-9a-z]+', ' ', _unaccented(split)).strip()} "


def has_word(text: str, beginnings: Iterable[str]) -> bool:
    """Whether one of some words stands in the text; a long one may be the beginning of another."""
    words = words_of(text)
    return any(f" {each}{'' if len(each) >= _LONG_WORD else ' '}" in words for each in beginnings)


@cache
def vocabulary() -> dict[str, Any]:
    """The file as it stands."""
    said: dict[str, Any] = read_document(_FILE, is_sound=True).said
    return said


@cache
def column_names(object_: str) -> dict[str, tuple[str, ...]]:
    """The names of each canonical column of an object, plain, the likeliest first."""
    columns: dict[str, list[str]] = vocabulary()["objects"].get(object_, {}).get("columns", {})
    return {column: names(tuple(said)) for column, said in columns.items()}


def names(said: tuple[str, ...]) -> tuple[str, ...]:
    """Names made plain."""
    return tuple(dict.fromkeys(_squashed(name) for name in said))


@cache
def plain_names(word: str) -> tuple[str, ...]:
    """A list of the vocabulary, plain."""
    return names(tuple(vocabulary()[word]))


@cache
def file_words(object_: str) -> tuple[str, ...]:
    """What the name of a file with this object holds, plain."""
    return names(tuple(vocabulary()["objects"].get(object_, {}).get("files", ())))


@cache
def rarity(name: str) -> float:
    """How much a column's name tells of its object: 1 where only one object has it."""
    having = [
        object_
        for object_ in vocabulary()["objects"]
        if any(name in known for known in column_names(object_).values())
    ]
    return 1 / len(having) if having else 0.0


def _squashed(name: str) -> str:
    return re.sub(r"[^0-9a-z]+", "", _unaccented(name))


def _unaccented(name: str) -> str:
    apart = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    return "".join(char for char in apart if not unicodedata.combining(char)).casefold()
