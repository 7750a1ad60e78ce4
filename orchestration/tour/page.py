"""The page docs/tour.md.

Belongs here: turning questions and the answers of a published warehouse into Markdown. Does not
belong here: plots (plots.py), of which the page holds only the places.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from itertools import groupby

import duckdb

from orchestration.settings import PROJECT_ROOT
from orchestration.tour.questions import Plot, Question

PAGE = PROJECT_ROOT / "docs" / "tour.md"
_WIDTH = 100
_HEAD = """\
<!-- Written from docs/tour/ by orchestration/tour/: change that. -->
# A tour of the marts

One question to every mart, the query that answers it, and the answer on the sample company of
`make nightly`: 5,000 opportunities of an invented company, as of 30 September 2025. Ask your own
with `.venv/bin/flywheel sql "…"`.

Whatever the question, three things hold. `dimension = 'all'` is the whole, and every other
dimension cuts the same whole again: filter on one, never add them up. Rates stand beside their
numerator and denominator, so that they can be added up anew; `*_low` and `*_high` are the 95 %
interval, and where two intervals overlap widely nothing is known about which is higher. And young
periods are not finished: what is still open is told apart, in columns such as `open_here_count`,
`censored_count` or `is_mature`, and is not yet a loss.

The company is invented, so its numbers are no benchmark for yours."""


def page(questions: Iterable[Question], warehouse: duckdb.DuckDBPyConnection) -> str:
    """The whole page: a section for each theme, a question for each of its marts."""
    parts = [_HEAD]
    for theme, asked in groupby(questions, key=lambda question: question.theme):
        parts.append(f"## {theme.capitalize()}")
        for question in asked:
            parts.extend(_parts(question, _answer(question.query, warehouse)))
    return "\n\n".join(parts) + "\n"


def _parts(question: Question, answer: str) -> Iterator[str]:
    yield f"### {question.title}"
    yield f"`{question.mart}`"
    yield f"```sql\n{question.query}\n```"
    yield f"```text\n{answer}\n```"
    if question.plot:
        yield _image(question.plot)
    yield from (textwrap.fill(each, _WIDTH, break_on_hyphens=False) for each in question.reading)


def _image(plot: Plot) -> str:
    return f"![{plot.alt}]({plot.path.relative_to(PAGE.parent).as_posix()})"


def _answer(query: str, warehouse: duckdb.DuckDBPyConnection) -> str:
    """As `flywheel sql` prints it."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        warehouse.sql(query).show(max_rows=100, max_width=200)
    return printed.getvalue().strip()
