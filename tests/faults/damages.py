"""Damages to one file, and a small home with published rows to do them to.

Belongs here: what the tests of recovery share. Does not belong here: versions made by hand
(small.py).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb

from orchestration.bronze.night import accept, load_night
from orchestration.settings import Settings
from tests.conftest import land

NIGHT = date(2025, 9, 28)
ACME = """\
source: acme
objects:
  accounts: {files: accounts.csv, key: account_id, columns: {account_id: id, industry: industry}}
"""


def load_acme(settings: Settings) -> Settings:
    """A home with one accepted load of two rows, and one quarantined row."""
    settings.user_sources.mkdir(parents=True)
    (settings.user_sources / "acme.yml").write_text(ACME)
    rows = "id,industry\na1,Retail\na2,Energy\n,Banking\n"
    land(settings, "acme", NIGHT, {"accounts.csv": rows})
    load_night(settings, NIGHT, "run", "acme")
    accept(settings)
    return settings


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def lose(path: Path) -> None:
    path.unlink()


def spoil_rows(path: Path, table: str) -> None:
    """Blocks in the middle of a version fall ill: it opens, and a table cannot be read."""
    path.chmod(0o644)
    with duckdb.connect(str(path), read_only=True) as connection:
        query = "select distinct block_id from pragma_storage_info(?) where block_id >= 0"
        blocks = connection.execute(query, [table]).fetchall()
    with path.open("r+b") as file:
        for (block,) in blocks:
            file.seek(3 * 4096 + block * 262_144 + 50)
            file.write(b"spoiled")


DAMAGES = [cut_short, zero, empty, lose]
Damage = Callable[[Path], None]
