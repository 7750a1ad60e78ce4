"""company.yml: what a company may decide, told with line and remedy where it cannot be.

Belongs here: the file's words, mistakes and defaults, and that a change is noticed.
Does not belong here: what a word changes in the marts (tests/integration/).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.company import Company, CompanyFileError, read_company
from orchestration.publication.fingerprint import fingerprint
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.warehouse.project import common_arguments

GUIDE = (PROJECT_ROOT / "docs" / "money-and-calendars.md").read_text(encoding="utf-8")


@pytest.fixture
def write(tmp_path: Path) -> Any:
    path = tmp_path / "company.yml"

    def write_text(text: str) -> Path:
        path.write_text(text, encoding="utf-8")
        return path

    return write_text


def variables_of_the_project() -> dict[str, Any]:
    return yaml.safe_load((PROJECT_ROOT / "dbt_project.yml").read_text())["vars"]


def test_what_a_company_does_not_say_is_as_in_the_dbt_project() -> None:
    """Two places hold the defaults: dbt cannot read the model, nor the model dbt's file."""
    project = variables_of_the_project()
    defaults = Company().model_dump(mode="json")

    assert {word: "" if value is None else value for word, value in defaults.items()} == {
        word: project[word] for word in defaults
    }


@pytest.mark.parametrize("text", ["", "# nothing but a remark\n", "---\n"])
def test_a_file_that_says_nothing_changes_nothing(write: Any, text: str) -> None:
    assert read_company(write(text)).variables == {}


def test_no_file_is_no_mistake(tmp_path: Path) -> None:
    assert read_company(tmp_path / "company.yml").variables == {}


def test_only_what_is_said_goes_to_dbt(write: Any) -> None:
    said = "fiscal_year_start_month: 2\nplan_rate_date: 2025-02-03\nmigration_share: 0.5\n"

    assert read_company(write(said)).variables == {
        "fiscal_year_start_month": 2,
        "plan_rate_date": "2025-02-03",
        "migration_share": 0.5,
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\nfiscal_calender: 4-4-5\n", ":2:1: fiscal_calender: there is no word"),
        ("\nfiscal_calender: 4-4-5\n", "did you mean `fiscal_calendar`?"),
        ("business_time_zone: Europe/Berln\n", "did you mean `Europe/Berlin`?"),
        ("business_time_zone: localtime\n", "there is no time zone named `localtime`"),
        ("reporting_currency: eur\n", "the three capital letters of a currency, like USD"),
        ("fiscal_calendar: 4-4-6\n", "is not one of `gregorian`, `4-4-5`, `4-5-4`, `5-4-4`"),
        ("fiscal_week_start: Sunday\n", "a whole number is expected, not `Sunday`"),
        ("fiscal_week_start: 0\n", "`0` is too small: at least 1"),
        ("fiscal_year_start_month:\n", "nothing stands here; Month in which the fiscal year"),
        ("plan_rate_date: 31.12.2025\n", "a day is written like 2025-01-31"),
        ("plan_rate_date: 20251231\n", "a day is written like 2025-01-31"),
        ("plan_rate_date: 2025-02-30\n", "`2025-02-30` is no day"),
        ("migration_share: 20%\n", "a number is expected, not `20%`"),
        ("no_decision_reasons: Budget\n", "a list is expected, like `[Budget]`, not a text"),
        ("- business_time_zone\n", "`word: value` lines are expected, not a list"),
        ("qualified_rank: 2\nqualified_rank: 3\n", ":2:1: qualified_rank: `qualified_rank` stands"),
        ("a: b: c\n", "needs quotes"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_a_remedy(write: Any, text: str, told: str) -> None:
    path = write(text)
    with pytest.raises(CompanyFileError) as caught:
        read_company(path)

    assert str(caught.value).startswith(f"{path}:")
    assert told in str(caught.value)


def test_every_mistake_is_told_at_once(write: Any) -> None:
    with pytest.raises(CompanyFileError) as caught:
        read_company(write("fiscal_week_start: 9\nreporting_currency: dollars\n"))

    assert len(str(caught.value).splitlines()) == 2


def test_a_file_that_cannot_be_read_is_not_taken_for_none(write: Any) -> None:
    path = write("")
    path.write_bytes(b"business_time_zone: \xff\n")
    with pytest.raises(CompanyFileError, match="not UTF-8"):
        read_company(path)


def test_dbt_is_told_the_same_in_every_call(settings: Settings) -> None:
    """Arguments that change from call to call switch partial parsing off."""
    settings.root.mkdir(parents=True)
    settings.company.write_text("business_time_zone: Asia/Kolkata\nfiscal_week_start: 7\n")

    assert common_arguments(settings)[-2:] == [
        "--vars",
        '{"business_time_zone": "Asia/Kolkata", "fiscal_week_start": 7}',
    ]
    assert common_arguments(settings) == common_arguments(settings)


def test_a_change_makes_the_published_version_outdated(settings: Settings) -> None:
    settings.root.mkdir(parents=True)
    without = fingerprint(settings)
    settings.company.write_text("fiscal_week_start: 7\n")
    one = fingerprint(settings)
    settings.company.write_text("fiscal_week_start: 6\n")

    assert len({without, one, fingerprint(settings)}) == 3


def test_the_guide_explains_every_word() -> None:
    assert [word for word in Company.model_fields if f"| `{word}` |" not in GUIDE] == []
