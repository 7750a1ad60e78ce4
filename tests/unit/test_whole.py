"""Which files of versions count as whole.

Belongs here: files as DuckDB leaves them, and what a fault leaves of these. Does not belong here:
what follows for a night or a rollback (test_publication.py, faults/).
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from orchestration.publication import blocks as blocks_module
from orchestration.publication.blocks import Blocks, bytes_in_use
from orchestration.publication.whole import damage_of
from orchestration.warehouse.copying import copy_file


def write(path: Path, *statements: str, block_bytes: int = 262_144) -> Path:
    """A file that was opened once for each statement, as the steps of a night do."""
    config = {"storage_compatibility_version": "v1.4.0", "default_block_size": block_bytes}
    for statement in statements:
        with duckdb.connect(str(path), config=config) as connection:
            connection.execute(statement)
    return path


def numbers(table: str) -> str:
    return f"create table {table} as select hash(i) as number from range(100000) as t (i)"


def blocks_of(path: Path) -> Blocks:
    with duckdb.connect(str(path), read_only=True) as connection:
        query = "select block_size, total_blocks, free_blocks from pragma_database_size()"
        (row,) = connection.execute(query).fetchall()
    return Blocks(*row)


@pytest.fixture
def shortened(tmp_path: Path) -> Path:
    """DuckDB has cut free blocks off its end."""
    path = write(
        tmp_path / "flywheel.duckdb",
        f"{numbers('kept')}; checkpoint",
        f"{numbers('dropped')}; checkpoint",
        "drop table dropped; checkpoint",
    )
    blocks = blocks_of(path)
    assert path.stat().st_size < blocks.size * blocks.count
    return path


def test_a_file_whose_free_end_a_checkpoint_cut_off_is_whole(shortened: Path) -> None:
    assert damage_of(shortened) is None


def test_so_is_a_copy_of_it_that_was_written_on(shortened: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    copy_file(shortened, copy)
    write(copy, numbers("more"), "drop table more; checkpoint")
    assert damage_of(copy) is None


def test_of_such_a_file_one_byte_less_is_a_damage(shortened: Path) -> None:
    size = shortened.stat().st_size
    os.truncate(shortened, size - 1)
    assert damage_of(shortened) == f"{size - 1:,} of its {size:,} bytes are there"


@pytest.fixture
def full_of_holes(tmp_path: Path) -> Path:
    """Most of its blocks are free, and the last is not."""
    many = ("first", "second", "third")
    return write(
        tmp_path / "holes.duckdb",
        *(f"{numbers(name)}; checkpoint" for name in (*many, "last")),
        "; ".join(f"drop table {name}" for name in many),
    )


def test_a_cut_is_found_however_many_free_blocks_stand_before_it(full_of_holes: Path) -> None:
    """Fewer blocks are lost than are free, so their number alone says nothing."""
    assert damage_of(full_of_holes) is None
    size = full_of_holes.stat().st_size
    os.truncate(full_of_holes, size - 262_144)
    assert damage_of(full_of_holes) == f"{size - 262_144:,} of its {size:,} bytes are there"


def test_a_list_of_free_blocks_that_goes_on_elsewhere_is_read_to_its_end(tmp_path: Path) -> None:
    """Of small blocks there are many, and a part of one holds few of their numbers."""
    many = ("first", "second", "third")
    path = write(
        tmp_path / "flywheel.duckdb",
        *(f"{numbers(name)}; checkpoint" for name in (*many, "last")),
        "; ".join(f"drop table {name}" for name in many),
        block_bytes=16_384,
    )
    blocks = blocks_of(path)
    assert blocks.free_count > 100
    assert bytes_in_use(path, blocks) == path.stat().st_size


def test_where_the_list_is_no_list_a_file_counts_as_whole_that_may_be(
    shortened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another format than the one we know must make no needless nights from bronze."""
    monkeypatch.setattr(blocks_module, "_PARTS", 32)
    assert damage_of(shortened) is None
    blocks = blocks_of(shortened)
    os.truncate(shortened, bytes_in_use(shortened, blocks) - 1)
    assert "bytes are there" in str(damage_of(shortened))
