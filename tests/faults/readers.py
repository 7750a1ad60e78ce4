"""Readers in processes of their own, while one version after another is published or taken back:
`python -m tests.faults.readers --readers 16 --publications 45`.

Belongs here: what a reader sees who opens the symlink at any moment. Does not belong here: what
publication demands and leaves (tests/unit/test_publication.py).

Every table of a version carries its number, so a reader can tell whether all it sees is of one
piece. Nobody waits for anybody, but at the end, when all readers must see the last version.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from orchestration.publication.promote import promote
from orchestration.publication.versions import roll_back
from orchestration.settings import Settings
from tests.faults.small import TABLES, make_candidate

# Fewer are kept than are published: versions are removed while readers still hold them.
KEPT = 3
EACH_ROLLBACK = 5
# It tells what it saw and looks again; should the end never be called, it ends by itself.
READER = """
import json, os, sys, time
from pathlib import Path
import duckdb

# Sixteen that never rest would leave little of the machine to who publishes.
os.nice(5)
published, stop = sys.argv[1], Path(sys.argv[2])
tables, seconds = json.loads(sys.argv[3]), float(sys.argv[4])
every = " union ".join(f"select version from marts.{table}" for table in tables)

def look(connection):
    # Table by table and all at once: each a statement, and so a transaction, of its own.
    seen = {row[0] for table in tables
            for row in connection.execute(f"select version from marts.{table}").fetchall()}
    return sorted(seen | {row[0] for row in connection.execute(every).fetchall()})

def open_and_look():
    with duckdb.connect(published, read_only=True, config={"threads": 1}) as connection:
        # Held over several looks: a publication may come between them.
        return sorted({version for _ in range(3) for version in look(connection)})

held = duckdb.connect(published, read_only=True, config={"threads": 1})
first = look(held)
end = time.monotonic() + seconds
is_last = False
while not is_last and time.monotonic() < end:
    # Looked at before the symlink: what is seen afterwards is the last version.
    is_last = stop.exists()
    print(json.dumps({"opened": open_and_look(), "held": look(held), "first": first}), flush=True)
"""

Look = dict[str, list[int]]


@dataclass(frozen=True)
class Told:
    """What was shown, in its order, and what each reader saw, look by look, with its complaints."""

    shown: list[int]
    looks: list[list[Look]]
    errors: list[str]

    @property
    def mixtures(self) -> list[Look]:
        """Looks at more than one version at once, or at none."""
        return [each for looks in self.looks for each in looks if len(each["opened"]) != 1]

    @property
    def changed_under_a_reader(self) -> list[Look]:
        """Connections that did not keep the version they were opened on."""
        return [each for looks in self.looks for each in looks if each["held"] != each["first"]]

    @property
    def out_of_order(self) -> list[list[int]]:
        """What readers saw in another order than it was shown, or without the last of it."""
        seen = [[each["opened"][0] for each in looks] for looks in self.looks]
        runs = [[number for number, _ in groupby(numbers)] for numbers in seen]
        return [run for run in runs if run[-1:] != self.shown[-1:] or not _follows(run, self.shown)]

    @property
    def versions_seen(self) -> int:
        """How many of those shown some reader saw."""
        return len({each["opened"][0] for looks in self.looks for each in looks})


def _follows(run: list[int], shown: list[int]) -> bool:
    rest = iter(shown)
    return all(number in rest for number in run)


def read_while_publishing(folder: Path, readers: int, publications: int, seconds: float) -> Told:
    """Publish, and now and then roll back, while readers read for at most so many seconds."""
    settings = Settings(home=folder / "home", keep_versions=KEPT)
    stop = folder / "stop"
    shown = [_publish(settings, 1)]
    processes = [
        subprocess.Popen(
            [
                sys.executable, "-c", READER,
                str(settings.published), str(stop), json.dumps(TABLES), str(seconds),
            ],
            stdout=(folder / f"reader_{number}").open("w"),
            stderr=(folder / f"errors_{number}").open("w"),
        )
        for number in range(readers)
    ]  # fmt: skip
    try:
        for number in range(2, publications + 1):
            shown.append(_publish(settings, number))
            if number % EACH_ROLLBACK == 0:
                roll_back(settings)
                shown.append(number - 1)
        stop.touch()
        for process in processes:
            process.wait()
    finally:
        for process in processes:
            process.kill()
            process.wait()
    lines = [(folder / f"reader_{number}").read_text().splitlines() for number in range(readers)]
    return Told(
        shown=shown,
        looks=[[json.loads(line) for line in each] for each in lines],
        errors=[
            said for number in range(readers) if (said := (folder / f"errors_{number}").read_text())
        ],
    )


def _publish(settings: Settings, number: int) -> int:
    make_candidate(settings, number)
    promote(settings)
    return number


def main() -> int:
    """Publish and read; say what was seen; end with 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=16)
    parser.add_argument("--publications", type=int, default=45)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flywheel-readers-") as folder:
        told = read_while_publishing(Path(folder), options.readers, options.publications, 1800)
    looks = sum(map(len, told.looks))
    print(
        f"{options.readers} readers, {len(told.shown)} versions shown, {looks} looks, "
        f"{told.versions_seen} versions seen: {len(told.errors)} errors, {len(told.mixtures)} "
        f"mixtures, {len(told.changed_under_a_reader)} changed under a reader, "
        f"{len(told.out_of_order)} readers out of order"
    )
    wrong = told.errors or told.mixtures or told.changed_under_a_reader or told.out_of_order
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
