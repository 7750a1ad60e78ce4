"""Pages lead somewhere: links point at files that are there, and the index knows every page.

Belongs here: links and the index of docs/. Does not belong here: commands (test_named_commands.py).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT

DOCS = PROJECT_ROOT / "docs"
PAGES = sorted(
    [
        *PROJECT_ROOT.glob("*.md"),
        *DOCS.rglob("*.md"),
        PROJECT_ROOT / "expectations" / "README.md",
        *(PROJECT_ROOT / "tests").glob("*/README.md"),
    ]
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def links(page: Path) -> list[str]:
    """Where a page points within this repository, without what stands in fences."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return [link for link in LINK.findall(text) if not re.match(r"[a-z]+:", link)]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as Markdown viewers make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT_ROOT)))
def test_links_of_a_page_point_at_what_is_there(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), link


def test_the_index_leads_to_every_page_of_docs() -> None:
    named = {(DOCS / link.partition("#")[0]).resolve() for link in links(DOCS / "README.md")}
    assert set(DOCS.rglob("*.md")) - named == {DOCS / "README.md"}
