"""The tutorial is true: its commands, given one after the other, do what it says.

Belongs here: running docs/tutorial.md. Does not belong here: commands that other pages name
(architecture/test_named_commands.py).
"""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
FOLDER = PROJECT_ROOT / "docs" / "examples" / "tutorial"
# What a reader gives (indented), and what stands below it as an answer (fenced).
STEPS = re.findall(r"^((?: {4}[^\n]+\n)+)(?:\n```text\n(.+?)```)?", PAGE, re.M | re.S)
SCRIPT = "from orchestration.cli import main; main()"


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, str]]:
    """Each block of commands with the page's answer and the real one, given in one shell."""
    checkout = _checkout(tmp_path_factory.mktemp("tutorial"))
    passed = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    mark = "----- end of a block -----"
    # The last block removes everything: the chart is looked at before.
    blocks = [commands for commands, _ in STEPS[:-1]]
    shell = "\n".join(f"{block}echo '{mark}'" for block in blocks)
    done = subprocess.run(
        ["bash", "-e", "-c", shell],
        cwd=checkout, env=passed | {"PYTHONPATH": str(PROJECT_ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    chart = (checkout / "tutorial_home" / "funnel.svg").read_text(encoding="utf-8")
    assert "Negotiation" in chart
    subprocess.run(["bash", "-e", "-c", STEPS[-1][0]], cwd=checkout, check=True)
    assert not (checkout / "tutorial_home").exists()
    outputs = done.stdout.split(f"{mark}\n")
    return [(*step, output) for step, output in zip(STEPS[:-1], outputs, strict=False)]


def _checkout(folder: Path) -> Path:
    """A folder that looks like this checkout after `make install`, with this interpreter."""
    for name in ("Makefile", "docs", "pyproject.toml", "requirements.txt"):
        (folder / name).symlink_to(PROJECT_ROOT / name)
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, arguments in (("flywheel", f'-c "{SCRIPT}" "$@"'), ("python", '"$@"')):
        (programs / name).write_text(f"#!/bin/sh\nexec {sys.executable} {arguments}\n")
        (programs / name).chmod(0o755)
    (folder / ".venv" / ".installed").touch()
    return folder


def test_the_tutorial_goes_through_to_the_chart(said: list[tuple[str, str, str]]) -> None:
    commands = " ".join(block for block, _, _ in said)
    for step in ("make install", "sources infer", "sources check", "nightly", "sql", "chart.py"):
        assert step in commands


def test_the_answers_of_the_tutorial_are_those_that_come(said: list[tuple[str, str, str]]) -> None:
    with_answer = [(block, answer, output) for block, answer, output in said if answer]
    assert len(with_answer) == 3
    for block, answer, output in with_answer:
        assert answer.strip() in output, block


def test_the_night_of_the_tutorial_warns_of_what_it_says(said: list[tuple[str, str, str]]) -> None:
    (output,) = [output for block, _, output in said if "flywheel nightly" in block]
    assert re.search(r"checked   \d+ checks: \d+ passed, 3 warned, 0 refused", output)


def test_the_exports_of_the_tutorial_are_what_their_script_writes(tmp_path: Path) -> None:
    runpy.run_path(str(FOLDER / "make_exports.py"))["write"](tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_bytes() for path in (FOLDER / "exports").iterdir()}
