"""What is read, what is quarantined, what dbt is told and what the docs promise are one contract.

Belongs here: the committed dbt source files and reference pages, held against files that are really
loaded. Does not belong here: whether those files are written anew (test_source_files.py,
test_source_reference.py), what a column should be (test_salesforce_contracts.py, …).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest
import yaml

from orchestration.bronze.header import MissingColumnsError, match_header
from orchestration.bronze.load import load_file
from orchestration.bronze.paths import accepted_path, quarantine_path
from orchestration.extracts.landing import local_file
from orchestration.extracts.ledger import Ledger
from orchestration.privacy.masking import masked_rows
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.sources.catalog import CANONICAL, canonical_contracts, native_sources
from orchestration.sources.contract import Contract

NIGHT = date(2025, 9, 28)
CONTRACTS = [
    *canonical_contracts().values(),
    *(each for source in native_sources().values() for each in source.contracts.values()),
]
GOOD = {
    "text": "x",
    "salesforce_id": "006000000000001AAA",
    "integer": "1",
    "decimal": "1.5",
    "double": "0.5",
    "boolean": "true",
    "date": "2025-09-28",
    "timestamp": "2025-09-28T10:00:00.000Z",
}
BAD = "?!"
REQUIRED = "**required**"

of_each_contract = pytest.mark.parametrize("contract", CONTRACTS, ids=lambda each: each.name)


@dataclass(frozen=True)
class Documented:
    """A column as its reference page has it."""

    name: str
    header: str
    type: str
    is_required: bool
    is_required_in_file: bool


def documented(contract: Contract) -> list[Documented]:
    text = (PROJECT_ROOT / "docs" / "sources" / f"{contract.source}.md").read_text("utf-8")
    section = text.split(f"\n## {contract.object}\n", 1)[1].split("\n## ", 1)[0]
    head, _, *lines = [line for line in section.splitlines() if line.startswith("| ")]
    names = _cells(head)
    found = []
    for line in lines:
        row = dict(zip(names, _cells(line), strict=True))
        read_from = row.get("read from") or row["column"]
        found.append(
            Documented(
                name=row["column"].strip("`"),
                header=read_from.split("`")[1],
                type=row["type"],
                is_required=row["value"] == REQUIRED,
                is_required_in_file=row.get("in the file") == REQUIRED,
            )
        )
    return found


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in line.strip("| ").split(" |")]


def declared_to_dbt(contract: Contract) -> dict[str, str]:
    family = "mapped" if contract.source == CANONICAL else contract.source
    folder = PROJECT_ROOT / "dbt_project" / "models" / "staging" / family
    (source,) = yaml.safe_load((folder / f"_{family}__sources.yml").read_text("utf-8"))["sources"]
    (table,) = (each for each in source["tables"] if each["name"] == contract.object)
    return {column["name"]: column["data_type"] for column in table["columns"]}


@dataclass(frozen=True)
class Loaded:
    """What became of rows in which one column after another is empty, or holds nonsense."""

    bronze: dict[str, str]
    refused: dict[int, tuple[str, str]]


def load(
    contract: Contract, rows: list[dict[str, str]], settings: Settings, folder: Path
) -> Loaded:
    path = folder / "file.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    loaded = load_file(local_file(contract, NIGHT, path), Ledger(settings.ledger), settings, "run")
    assert loaded.error is None
    assert loaded.rows_read == len(rows)
    seen = folder / "masked.parquet"
    masked_rows(accepted_path(settings, loaded), contract, b"a key of this test").sink_parquet(seen)
    rows_of = f"read_parquet('{seen}', hive_partitioning = false)"
    described = duckdb.sql(f"describe from {rows_of}").fetchall()
    bad = quarantine_path(settings, loaded)
    refused = pl.read_parquet(bad).iter_rows(named=True) if bad.exists() else []
    return Loaded(
        bronze={name: type_.lower() for name, type_, *_ in described},
        refused={row["row_number"] - 2: (row["column"], row["rule"]) for row in refused},
    )


@of_each_contract
def test_rows_are_loaded_as_the_docs_and_dbt_are_told(
    contract: Contract, settings: Settings, tmp_path: Path
) -> None:
    columns = documented(contract)
    good = {column.header: GOOD[column.type] for column in columns}
    rows, refused = [good], {}
    for header in good:
        readers = [column for column in columns if column.header == header]
        if broken := [column.name for column in readers if column.is_required]:
            refused[len(rows)] = (broken[0], "missing")
        rows.append(good | {header: ""})
        if broken := [column.name for column in readers if column.type != "text"]:
            refused[len(rows)] = (broken[0], "type")
        rows.append(good | {header: BAD})
    loaded = load(contract, rows, settings, tmp_path)

    assert loaded.refused == refused
    assert loaded.bronze == declared_to_dbt(contract)


@pytest.mark.parametrize(
    "contract",
    [each for each in CONTRACTS if each.source != CANONICAL],
    ids=lambda contract: contract.name,
)
def test_a_file_may_lack_what_the_docs_do_not_require(contract: Contract) -> None:
    columns = documented(contract)
    headers = list(dict.fromkeys(column.header for column in columns))
    needed = {column.header for column in columns if column.is_required_in_file}
    refused = set()
    for lacking in headers:
        try:
            match_header(contract, tuple(name for name in headers if name != lacking))
        except MissingColumnsError:
            refused.add(lacking)

    assert refused == needed
