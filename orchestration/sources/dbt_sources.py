"""The dbt source declarations, written from the contracts.

Belongs here: turning contracts into `dbt_project/models/staging/<source>/_<source>__sources.yml`.
A test compares the files with what this module writes; after a change to a contract run

    python -m orchestration.sources.dbt_sources
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from orchestration.extracts.ledger import SCHEMA as LEDGER_SCHEMA
from orchestration.settings import PROJECT_ROOT
from orchestration.sources.catalog import canonical_contracts, native_sources
from orchestration.sources.contract import ORIGIN_COLUMNS, SQL_TYPES, Contract

_STAGING = PROJECT_ROOT / "dbt_project" / "models" / "staging"
_HOME = "{{ env_var('FLYWHEEL_HOME', 'flywheel_home') }}"
_HEADING = "# Written from the contracts by orchestration/sources/dbt_sources.py: change those.\n"


def declarations() -> dict[Path, str]:
    """The text of every source file, by its path."""
    files = {
        _path("mapped"): _source(
            "mapped",
            "Objects of all mapped sources, in canonical columns.",
            canonical_contracts().values(),
            folder="*",
        )
    }
    for name, source in native_sources().items():
        files[_path(name)] = _source(
            name,
            f"Objects of {name.title()}, in its own columns.",
            source.contracts.values(),
            folder=name,
        )
    files[_path("flywheel")] = _text(
        "flywheel",
        "What Flywheel itself remembers.",
        [
            {
                "name": "ledger",
                "description": "One row a file that was loaded for one object.",
                "config": {"external_location": f"read_parquet('{_HOME}/bronze/ledger.parquet')"},
                "columns": [{"name": name} for name in LEDGER_SCHEMA],
            }
        ],
    )
    return files


def _path(name: str) -> Path:
    return _STAGING / name / f"_{name}__sources.yml"


def _source(name: str, description: str, contracts: Iterable[Contract], folder: str) -> str:
    tables = []
    for contract in contracts:
        files = f"{_HOME}/bronze/{folder}/{contract.object}/*/*.parquet"
        columns = {column.name: SQL_TYPES[column.type] for column in contract.columns}
        tables.append(
            {
                "name": contract.object,
                "description": contract.description,
                "config": {"external_location": f"read_parquet('{files}', union_by_name=true)"},
                "columns": [
                    {"name": column, "data_type": type_}
                    for column, type_ in (columns | ORIGIN_COLUMNS).items()
                ],
            }
        )
    return _text(name, description, tables)


def _text(name: str, description: str, tables: list[dict[str, Any]]) -> str:
    said = {"sources": [{"name": name, "description": description, "tables": tables}]}
    return _HEADING + yaml.safe_dump(said, sort_keys=False, width=200)


if __name__ == "__main__":
    for path, text in declarations().items():
        path.write_text(text, encoding="utf-8")
