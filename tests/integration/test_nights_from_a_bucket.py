"""Nights whose extracts land in a bucket, from the first listing to the published version.

Belongs here: that a bucket gives what a folder gives, that nothing is read twice, what is printed.
Does not belong here: single requests and their failures (test_object_storage.py).
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from orchestration.bronze.due import survey
from orchestration.bronze.night import accept, load_night, write_contract_files
from orchestration.bronze.paths import accepted_path
from orchestration.extracts.ledger import Ledger
from orchestration.settings import Settings
from orchestration.simulation import simulate
from orchestration.sources.catalog import load_sources
from tests.integration.object_store import (
    App,
    Environ,
    ObjectStore,
    only_these_variables,
    point_to,
    running_store,
)

FIRST = date(2025, 9, 28)
SECOND = FIRST + timedelta(days=1)
# That the sample company delivers each night.
FILES = 14
FLYWHEEL = Path(sys.executable).with_name("flywheel")


@pytest.fixture(scope="module")
def running() -> Iterator[ObjectStore]:
    with running_store() as store:
        yield store


@pytest.fixture
def store(running: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    return point_to(running, monkeypatch)


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """A prefix for one test alone."""
    return request.node.name


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two nights of a small company, in a folder."""
    aside = tmp_path_factory.mktemp("company")
    simulate(aside, opportunities=150, nights=2, seed=3, first_night=FIRST)
    return aside


@pytest.fixture
def remote(store: ObjectStore, company: Path, prefix: str, tmp_path: Path) -> Settings:
    """A home whose extracts land in the bucket."""
    for file in (company / "salesforce").rglob("*"):
        if file.is_file():
            store.put(f"{prefix}/{file.relative_to(company).as_posix()}", file.read_bytes())
    return Settings(home=tmp_path / "remote", landing_url=f"s3://{store.bucket}/{prefix}")


def load(settings: Settings) -> None:
    write_contract_files(settings, load_sources(settings.user_sources))
    for night in (FIRST, SECOND):
        load_night(settings, night, f"run of {night}", "salesforce")
        accept(settings)


def test_nights_from_a_bucket_give_the_bronze_of_nights_from_a_folder(
    remote: Settings, company: Path, tmp_path: Path
) -> None:
    local = Settings(home=tmp_path / "local")
    shutil.copytree(company / "salesforce", local.landing / "salesforce")
    load(local)
    load(remote)
    from_folder, from_bucket = Ledger(local.ledger).loads, Ledger(remote.ledger).loads
    assert len(from_bucket) == 2 * FILES
    for one, other in zip(from_folder, from_bucket, strict=True):
        moments = {name: getattr(one, name) for name in ("modified_ns", "started_at")}
        assert replace(other, **moments, finished_at=one.finished_at) == one
        assert_frame_equal(
            pl.read_parquet(accepted_path(local, one)),
            pl.read_parquet(accepted_path(remote, other)),
        )


def test_what_is_loaded_is_never_read_again_and_what_is_re_sent_is_due(
    store: ObjectStore, remote: Settings, prefix: str, company: Path
) -> None:
    load(remote)
    assert len(store.reads()) == len(Ledger(remote.ledger).loads)
    store.requests.clear()
    load(remote)
    assert survey(remote, Ledger(remote.ledger)).files == {}
    assert store.reads() == []
    assert store.listings() != []
    users = (company / f"salesforce/{SECOND}/User.csv").read_bytes()
    store.put(f"{prefix}/salesforce/{SECOND}/User.csv", users + users.splitlines(True)[-1])
    due = survey(remote, Ledger(remote.ledger)).files
    assert [(night, [file.name for file in files]) for night, files in due.items()] == [
        (SECOND, ["User.csv"])
    ]


def test_a_zip_gives_its_members_and_is_opened_no_more_once_they_are_loaded(
    store: ObjectStore, company: Path, prefix: str, tmp_path: Path
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in (company / f"salesforce/{FIRST}").glob("*.csv"):
            archive.write(file, f"export/{file.name}")
    store.put(f"{prefix}/salesforce/{FIRST}/WE_0001.ZIP", packed.getvalue())
    store.put(f"{prefix}/salesforce/{FIRST}/_SUCCESS", b"")
    settings = Settings(home=tmp_path / "home", landing_url=f"s3://{store.bucket}/{prefix}")
    load(settings)
    rows = {load.file: load.rows_accepted for load in Ledger(settings.ledger).loads}
    assert rows == {
        f"WE_0001.ZIP/export/{file.name}": pl.read_csv(file).height
        for file in (company / f"salesforce/{FIRST}").glob("*.csv")
    }
    store.requests.clear()
    assert survey(settings, Ledger(settings.ledger)).files == {}
    assert store.reads() == []


def test_nothing_is_left_behind_of_what_was_fetched(remote: Settings) -> None:
    load(remote)
    assert not [path for path in remote.home.rglob("*") if "landed-" in path.name]


def test_an_object_re_sent_between_listing_and_loading_is_loaded_the_next_time(
    store: ObjectStore, remote: Settings, prefix: str, company: Path
) -> None:
    write_contract_files(remote, load_sources(remote.user_sources))
    key = f"salesforce/{FIRST}/User.csv"
    users = (company / key).read_bytes()

    def just_now(app: App, environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        store.put(f"{prefix}/{key}", users + b"\n")
        return app(environ, start)

    store.next_answers.append(just_now)
    loads = load_night(remote, FIRST, "run", "salesforce")
    assert [load.error for load in loads if load.file == "User.csv"] == [
        "it changed after it was listed: run the night again"
    ]
    due = survey(remote, Ledger(remote.ledger)).files
    assert "User.csv" in [file.name for file in due[FIRST]]


def run(settings: Settings, store: ObjectStore, *arguments: str) -> subprocess.CompletedProcess:
    environment = only_these_variables(store.environment()) | {
        "FLYWHEEL_HOME": str(settings.home),
        "FLYWHEEL_LANDING": settings.landing_url,
        "COLUMNS": "200",
    }
    return subprocess.run(
        [FLYWHEEL, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        cwd="/",
        check=False,
    )


def test_a_night_from_a_bucket_is_published_and_nothing_is_due_afterwards(
    store: ObjectStore, remote: Settings
) -> None:
    first = run(remote, store, "nightly", "--to", str(FIRST))
    assert first.returncode == 0, first.stdout + first.stderr
    assert f"published version {FIRST}-001" in first.stdout
    assert len(store.reads()) == FILES
    assert not (remote.home / "landing").exists()
    store.requests.clear()
    again = run(remote, store, "nightly", "--to", str(FIRST))
    assert again.returncode == 0, again.stdout + again.stderr
    assert "nothing new" in again.stdout
    assert store.reads() == []


def test_a_bucket_that_is_not_there_ends_with_one_sentence(
    store: ObjectStore, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path / "home", landing_url="s3://nowhere/crm")
    done = run(settings, store, "nightly")
    assert done.returncode == 2
    assert done.stderr.strip() == (
        "s3://nowhere/crm cannot be read: there is no bucket or container of this name "
        "(404 NoSuchBucket)"
    )
