"""The golden extracts become the golden marts, row for row.

Belongs here: building them once, and a difference that a person can read. Does not belong here: why
a row is right (README.md), random companies (tests/integration/).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.settings import Settings
from tests.golden.company import HERE, Row, built_marts, golden_files, golden_rows
from tests.integration.comparing import GRAINS


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[Row]]]:
    folder = tmp_path_factory.mktemp("golden")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLYWHEEL_HOME", str(folder))
        yield built_marts(Settings(home=folder))


def differences(mart: str, golden: list[Row], built: list[Row]) -> Iterator[str]:
    """A line each: which row, which column, what is golden and what was built."""
    by_key: list[dict[tuple[str, ...], Row]] = []
    for rows in (golden, built):
        grain = [name for name in GRAINS[mart] if name in rows[0]] if rows else []
        keyed = {tuple(row[name] for name in grain): row for row in rows}
        assert len(keyed) == len(rows), f"{mart} has several rows a {grain}"
        by_key.append(keyed)
    expected, found = by_key
    for key in dict.fromkeys([*expected, *found]):
        place = f"{mart}, {', '.join(part or '(none)' for part in key)}"
        if key not in found:
            yield f"{place}: golden, but not built: {expected[key]}"
        elif key not in expected:
            yield f"{place}: built, but not golden: {found[key]}"
        else:
            for column, value in expected[key].items():
                if found[key][column] != value:
                    yield f"{place}: {column} is {found[key][column]!r}, golden is {value!r}"


@pytest.mark.parametrize("mart", golden_files())
def test_a_built_mart_is_the_golden_one(marts: dict[str, list[Row]], mart: str) -> None:
    golden = golden_rows(golden_files()[mart])
    found = list(differences(mart, golden, marts[mart]))

    assert golden
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def names_in(path: Path, column: str) -> set[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row[column] for row in csv.DictReader(file)}


def sent_in(file: str, column: str) -> set[str]:
    return set().union(*(names_in(path, column) for path in (HERE / "nights").glob(f"*/{file}")))


def told_under(heading: str) -> set[str]:
    """The first cells of the table in a section of the README."""
    _, section = (HERE / "README.md").read_text(encoding="utf-8").split(f"\n## {heading}\n")
    lines = section.split("\n## ")[0].splitlines()
    return {line.split("|")[1].strip(" `") for line in lines if line.startswith("| `")}


def test_the_specification_tells_of_every_opportunity() -> None:
    sent = sent_in("opportunities.csv", "opportunity_id")

    assert told_under("The cases") == sent
    assert sent == names_in(HERE / "marts" / "fct_opportunity_event.csv", "opportunity_key")


def test_the_specification_tells_of_every_lead() -> None:
    sent = sent_in("leads.csv", "lead_id")

    assert told_under("The leads") == sent
    assert names_in(HERE / "marts" / "fct_lead.csv", "lead_key") < sent
