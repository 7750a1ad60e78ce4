"""What came of nights that really ran: told in the terminal, on pages, by alerts and in Dagster.

One home goes through a good night, a refused one and a failed one, with secrets in its environment;
then everything that was written and printed is looked through for them.

Belongs here: outcomes, from the console to Dagster's sensors, docs/outcomes.md, and that secrets
stay secret. Does not belong here: the forms of page and alert (tests/unit/).
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import polars as pl
import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.definitions import build_defs
from orchestration.gate.results import results_of, verdict_of
from orchestration.instance import open_instance
from orchestration.outcome.links import check_link, page_path
from orchestration.publication.versions import publications
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.simulation import simulate
from tests.alert_servers import Webhook, free_port, webhook
from tests.here import flywheel

FLYWHEEL = Path(sys.executable).with_name("flywheel")
PAGE = (PROJECT_ROOT / "docs" / "outcomes.md").read_text(encoding="utf-8")
FIRST, SECOND = date(2025, 9, 28), date(2025, 9, 29)
SECRETS = {
    "mail": "planted-smtp-password",
    "webhook": "plantedtoken",
    "postgres": "planted-postgres-password",
    "reader": "planted-reader-password",
    "bucket": "planted-secret-access-key",
    "masks": os.environ["FLYWHEEL_MASKING_KEY"],
}


class Story:
    """One home, what its nights printed, and what its webhook was told after each."""

    def __init__(self, folder: Path, server: Webhook) -> None:
        self.settings = Settings(home=folder / "home")
        self.server = server
        self.printed: dict[str, subprocess.CompletedProcess[str]] = {}
        self.posts: dict[str, list[str]] = {}
        (folder / "webhook").write_text(f"{server.url}\n")
        dead = free_port()
        self.environment = os.environ | {
            "FLYWHEEL_HOME": str(self.settings.home),
            "COLUMNS": "200",
            "FLYWHEEL_ALERT_WEBHOOK_FILE": str(folder / "webhook"),
            "FLYWHEEL_ALERT_EMAIL_TO": "data@example.org",
            "FLYWHEEL_ALERT_EMAIL_FROM": "flywheel@example.org",
            "FLYWHEEL_SMTP_URL": f"smtp://fly:{SECRETS['mail']}@127.0.0.1:{dead}",
            "FLYWHEEL_POSTGRES_READER_PASSWORD": SECRETS["reader"],
            "AWS_SECRET_ACCESS_KEY": SECRETS["bucket"],
            "FLYWHEEL_POSTGRES": f"postgresql://fly:{SECRETS['postgres']}@127.0.0.1:{dead}/bi",
        }

    def run(self, chapter: str, *arguments: str) -> None:
        """The console script, in a process of its own."""
        done = subprocess.run(
            [FLYWHEEL, *arguments],
            capture_output=True,
            text=True,
            env=self.environment,
            cwd="/",
            check=False,
        )
        self._keep(chapter, done)

    def run_here(self, chapter: str, *arguments: str) -> None:
        """The same in this process."""
        self._keep(chapter, flywheel(self.environment, *arguments))

    def _keep(self, chapter: str, done: subprocess.CompletedProcess[str]) -> None:
        before = sum(map(len, self.posts.values()))
        self.printed[chapter] = done
        self.posts[chapter] = [
            "\n".join(block["text"]["text"] for block in post["blocks"])
            for _, post in self.server.posts[before:]
        ]

    def out(self, chapter: str) -> str:
        return self.printed[chapter].stdout

    def run_of(self, chapter: str) -> str:
        """The run of a chapter whose night has a page."""
        found = re.search(r"page +\S+/night-\d{4}-\d{2}-\d{2}-([\w-]+)\.html", self.out(chapter))
        assert found, self.out(chapter)
        return found[1]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    aside = tmp_path_factory.mktemp("company")
    simulate(aside, opportunities=600, nights=3, seed=3, first_night=FIRST)
    with webhook() as server:
        story = Story(tmp_path_factory.mktemp("story"), server)
        landing = story.settings.landing / "salesforce"
        shutil.copytree(aside / "salesforce" / FIRST.isoformat(), landing / FIRST.isoformat())
        story.run("published", "nightly")
        story.run("stale", "nightly")
        story.run("stale still", "nightly")
        shutil.copytree(aside / "salesforce" / SECOND.isoformat(), landing / SECOND.isoformat())
        deals = landing / SECOND.isoformat() / "Opportunity.csv"
        deals.write_text(deals.read_text().replace(",USD,", ",EUR,", 1))
        story.run_here("refused", "nightly")
        candidate = story.settings.candidate.parent
        shutil.rmtree(candidate)
        candidate.write_text("in the way")
        story.run_here("failed", "nightly", "--date", SECOND.isoformat())
        story.run("mistaken", "alerts", "test")
        yield story


# Console -----------------------------------------------------------------------------------------


def test_a_published_night_whose_postgresql_is_away_is_told(story: Story) -> None:
    assert story.printed["published"].returncode == 3, story.out("published")
    assert f"published version {FIRST}-001" in story.out("published")
    (told,) = story.posts["published"]
    assert f"night {FIRST} is published, but a step after it failed" in told
    assert f"Readers of the file see {FIRST}-001." in told


def test_a_published_night_has_a_page_too(story: Story) -> None:
    (publication,) = publications(story.settings)
    page = page_path(story.settings, FIRST.isoformat(), publication.run_id)
    assert f"Night {FIRST}: published" in page.read_text(encoding="utf-8")


def test_a_stale_version_is_told_of_once(story: Story) -> None:
    assert story.printed["stale"].returncode == 0
    assert "alerted   by webhook" in story.out("stale")
    assert "is stale, 2025-09-28-001" in story.posts["stale"][0]
    assert story.posts["stale still"] == []


def test_a_refused_night_names_its_page_and_whoever_was_told(story: Story) -> None:
    assert story.printed["refused"].returncode == 1, story.out("refused")
    assert "alerted   by webhook" in story.out("refused")
    (post,) = story.posts["refused"]
    assert f"night {SECOND} was refused" in post
    assert "marts.fct_opportunity, amounts_have_a_rate" in post
    assert page_path(story.settings, SECOND.isoformat(), story.run_of("refused")).as_uri() in post


def test_the_page_of_a_refused_night_tells_the_file_and_row_of_a_deal(story: Story) -> None:
    page = page_path(story.settings, SECOND.isoformat(), story.run_of("refused"))
    text = page.read_text(encoding="utf-8")
    assert '<th scope="col">file</th><th scope="col">row_number</th>' in text
    assert re.search(rf"<td>EUR</td>.*<td>{SECOND}/Opportunity.csv</td><td>\d+</td>", text)


def test_a_failed_night_says_what_broke(story: Story) -> None:
    assert story.printed["failed"].returncode == 3, story.out("failed")
    assert f"night {SECOND} failed" in story.posts["failed"][0]
    page = page_path(story.settings, SECOND.isoformat(), story.run_of("failed"))
    assert "What failed" in page.read_text(encoding="utf-8")


def test_an_alert_that_cannot_be_sent_is_one_line_and_no_failure(story: Story) -> None:
    lines = [line for line in story.out("refused").splitlines() if line.startswith("no alert")]
    assert len(lines) == 1
    assert lines[0].startswith("no alert  by e-mail: 127.0.0.1 cannot be reached")


# Dagster -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def defs(story: Story) -> dg.Definitions:
    settings = Settings(home=story.settings.home, alert_webhook=story.server.url)
    return build_defs(settings)


def evaluated(story: Story, defs: dg.Definitions, sensor: str, run_id: str) -> Any:
    """What a sensor does with a run that has ended."""
    with open_instance(story.settings) as instance:
        run = instance.get_run_by_id(run_id)
        assert run is not None
        ended = (
            dg.DagsterEventType.RUN_SUCCESS if run.is_success else dg.DagsterEventType.RUN_FAILURE
        )
        (record,) = instance.get_records_for_run(run_id, of_type=ended).records
        context = dg.build_run_status_sensor_context(
            sensor_name=sensor,
            dagster_event=record.event_log_entry.get_dagster_event(),
            dagster_instance=instance,
            dagster_run=run,
        )
        if sensor == "night_not_published":
            context = context.for_run_failure()
        return defs.resolve_sensor_def(sensor)(context)


def test_a_refused_night_that_dagster_ran_is_told_of_once(
    story: Story, defs: dg.Definitions
) -> None:
    run_id = story.run_of("refused")
    page = page_path(story.settings, SECOND.isoformat(), run_id)
    page.unlink()
    (story.settings.operations / "alert" / f"night-{SECOND}-{run_id}.webhook").unlink()
    before = len(story.server.posts)
    evaluated(story, defs, "night_not_published", run_id)
    assert page.exists()
    evaluated(story, defs, "night_not_published", run_id)
    (told,) = story.server.posts[before:]
    assert f"night {SECOND} was refused" in told[1]["text"]


def test_a_night_of_the_console_is_not_told_of_again_by_dagster(
    story: Story, defs: dg.Definitions
) -> None:
    before = len(story.server.posts)
    evaluated(story, defs, "night_not_published", story.run_of("failed"))
    assert story.server.posts[before:] == []


def test_a_failed_night_that_dagster_ran_says_what_broke(
    story: Story, defs: dg.Definitions
) -> None:
    run_id = story.run_of("failed")
    page = page_path(story.settings, SECOND.isoformat(), run_id)
    before = page.read_text(encoding="utf-8")
    page.unlink()
    evaluated(story, defs, "night_not_published", run_id)
    written = re.compile("Written .* UTC")
    assert written.sub("", page.read_text(encoding="utf-8")) == written.sub("", before)


def test_a_published_night_that_dagster_ran_has_its_page(
    story: Story, defs: dg.Definitions
) -> None:
    (publication,) = publications(story.settings)
    page = page_path(story.settings, FIRST.isoformat(), publication.run_id)
    page.unlink()
    evaluated(story, defs, "night_published", publication.run_id)
    assert f"Night {FIRST}: published" in page.read_text(encoding="utf-8")


def started_in_the_graph(
    instance: dg.DagsterInstance, defs: dg.Definitions, asset: str
) -> dg.ExecuteInProcessResult:
    """A run of Dagster's own job, as somebody starts it by hand."""
    return defs.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance,
        partition_key=SECOND.isoformat(),
        asset_selection=[dg.AssetKey(asset.split("/"))],
        raise_on_error=False,
    )


def test_a_failed_run_that_was_started_in_the_graph_of_assets_is_told_of(
    story: Story, defs: dg.Definitions
) -> None:
    sensor = defs.resolve_sensor_def("night_not_published")
    before = len(story.server.posts)
    with open_instance(story.settings) as instance:
        begun = sensor.evaluate_tick(dg.build_sensor_context(instance=instance)).cursor
        ended = started_in_the_graph(instance, defs, "published/flywheel")
        sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=begun))
    assert not ended.success
    assert page_path(story.settings, SECOND.isoformat(), ended.run_id).exists()
    (told,) = story.server.posts[before:]
    assert f"night {SECOND} failed" in told[1]["text"]


def test_a_run_of_some_assets_that_published_nothing_is_no_night(
    story: Story, defs: dg.Definitions
) -> None:
    with open_instance(story.settings) as instance:
        ended = started_in_the_graph(instance, defs, "serve/morning_report")
    assert ended.success
    evaluated(story, defs, "night_published", ended.run_id)
    assert not page_path(story.settings, SECOND.isoformat(), ended.run_id).exists()


def test_dagster_looks_at_the_clock(story: Story, defs: dg.Definitions) -> None:
    """The version is stale, and the console has told of it."""
    told = defs.resolve_sensor_def("staleness")(dg.build_sensor_context())
    assert isinstance(told, dg.SkipReason)
    assert told.skip_message == "nothing to tell"


def test_a_failed_check_in_dagster_leads_to_its_place_on_the_page(story: Story) -> None:
    run_id = story.run_of("refused")
    with open_instance(story.settings) as instance:
        records = instance.get_records_for_run(
            run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
        ).records
        evaluations = [
            record.event_log_entry.get_dagster_event().asset_check_evaluation_data
            for record in records
        ]
    (failed,) = [each for each in evaluations if not each.passed]
    (check,) = verdict_of(results_of(story.settings, run_id)).refusing
    link = check_link(story.settings, SECOND.isoformat(), run_id, check)
    assert failed.metadata["result_page"].value == link
    assert not any("result_page" in each.metadata for each in evaluations if each.passed)


def test_rows_and_seconds_of_bronze_and_publication_are_numbers_to_plot(story: Story) -> None:
    with open_instance(story.settings) as instance:
        for key in (["bronze", "salesforce", "opportunity"], ["published", "flywheel"]):
            event = instance.get_latest_materialization_event(dg.AssetKey(key))
            assert event is not None and event.asset_materialization is not None
            metadata = event.asset_materialization.metadata
            assert isinstance(metadata["dagster/row_count"].value, int)
            assert isinstance(metadata["seconds"].value, float)


# The page of the docs ----------------------------------------------------------------------------

LINES = "".join(re.findall(r"```sh\n(.+?)```", PAGE, re.S)).splitlines()
COMMANDS = dict.fromkeys(line for line in LINES if line.startswith("flywheel "))


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("export ")])
def test_a_variable_of_the_page_is_one_that_is_read(line: str) -> None:
    name = line.removeprefix("export ").partition("=")[0]
    field = name.removeprefix("FLYWHEEL_").removesuffix("_FILE").lower()
    assert field in Settings.model_fields


@pytest.mark.parametrize("name", re.findall(r"^\| `(FLYWHEEL_\w+)` \|", PAGE, re.M))
def test_a_variable_of_the_table_is_one_that_is_read(name: str) -> None:
    assert name.removeprefix("FLYWHEEL_").lower() in Settings.model_fields


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_page_works(
    story: Story, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setenv("FLYWHEEL_HOME", str(story.settings.home))
    monkeypatch.setenv("FLYWHEEL_ALERT_WEBHOOK", story.server.url)
    result = CliRunner().invoke(app, shlex.split(line)[1:])
    assert result.exit_code == 0, result.output
    assert result.output.strip()


# Secrets -----------------------------------------------------------------------------------------


def _written(settings: Settings) -> Iterator[tuple[Path, bytes]]:
    """Every byte that nights wrote, as it lies there and, where it is packed, unpacked."""
    for path in sorted(each for each in settings.root.rglob("*") if each.is_file()):
        data = path.read_bytes()
        yield path, data
        if path.suffix == ".parquet":
            yield path, pl.read_parquet(path, glob=False).write_json().encode()
        elif data.startswith(b"SQLite format 3"):
            yield from ((path, cell) for cell in _cells(path))
        elif data[8:12] == b"DUCK":
            yield path, _dumped(path)


def _cells(path: Path) -> Iterator[bytes]:
    """Dagster packs some of its cells."""
    connection = sqlite3.connect(path)
    tables = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
    for (table,) in tables:
        for row in connection.execute(f'select * from "{table}"'):
            for cell in row:
                if isinstance(cell, bytes):
                    try:
                        yield zlib.decompress(cell)
                    except zlib.error:
                        yield cell
    connection.close()


def _dumped(path: Path) -> bytes:
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'ops'"
        ).fetchall()
        return b"".join(
            repr(connection.execute(f'from ops."{table}"').fetchall()).encode()
            for (table,) in tables
        )


@pytest.mark.parametrize("secret", SECRETS.values())
def test_no_secret_is_printed(story: Story, secret: str) -> None:
    for chapter, printed in story.printed.items():
        assert secret not in printed.stdout + printed.stderr, chapter


def test_no_secret_is_written(story: Story) -> None:
    planted = [secret.encode() for secret in SECRETS.values()]
    seen = 0
    for path, data in _written(story.settings):
        seen += 1
        assert [secret for secret in planted if secret in data] == [], path
    assert seen > 100


def test_the_look_through_would_find_a_secret_in_what_is_packed(story: Story) -> None:
    (publication,) = publications(story.settings)
    needle = publication.run_id.encode()
    found = {path.suffix for path, data in _written(story.settings) if needle in data}
    assert {".parquet", ".duckdb", ".db"} <= found
