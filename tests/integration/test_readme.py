"""README, tour and pages say what is true of the company that `make nightly` lands.

Belongs here: that command with what the README shows of it, queries and the answers below them, and
the commands of pages, all given to one company. Does not belong here: which command is run where
(tests/page_commands.py), commands that need a server (test_pages_with_servers.py).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.tour.__main__ import files
from orchestration.tour.page import PAGE
from orchestration.tour.questions import questions
from tests.page_commands import NAMED_ALONE, TO_THE_SAMPLE, Given
from tests.pages import Block, checkout, commands

README = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
QUESTIONS = commands("README.md", "sql")
TOUR = [PAGE, *(question.plot.path for question in questions() if question.plot)]
HOME = "flywheel_home"
BLOCKS = [
    pytest.param(block, TO_THE_SAMPLE[block.page, block.first], id=block.place)
    for page in sorted({page for page, _ in TO_THE_SAMPLE})
    for block in commands(page)
    if (block.page, block.first) in TO_THE_SAMPLE
]


@dataclass(frozen=True)
class Sample:
    """The folder of a checkout in which `make nightly` was given, and what that said."""

    folder: Path
    said: str

    @property
    def settings(self) -> Settings:
        """Its home."""
        return Settings(home=self.folder / HOME)

    def give(self, command: list[str]) -> str:
        """Give a command in the folder, as a person does who has .venv/bin on the path."""
        # Not as a part of the make that runs the tests.
        ours = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=ours
            | {
                "FLYWHEEL_HOME": str(self.folder / HOME),
                "PATH": f"{self.folder / '.venv' / 'bin'}:{Path(sys.executable).parent}:"
                + os.environ["PATH"],
                "PYTHONPATH": str(PROJECT_ROOT),
            },
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def copied_to(self, folder: Path, *left_out: str) -> Sample:
        """The same with a home of its own; times of files are copied too, so nothing is due."""
        shutil.copytree(
            self.folder / HOME, checkout(folder) / HOME,
            symlinks=True, ignore=shutil.ignore_patterns(*left_out),
        )  # fmt: skip
        return Sample(folder, self.said)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The sample company, night after night, by the README's first command."""
    made = Sample(checkout(tmp_path_factory.mktemp("readme")), "")
    (block,) = [block for block in commands("README.md") if block.first == "make nightly"]
    return Sample(made.folder, made.give(["sh", "-e", "-c", block.first]))


def test_the_readme_asks_six_questions() -> None:
    assert len(QUESTIONS) == 6


@pytest.fixture(scope="module")
def tour(sample: Sample) -> dict[Path, str]:
    """What the tour's files would be now."""
    return files(sample.settings.published)


@pytest.mark.parametrize("path", TOUR, ids=lambda path: str(path.relative_to(PROJECT_ROOT)))
def test_a_file_of_the_tour_is_up_to_date(tour: dict[Path, str], path: Path) -> None:
    """After a change: `make nightly` in an empty home, then `python -m orchestration.tour`."""
    assert path.read_text(encoding="utf-8") == tour[path]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: f"line {question.line}")
def test_a_query_of_the_readme_gives_the_answer_below_it(
    sample: Sample, monkeypatch: pytest.MonkeyPatch, question: Block
) -> None:
    monkeypatch.setenv("FLYWHEEL_HOME", str(sample.settings.home))
    result = CliRunner().invoke(app, ["sql", question.code])
    assert result.exit_code == 0, result.output
    assert result.output.strip() == (question.answer or "").strip()


def test_the_first_night_is_told_as_in_the_readme(sample: Sample) -> None:
    """Line by line, but for the key: tests bring one."""
    shown = re.search(r"```text\n(landed a sample company.+?)```", README, re.S)
    assert shown is not None
    lines = re.sub(r"made a key.+\nkeep a copy.+\n", "", shown[1]).splitlines()
    said = sample.said.replace(str(sample.folder), "…").splitlines()
    # What make itself says goes before, further nights come after.
    begun = said.index(lines[0])
    assert said[begun : begun + len(lines)] == lines


@pytest.mark.parametrize(("block", "given"), BLOCKS)
def test_a_command_of_a_page_does_what_it_is_there_for(
    sample: Sample, tmp_path: Path, block: Block, given: Given
) -> None:
    asked = {
        "sample": lambda: sample,
        # One version is enough: commands that change a home look into every one of them.
        "copy": lambda: sample.copied_to(tmp_path, "flywheel.2025-09-2*.duckdb"),
        "none": lambda: Sample(checkout(tmp_path), ""),
    }[given.home]()
    for name, folder in given.beside:
        (asked.folder / name).symlink_to(PROJECT_ROOT / folder)
    sql = ["flywheel", "sql", block.code]
    said = asked.give(sql if block.language == "sql" else ["sh", "-e", "-c", block.code])
    assert given.says in said


def test_commands_that_sentences_name_work_one_after_the_other(
    sample: Sample, tmp_path: Path
) -> None:
    asked = sample.copied_to(tmp_path)
    for command, answer in NAMED_ALONE.items():
        assert answer in asked.give(["flywheel", *command.split()]), command


def test_the_readme_names_every_mart(sample: Sample) -> None:
    import duckdb

    with duckdb.connect(str(sample.settings.published.resolve()), read_only=True) as connection:
        marts = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'marts'"
        ).fetchall()
    section = README.partition("## The marts")[2].partition("\n## ")[0]
    assert {name for (name,) in marts} <= set(re.findall(r"`(\w+)`", section))


def test_the_same_extracts_give_the_same_marts_in_another_home(
    sample: Sample, tmp_path: Path
) -> None:
    """No clock and no chance between extract and mart (laws 2 and 4); all nights built at once."""
    import duckdb

    from orchestration.bronze.night import accept, heal, load_night

    other = Sample(checkout(tmp_path), "")
    other.settings.landing.parent.mkdir(parents=True)
    other.settings.landing.symlink_to(sample.settings.landing)
    heal(other.settings)
    for folder in sorted(other.settings.landing.glob("salesforce/*-*-*")):
        load_night(other.settings, date.fromisoformat(folder.name), folder.name, "salesforce")
        accept(other.settings)
    other.give(["flywheel", "nightly"])
    with duckdb.connect() as connection:
        for alias, one in (("one", sample), ("other", other)):
            path = one.settings.published.resolve()
            connection.execute(f"attach '{path}' as {alias} (read_only)")
        tables = connection.execute(
            "select table_name from duckdb_tables() "
            "where schema_name = 'marts' and database_name = 'one'"
        ).fetchall()
        for (table,) in tables:
            differing = connection.execute(
                f"from one.marts.{table} except all from other.marts.{table}"
            ).fetchall()
            assert differing == [], table
