"""The sample company: opportunities that live by a planted truth, exported as Salesforce nights.

What the warehouse computes from these extracts can be compared with what was planted, which no
real CRM allows. Belongs in this package: drawing the company, rendering its extracts, recording
the truth. Does not belong here: reading extracts, and anything that looks at the clock.

period.py, draws.py, truth.py    the span of time; drawing; the planted parameters
company.py                       the company, drawn from one seed: people.py, accounts.py, leads.py,
                                 persons.py, campaigns.py, opportunities.py, lives.py, tasks.py,
                                 lines.py
salesforce.py                    its extracts, night by night: salesforce_leads.py,
                                 salesforce_columns.py, salesforce_ids.py, landing.py
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

from orchestration.simulation.company import draw_company, realised
from orchestration.simulation.landing import refuse_existing, write_night, write_text
from orchestration.simulation.period import Period
from orchestration.simulation.salesforce import OBJECTS, SalesforceExport
from orchestration.simulation.truth import Truth

__all__ = ["Simulated", "simulate"]


@dataclass(frozen=True)
class Simulated:
    """What was written: the nights, a folder for each, rows per object over all nights, the truth.

    `truth` is the path of `_truth.json`; `truth.py` describes its content.
    """

    nights: list[datetime.date]
    folders: list[Path]
    row_counts: dict[str, int]
    truth: Path


def simulate(
    landing: Path, *, opportunities: int, nights: int, seed: int, first_night: datetime.date
) -> Simulated:
    """Writes `nights` Salesforce nights from `first_night` on, and the truth behind them.

    Exactly `opportunities` opportunities exist at the end of the last night, deleted ones
    included. The first night is a full extract with two years of history, the others hold what
    changed on their day. Equal arguments give equal bytes.

    Raises ValueError if `opportunities` or `nights` is below 1, if `seed` is negative, or if a
    night's folder exists already; nothing has been written then.
    """
    if opportunities < 1 or nights < 1 or seed < 0:
        raise ValueError(
            "a simulation needs at least one opportunity, one night and a seed of 0 or more, "
            f"not opportunities={opportunities}, nights={nights}, seed={seed}"
        )
    period = Period(first_night, nights)
    source = landing / "salesforce"
    folders = [source / night.isoformat() for night in period.dates()]
    refuse_existing(folders)

    company = draw_company(opportunities, period, seed)
    export = SalesforceExport(company)
    row_counts = dict.fromkeys(OBJECTS, 0)
    for night, folder in enumerate(folders):
        tables = export.tables(night)
        write_night(folder, tables)
        for name, table in tables.items():
            row_counts[name] += table.height

    truth = Truth(
        seed=seed,
        first_night=period.dates()[0].isoformat(),
        last_night=period.dates()[-1].isoformat(),
        reps=export.rep_truths(),
        realised=realised(company),
        persons=company.persons.planted(),
    )
    # By its first letter it is nothing that was landed.
    truth_path = source / "_truth.json"
    write_text(truth_path, truth.to_json())
    return Simulated(period.dates(), folders, row_counts, truth_path)
