"""Arithmetic on packed bits, against the same question asked of one byte after the other.

Belongs here: every function of extracts/csv_bitmaps.py on random marks, over the borders of words.
Does not belong here: what the marks mean (test_csv_structure.py).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.extracts.csv_bitmaps import (
    bitmap,
    counts_between,
    places,
    places_after,
    places_before,
    running_parity,
)

# The same marks on every run: a failure is a change of the code and not a lucky draw.
random_marks = settings(derandomize=True, max_examples=200, deadline=None)


@st.composite
def marks(draw: st.DrawFn) -> list[bool]:
    """Up to four words of marks: none, few, many or all of them, with the borders of words."""
    size = draw(st.sampled_from([1, 7, 8, 63, 64, 65, 127, 128, 129]) | st.integers(1, 256))
    if draw(st.booleans()):
        return draw(st.lists(st.booleans(), min_size=size, max_size=size))
    is_marked = draw(st.booleans())
    others = draw(st.sets(st.sampled_from([0, 1, 62, 63, 64, 65, 127, 128, size - 1])))
    return [is_marked != (place in others) for place in range(size)]


def packed(marks: list[bool]) -> np.ndarray:
    return bitmap(np.array(marks, dtype=np.bool_))


def set_places(words: np.ndarray, size: int) -> list[int]:
    """Bit by bit, by the definition: the first byte is the lowest bit of the first word."""
    return [i for i in range(size) if int(words[i // 64]) >> (i % 64) & 1]


@random_marks
@given(marks=marks())
def test_a_bitmap_holds_the_marked_places(marks: list[bool]) -> None:
    assert set_places(packed(marks), len(marks)) == [i for i, mark in enumerate(marks) if mark]


@random_marks
@given(marks=marks())
def test_places_are_listed_in_order(marks: list[bool]) -> None:
    found = places(packed(marks), len(marks))

    assert found.tolist() == [i for i, mark in enumerate(marks) if mark]


@random_marks
@given(marks=marks())
def test_bits_behind_the_last_byte_are_no_places(marks: list[bool]) -> None:
    found = places(~packed(marks), len(marks))

    assert found.tolist() == [i for i, mark in enumerate(marks) if not mark]


@random_marks
@given(marks=marks(), starts_odd=st.booleans())
def test_parity_changes_at_every_mark(marks: list[bool], starts_odd: bool) -> None:
    parity, odd = starts_odd, []
    for place, mark in enumerate(marks):
        parity ^= mark
        if parity:
            odd.append(place)

    assert set_places(running_parity(packed(marks), starts_odd=starts_odd), len(marks)) == odd


@random_marks
@given(marks=marks(), starts_odd=st.booleans())
def test_the_last_bit_of_all_has_the_parity_of_the_last_byte(
    marks: list[bool], starts_odd: bool
) -> None:
    """The next chunk begins with it, and must not ask how many bytes the last word holds."""
    parity = running_parity(packed(marks), starts_odd=starts_odd)

    assert bool(int(parity[-1]) >> 63) == (sum(marks) + starts_odd) % 2


@random_marks
@given(marks=marks(), starts_set=st.booleans())
def test_places_after_are_one_further(marks: list[bool], starts_set: bool) -> None:
    after = places_after(packed(marks), starts_set=starts_set)

    assert set_places(after, len(marks)) == [
        place for place, mark in enumerate([starts_set, *marks[:-1]]) if mark
    ]


@random_marks
@given(marks=marks())
def test_places_before_are_one_back(marks: list[bool]) -> None:
    before = places_before(packed(marks))

    assert set_places(before, len(marks)) == [place for place, mark in enumerate(marks[1:]) if mark]


@random_marks
@given(marks=marks(), data=st.data())
def test_counts_are_those_of_the_stretches_between_borders(
    marks: list[bool], data: st.DataObject
) -> None:
    borders = sorted(data.draw(st.sets(st.integers(0, len(marks) - 1))))
    counts = counts_between(packed(marks), np.array(borders, dtype=np.int64))

    edges = [0, *borders, len(marks)]
    assert counts.tolist() == [sum(marks[start:end]) for start, end in pairwise(edges)]
