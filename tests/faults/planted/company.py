"""A company of two CRMs with five weeks of published nights, and one night more, landed aside.

Belongs here: what faults are planted in. Salesforce delivers what changed, the second CRM, `acme`,
delivers everything every night. Does not belong here: the faults (extracts.py, marts.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from orchestration.bronze.night import heal
from orchestration.gate.results import CheckResult, record, verdict_of
from orchestration.gate.stamp import give_stamp
from orchestration.publication.promote import promote
from orchestration.settings import Settings
from orchestration.simulation import simulate
from tests.conftest import land
from tests.faults.planted.nights import accept_night, judged_extracts, judged_night, load

# A Tuesday; the night of the faults is one, too.
FIRST = date(2025, 8, 26)
NIGHT = FIRST + timedelta(days=35)
DEALS = 300

ACME = """\
source: acme
extract: full
time_zone: UTC
currency: USD
objects:
  opportunities:
    files: "deals*.csv"
    key: opportunity_id
    columns:
      opportunity_id: Deal
      account_id: Company
      owner_id: Rep
      stage: Stage
      amount: Value
      created_at: Created
      close_date: Close
      lead_source: Source
      modified_at: Changed
  accounts:
    files: "companies*.csv"
    key: account_id
    columns:
      account_id: Company
      account_name: Name
pipelines:
  - name: default
    stages: [Discovery, Demo, Offer]
    won: Won
    lost: Lost
"""

Plant = Callable[[Path], None]


@dataclass(frozen=True)
class Company:
    """One home whose last published night is the one before NIGHT, and the extracts of NIGHT."""

    settings: Settings
    aside: Path

    def night_with(self, plant: Plant, *, in_full: bool) -> list[CheckResult]:
        """What is found when NIGHT comes with a fault; the home is as before when it is over.

        With `in_full` the marts are built, too.
        """
        ledger = self.settings.ledger.read_bytes()
        for source in ("salesforce", "acme"):
            night = NIGHT.isoformat()
            shutil.copytree(self.aside / source / night, self.settings.landing / source / night)
        try:
            plant(self.settings.landing)
            night = max(
                date.fromisoformat(folder.name) for folder in self.settings.landing.glob("*/*")
            )
            if in_full:
                return judged_night(self.settings, night, self.settings.published.resolve())
            return judged_extracts(self.settings, night)
        finally:
            for folder in self.settings.landing.glob("*/*"):
                if date.fromisoformat(folder.name) >= NIGHT:
                    shutil.rmtree(folder)
            self.settings.ledger.write_bytes(ledger)
            heal(self.settings)


def found_company(folder: Path) -> Company:
    """Simulate, load and publish; every night of the five weeks is a load of its own."""
    settings = Settings(home=folder / "home")
    aside = folder / "aside"
    simulate(settings.landing, opportunities=8_000, nights=36, seed=4, first_night=FIRST)
    (settings.landing / "salesforce" / "_truth.json").unlink()
    settings.user_sources.mkdir(parents=True)
    (settings.user_sources / "acme.yml").write_text(ACME, encoding="utf-8")
    nights = [FIRST + timedelta(days=number) for number in range(36)]
    for night in nights:
        land(settings, "acme", night, acme_files(night))
    for source in ("salesforce", "acme"):
        (aside / source).mkdir(parents=True)
        tonight = settings.landing / source / NIGHT.isoformat()
        shutil.move(tonight, aside / source / NIGHT.isoformat())
    for night in nights[:-2]:
        load(settings, night)
        accept_night(settings)
    results = judged_night(settings, nights[-2], None)
    assert verdict_of(results).refusing == []
    record(settings, "history", nights[-2].isoformat(), "night", results)
    give_stamp(settings, "history", len(results), len(results), 0)
    promote(settings)
    return Company(settings, aside)


def acme_files(night: date) -> dict[str, str | bytes]:
    """Every deal and company of the second CRM as they stand at the end of a night."""
    deals = pl.DataFrame(
        [_deal(number, night) for number in range(DEALS) if _created(number) <= night]
    )
    companies = pl.DataFrame(
        [{"Company": f"c{number}", "Name": f"Company {number}"} for number in range(120)]
    )
    return {
        "deals.csv": deals.write_csv().encode(),
        "companies.csv": companies.write_csv().encode(),
    }


def _created(number: int) -> date:
    return date(2025, 2, 1) + timedelta(days=number * 3 // 4)


def _deal(number: int, night: date) -> dict[str, object]:
    created = _created(number)
    age = (night - created).days
    # Each deal goes on every twenty days, and every third one is won.
    stages = ["Discovery", "Demo", "Offer", "Won" if number % 3 == 0 else "Lost"]
    step = min(age // 20, 3)
    changed = created + timedelta(days=20 * step)
    return {
        "Deal": f"d{number}",
        "Company": f"c{number % 120}",
        "Rep": f"rep {number % 6}",
        "Stage": stages[step],
        "Value": 1_000 + 137 * (number % 90),
        "Created": f"{created}T{9 + number % 8:02}:00:00Z",
        "Close": str(created + timedelta(days=60)),
        "Source": ("Web", "Fair", "Partner")[number % 3],
        "Changed": f"{changed}T{9 + number % 8:02}:00:00Z",
    }
