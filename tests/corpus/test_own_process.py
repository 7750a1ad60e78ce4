"""Files that a process of its own has to read: it stays small, and it stays alive.

Belongs here: the peak of memory where a reader could be tempted to hold the whole file, and damage
that makes a library end the process instead of raising.
Does not belong here: speed and the largest files (tests/benchmarks/).
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from tests.conftest import land
from tests.corpus.case import NIGHT, Case, home_of

# Loads the night of a home and says: rows read, rows refused, and by how many MiB memory grew.
_LOAD = """
import resource, sys
from datetime import date
from orchestration.bronze.night import load_night
from orchestration.extracts import csv_text, json_text
from orchestration.settings import Settings

def peak_mib():
    # In KiB, but on a Mac.
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit

before = peak_mib()
loads = load_night(Settings(), date(2025, 9, 28), "run", "acme")
read, refused = (sum(each) for each in zip(*((l.rows_read, l.rows_quarantined) for l in loads)))
print(read, refused, peak_mib() - before)
"""
_HEAD = b"id,state,value,note\n"
# What polars itself needs to read and write in batches, however long the file is.
_GROWTH_MIB = 500


def _loaded(above: Path, files: dict[str, Iterable[bytes]]) -> tuple[int, int, int]:
    """Rows read, rows refused, and how many MiB the process grew by."""
    settings = home_of(Case("", ""), above)
    folder = land(settings, "acme", NIGHT, {})
    for name, pieces in files.items():
        with (folder / name).open("wb") as file:
            file.writelines(pieces)
    done = subprocess.run(
        [sys.executable, "-c", _LOAD],
        env={**os.environ, "FLYWHEEL_HOME": str(settings.home)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    read, refused, growth = map(int, done.stdout.split())
    return read, refused, growth


def test_refused_rows_are_not_all_held_at_once(tmp_path: Path) -> None:
    row = b"d1,Open,much," + b"x" * 600 + b"\n"
    pieces = [_HEAD, *[row * 1000] * 500]
    read, refused, growth = _loaded(tmp_path, {"deals.csv": pieces})

    assert (read, refused) == (500_000, 500_000)
    assert growth < _GROWTH_MIB


def test_an_endless_line_is_not_held(tmp_path: Path) -> None:
    pieces = [_HEAD, *[b"x" * 1_000_000] * 700]
    read, refused, growth = _loaded(tmp_path, {"deals.csv": pieces})

    assert (read, refused) == (0, 0)
    assert growth < _GROWTH_MIB


def test_no_damaged_page_of_parquet_ends_the_process(tmp_path: Path) -> None:
    """A flipped bit in a length makes polars ask for exabytes, and that cannot be caught."""
    file = io.BytesIO()
    pl.DataFrame({"id": ["d1"], "state": ["Open"], "value": [1]}).write_parquet(file)
    whole = file.getvalue()
    damaged = {
        f"deals{at}.parquet": [whole[:at], bytes([whole[at] ^ 1]), whole[at + 1 :]]
        for at in range(34, 54)
    }
    read, refused, _ = _loaded(tmp_path, damaged)

    assert 0 <= read <= len(damaged)
    assert refused <= read
