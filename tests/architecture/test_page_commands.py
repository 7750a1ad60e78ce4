"""Each command of README and docs is run by a test, or the table says in plain words why not.

Belongs here: the table beside the pages. Does not belong here: running
(integration/test_readme.py and the modules that the table names), options of commands
(test_named_commands.py).
"""

from __future__ import annotations

import pytest

from orchestration.settings import PROJECT_ROOT
from tests.architecture.test_named_commands import FLYWHEEL, named
from tests.page_commands import (
    BY_A_TEST,
    NAMED_ALONE,
    NAMED_ELSEWHERE,
    NOT_RUN,
    TO_THE_SAMPLE,
    WHOLE,
    modules,
    runner,
)
from tests.pages import PAGES, Block, commands

BLOCKS = [block for page in PAGES for block in commands(page)]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_has_a_test_or_a_reason(page: str) -> None:
    unknown = [f"{block.place}: {block.first}" for block in commands(page) if not runner(block)]
    assert unknown == [], "add them to tests/page_commands.py"


def test_every_command_that_a_sentence_names_has_a_test() -> None:
    in_blocks = "\n".join(block.code for block in BLOCKS)
    # What may be left out is left out.
    said = {command.partition(" [")[0] for _, command in named(FLYWHEEL)}
    alone = {command for command in said if f"flywheel {command}" not in in_blocks}
    assert alone - {*NAMED_ALONE, *NAMED_ELSEWHERE} == set()
    assert {*NAMED_ALONE, *NAMED_ELSEWHERE} - said == set()


def test_the_table_names_no_command_that_is_gone() -> None:
    there = {(block.page, block.first) for block in BLOCKS}
    assert {*BY_A_TEST, *TO_THE_SAMPLE, *NOT_RUN} - there == set()
    assert set(WHOLE) - {(block.page, block.language) for block in BLOCKS} == set()


def test_no_two_lines_of_the_table_are_about_one_command() -> None:
    named = [*BY_A_TEST, *TO_THE_SAMPLE, *NOT_RUN]
    assert len(named) == len(set(named))


def test_the_name_of_a_block_is_that_of_no_other() -> None:
    named = {*BY_A_TEST, *TO_THE_SAMPLE, *NOT_RUN}
    for name in named:
        assert len([block for block in BLOCKS if (block.page, block.first) == name]) == 1, name


@pytest.mark.parametrize("module", sorted(modules()), ids=str)
def test_a_module_of_the_table_takes_commands_from_its_pages(module: object) -> None:
    text = (PROJECT_ROOT / "tests" / str(module)).read_text(encoding="utf-8")
    runs = {page for (page, _), one in (WHOLE | BY_A_TEST).items() if one == str(module)}
    assert "tests.pages import" in text
    assert {page for page in runs if f'"{page}"' not in text and page != "docs/tour.md"} == set()


def test_a_new_command_without_a_test_would_be_told() -> None:
    new = Block("docs/sources.md", 1, "sh", "flywheel fly\n", None)
    assert runner(new) is None
