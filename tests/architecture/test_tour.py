"""The tour shows every mart, and its files stay small.

Belongs here: what stands in docs/tour/ beside the models. Does not belong here: the answers
(tests/integration/test_readme.py).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT
from orchestration.tour.page import PAGE
from orchestration.tour.questions import QUESTIONS, THEMES, Question, questions

ASKED = questions()
MARTS = PROJECT_ROOT / "dbt_project" / "models" / "marts"
PLOTTED = [question for question in ASKED if question.plot]
SMALL_BYTES = 60_000


@pytest.mark.parametrize("theme", THEMES)
def test_every_mart_has_one_question(theme: str) -> None:
    asked = [question.mart for question in ASKED if question.theme == theme]
    assert sorted(asked) == sorted(path.stem for path in (MARTS / theme).glob("*.sql"))


@pytest.mark.parametrize("question", ASKED, ids=lambda question: question.mart)
def test_a_question_asks_its_mart_and_says_how_to_read_the_answer(question: Question) -> None:
    assert f"marts.{question.mart}" in question.query
    assert question.title.endswith("?")
    assert question.reading


def test_every_plot_belongs_to_a_question() -> None:
    drawn = {question.plot.path for question in PLOTTED if question.plot}
    assert set(QUESTIONS.rglob("*.svg")) == drawn
    assert {path.with_suffix(".svg") for path in QUESTIONS.rglob("*.yml")} == drawn


@pytest.mark.parametrize("path", sorted(QUESTIONS.rglob("*.svg")), ids=lambda path: path.stem)
def test_a_plot_is_small_and_stands_on_any_page(path: Path) -> None:
    drawn = path.read_text(encoding="utf-8")
    assert len(drawn.encode()) < SMALL_BYTES
    assert f"]({path.relative_to(PAGE.parent).as_posix()})" in PAGE.read_text(encoding="utf-8")
    # A background of its own would glare on a dark page.
    assert 'fill="white"' not in drawn.partition("<text")[0]
