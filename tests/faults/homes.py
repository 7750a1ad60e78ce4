"""A small company's nights, undisturbed, and the homes as they were before each.

Belongs here: what kills and faults are held against, made once. Does not belong here: kills.

All homes stand, one after another, at the same path: dbt parses the project anew when a path in it
changes, which costs more than the night.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from orchestration.settings import Settings
from orchestration.simulation import simulate
from tests.faults import forked

FIRST = date(2025, 9, 28)


@dataclass(frozen=True)
class Undisturbed:
    """Homes before each night, and after the last; the processor seconds and changes of each."""

    folder: Path
    nights: list[date]
    cpu_seconds: list[float]
    changes: list[list[str]]

    @property
    def home(self) -> Path:
        """Where every home stands while it is at work."""
        return self.folder / "home"

    def before(self, number: int) -> Path:
        """The home as it was before the night of that number."""
        return self.folder / f"before_{number}"

    def expected(self, number: int) -> Settings:
        """The home as it was after the night of that number."""
        return Settings(home=self.before(number + 1))

    def set_up(self, number: int) -> Settings:
        """A fresh copy of the home before a night, in its place."""
        copy_home(self.before(number), self.home)
        return Settings(home=self.home)


def undisturbed(folder: Path, opportunities: int, nights: int) -> Undisturbed:
    """Land a company and run its nights one by one. Needs forked.import_everything before."""
    settings = Settings(home=folder / "home")
    forked.call(_land, settings, opportunities, nights)
    story = Undisturbed(folder, [FIRST + timedelta(days=each) for each in range(nights)], [], [])
    forked.call(_install, settings)
    copy_home(settings.home, story.before(0))
    for number, night in enumerate(story.nights):
        trace = folder / "trace.txt"
        done = forked.run(settings.home, "nightly", "--to", str(night), trace=trace)
        assert done.status == 0, done.printed
        story.cpu_seconds.append(done.cpu_seconds)
        story.changes.append(trace.read_text().splitlines())
        copy_home(settings.home, story.before(number + 1))
    return story


def _land(settings: Settings, opportunities: int, nights: int) -> None:
    simulate(
        settings.landing, opportunities=opportunities, nights=nights, seed=5, first_night=FIRST
    )


def _install(settings: Settings) -> None:
    """What is there before a first night, and would take longer than it; with one key for all homes
    whose tables are compared: under another, what is masked is another.
    """
    from orchestration.privacy.keys import make_key
    from orchestration.warehouse.project import manifest

    make_key(settings)
    manifest(settings)


def copy_home(source: Path, target: Path) -> None:
    """Copy a home. Versions and landed files, which nobody writes to, are shared."""
    shutil.rmtree(target, ignore_errors=True)

    def copy(one: str, other: str) -> None:
        is_fixed = "/landing/" in one or Path(one).name.startswith("flywheel.2")
        (os.link if is_fixed and may_share else shutil.copy2)(one, other)

    # Where a disk of its own is mounted, its folder cannot be removed.
    target.mkdir(exist_ok=True)
    may_share = target.stat().st_dev == source.stat().st_dev
    shutil.copytree(source, target, symlinks=True, copy_function=copy, dirs_exist_ok=True)
