"""One night after another: which nights are due, and what came of each.

Belongs here: the decision whether there is anything to do, and running the job for a night in this
process. Does not belong here: what a person sees of it (commands/), the steps (assets).
Dagster and dbt are imported only when a night really runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from orchestration.bronze.due import Landing, survey
from orchestration.bronze.night import retry
from orchestration.company import read_company
from orchestration.exit_status import ExitStatus
from orchestration.extracts.ledger import Ledger, Load
from orchestration.faults import advice
from orchestration.gate.accepted import read_accepted
from orchestration.gate.results import CheckResult, Verdict, results_of, verdict_of
from orchestration.publication.fingerprint import fingerprint
from orchestration.publication.versions import Publication, publications, version_path
from orchestration.publication.whole import damage_of
from orchestration.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

# The terminal shows the outcome; every event and stack trace is in Dagster's instance.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Plan:
    """What there is to do. `rebuild` is a night without new files: the project changed.

    With `full` the first night rebuilds everything from bronze.
    """

    nights: list[date]
    rebuild: bool
    landing: Landing
    held: list[Load]
    full: bool


@dataclass(frozen=True)
class NightOutcome:
    """What came of one night. `served` tells of PostgreSQL, when one is named."""

    night: date
    run_id: str
    loads: list[Load]
    verdict: Verdict
    checks: list[CheckResult]
    publication: Publication | None
    failure: str | None
    served: str | None = None

    @property
    def exit_status(self) -> ExitStatus:
        """Done, refused, or failed: a step may fail after the publication too."""
        if self.publication is not None:
            return ExitStatus.FAILED if self.failure else ExitStatus.DONE
        return ExitStatus.REFUSED if self.verdict.refusing else ExitStatus.FAILED

    @property
    def state(self) -> str:
        """`published`, `published with warnings`, `refused` or `failed`."""
        if self.publication is not None:
            return self.publication.outcome
        return "refused" if self.verdict.refusing else "failed"


def plan(settings: Settings, first: date | None, last: date | None, full: bool = False) -> Plan:
    """Look at landing and ledger: which nights are due, within [first, last] if given.

    Naming a single night says that it is complete, and makes its refused files due again.
    Raises CompanyFileError, or SourceFileError of `ops/accepted.csv`, before anything is loaded for
    models that could not be built.
    """
    read_company(settings.company)
    read_accepted(settings)
    named = [first] if first is not None and first == last else []
    for night in named:
        retry(settings, night)
    ledger = Ledger(settings.ledger)
    landing = survey(settings, ledger, always=named)
    due = set(landing.files) | {load.batch_date for load in ledger.with_status("loaded")}
    nights = [
        night
        for night in sorted(due)
        if (first is None or night >= first) and (last is None or night <= last)
    ]
    held = ledger.held()
    as_of = ledger.as_of()
    rebuild = not nights and as_of is not None and (full or _is_outdated(settings))
    if rebuild and as_of is not None:
        nights = [as_of]
    return Plan(nights=nights, rebuild=rebuild, landing=landing, held=held, full=full)


def _is_outdated(settings: Settings) -> bool:
    """Whether the newest publication was made from other extracts or by another project.

    The newest one and not the one readers see: after a rollback the same must not come back by
    itself. A newest one whose file is lost or damaged counts as not made.
    """
    made_from = [
        each.fingerprint
        for each in publications(settings)[-1:]
        if each.rolled_back_at or damage_of(version_path(settings, each.version)) is None
    ]
    return made_from != [fingerprint(settings)]


def run_nights(
    settings: Settings, nights: list[date], *, full: bool = False
) -> Iterator[NightOutcome]:
    """Run the nightly job for each night in turn, in this process.

    With `full` everything is rebuilt from bronze until a night is published; the nights after it
    work on what changed. A refused night is left out and the next one goes on; after a failed step
    before publication nothing more is run.
    """
    from orchestration.definitions import build_defs
    from orchestration.instance import open_instance
    from orchestration.jobs import FULL_REFRESH, NIGHTLY, OF_CONSOLE

    instance = open_instance(settings)
    job = build_defs(settings).resolve_job_def(NIGHTLY)
    for night in nights:
        result = job.execute_in_process(
            instance=instance,
            partition_key=night.isoformat(),
            raise_on_error=False,
            run_config=_QUIET,
            tags={OF_CONSOLE: "true"} | ({FULL_REFRESH: "true"} if full else {}),
        )
        outcome = _outcome(settings, night, result)
        full = full and outcome.publication is None
        yield outcome
        if outcome.exit_status == ExitStatus.FAILED and outcome.publication is None:
            return


def _outcome(settings: Settings, night: date, result: dg.ExecuteInProcessResult) -> NightOutcome:
    failure = None if result.success else failure_of(result.all_events, settings)
    return outcome_of(settings, night, result.run_id, failure, _served(result.all_events))


def outcome_of(
    settings: Settings, night: date, run_id: str, failure: str | None, served: str | None = None
) -> NightOutcome:
    """What came of a run, from what is kept of it."""
    checks = results_of(settings, run_id)
    published = [each for each in publications(settings) if each.run_id == run_id]
    return NightOutcome(
        night=night,
        run_id=run_id,
        loads=Ledger(settings.ledger).of_run(run_id),
        verdict=verdict_of(checks),
        checks=checks,
        publication=published[0] if published else None,
        failure=failure,
        served=served,
    )


def _served(events: Iterable[dg.DagsterEvent]) -> str | None:
    for event in events:
        if event.is_step_materialization:
            told = event.step_materialization_data.materialization.metadata.get("served")
            if told is not None:
                return str(told.value)
    return None


def failure_of(events: Iterable[dg.DagsterEvent], settings: Settings) -> str:
    """The first step that broke, how, and what to do about it, from the events of a run."""
    for event in events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            if error is not None:
                cause = error.cause or error
                said = f"{event.step_key}: {cause.message.strip()}"
                advised = advice(error.to_string(), settings)
                return f"{said}\n          {advised}" if advised else said
    return "the run failed; see its log in Dagster"


def has_landed(settings: Settings) -> bool:
    """Whether anything was ever dropped; a bucket is taken to hold something."""
    landing = settings.landing
    return settings.is_landing_remote or (landing.is_dir() and any(landing.iterdir()))
