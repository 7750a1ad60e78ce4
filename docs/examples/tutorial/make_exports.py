"""Write the exports of the tutorial: deals of an invented maker of pumps, and how they moved.

`python docs/examples/tutorial/make_exports.py FOLDER`. The same bytes each time: a small generator
of numbers of its own keeps them from changing with Python.
"""

import csv
import sys
from datetime import datetime, timedelta
from pathlib import Path

FIRST_DAY, LAST_DAY = datetime(2025, 7, 1, 8), datetime(2026, 1, 30, 18)
STAGES = ["Discovery", "Demo", "Proposal", "Negotiation"]
# Of 100 deals in a stage, how many go on; and about how many days they stay.
GO_ON, DAYS = [68, 62, 70, 74], [7, 10, 14, 9]
OWNERS = ["Ines Okafor", "Tom Varga", "Lea Brandt"]
SOURCES = ["Website", "Referral", "Trade fair"]
COMPANIES = ["Brightwater", "Halden Works", "Kestrel Farms", "Ormond Quarries", "Pellworm Docks"]


def numbers():
    """Whole numbers from 0 to 99, which look like chance (Park and Miller's generator)."""
    state = 20260130
    while True:
        state = state * 48271 % 2147483647
        yield state // 64 % 100


def exports(deals=160):
    """Rows of the two files."""
    chance = numbers()
    rows, moves = [], []
    for number in range(1, deals + 1):
        at = FIRST_DAY + timedelta(days=number * 1.25, hours=next(chance) % 9)
        created, stage = at, 0
        moves.append([number, STAGES[0], at])
        while True:
            at += timedelta(days=1 + next(chance) * DAYS[stage] / 50, minutes=next(chance))
            if at > LAST_DAY:
                now = STAGES[stage]
                break
            if next(chance) >= GO_ON[stage]:
                now = "Lost"
            elif stage + 1 == len(STAGES):
                now = "Won"
            else:
                stage += 1
                now = STAGES[stage]
            moves.append([number, now, at])
            if now in ("Won", "Lost"):
                break
        rows.append(
            [
                number,
                f"{COMPANIES[next(chance) % 5]}, order {number}",
                OWNERS[next(chance) % 3],
                now,
                f"{800 + next(chance) * 65}.00",
                f"{created:%Y-%m-%d %H:%M}",
                f"{created + timedelta(days=60):%Y-%m-%d}",
                SOURCES[next(chance) % 3],
            ]
        )
    return rows, [[number, stage, f"{at:%Y-%m-%d %H:%M}"] for number, stage, at in moves]


def write(folder):
    """Write both files into a folder."""
    deals, moves = exports()
    heads = {
        "deals.csv": ["Deal ID", "Deal name", "Owner", "Stage", "Value", "Created",
                      "Expected close", "Source"],
        "stage_changes.csv": ["Deal ID", "Stage", "Changed at"],
    }  # fmt: skip
    for (name, head), rows in zip(heads.items(), (deals, moves), strict=True):
        with (Path(folder) / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([head, *rows])


if __name__ == "__main__":
    write(sys.argv[1])
