"""Every command that a page names is there, with the options the page gives it.

Belongs here: `flywheel …`, `make …` and `python -m …` in README, CONTRIBUTING and docs/. Does not
belong here: what commands do, and pages whose commands are run (integration/test_readme.py,
integration/test_tutorial.py).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest
from typer.main import get_command

from orchestration.cli import app
from orchestration.settings import PROJECT_ROOT

PAGES = sorted(
    [
        *(PROJECT_ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
        *(PROJECT_ROOT / "docs").rglob("*.md"),
    ]
)
# Indented lines, fences without a language or with a shell's, and code within a sentence.
CODE = re.compile(
    r"^(?: {4}|\t)(?P<line>[^\n]+)$"
    r"|^```(?:sh|bash|console)?\n(?P<fence>.*?)^```"
    r"|`(?P<word>[^`\n]+)`",
    re.M | re.S,
)
OTHER_FENCE = re.compile(r"^```[a-z]+\n.*?^```\n", re.M | re.S)
FLYWHEEL = re.compile(r"(?<![\w.-])flywheel +([a-z][^`|;&\n]*)")
MODULE = re.compile(r"(?<![\w.-])python -m +([a-z_.]+)")
MAKE = re.compile(r"(?<![\w.-])make +(?:[A-Z_]+=\S+ +)*([a-z][a-z-]*)")
TARGETS = set(
    re.findall(r"^([a-z][a-z-]*):", (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
)


def code(text: str) -> Iterator[str]:
    """What stands as code in a page, without answers, SQL and YAML."""
    shells = re.sub(r"^```(?:sh|bash|console)\n", "```\n", text, flags=re.M)
    for found in CODE.finditer(OTHER_FENCE.sub("", shells)):
        yield found["line"] or found["fence"] or found["word"] or ""


def named(pattern: re.Pattern[str]) -> list[tuple[str, str]]:
    """Page and command, each once."""
    return sorted(
        {
            (str(page.relative_to(PROJECT_ROOT)), match.strip())
            for page in PAGES
            for piece in code(page.read_text(encoding="utf-8"))
            for match in pattern.findall(piece)
        }
    )


def mistakes(arguments: list[str]) -> list[str]:
    """What is wrong with `flywheel` and these arguments."""
    command: Any = get_command(app)
    rest = list(arguments)
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest.pop(0)]
    if hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        return [f"{command.name or 'flywheel'} has no command {rest[0]}"]
    known = {"--help"} | {
        name for one in command.params for name in (*one.opts, *one.secondary_opts)
    }
    given = {word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
    return [f"{command.name} has no option {option}" for option in sorted(given - known)]


@pytest.mark.parametrize(("page", "arguments"), named(FLYWHEEL))
def test_a_command_named_in_a_page_is_there(page: str, arguments: str) -> None:
    try:
        words = shlex.split(arguments, comments=True)
    except ValueError:
        # A query that goes on in the next line: the command before it is what counts.
        words = arguments.split('"')[0].split()
    assert mistakes(words) == []


@pytest.mark.parametrize(("page", "target"), named(MAKE))
def test_a_target_of_make_named_in_a_page_is_there(page: str, target: str) -> None:
    assert target in TARGETS


@pytest.mark.parametrize(("page", "module"), named(MODULE))
def test_a_module_that_a_page_runs_is_there(page: str, module: str) -> None:
    found = find_spec(module)
    assert found is not None
    assert found.submodule_search_locations is None or find_spec(f"{module}.__main__") is not None


def test_a_command_that_is_not_there_would_be_found() -> None:
    assert mistakes(["nightly", "--no-such"]) == ["nightly has no option --no-such"]
    assert mistakes(["fly"]) == ["flywheel has no command fly"]
    assert mistakes(["sources", "mend"]) == ["sources has no command mend"]
    assert list(code("a `flywheel fly` b\n\n    make fly\n\n```sh\nflywheel x\n```\n")) == [
        "flywheel fly", "make fly", "flywheel x\n",
    ]  # fmt: skip
