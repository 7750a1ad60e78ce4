"""What an operator sets wrongly is told at once, by the name of its variable.

Belongs here: options of the environment. Does not belong here: secrets (test_secrets.py).
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from orchestration import cli
from orchestration.settings import PROJECT_ROOT, Settings, WrongSettingError


def told(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """What is said of some variables."""
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(WrongSettingError) as caught:
        Settings()
    return str(caught.value)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("FLYWHEEL_QUIET_MINUTES", "abc", "it must be a number"),
        ("FLYWHEEL_QUIET_MINUTES", "", "it must be a number"),
        ("FLYWHEEL_QUIET_MINUTES", "nan", "it must be a finite number"),
        ("FLYWHEEL_QUIET_MINUTES", "-1", "it must be at least 0"),
        ("FLYWHEEL_MAX_QUARANTINE_SHARE", "5", "it must be at most 1"),
        ("FLYWHEEL_KEEP_VERSIONS", "", "it must be a whole number"),
        ("FLYWHEEL_KEEP_VERSIONS", "1.5", "it must be a whole number"),
        ("FLYWHEEL_RETAIN_LANDING_DAYS", "-1", "it must be at least 1"),
        ("FLYWHEEL_RETAIN_VERSION_DAYS", "1000000000", "it must be at most 100,000"),
        ("FLYWHEEL_STALE_HOURS", "0", "it must be more than 0"),
        ("FLYWHEEL_STALE_HOURS", "inf", "it must be a finite number"),
        ("FLYWHEEL_STALE_HOURS", "nan", "it must be a finite number"),
        ("FLYWHEEL_STALE_HOURS", "1e300", "it must be at most 1,000,000"),
        ("FLYWHEEL_MEMORY", "lots", "it must be an amount of memory, as 3000MB or 4GB"),
        ("FLYWHEEL_MEMORY", "", "it must be an amount of memory, as 3000MB or 4GB"),
        ("FLYWHEEL_MEMORY", "3000", "it must be an amount of memory, as 3000MB or 4GB"),
        ("FLYWHEEL_MEMORY", "0GB", "it must be an amount of memory, as 3000MB or 4GB"),
    ],
)
def test_a_wrong_option_is_one_sentence_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    assert told({variable: value}, monkeypatch) == f"{variable}: {said}"


def test_every_wrong_option_has_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"FLYWHEEL_QUIET_MINUTES": "x", "FLYWHEEL_KEEP_VERSIONS": "0"}
    lines = told(wrong, monkeypatch).splitlines()
    assert [line.partition(":")[0] for line in lines] == list(wrong)


def test_dbt_takes_as_much_memory_as_the_settings_say() -> None:
    """It reads the variable itself, and where none is set a word of its own."""
    said = f"env_var('FLYWHEEL_MEMORY', '{Settings().memory}')"
    assert said in (PROJECT_ROOT / "profiles.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("memory", ["3000MB", "3.5 GB", "4gib", "80%"])
def test_memory_is_said_as_duckdb_takes_it(monkeypatch: pytest.MonkeyPatch, memory: str) -> None:
    import duckdb

    monkeypatch.setenv("FLYWHEEL_MEMORY", memory)
    duckdb.connect(config={"memory_limit": Settings().memory}).close()


@pytest.mark.parametrize(
    ("home", "said"),
    [
        ("", "it is empty"),
        (" ", "it is empty"),
        ("/dev/null", "it is no folder"),
        ("/dev/null/below", "it is no folder"),
        ("~nobody-of-this-name/home", "it names no place"),
        ("/tmp/number#1", "may not stand in the path"),
        ("/tmp/which?", "may not stand in the path"),
        ("/tmp/all*", "may not stand in the path"),
        ("/tmp/pay$day", "`$` may not stand in the path"),
        ("/tmp/a%20b", "`%20` may not stand in the path"),
    ],
)
def test_what_can_be_no_home_is_refused(
    monkeypatch: pytest.MonkeyPatch, home: str, said: str
) -> None:
    text = told({"FLYWHEEL_HOME": home}, monkeypatch)
    assert text.startswith("FLYWHEEL_HOME: ") and said in text


def test_a_home_need_not_be_there_yet(tmp_path: Path) -> None:
    assert Settings(home=tmp_path / "new" / "home").root == tmp_path / "new" / "home"


@pytest.mark.parametrize(
    ("variable", "value"),
    [("FLYWHEEL_HOME", "/dev/null"), ("FLYWHEEL_MEMORY", "lots"), ("FLYWHEEL_STALE_HOURS", "nan")],
)
def test_a_command_ends_with_the_sentence_and_not_with_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    variable: str,
    value: str,
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr(sys, "argv", ["flywheel", "nightly"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    text = capfd.readouterr().err
    assert ended.value.code == 2
    assert text.startswith(f"{variable}: ") and text.count("\n") == 1
