"""docs/connect.md: every example is run exactly as it stands, and answers what the page says.

Belongs here: running the page. Does not belong here: what the shell of `flywheel sql` does with a
person at it (test_sql_command.py).

The version that is asked holds the marts that the page names, with the columns of their contracts.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from orchestration.settings import PROJECT_ROOT, Settings
from tests.integration.postgres_server import publish
from tests.page_commands import NOT_RUN
from tests.pages import Block, commands

PAGE = "docs/connect.md"
EXAMPLES = [
    pytest.param(block, id=f"line {block.line}")
    for block in [*commands(PAGE, "sh"), *commands(PAGE, "python")]
    if (PAGE, block.first) not in NOT_RUN
]
MARTS = PROJECT_ROOT / "dbt_project" / "models" / "marts"


def columns_of(mart: str) -> str:
    """Names and types, as the contract has them."""
    for path in sorted(MARTS.rglob("*.yml")):
        for model in yaml.safe_load(path.read_text()).get("models", []):
            if model["name"] == mart:
                return ", ".join(f'"{c["name"]}" {c["data_type"]}' for c in model["columns"])
    raise LookupError(mart)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds a home, as whoever follows the page stands in it."""
    folder = tmp_path_factory.mktemp("connect")
    publish(
        Settings(home=folder / "flywheel_home"),
        f"create table marts.win_rate ({columns_of('win_rate')})",
        "insert into marts.win_rate by name select * from (values "
        "('win_rate_period_narrow', 'all', 0.25), ('win_rate_period_broad', 'all', 0.2)) "
        "as t(metric_id, dimension, value)",
    )
    # pip leaves the binary of duckdb-cli without the right to be executed.
    tools = folder / "bin"
    tools.mkdir()
    shutil.copyfile(Path(sys.executable).parent / "duckdb", tools / "duckdb")
    (tools / "duckdb").chmod(0o755)
    return folder


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_answers_what_the_page_says(folder: Path, example: Block) -> None:
    command = ["sh", "-e", "-c"] if example.language == "sh" else [sys.executable, "-c"]
    ran = subprocess.run(
        [*command, example.code],
        cwd=folder,
        env=os.environ
        | {
            "FLYWHEEL_HOME": str(folder / "flywheel_home"),
            "PATH": f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    if example.answer is not None:
        assert ran.stdout.strip() == example.answer.strip()


def test_files_of_the_page_hold_what_was_asked(folder: Path) -> None:
    import json

    import polars as pl

    (export,) = (param.values[0] for param in EXAMPLES if "rates.json" in param.values[0].code)
    test_an_example_answers_what_the_page_says(folder, export)

    assert pl.read_parquet(folder / "rates.parquet").height == 2
    assert {row["value"] for row in json.loads((folder / "rates.json").read_text())} == {0.2, 0.25}
