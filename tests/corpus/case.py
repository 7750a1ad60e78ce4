"""What a case is, and the home that its file lands in.

Belongs here: the shape of a case, its sources, and running it through a night's loading.
Does not belong here: the cases themselves (*_files.py), what is asserted (test_corpus.py).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from orchestration.bronze.night import load_night
from orchestration.bronze.paths import accepted_path, quarantine_path
from orchestration.extracts.ledger import Load
from orchestration.settings import Settings
from tests.conftest import land

NIGHT = date(2025, 9, 28)

# A mapped source with keys of text and a column of every other type.
ACME = """\
source: acme
extract: delta
objects:
  opportunities:
    files: "deals*"
    key: opportunity_id
    columns:
      opportunity_id: id
      stage: state
      amount: {column: value, optional: true}
      close_date: {column: close, optional: true}
      created_at: {column: created, optional: true}
      probability: {column: chance, optional: true}
      is_deleted: {column: gone, optional: true}
      next_step: {column: note, optional: true}
  users:
    files: "people*"
    key: user_id
    columns: {user_id: id, user_name: name}
  accounts:
    files: "firms*"
    key: account_id
    columns: {account_id: id, employee_count: staff}
"""
DEALS = ("opportunity_id", "stage", "amount")
ROLES = ("Id", "Name", "ParentRoleId")


@dataclass(frozen=True)
class Case:
    """One file and what must become of it.

    `accepted` holds the values of `columns` in each accepted row, in order; `refused` the rule of
    each quarantined row, or how it begins, by row number; `error` a part of the text that a refused
    file gets. Bytes may depend on the folder above the home, where nothing must be written. `says`
    are words that the source file has besides.
    """

    title: str
    content: bytes | str | Callable[[Path], bytes]
    accepted: Sequence[tuple[Any, ...]] = ()
    refused: dict[int, str] = field(default_factory=dict)
    error: str = ""
    columns: tuple[str, ...] = DEALS
    file: str = "deals.csv"
    source: str = "acme"
    says: str = ""
    source_file: str = ACME
    max_file_bytes: int | None = None

    def data(self, above: Path) -> bytes:
        """The bytes of the file."""
        made = self.content(above) if callable(self.content) else self.content
        return made.encode() if isinstance(made, str) else made


@dataclass(frozen=True)
class Outcome:
    """What became of a case."""

    load: Load
    accepted: list[tuple[Any, ...]]
    refused: dict[int, str]
    quarantine: pl.DataFrame


def home_of(case: Case, above: Path) -> Settings:
    """A home in a folder of its own, which knows the case's source."""
    limits = {} if case.max_file_bytes is None else {"max_file_bytes": case.max_file_bytes}
    settings = Settings(home=above / "home", **limits)
    settings.user_sources.mkdir(parents=True, exist_ok=True)
    text = case.source_file + case.says
    (settings.user_sources / "acme.yml").write_text(text, encoding="utf-8")
    return settings


def outcome_of(case: Case, above: Path) -> Outcome:
    """Land the file of a case and load its night."""
    settings = home_of(case, above)
    land(settings, case.source, NIGHT, {case.file: case.data(above)})
    (load,) = load_night(settings, NIGHT, "run", case.source)
    return outcome_of_load(settings, load, case.columns)


def outcome_of_load(settings: Settings, load: Load, columns: Sequence[str]) -> Outcome:
    """Both sides of a load."""
    good, bad = accepted_path(settings, load), quarantine_path(settings, load)
    accepted = pl.read_parquet(good) if good.exists() else pl.DataFrame()
    quarantine = pl.read_parquet(bad) if bad.exists() else pl.DataFrame()
    return Outcome(
        load=load,
        accepted=accepted.select(columns).rows() if good.exists() else [],
        refused=dict(quarantine.select("row_number", "rule").rows()) if bad.exists() else {},
        quarantine=quarantine,
    )


def table(*rows: Iterable[str], **dialect: Any) -> str:
    """A CSV text as the csv module writes it, by default with LF."""
    text = io.StringIO(newline="")
    csv.writer(text, **({"lineterminator": "\n"} | dialect)).writerows(rows)
    return text.getvalue()
