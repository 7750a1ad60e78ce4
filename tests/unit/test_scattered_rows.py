"""Rows of later nights lie apart from the others for a while, and are put together then.

Belongs here: how many groups of rows a table has after some nights.
Does not belong here: what the nights build (integration/).
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.publication.candidate import open_candidate
from orchestration.settings import Settings
from orchestration.warehouse.seed import seal_build

# A table of one full group of rows and a small one.
ROWS = 150_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A candidate that was built from nothing."""
    settings = Settings(home=tmp_path / "home")
    settings.candidate.parent.mkdir(parents=True)
    with open_candidate(settings) as connection:
        connection.execute(f"create table facts as select range as key from range({ROWS})")
    seal_build(settings, "nothing is published yet")
    return settings


def build_a_later_night(settings: Settings, night: int) -> None:
    with open_candidate(settings) as connection:
        connection.execute(f"delete from facts where key % 100 = {night}")
        connection.execute(f"insert into facts select range from range({night}, {ROWS}, 100)")
    seal_build(settings, None)


def groups_of_rows(settings: Settings) -> int:
    with duckdb.connect(str(settings.candidate), read_only=True) as connection:
        (count,) = connection.execute(
            "select count(distinct row_group_id) from pragma_storage_info('facts')"
        ).fetchone()
    return count


def test_later_nights_leave_their_rows_apart_and_the_seventh_puts_them_together(
    settings: Settings,
) -> None:
    whole = groups_of_rows(settings)
    counts = []
    for night in range(8):
        build_a_later_night(settings, night)
        counts.append(groups_of_rows(settings))
    assert counts == [*range(whole + 1, whole + 7), whole + 1, whole + 2]


def test_no_row_is_lost_by_it(settings: Settings) -> None:
    for night in range(7):
        build_a_later_night(settings, night)
    with duckdb.connect(str(settings.candidate), read_only=True) as connection:
        assert connection.execute("select count(*), count(distinct key) from facts").fetchone() == (
            ROWS,
            ROWS,
        )
