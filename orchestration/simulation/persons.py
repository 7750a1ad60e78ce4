"""The persons behind leads and contacts: invented names, e-mail addresses and phone numbers.

Belongs here: what the CRM knows of a person, planted so that it can be looked for wherever it must
not be. Does not belong here: sales people (`people.py`), how far a lead came (`leads.py`).

No name is one that anybody else in the company bears, and no two persons share an address or a
number: a hit is no chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

_FIRST_NAMES = (
    "Aurelio", "Brunhild", "Calixta", "Drogo", "Eulalie", "Fenella", "Gaspard", "Hildegund",
    "Isolde", "Jorunn", "Kunibert", "Leocadia", "Melchior", "Nepomuk", "Ottoline", "Perpetua",
)  # fmt: skip
_BEGINNINGS = (
    "Zarv", "Quill", "Brax", "Wendl", "Thorn", "Vesp", "Krund", "Yelv", "Olfr", "Munst", "Pavl",
    "Drosk",
)  # fmt: skip
_ENDINGS = (
    "ost",
    "enstrom",
    "adine",
    "owicz",
    "ulescu",
    "hagen",
    "ibald",
    "ermann",
    "okka",
    "idottir",
)
_NUMBERS = 10_000_000


@dataclass(frozen=True)
class Persons:
    """One entry a lead, which its contact shares."""

    first_names: pl.Series
    last_names: pl.Series
    emails: pl.Series
    phones: pl.Series

    @property
    def names(self) -> pl.Series:
        """First and last name."""
        return self.first_names + " " + self.last_names

    def planted(self) -> dict[str, list[str]]:
        """All of it, for `_truth.json`."""
        said = {"names": self.names, "emails": self.emails, "phones": self.phones}
        return {name: values.to_list() for name, values in said.items()}


def draw_persons(size: int, rng: np.random.Generator) -> Persons:
    """`size` persons."""

    def some(parts: tuple[str, ...]) -> pl.Series:
        return pl.Series(parts).gather((rng.random(size) * len(parts)).astype(np.int64))

    first = some(_FIRST_NAMES)
    last = some(_BEGINNINGS) + some(_ENDINGS)
    number = pl.Series(np.arange(size))
    # Steps that share no factor with the count of numbers: none comes twice.
    digits = ((number * 7_654_321 + int(rng.random() * _NUMBERS)) % _NUMBERS).cast(pl.String)
    digits = digits.str.zfill(7)
    return Persons(
        first_names=first,
        last_names=last,
        emails=(first + "." + last).str.to_lowercase()
        + "."
        + number.cast(pl.String)
        + "@persons.example",
        phones="+1 555 " + digits.str.head(3) + "-" + digits.str.tail(4),
    )
