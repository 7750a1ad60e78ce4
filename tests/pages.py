"""What stands as code in README and docs, and a folder in which it can be given as it stands.

Belongs here: taking pages apart, and a checkout after `make install`. Does not belong here: which
test runs what (page_commands.py), what comes of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import dedent

from orchestration.settings import PROJECT_ROOT

PAGES = sorted(
    str(path.relative_to(PROJECT_ROOT))
    for path in [
        *(PROJECT_ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
        *(PROJECT_ROOT / "docs").rglob("*.md"),
        PROJECT_ROOT / "expectations" / "README.md",
        *(PROJECT_ROOT / "tests").glob("*/README.md"),
    ]
)
# Fences of these languages show what was answered, or what stands in a file.
_NO_COMMANDS = {"text", "yaml", "json", "csv"}
_ANSWER = "text"
_FENCE, _INDENT = "```", " " * 4
_OF_A_CHECKOUT = (
    "Makefile", "dbt_project", "dbt_project.yml", "docs", "profiles.yml", "pyproject.toml",
    "requirements.txt",
)  # fmt: skip
_SCRIPT = "from orchestration.cli import main\n\nmain()\n"


@dataclass(frozen=True)
class Block:
    """Code of a page: a fence with its language, or indented lines with none."""

    page: str
    line: int
    language: str
    code: str
    answer: str | None

    @property
    def first(self) -> str:
        """Its first line: with the page, its name."""
        return self.code.partition("\n")[0]

    @property
    def place(self) -> str:
        """Where it stands, for a person."""
        return f"{self.page}:{self.line}"


def commands(page: str, language: str | None = None) -> list[Block]:
    """Everything in a page that somebody may give, of one language if it is said.

    What stands in a fence of `text` right below it is its answer.
    """
    blocks: list[Block] = []
    end_of_the_last = 0
    for begun, end, kind, code in _parts((PROJECT_ROOT / page).read_text(encoding="utf-8")):
        if kind not in _NO_COMMANDS:
            blocks.append(Block(page, begun, kind, code, None))
        elif kind == _ANSWER and blocks and begun == end_of_the_last + 2:
            blocks[-1] = replace(blocks[-1], answer=code)
        end_of_the_last = end
    return [block for block in blocks if language is None or block.language == language]


def _parts(text: str) -> Iterator[tuple[int, int, str, str]]:
    """First line, last line, language and code of each block of a page."""
    lines = [*text.splitlines(), ""]
    number = 0
    while number < len(lines):
        begun, line = number, lines[number]
        number += 1
        if line.startswith(_FENCE):
            number = lines.index(_FENCE, number) + 1
            yield begun + 1, number, line.strip("`"), _joined(lines[begun + 1 : number - 1])
        elif line.startswith(_INDENT) and not lines[begun - 1].strip():
            while lines[number].startswith(_INDENT):
                number += 1
            yield begun + 1, number, "", _joined(lines[begun:number])


def _joined(lines: list[str]) -> str:
    return dedent("\n".join([*lines, ""]))


def checkout(folder: Path) -> Path:
    """Make a folder look like this checkout after `make install`, with this interpreter."""
    for name in _OF_A_CHECKOUT:
        (folder / name).symlink_to(PROJECT_ROOT / name)
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "flywheel").write_text(f"#!{sys.executable}\n{_SCRIPT}")
    (programs / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    for program in programs.iterdir():
        program.chmod(0o755)
    (folder / ".venv" / ".installed").touch()
    return folder
