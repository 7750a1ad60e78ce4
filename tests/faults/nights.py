"""One night that meets one fault after another, and then none.

Belongs here: the faults, in an order in which each meets what the one before left. Does not belong
here: what ought to come of them (test_nights_with_faults.py).

Run as `python -m tests.faults.nights FOLDER`, in a process of its own, because it forks; it prints
what was seen, as JSON.
"""

from __future__ import annotations

import fcntl
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from orchestration.publication.versions import current_version
from orchestration.settings import Settings
from tests.faults import forked
from tests.faults.disk import full, own_disk, read_only
from tests.faults.forked import Moment
from tests.faults.homes import Undisturbed, undisturbed
from tests.faults.invariants import broken, differences

Seen = dict[str, Any]
Fault = tuple[str, Callable[[], AbstractContextManager[None]], Moment | None]
_MEGABYTE = 1000**2
# In the midst of the build.
_BUILD = Moment(cpu_seconds=6.0)
# The moments at which a home is in the state that is hardest to understand afterwards.
_MOMENTS = [
    Moment(before="os.rename /bronze/salesforce/account/batch"),
    Moment(before="os.rename /bronze/salesforce/lead/batch", power_cut=True),
    Moment(before="os.rename /bronze/ledger.parquet"),
    _BUILD,
    Moment(before="os.rename /warehouse/flywheel.duckdb", power_cut=True),
    Moment(before="os.rename /ops/publication.parquet", power_cut=True),
]


def main(folder: Path) -> None:
    """Meet all faults in turn, in the second night of a company."""
    forked.import_everything()
    home = folder / "home"
    with own_disk(home) as is_own:
        story = undisturbed(folder, opportunities=60, nights=2)
        story.set_up(1)
        faults: list[Fault] = [("another night", partial(_locked, home), None)]
        if is_own:
            faults += [
                ("read-only", partial(read_only, home), None),
                ("full before bronze", partial(full, home, _MEGABYTE // 10), None),
                ("full in the build", partial(full, home, 12 * _MEGABYTE), None),
            ]
        faults += [(str(moment), nullcontext, moment) for moment in _MOMENTS]
        # The kill in the midst of the build leaves a candidate; the next night finds it damaged.
        place = 1 + faults.index((str(_BUILD), nullcontext, _BUILD))
        faults[place] = ("damaged candidate", partial(_damaged, home), faults[place][2])
        told = [_met(story, *fault) for fault in faults]
        last = _met(story, "none", nullcontext, None)
        odd = forked.call(differences, _at(story), story.expected(1))
        print(json.dumps({"faults": told, "last": last, "odd": odd, "own_disk": is_own}))


def _met(
    story: Undisturbed,
    name: str,
    fault: Callable[[], AbstractContextManager[None]],
    moment: Moment | None,
) -> Seen:
    settings = _at(story)
    allowed = {current_version(story.expected(0)), current_version(story.expected(1))}
    with fault():
        ended = forked.run(story.home, "nightly", "--to", str(story.nights[1]), kill=moment)
        return {
            "fault": name,
            "is_kill": moment is not None,
            "status": ended.status,
            "printed": ended.printed,
            "cpu_seconds": ended.cpu_seconds,
            "shown": current_version(settings),
            "broken": forked.call(broken, settings, allowed, name == "another night"),
        }


def _at(story: Undisturbed) -> Settings:
    return Settings(home=story.home)


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Another night is at work."""
    with (home / ".lock").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _damaged(home: Path) -> Iterator[None]:
    """Something wrote over the candidate that a killed night left."""
    path = Settings(home=home).candidate
    path.write_bytes(bytes(path.stat().st_size))
    yield


if __name__ == "__main__":
    main(Path(sys.argv[1]))
