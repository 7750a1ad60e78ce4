"""Rules that every module keeps: a charter that is true, a readable size, no work at import."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT

MODULES = sorted((PROJECT_ROOT / "orchestration").rglob("*.py"))
ROOMS = [path for path in MODULES if path.name == "__init__.py"]
FOLDERS = (PROJECT_ROOT, PROJECT_ROOT / "orchestration", PROJECT_ROOT / "tests")
READABLE_LINES = 400


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PROJECT_ROOT)))
def test_a_module_opens_with_its_charter(path: Path) -> None:
    charter = ast.get_docstring(ast.parse(path.read_text()))
    assert charter, f"{path} says nothing of what belongs into it"


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: path.parent.name)
def test_the_charter_of_a_room_names_what_is_in_it_and_nothing_else(path: Path) -> None:
    charter = ast.get_docstring(ast.parse(path.read_text())) or ""
    modules = {each.name for each in path.parent.glob("*.py") if not each.name.startswith("__")}
    rooms = {each.parent.name for each in path.parent.glob("*/__init__.py")}
    assert set(re.findall(r"(?<![/\w])\w+\.py\b", charter)) == modules
    assert {f"{room}/" for room in rooms} <= set(re.findall(r"\w+/", charter))


def test_files_that_charters_point_at_are_there() -> None:
    """Beside the module, in `orchestration` or `tests`, or from the root."""
    lost = [
        f"{path.relative_to(PROJECT_ROOT)}: {named}"
        for package in ("orchestration", "tests")
        for path in (PROJECT_ROOT / package).rglob("*.py")
        for named in re.findall(
            r"(?<![\w/.<>{*-])[\w/]+\.(?:py|sql|md)\b",
            ast.get_docstring(ast.parse(path.read_text())) or "",
        )
        if not any((folder / named).exists() for folder in (path.parent, *FOLDERS))
    ]
    assert lost == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PROJECT_ROOT)))
def test_a_module_can_be_read_at_a_sitting(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= READABLE_LINES


def test_a_backport_is_asked_for_in_one_module_which_newer_pythons_do_without() -> None:
    asking = [
        path.name
        for folder in ("orchestration", "tests", "docs")
        for path in (PROJECT_ROOT / folder).rglob("*.py")
        if re.search(r"^ *(?:from|import) backports\b", path.read_text(), re.M)
    ]
    assert asking == ["zstandard.py"]


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    """`flywheel status` must not pay for Dagster, dbt or Great Expectations."""
    code = (
        "import sys, orchestration.cli, orchestration.nightly, orchestration.commands.printing;"
        "heavy = {'dagster', 'dbt', 'great_expectations', 'pandas', 'dagster_dbt'};"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_the_definitions_reads_and_connects_to_nothing(tmp_path: Path) -> None:
    code = "import orchestration.definitions"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={"FLYWHEEL_HOME": str(tmp_path / "home"), "PATH": ""},
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
