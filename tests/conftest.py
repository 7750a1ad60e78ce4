"""Fixtures that every test may use: a home of its own, and nights run in this process."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.bronze.night import write_contract_files
from orchestration.settings import Settings
from orchestration.sources.catalog import load_sources
from tests.lent_parse import lending

# Two homes that are to give the same tables need one key.
os.environ.setdefault("FLYWHEEL_MASKING_KEY", "a key of tests and of nothing else")


# Dagster, dbt and Great Expectations keep millions of objects alive, over which the collector walks
# again and again. `flywheel nightly` does without it; here it only comes less often.
gc.set_threshold(50_000, 20, 10)


@pytest.fixture(autouse=True, scope="session")
def _parsed_once() -> Iterator[None]:
    """dbt parses the project once for all homes of this process."""
    with lending():
        yield


@pytest.fixture(autouse=True, scope="session")
def _no_plug_is_pulled() -> Iterator[None]:
    """Nothing waits for the disk: power is cut in processes that tests/faults/ start themselves."""
    with pytest.MonkeyPatch.context() as patch:
        # What is no open file fails, as it would.
        patch.setattr(os, "fsync", lambda descriptor: os.fstat(descriptor) and None)
        yield


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an empty home."""
    return Settings(home=tmp_path / "home")


def _environment_of_its_own() -> Iterator[None]:
    """Running a night sets FLYWHEEL_HOME and DAGSTER_HOME for dbt and Dagster: undo it."""
    before = {name: os.environ.get(name) for name in ("FLYWHEEL_HOME", "DAGSTER_HOME")}
    yield
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


# Around the fixtures of a module, so that the module that follows it in this process finds none of
# its homes, whichever that is; and around each test.
_of_a_module = pytest.fixture(autouse=True, scope="module")(_environment_of_its_own)
_of_a_test = pytest.fixture(autouse=True)(_environment_of_its_own)


@pytest.fixture
def ask() -> Callable[[Path, str], list[tuple]]:
    """Ask a DuckDB file, read-only."""

    def ask_file(path: Path, query: str) -> list[tuple]:
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute(query).fetchall()

    return ask_file


def describe(settings: Settings, text: str, source: str = "acme") -> Settings:
    """Write the source file of a CRM, over the one that is there."""
    settings.user_sources.mkdir(parents=True, exist_ok=True)
    (settings.user_sources / f"{source}.yml").write_text(text, encoding="utf-8")
    write_contract_files(settings, load_sources(settings.user_sources))
    return settings


def land(settings: Settings, source: str, night: date, files: dict[str, str | bytes]) -> Path:
    """Drop files into a night and close it with _SUCCESS."""
    folder = settings.landing / source / night.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(data)
    (folder / "_SUCCESS").touch()
    return folder
