"""Whether the file of a version can still be read.

Belongs here: opening a version and asking whether all of it is there. Does not belong here: how far
a file has to go (blocks.py), what is done about one that is damaged (versions.py, nightly.py,
warehouse/seed.py).

It takes a few milliseconds and not the reading of every block: a file that was cut off, emptied or
overwritten from its beginning is found, a block that fell ill in the middle is not.
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
        said = str(error)
        return None if _IN_USE in said or is_of_the_machine(said) else said.splitlines()[0]
    there, all_of_it = path.stat().st_size, bytes_in_use(path, Blocks(*counted))
    return None if there >= all_of_it else f"{there:,} of its {all_of_it:,} bytes are there"
