"""The tutorial is true: its commands, given one after the other, do what it says.

Belongs here: running docs/tutorial.md. Does not belong here: commands that other pages name
(architecture/test_named_commands.py).
"""

from __future__ import annotations

import os
import re
import runpy
import subprocess
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT
from tests.pages import checkout, commands

FOLDER = PROJECT_ROOT / "docs" / "examples" / "tutorial"
Said = tuple[str, str | None, str]
STEPS = [(block.code, block.answer) for block in commands("docs/tutorial.md", "")]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[Said]:
    """Each block of commands with the page's answer and the real one, given in one shell."""
    folder = checkout(tmp_path_factory.mktemp("tutorial"))
    passed = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    mark = "----- end of a block -----"
    # The last block removes everything: the chart is looked at before.
    blocks = [commands for commands, _ in STEPS[:-1]]
    shell = "\n".join(f"{block}echo '{mark}'" for block in blocks)
    done = subprocess.run(
        ["bash", "-e", "-c", shell],
        cwd=folder, env=passed | {"PYTHONPATH": str(PROJECT_ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    chart = (folder / "tutorial_home" / "funnel.svg").read_text(encoding="utf-8")
    assert "Negotiation" in chart
    subprocess.run(["bash", "-e", "-c", STEPS[-1][0]], cwd=folder, check=True)
    assert not (folder / "tutorial_home").exists()
    outputs = done.stdout.split(f"{mark}\n")
    return [(*step, output) for step, output in zip(STEPS[:-1], outputs, strict=False)]


def test_the_tutorial_goes_through_to_the_chart(said: list[Said]) -> None:
    commands = " ".join(block for block, _, _ in said)
    for step in ("make install", "sources infer", "sources check", "nightly", "sql", "chart.py"):
        assert step in commands


def test_the_answers_of_the_tutorial_are_those_that_come(said: list[Said]) -> None:
    with_answer = [(block, answer, output) for block, answer, output in said if answer]
    assert len(with_answer) == 3
    for block, answer, output in with_answer:
        assert answer.strip() in output, block


def test_no_check_warns_in_the_night_of_the_tutorial(said: list[Said]) -> None:
    (output,) = [output for block, _, output in said if "flywheel nightly" in block]
    assert re.search(r"checked   \d+ checks: \d+ passed, 0 warned, 0 refused", output)


def test_the_exports_of_the_tutorial_are_what_their_script_writes(tmp_path: Path) -> None:
    runpy.run_path(str(FOLDER / "make_exports.py"))["write"](tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_bytes() for path in (FOLDER / "exports").iterdir()}
