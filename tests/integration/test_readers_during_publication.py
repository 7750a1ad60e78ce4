"""Readers in processes of their own, while versions are published and taken back.

Belongs here: the short form of tests/faults/readers.py, which says how it is done.
Does not belong here: what publication demands and leaves (tests/unit/test_publication.py).
"""

from __future__ import annotations

import pytest

from tests.faults.readers import Told, read_while_publishing

READERS = 3
PUBLICATIONS = 11


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("readers")
    return read_while_publishing(folder, READERS, PUBLICATIONS, seconds=120)


def test_no_reader_meets_an_error(told: Told) -> None:
    assert told.errors == []
    assert all(told.looks)


def test_no_reader_ever_sees_a_mixture(told: Told) -> None:
    assert told.mixtures == []


def test_a_connection_that_is_held_keeps_its_version(told: Told) -> None:
    """Even when its file has been removed under it."""
    assert told.changed_under_a_reader == []


def test_readers_see_versions_in_the_order_of_publications_and_ways_back(told: Told) -> None:
    """And the last one in the end."""
    assert told.shown.count(PUBLICATIONS - 2) > 1
    assert told.out_of_order == []
    assert told.versions_seen > 1
