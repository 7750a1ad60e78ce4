"""A publication and a rollback, cut off before each of their changes in turn.

Belongs here: the two stories, and what is seen after each cut and after the run that follows.
Does not belong here: what ought to be seen (test_publication_cut_off.py).

Run as `python -m tests.faults.cuts FOLDER`, in a process of its own, because it forks; it prints a
JSON list of cuts.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from orchestration.bronze.night import heal
from orchestration.extracts.ledger import Ledger
from orchestration.publication.promote import promote
from orchestration.publication.versions import publications, roll_back, version_files
from orchestration.recovery import recover
from orchestration.settings import Settings
from tests.faults import forked
from tests.faults.forked import Moment
from tests.faults.small import make_candidate, make_load, numbers_of

Seen = dict[str, Any]


def main(folder: Path) -> None:
    """Tell both stories with every cut, by a kill and by a power cut."""
    base = Settings(home=folder / "base")
    forked.call(_one_version_and_a_candidate, base)
    told = _story("publication", folder, base, partial(_promote, folder / "home"))
    two = Settings(home=folder / "two")
    shutil.copytree(base.home, two.home, symlinks=True)
    forked.call(_promote, two.home)
    told += _story("rollback", folder, two, partial(_roll_back, folder / "home"))
    print(json.dumps(told))


def _story(name: str, folder: Path, base: Settings, act: Callable[[], None]) -> list[Seen]:
    home, trace = folder / "home", folder / "trace.txt"
    _copy(base, home)
    whole = forked.run_function(home, act, kill=None, trace=trace)
    changes = trace.read_text().splitlines()
    told: list[Seen] = [
        {"story": name, "cut": None, "status": whole.status, "after": forked.call(_look, home)}
    ]
    for number, change in enumerate(changes, start=1):
        for power_cut in (False, True):
            _copy(base, home)
            moment = Moment(change=number, power_cut=power_cut)
            ended = forked.run_function(home, act, kill=moment)
            cut = {"story": name, "cut": f"{moment}: {change}", "status": ended.status}
            told.append({**cut, **forked.call(_mend, home, name)})
    return told


def _one_version_and_a_candidate(settings: Settings) -> None:
    make_load(settings, 1)
    make_candidate(settings, 1)
    promote(settings)
    make_load(settings, 2)
    make_candidate(settings, 2)


def _promote(home: Path) -> None:
    promote(Settings(home=home))


def _roll_back(home: Path) -> None:
    roll_back(Settings(home=home))


def _mend(home: Path, story: str) -> Seen:
    """What is seen before and after the next run; as a night, it loads and builds again what is
    not published by then.
    """
    settings = Settings(home=home)
    before, mended = _look(home), recover(settings)
    if story == "publication" and heal(settings):
        make_load(settings, 2)
        make_candidate(settings, 2)
        promote(settings)
    return {"before": before, "mended": mended, "after": _look(home)}


def _look(home: Path) -> Seen:
    settings = Settings(home=home)
    return {
        "shown": numbers_of(str(settings.published.resolve())),
        "publications": [
            (entry.version, entry.rolled_back_at is not None) for entry in publications(settings)
        ],
        "loads": [(load.load_number, load.status) for load in Ledger(settings.ledger).loads],
        "files": sorted(version_files(settings)),
    }


def _copy(base: Settings, home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(base.home, home, symlinks=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
