"""Whether the file of a version can still be read.

Belongs here: opening a version and asking whether all of it is there, or reading all of it. Does
not belong here: how far a file has to go (blocks.py), what is done about one that is damaged
(versions.py, nightly.py, warehouse/seed.py, privacy/forget.py).

To ask takes a few milliseconds: a file that was cut off, emptied or overwritten from its beginning
is found, a block that fell ill in the middle is not. That one is found by reading.
"""

from __future__ import annotations

from pathlib import Path

from orchestration.faults import is_of_the_machine
from orchestration.publication.blocks import Blocks, bytes_in_use

_IN_USE = "Could not set lock on file"
_BLOCKS = "select block_size, total_blocks, free_blocks from pragma_database_size()"


def damage_of(path: Path) -> str | None:
    """What is wrong with the file of a version, in a line; None of one that is whole.

    That the machine keeps us from reading, or somebody has it open, says nothing of the file.
    """
    # Versions are listed and named by commands that open none, and it takes a while to import.
    import duckdb

    if not path.exists():
        return "it is gone"
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            connection.execute("select count(*) from duckdb_columns()").fetchone()
            (counted,) = connection.execute(_BLOCKS).fetchall()
    except duckdb.Error as error:
        return _said_of_the_file(error)
    there, all_of_it = path.stat().st_size, bytes_in_use(path, Blocks(*counted))
    return None if there >= all_of_it else f"{there:,} of its {all_of_it:,} bytes are there"


def damage_in_rows_of(path: Path) -> str | None:
    """As `damage_of`, with every row read: seconds, and more of a large version."""
    return damage_of(path) or _met_in_reading(path)


def _met_in_reading(path: Path) -> str | None:
    import duckdb

    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = "select schema_name, table_name from duckdb_tables()"
            for schema, table in connection.execute(tables).fetchall():
                # Of all columns, where a count would read none.
                query = f'select bit_xor(hash(rows)) from "{schema}"."{table}" as rows'
                connection.execute(query).fetchone()
    except duckdb.Error as error:
        return _said_of_the_file(error)
    return None


def _said_of_the_file(error: Exception) -> str | None:
    said = str(error)
    return None if _IN_USE in said or is_of_the_machine(said) else said.splitlines()[0]
