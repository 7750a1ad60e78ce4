"""The dbt source declarations, written from the contracts.

Belongs here: turning contracts into `dbt_project/models/staging/<source>/_<source>__sources.yml`,
and into the list of all bronze objects that a macro gives. What dbt is told of is what it may see
(privacy/masking.py).
A test compares the files with what this module writes; after a change to a contract run

    python -m orchestration.sources.dbt_sources

Does not belong here: what a person reads about the contracts (reference.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from orchestration.bronze.profile import SCHEMA as PROFILE_SCHEMA
from orchestration.extracts.ledger import SCHEMA as LEDGER_SCHEMA
from orchestration.gate.accepted import COLUMNS as ACCEPTED
from orchestration.gate.accepted import NAME as ACCEPTED_FILE
from orchestration.privacy.masking import masked_columns, masked_description
from orchestration.settings import PROJECT_ROOT
from orchestration.sources.catalog import canonical_contracts, native_sources
from orchestration.sources.contract import ORIGIN_COLUMNS, SQL_TYPES, Contract
from orchestration.sources.stage_map import COLUMNS as STAGE_MAP
from orchestration.sources.stage_map import NAME as STAGE_MAP_FILE

_STAGING = PROJECT_ROOT / "dbt_project" / "models" / "staging"
_OBJECTS = PROJECT_ROOT / "dbt_project" / "macros" / "sources" / "bronze_objects.sql"
# It stands in quotation marks, and DuckDB reads brackets as a choice of characters.
_HOME = (
    "{{ env_var('FLYWHEEL_HOME', 'flywheel_home') "
    """| replace("'", "''") | replace('[', '[[]') }}"""
)
_HEADING = "# Written from the contracts by orchestration/sources/dbt_sources.py: change those.\n"

_CRMS = {"salesforce": "Salesforce", "hubspot": "HubSpot"}

# The objects whose records are followed one by one from bronze to the marts (ops.reconciliation).
_COUNTED = {"opportunity", "deal", "opportunities"}
_OBJECTS_TEXT = """\
{{#-
    Every object in bronze as source, object and key; the key only where reconciliation counts its
    records.

    Written from the contracts by orchestration/sources/dbt_sources.py: change those.
-#}}
{{% macro bronze_objects() -%}}
    {{{{ return([
{rows}
    ]) }}}}
{{%- endmacro %}}
"""


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
            f"Objects of {_CRMS[name]}, in its own columns.",
            source.contracts.values(),
            folder=name,
        )
    files[_OBJECTS] = _OBJECTS_TEXT.format(rows="\n".join(_object_rows()))
    files[_path("flywheel")] = _text(
        "flywheel",
        "What Flywheel itself remembers.",
        [
            {
                "name": "ledger",
                "description": "One row a file that was loaded for one object.",
                "config": {"external_location": f"read_parquet('{_HOME}/bronze/ledger.parquet')"},
                "columns": [{"name": name} for name in LEDGER_SCHEMA],
            },
            {
                "name": "load_profile",
                "description": "One row a load × topic × column × label: how many rows it has.",
                "config": {
                    "external_location": f"read_parquet('{_HOME}/ops/load_profile.parquet')"
                },
                "columns": [{"name": name} for name in PROFILE_SCHEMA],
            },
            {
                "name": "stage_map",
                "description": "One row a stage × period in which it stood for another stage.",
                "config": {
                    "external_location": f"read_csv('{_HOME}/sources/{STAGE_MAP_FILE}', "
                    "header=true, all_varchar=true)"
                },
                "columns": [{"name": name, "data_type": "varchar"} for name in STAGE_MAP],
            },
            {
                "name": "accepted",
                "description": "One row a night × column whose values were accepted as meant.",
                "config": {
                    "external_location": f"read_csv('{_HOME}/ops/{ACCEPTED_FILE}', "
                    "header=true, all_varchar=true)"
                },
                "columns": [{"name": name, "data_type": "varchar"} for name in ACCEPTED],
            },
        ],
    )
    return files


def _object_rows() -> Iterator[str]:
    families = {name: source.contracts for name, source in native_sources().items()}
    for family, contracts in (families | {"mapped": canonical_contracts()}).items():
        for contract in contracts.values():
            key = f"'{contract.key[0]}'" if contract.object in _COUNTED else "none"
            yield f"        ('{family}', '{contract.object}', {key}),"


def _path(name: str) -> Path:
    return _STAGING / name / f"_{name}__sources.yml"


def _source(name: str, description: str, contracts: Iterable[Contract], folder: str) -> str:
    tables = []
    for contract in contracts:
        files = f"{_HOME}/masked/{folder}/{contract.object}/*/*.parquet"
        tables.append(
            {
                "name": contract.object,
                "description": contract.description,
                "config": {
                    "external_location": f"read_parquet('{files}', union_by_name=true)",
                    "meta": {"key": list(contract.key)},
                },
                "columns": list(_columns(contract)),
            }
        )
    return _text(name, description, tables)


def _columns(contract: Contract) -> Iterator[dict[str, Any]]:
    """The columns that the models see; of a tagged one what stands for it, with its tag."""
    for name, type_, column in masked_columns(contract):
        said: dict[str, Any] = {"name": name, "data_type": SQL_TYPES[type_]}
        if column.description:
            said["description"] = masked_description(name, column)
        if column.personal:
            said["config"] = {"meta": {"personal": column.personal, "masks": column.name}}
        yield said
    for name, type_ in ORIGIN_COLUMNS.items():
        yield {"name": name, "data_type": SQL_TYPES[type_]}


def _text(name: str, description: str, tables: list[dict[str, Any]]) -> str:
    said = {"sources": [{"name": name, "description": description, "tables": tables}]}
    return _HEADING + yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=200)


if __name__ == "__main__":
    for path, text in declarations().items():
        path.write_text(text, encoding="utf-8")
