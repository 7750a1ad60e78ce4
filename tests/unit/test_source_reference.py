"""The reference pages are what the contracts say."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.sources.catalog import canonical_contracts, native_sources
from orchestration.sources.reference import pages


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_a_page_says_what_the_contracts_say(path: Path) -> None:
    """After a change to a contract: `python -m orchestration.sources.reference`."""
    assert path.read_text(encoding="utf-8") == pages()[path]


@pytest.mark.parametrize("name", [*native_sources(), "canonical"])
def test_a_page_has_a_row_for_every_column_of_every_object(name: str) -> None:
    contracts = canonical_contracts() if name == "canonical" else native_sources()[name].contracts
    (page,) = (text for path, text in pages().items() if path.stem == name)
    sections = {part.split("\n", 1)[0]: part for part in page.split("\n## ")[1:]}

    assert list(sections) == list(contracts)
    for object_, contract in contracts.items():
        rows = [line for line in sections[object_].splitlines() if line.startswith("| `")]
        assert [row.split("`")[1] for row in rows] == [column.name for column in contract.columns]
