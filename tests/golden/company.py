"""The golden company, from its extracts to marts as text.

Belongs here: loading its two nights, building its marts, and how a value is written in a golden
file. Does not belong here: what must come of them (README.md and marts/).
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import duckdb

from orchestration.bronze.night import accept, heal, load_night
from orchestration.settings import Settings
from tests.conftest import land
from tests.integration.marts import build_marts

HERE = Path(__file__).parent
SOURCE = "golden"
# Which rows of a mart a person can read; of the others all.
OF_ALL = "dimension = 'all'"
ROWS = {
    "funnel_stage_conversion": OF_ALL,
    "funnel_stage_exit": OF_ALL,
    "funnel_lead_to_win": OF_ALL,
    "win_rate": f"{OF_ALL} and grain = 'all'",
    "cohort_win_triangle": OF_ALL,
    "pipeline_daily": "date_day in ('2024-02-01', '2024-02-12', '2024-02-21', '2024-03-20', "
    "'2024-06-19', '2024-06-20', '2024-06-29', '2024-06-30')",
}

# A row as text, by column.
Row = dict[str, str]


def golden_files() -> dict[str, Path]:
    """Mart and file. The header of a file says which columns count, the first ones order it."""
    return {path.stem: path for path in sorted((HERE / "marts").glob("*.csv"))}


def golden_rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def header_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()[0].split(",")


def text_of(header: Iterable[str], rows: Iterable[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(header), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def load(settings: Settings) -> None:
    """Land and load night after night; nothing may be refused."""
    shutil.copytree(HERE / "company", settings.company.parent, dirs_exist_ok=True)
    heal(settings)
    for folder in sorted((HERE / "nights").iterdir()):
        night = date.fromisoformat(folder.name)
        files: dict[str, str | bytes] = {
            path.name: path.read_bytes() for path in sorted(folder.glob("*.csv"))
        }
        land(settings, SOURCE, night, files)
        loads = load_night(settings, night, f"run of {night}", SOURCE)
        refused = [load for load in loads if load.error or load.rows_quarantined]
        assert not refused, refused
        accept(settings)


def built_marts(settings: Settings) -> dict[str, list[Row]]:
    """The golden rows and columns of all marts that have a golden file, as built."""
    load(settings)
    files = golden_files()
    build_marts(settings, files)
    with duckdb.connect(str(settings.candidate), read_only=True) as connection:
        return {
            mart: list(rows_of(connection, mart, header_of(path))) for mart, path in files.items()
        }


def rows_of(connection: duckdb.DuckDBPyConnection, mart: str, columns: list[str]) -> Iterator[Row]:
    query = (
        f"select {', '.join(columns)} from marts.{mart} where {ROWS.get(mart, 'true')} "
        "order by all nulls first"
    )
    for row in connection.execute(query).fetchall():
        yield dict(zip(columns, map(written, row), strict=True))


def written(value: Any) -> str:
    """As a person would: keys without the source, midnight as a day, six decimals, NULL as nothing.

    An empty text is none of the values of these marts.
    """
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime() if value.time() == time():
            return str(value.date())
        case float():
            return f"{value:.6f}".rstrip("0").rstrip(".")
        case str():
            return value.removeprefix(f"{SOURCE}:")
    return str(value)
