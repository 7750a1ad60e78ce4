"""What names a row of a mart is said once by dbt and once by its suite: both say the same.

Belongs here: that agreement; PostgreSQL makes primary keys of what the suites say. Does not belong
here: whether the rows keep to it (dbt's tests, every night).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from orchestration.gate.suites import read_suites
from orchestration.settings import PROJECT_ROOT

MODELS = PROJECT_ROOT / "dbt_project" / "models"


def keys_by_dbt() -> Iterator[tuple[str, list[str]]]:
    """Marts and the columns whose combination a test of dbt calls the key."""
    for path in sorted((MODELS / "marts").rglob("*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            for test in model.get("data_tests", []):
                if "unique_combination" in test:
                    yield model["name"], test["unique_combination"]["arguments"]["columns"]
            for column in model["columns"]:
                tests = [test for test in column.get("data_tests", []) if "unique" in test]
                if any(test["unique"]["name"].endswith("_key_is_unique") for test in tests):
                    yield model["name"], [column["name"]]


KEYS = dict(keys_by_dbt())


@pytest.mark.parametrize("suite", read_suites(), ids=lambda suite: suite.table)
def test_a_suite_names_a_row_as_dbt_tests_it(suite) -> None:
    schema, table = suite.table.split(".")
    if schema == "marts":
        assert sorted(suite.key) == sorted(KEYS[table])
