"""The marts and a brute-force reference agree, row by row, on companies drawn at random.

Belongs here: drawing a company, sending it as a CRM would, building the funnel and cohort marts
from it, and comparing every row with tests/reference/. Does not belong here: histories over many
nights (test_nights_agree_with_reference.py), what the simulated company was planted with
(test_planted_truth.py).

FLYWHEEL_LONG_TESTS=1 draws many more companies and shrinks what it finds.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
import yaml
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from orchestration.bronze.night import heal, load_night
from orchestration.settings import Settings
from tests.integration.comparing import Difference, first_difference, rows_of
from tests.integration.histories.around import (
    MAPPED,
    SAID_STATUSES,
    SALESFORCE,
    around_in_salesforce,
    as_of_the_night_before,
    lead_meanings,
    participants_of,
    rows_around,
)
from tests.integration.histories.files import mapped_columns
from tests.integration.marts import build_marts
from tests.reference.landed import (
    Account,
    Crm,
    Extract,
    Opportunity,
    Options,
    Record,
    Stage,
    User,
)  # fmt: skip
from tests.reference.marts import reference_of
from tests.reference.quantities import Row
from tests.reference.stages import pipelines_of

# The marts that follow from one day's records.
MARTS = (
    "fct_opportunity", "fct_stage_visit", "fct_stage_reached", "dim_campaign", "fct_activity",
    "fct_lead", "fct_opportunity_line", "funnel_stage_conversion", "funnel_stage_exit",
    "funnel_transition", "funnel_bottleneck", "win_rate", "cohort_win_triangle",
    "cohort_cumulative_incidence", "cohort_value", "cohort_customer", "rep_ramp",
    "funnel_lead_to_win", "campaign_influence",
)  # fmt: skip

OPTIONS = Options(no_decision_reasons=("didn't decide ", "No decision"))
IS_LONG = bool(os.environ.get("FLYWHEEL_LONG_TESTS"))


def companies_per_test(count: int) -> Callable:
    """Few companies of many opportunities: a build costs seconds whatever it holds.

    Shrinking would cost minutes of every red run; the message narrows to one opportunity anyway.
    """
    return profile(
        max_examples=20 * count if IS_LONG else count,
        deadline=None,
        derandomize=not IS_LONG,
        database=None,
        print_blob=IS_LONG,
        phases=[Phase.generate, Phase.shrink] if IS_LONG else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


# --- a company as its CRM sends it -----------------------------------------------------------


@dataclass(frozen=True)
class Contents:
    """All that a CRM holds on one day."""

    source: str
    as_of: date
    stages: tuple[Stage, ...]
    opportunities: tuple[Opportunity, ...]
    records: tuple[Record, ...] = ()
    accounts: tuple[Account, ...] = ()
    around: tuple[Any, ...] = ()
    identifies_records: bool = False
    lead_meanings: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True)
class Company:
    """What a CRM holds, and how it sends that."""

    crm: Contents
    sends_stages: bool = True
    outdated: tuple[Opportunity, ...] = ()
    around_before: tuple[Any, ...] = ()
    no_longer_sent: frozenset[str] = frozenset()

    @property
    def before(self) -> tuple[Opportunity, ...]:
        """What only the night before has seen so."""
        gone = (one for one in self.crm.opportunities if one.opportunity_id in self.no_longer_sent)
        return (*self.outdated, *gone)

    @property
    def sent(self) -> tuple[Opportunity, ...]:
        return tuple(
            one for one in self.crm.opportunities if one.opportunity_id not in self.no_longer_sent
        )

    def landed(self) -> Crm:
        """The same, as the reference is told of it."""
        crm = self.crm
        extracts = [Extract(Opportunity, crm.as_of - DAY, self.before)] if self.before else []
        extracts += extracts_of(self.around_before, crm.as_of - DAY)
        extracts += extracts_of(crm.around, crm.as_of)
        for kind, rows in (
            (Opportunity, self.sent), (Record, crm.records), (Account, crm.accounts),
            (User, USERS),
        ):  # fmt: skip
            extracts.append(Extract(kind, crm.as_of, rows))
        return Crm(
            source=crm.source,
            as_of=crm.as_of,
            stages=crm.stages,
            extracts=tuple(extracts),
            identifies_records=crm.identifies_records,
            options=OPTIONS,
            lead_meanings=crm.lead_meanings,
        )

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """What Hypothesis prints of a failing example; the failure itself says the rest."""
        printer.text(f"<company of {len(self.crm.opportunities)} opportunities>")

    def only(self, opportunity_id: str) -> Company:
        """The same company with a single opportunity."""

        def mine(rows: Iterable[Any]) -> tuple[Any, ...]:
            return tuple(row for row in rows if row.opportunity_id == opportunity_id)

        crm = replace(
            self.crm,
            opportunities=mine(self.crm.opportunities),
            records=mine(self.crm.records),
        )
        return replace(self, crm=crm, outdated=mine(self.outdated))


def extracts_of(rows: Iterable[Any], night: date) -> list[Extract]:
    """One extract for each kind of row."""
    rows = tuple(rows)
    kinds = dict.fromkeys(type(row) for row in rows)
    return [Extract(kind, night, tuple(row for row in rows if type(row) is kind)) for kind in kinds]


def csv_text(rows: Iterable[dict[str, Any]], columns: Iterable[str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: "" if value is None else value for name, value in row.items()})
    return text.getvalue()


def write_night(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "_SUCCESS").touch()


OPPORTUNITY_COLUMNS = [
    "opportunity_id", "pipeline", "stage", "created_at", "closed_at", "close_date", "modified_at",
    "amount", "currency_code", "owner_id", "forecast_category", "lead_source", "opportunity_type",
    "account_id", "loss_reason", "is_deleted", "merged_into_id", "campaign_id",
]  # fmt: skip
RECORD_COLUMNS = [
    "history_id", "opportunity_id", "pipeline", "stage", "changed_at", "sequence", "amount",
    "close_date", "forecast_category", "actor_id", "is_migration",
]  # fmt: skip
STAGE_COLUMNS = ["pipeline", "stage", "stage_label", "rank", "kind", "is_qualifying"]
USER_COLUMNS = list(User.__dataclass_fields__)
ACCOUNT_COLUMNS = list(Account.__dataclass_fields__)


def send(company: Company, settings: Settings) -> None:
    """Land the company as a mapped source: its source file, a night before, and the night."""
    crm = company.crm
    settings.user_sources.mkdir(parents=True)
    (settings.user_sources / f"{crm.source}.yml").write_text(
        yaml.safe_dump(source_file(company)), encoding="utf-8"
    )
    landing = settings.landing / crm.source
    before = around_files(company.around_before)
    if company.before:
        rows = map(opportunity_row, company.before)
        before["opportunities.csv"] = csv_text(rows, OPPORTUNITY_COLUMNS)
    if before:
        write_night(landing / str(crm.as_of - DAY), before)
    files = around_files(crm.around) | {
        "opportunities.csv": csv_text(map(opportunity_row, company.sent), OPPORTUNITY_COLUMNS),
        "history.csv": csv_text(record_rows(crm), RECORD_COLUMNS),
        "accounts.csv": csv_text((vars(one) for one in crm.accounts), ACCOUNT_COLUMNS),
        "users.csv": csv_text(map(vars, USERS), USER_COLUMNS),
    }
    if company.sends_stages:
        files["stages.csv"] = csv_text(map(stage_row, crm.stages), STAGE_COLUMNS)
    write_night(landing / str(crm.as_of), files)


def around_files(rows: Iterable[Any]) -> dict[str, str]:
    """One file for each kind of row that there is."""
    files = {}
    for extract in extracts_of(rows, date.min):
        columns = mapped_columns(extract.kind)
        rows = ({name: getattr(row, name) for name in columns} for row in extract.rows)
        files[f"{MAPPED[extract.kind][1]}.csv"] = csv_text(rows, columns)
    return files


def opportunity_row(one: Opportunity) -> dict[str, Any]:
    # An empty pipeline is the default one.
    pipeline = None if one.pipeline == "default" else one.pipeline
    row = vars(one) | {"pipeline": pipeline, "currency_code": one.currency}
    del row["currency"]
    return row


def record_rows(crm: Contents) -> Iterator[dict[str, Any]]:
    """Every other opportunity that stayed in its pipeline does not name it in its history."""
    pipelines = {one.opportunity_id: one.pipeline for one in crm.opportunities[::2]}
    moved = {
        one.opportunity_id
        for one in crm.records
        if one.pipeline != pipelines.get(one.opportunity_id)
    }
    for one in crm.records:
        row = vars(one) | {"history_id": one.record_id, "changed_at": one.at}
        row["pipeline"] = one.pipeline if one.opportunity_id in moved else None
        del row["record_id"], row["at"]
        yield row


def stage_row(one: Stage) -> dict[str, Any]:
    row = vars(one) | {
        "stage": one.name,
        "stage_label": one.label,
        "rank": one.place if one.kind == "open" else None,
    }
    del row["name"], row["label"], row["place"]
    return row


def source_file(company: Company) -> dict[str, Any]:
    """The user's mapping; columns that bear canonical names map to themselves."""

    def mapped(files: str, key: list[str], columns: list[str]) -> dict[str, Any]:
        return {"files": files, "key": key, "columns": {name: name for name in columns}}

    objects = {
        "opportunities": mapped("opportunities.csv", ["opportunity_id"], OPPORTUNITY_COLUMNS),
        "opportunity_stage_history": mapped("history.csv", ["history_id"], RECORD_COLUMNS),
        "accounts": mapped("accounts.csv", ["account_id"], ACCOUNT_COLUMNS),
        "users": mapped("users.csv", ["user_id"], USER_COLUMNS),
    }
    changed_at = {"column": "changed_at", "required": False}
    objects["opportunity_stage_history"]["columns"]["changed_at"] = changed_at
    for kind, (name, stem, key, _) in MAPPED.items():
        objects[name] = mapped(f"{stem}.csv", key, list(mapped_columns(kind)))
    said: dict[str, Any] = {
        "source": company.crm.source, "extract": "full", "currency": "USD", "objects": objects,
    }  # fmt: skip
    if company.crm.lead_meanings is not None:
        said["lead_statuses"] = SAID_STATUSES
    if company.sends_stages:
        objects["stages"] = mapped("stages.csv", ["pipeline", "stage"], STAGE_COLUMNS)
        return said
    pipelines = []
    for name, pipeline in pipelines_of(company.crm.stages).items():
        ends = {
            kind: [stage for stage, its_kind in pipeline.kinds.items() if its_kind == kind]
            for kind in ("won", "lost")
        }
        named = {"name": name, "stages": list(pipeline.open_stages), **ends}
        qualifying = [
            stage.name for stage in company.crm.stages
            if stage.pipeline == name and stage.is_qualifying
        ]  # fmt: skip
        if qualifying:
            named["qualified_from"] = pipeline.open_stages[pipeline.qualified_rank - 1]
        pipelines.append(named)
    return said | {"pipelines": pipelines}


# --- building and comparing ------------------------------------------------------------------


class Home:
    """One home for all companies of this module, so that dbt parses the project once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def build(self, crm: Contents, send_to: Callable[[Settings], None]) -> dict[str, list[Row]]:
        """Load one company into the emptied home and return the rows of the marts."""
        for folder in (self.settings.landing, self.settings.bronze, self.settings.user_sources):
            shutil.rmtree(folder, ignore_errors=True)
        send_to(self.settings)
        said = yaml.safe_dump({"no_decision_reasons": list(OPTIONS.no_decision_reasons)})
        self.settings.company.write_text(said, encoding="utf-8")
        heal(self.settings)
        for night in (crm.as_of - DAY, crm.as_of):
            loads = load_night(self.settings, night, "run", crm.source)
        refused = [load for load in loads if load.error or load.rows_quarantined]
        assert not refused, refused
        build_marts(self.settings, MARTS)
        with duckdb.connect(str(self.settings.candidate), read_only=True) as connection:
            return {name: rows_of(connection, name) for name in MARTS}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLYWHEEL_HOME", str(folder))
        yield Home(Settings(home=folder))


def report(crm: Contents, difference: Difference) -> str:
    """The difference, and what the CRM sent about the opportunity that it is about."""
    lines = [str(difference)]
    key = str(difference.grain.get("opportunity_key", ""))
    chosen = [
        one
        for one in crm.opportunities
        if key == f"{crm.source}:{one.opportunity_id}" or len(crm.opportunities) == 1
    ]
    for one in chosen:
        lines += ["sent:", f"  {one}"]
        lines += [
            f"  {record}" for record in crm.records if record.opportunity_id == one.opportunity_id
        ]
        lines += [f"  {pipeline}" for pipeline in pipelines_of(crm.stages).values()]
    return "\n".join(lines)


def check(home: Home, company: Company) -> None:
    """Fail with the first difference, narrowed to a company of one opportunity where that shows."""

    def difference_of(company: Company) -> Difference | None:
        marts = home.build(company.crm, lambda settings: send(company, settings))
        return first_difference(reference_of([company.landed()]), marts)

    difference = difference_of(company)
    if difference is None:
        return
    key = str(difference.grain.get("opportunity_key", ""))
    if key and not IS_LONG:
        alone = company.only(key.split(":", 1)[1])
        narrowed = difference_of(alone)
        if narrowed is not None:
            company, difference = alone, narrowed
    pytest.fail(report(company.crm, difference), pytrace=False)


# --- drawing a company -----------------------------------------------------------------------

OPEN_STAGES = ("Prospect", "Meet", "Qualify", "Offer", "Negotiate")
NIGHTS = (date(2024, 2, 29), date(2024, 6, 30), date(2024, 12, 31), date(2025, 3, 14))
DAY = timedelta(days=1)
# None to years; within a second, too, because CRMs stamp bulk edits with one instant.
GAPS = (
    5 * DAY, timedelta(), timedelta(milliseconds=400), timedelta(seconds=1), timedelta(hours=7),
    DAY, 12 * DAY, 23 * DAY, 31 * DAY, 70 * DAY, 200 * DAY, timedelta(),
)  # fmt: skip
TIMES = (time(9), time(0), time(23, 59, 59, 900_000), time(14, 30, 15, 250_000))
AMOUNTS = tuple(
    None if text is None else Decimal(text)
    for text in ("100", None, "2500.50", "0", "-40", "19.995", "0.125", "87654321.10", "300", None)
)
MOVES = (
    "next", "next", "next", "jump", "back", "win", "lose", "stay", "hand over", "next", "lose",
    "back", "win", "far back",
)  # fmt: skip


# What people call a stage that has an id.
LABELS = {"903": "No decision"}
PIPELINES = (("default",), ("default", "Renewal"), ("A", "B", "C"))


@st.composite
def stage_lists(draw: st.DrawFn, names: tuple[str, ...]) -> tuple[Stage, ...]:
    """Pipelines that share names of stages, listed in another order than they are passed."""
    stages = []
    for pipeline in names:
        open_stages = draw(st.permutations(OPEN_STAGES))[: draw(st.integers(1, len(OPEN_STAGES)))]
        qualifying = draw(st.sampled_from([None, *open_stages]))
        stages += [
            Stage(pipeline, name, "open", place=10 * place, is_qualifying=name == qualifying)
            for place, name in enumerate(open_stages, start=1)
        ]
        stages += [Stage(pipeline, name, "won") for name in draw(some_of("Won", "Signed"))]
        stages += [
            Stage(pipeline, name, "lost", label=LABELS.get(name))
            for name in draw(some_of("Lost", "No decision", "903"))
        ]
    return tuple(sorted(stages, key=lambda stage: (stage.name, stage.pipeline)))


def some_of(first: str, *others: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.sampled_from([(first,), *((first, other) for other in others)])


@dataclass(frozen=True)
class Plan:
    """What is drawn of one opportunity; `opportunity_of` makes rows of it."""

    days_ago: int
    time: time
    start: str
    moves: tuple[tuple[str, timedelta, Decimal | None], ...]
    told: str
    creation: str
    closing: str
    modified: str
    is_sequenced: bool
    amount: Decimal | None
    currency: str | None
    owner_id: str | None
    lead_source: str | None
    opportunity_type: str | None
    account_id: str | None
    campaign_id: str | None
    fate: str


PLANS = st.builds(
    Plan,
    days_ago=st.integers(0, 800),
    time=st.sampled_from(TIMES),
    start=st.sampled_from(["first", "first", "first", "second", "last", "won", "lost"]),
    moves=st.lists(
        st.tuples(st.sampled_from(MOVES), st.sampled_from(GAPS), st.sampled_from(AMOUNTS)),
        max_size=8,
    ).map(tuple),
    told=st.sampled_from(
        ["all", "nothing", "all", "all", "not the first", "not the last", "the middle", "undated"]
    ),
    creation=st.sampled_from(
        [
            "at the first",
            "at the first",
            "in its second",
            "before",
            "long before",
            "after",
            "unknown",
        ]
    ),
    closing=st.sampled_from(
        ["at the last", "by day", "unknown", "before creation", "both", "after the night"]
    ),
    modified=st.sampled_from(["unknown", "at the last", "later"]),
    is_sequenced=st.booleans(),
    amount=st.sampled_from(AMOUNTS),
    currency=st.sampled_from([None, "USD", None, "EUR"]),
    owner_id=st.sampled_from(["Ana", "Bo", "Cy", None]),
    lead_source=st.sampled_from(["Web", "Fair", None]),
    opportunity_type=st.sampled_from(["New", None]),
    account_id=st.sampled_from(["a1", "a2", "a3", "a4", "unlisted", None]),
    campaign_id=st.sampled_from(["k1", "k7", None, None]),
    fate=st.sampled_from(
        ["kept"] * 9 + ["deleted", "merged", "no longer sent", "sent before", "sent before"]
    ),
)

ACCOUNTS = (
    Account("a1", segment="Public", industry="Energy", employee_count=5),
    Account("a2", industry="Energy", employee_count=99),
    Account("a3", industry=None, employee_count=100),
    Account("a4", industry="Retail", employee_count=1000),
)
# Nobody says when the others were hired, nor when who is no longer there left.
USERS = (User("Ana", is_active=False), User("Bo", hired_date=date(2024, 1, 31)))


@st.composite
def companies(draw: st.DrawFn, names: st.SearchStrategy[tuple[str, ...]]) -> Company:
    stages = draw(stage_lists(draw(names)))
    sends_stages = draw(st.booleans())
    if not sends_stages:
        # Those that a source file names have no names besides.
        stages = tuple(replace(stage, label=None) for stage in stages)
    as_of = draw(st.sampled_from(NIGHTS))
    plans = draw(st.lists(PLANS, min_size=80, max_size=140))
    pipelines = pipelines_of(stages)
    made = [
        opportunity_of(f"o{number}", plan, as_of, stages, list(pipelines)[number % len(pipelines)])
        for number, plan in enumerate(plans)
    ]
    made.append((young_win(as_of, stages), []))
    plans.append(replace(plans[0], fate="kept"))
    by_fate = {
        fate: frozenset(
            one.opportunity_id
            for (one, _), plan in zip(made, plans, strict=True)
            if plan.fate == fate
        )
        for fate in ("no longer sent", "sent before")
    }
    random = Random(draw(st.integers(0, 2**32 - 1)))
    around = tuple(rows_around(random, as_of, [one for one, _ in made]))
    return Company(
        around_before=tuple(as_of_the_night_before(random, around)),
        crm=Contents(
            source="drawn",
            as_of=as_of,
            stages=stages,
            opportunities=tuple(one for one, _ in made),
            # In the order of ids, which says nothing about time.
            records=tuple(
                sorted((row for _, rows in made for row in rows), key=lambda row: row.record_id)
            ),
            accounts=ACCOUNTS,
            around=around,
            lead_meanings=lead_meanings(says_statuses=draw(st.booleans())),
        ),
        sends_stages=sends_stages,
        outdated=tuple(
            replace(one, amount=Decimal(1), lead_source="outdated", modified_at=None)
            for one, _ in made
            if one.opportunity_id in by_fate["sent before"]
        ),
        no_longer_sent=by_fate["no longer sent"],
    )


def young_win(as_of: date, stages: tuple[Stage, ...]) -> Opportunity:
    """Its lead may be younger than every horizon, and won within it all the same."""
    pipeline = next(iter(pipelines_of(stages)))
    ends = {stage.kind: stage.name for stage in stages if stage.pipeline == pipeline}
    created_at = datetime.combine(as_of - 20 * DAY, time(9))
    return Opportunity(
        opportunity_id="young",
        pipeline=pipeline,
        stage=ends["won"],
        created_at=created_at,
        closed_at=created_at + 5 * DAY,
        amount=Decimal(100),
    )


def opportunity_of(
    opportunity_id: str, plan: Plan, as_of: date, stages: tuple[Stage, ...], pipeline: str
) -> tuple[Opportunity, list[Record]]:
    """Walk through the stages as planned, then tell as much of it as planned."""
    end = datetime.combine(as_of, time(23, 59, 59, 999_999))
    at = min(datetime.combine(as_of - plan.days_ago * DAY, plan.time), end)
    pipelines = pipelines_of(stages)
    names = list(pipelines)

    def terminal(pipeline: str, kind: str, number: int) -> str:
        those = [name for name, its_kind in pipelines[pipeline].kinds.items() if its_kind == kind]
        return those[number % len(those)]

    open_stages = pipelines[pipeline].open_stages
    stage = {
        "first": open_stages[0],
        "second": open_stages[min(1, len(open_stages) - 1)],
        "last": open_stages[-1],
        "won": terminal(pipeline, "won", 0),
        "lost": terminal(pipeline, "lost", 0),
    }[plan.start]
    steps = [(pipeline, stage, at, plan.amount)]
    for number, (move, gap, amount) in enumerate(plan.moves):
        at += gap
        if at > end:
            break
        rank = pipelines[pipeline].rank(stage)
        count = len(pipelines[pipeline].open_stages)
        if move == "hand over":
            pipeline = names[(names.index(pipeline) + 1) % len(names)]
            kept = stage if stage in pipelines[pipeline].kinds else None
            stage = kept or pipelines[pipeline].open_stages[0]
        elif move in ("win", "lose"):
            stage = terminal(pipeline, {"win": "won", "lose": "lost"}[move], number)
        elif move != "stay" and rank is None:
            # Reopened.
            reopened_rank = {"next": 2, "jump": count}.get(move, 1)
            stage = pipelines[pipeline].open_stages[min(reopened_rank, count) - 1]
        elif move == "next" and rank == count:
            stage = terminal(pipeline, "won", number)
        elif move != "stay":
            step = {"next": 1, "jump": 2, "back": -1, "far back": -3}[move]
            stage = pipelines[pipeline].open_stages[min(max(rank + step, 1), count) - 1]
        steps.append((pipeline, stage, at, amount))

    told = {"nothing": [], "not the first": steps[1:], "not the last": steps[:-1],
            "the middle": steps[1:-1]}.get(plan.told, steps)  # fmt: skip
    records = []
    for number, (its_pipeline, its_stage, its_at, amount) in enumerate(told):
        records.append(
            Record(
                record_id=f"{zlib.crc32(f'{opportunity_id}.{number}'.encode()):08x}",
                opportunity_id=opportunity_id,
                pipeline=its_pipeline,
                stage=its_stage,
                at=None if plan.told == "undated" and number % 2 else its_at,
                sequence=number if plan.is_sequenced else None,
                amount=amount,
            )
        )
    first_at, last_at = steps[0][2], steps[-1][2]
    created_at = {
        "at the first": first_at,
        "in its second": first_at.replace(microsecond=999_000),
        "before": first_at - timedelta(minutes=3),
        "long before": first_at - 40 * DAY,
        "after": min(first_at + 2 * DAY, end),
        "unknown": None,
    }[plan.creation]
    closed_at, close_date = {
        "at the last": (last_at, None),
        "by day": (None, last_at.date()),
        "unknown": (None, None),
        "before creation": (None, first_at.date() - 60 * DAY),
        "both": (last_at, last_at.date() - DAY),
        "after the night": (None, as_of + 20 * DAY),
    }[plan.closing]
    modified_at = {"unknown": None, "at the last": last_at, "later": min(last_at + 9 * DAY, end)}
    return (
        Opportunity(
            opportunity_id=opportunity_id,
            pipeline=pipeline,
            stage=stage,
            created_at=created_at,
            closed_at=closed_at,
            close_date=close_date,
            modified_at=modified_at[plan.modified],
            amount=plan.amount,
            currency=plan.currency,
            owner_id=plan.owner_id,
            lead_source=plan.lead_source,
            opportunity_type=plan.opportunity_type,
            account_id=plan.account_id,
            loss_reason={"at the last": "Didn't decide", "later": "Price"}.get(plan.modified),
            is_deleted=plan.fate == "deleted",
            merged_into_id="another" if plan.fate == "merged" else None,
            campaign_id=plan.campaign_id,
        ),
        records,
    )


# --- the same from Salesforce ----------------------------------------------------------------


def salesforce_id(prefix: str, name: str | None) -> str | None:
    return None if name is None else f"{prefix}{name:0>15}"


def as_salesforce(company: Company) -> Contents:
    """The company as Salesforce knows it: one pipeline, whole seconds, nothing undated."""
    crm = company.crm
    end = datetime.combine(crm.as_of, time(23, 59, 59))
    last_at: dict[str, datetime] = {}
    records = []
    for record in crm.records:
        if record.at is None:
            continue
        opportunity_id = salesforce_id("006", record.opportunity_id)
        second = record.at.replace(microsecond=0)
        last_at[opportunity_id] = max(second, last_at.get(opportunity_id, second))
        records.append(
            replace(
                record,
                record_id=salesforce_id("008", record.record_id),
                opportunity_id=opportunity_id,
                at=second,
                sequence=None,
            )
        )
    opportunities = []
    for one in crm.opportunities:
        opportunity_id = salesforce_id("006", one.opportunity_id)
        # Every change is stamped: the last one on record is the last one there was.
        modified_at = last_at.get(opportunity_id, (one.modified_at or end).replace(microsecond=0))
        opportunities.append(
            replace(
                one,
                opportunity_id=opportunity_id,
                created_at=min(one.created_at or end, modified_at).replace(microsecond=0),
                closed_at=None,
                close_date=min(one.close_date or crm.as_of, modified_at.date()),
                modified_at=modified_at,
                is_deleted=one.is_deleted or one.merged_into_id is not None,
                merged_into_id=None,
                owner_id=salesforce_id("005", one.owner_id or "Di"),
                account_id=salesforce_id("001", one.account_id),
                # Salesforce has no such field of its own.
                loss_reason=None,
                campaign_id=salesforce_id("701", one.campaign_id),
            )
        )
    return Contents(
        source="salesforce",
        as_of=crm.as_of,
        stages=tuple(replace(stage, is_qualifying=False) for stage in crm.stages),
        opportunities=tuple(opportunities),
        records=tuple(records),
        accounts=tuple(
            replace(one, account_id=salesforce_id("001", one.account_id), segment=None)
            for one in crm.accounts
        ),
        around=tuple(
            filter(
                None,
                (
                    around_in_salesforce(row, Options().calendar)
                    for row in (*crm.around, *participants_of(crm.around))
                ),
            )
        ),
        identifies_records=True,
    )


def send_salesforce(crm: Contents, settings: Settings) -> None:
    kinds = {(stage.pipeline, stage.name): stage.kind for stage in crm.stages}

    def stamp(instant: datetime) -> str:
        return f"{instant.isoformat(timespec='milliseconds')}Z"

    tables: dict[str, list[dict[str, Any]]] = {
        "Opportunity": [
            {
                "Id": one.opportunity_id, "AccountId": one.account_id, "OwnerId": one.owner_id,
                "Name": one.opportunity_id, "StageName": one.stage, "Amount": one.amount,
                "CloseDate": one.close_date, "CreatedDate": stamp(one.created_at),
                "IsClosed": kinds[one.pipeline, one.stage] != "open",
                "IsWon": kinds[one.pipeline, one.stage] == "won",
                "IsDeleted": one.is_deleted, "Type": one.opportunity_type,
                "LeadSource": one.lead_source, "ForecastCategoryName": None, "Probability": None,
                "RecordTypeId": None, "CurrencyIsoCode": one.currency,
                "LastModifiedDate": None, "SystemModstamp": stamp(one.modified_at),
                "CampaignId": one.campaign_id,
            }
            for one in crm.opportunities
        ],
        "OpportunityHistory": [
            {
                "Id": one.record_id, "OpportunityId": one.opportunity_id, "StageName": one.stage,
                "Amount": one.amount, "CloseDate": None, "Probability": None,
                "ForecastCategory": None, "ExpectedRevenue": None, "CreatedDate": stamp(one.at),
                "CreatedById": None, "IsDeleted": False,
            }
            for one in crm.records
        ],
        "OpportunityStage": [
            {
                "Id": salesforce_id("01J", str(number)), "ApiName": stage.name,
                "MasterLabel": stage.label or stage.name, "SortOrder": stage.place,
                "IsActive": True, "IsClosed": stage.kind != "open", "IsWon": stage.kind == "won",
                "DefaultProbability": None, "ForecastCategoryName": None,
            }
            for number, stage in enumerate(crm.stages)
        ],
        "Account": [
            {
                "Id": one.account_id, "Name": one.account_id, "ParentId": None, "OwnerId": None,
                "Industry": one.industry, "NumberOfEmployees": one.employee_count,
                "AnnualRevenue": None, "Type": None, "BillingCountry": None,
                "MasterRecordId": None, "IsDeleted": False,
                "SystemModstamp": stamp(datetime(2024, 1, 1)),
            }
            for one in crm.accounts
        ],
        **{
            SALESFORCE[extract.kind][1]: list(map(SALESFORCE[extract.kind][2], extract.rows))
            for extract in extracts_of(crm.around, crm.as_of)
        },
    }  # fmt: skip
    write_night(
        settings.landing / crm.source / str(crm.as_of),
        {f"{name}.csv": csv_text(rows, rows[0]) for name, rows in tables.items() if rows},
    )


# --- small cases with a known answer ---------------------------------------------------------


def at(text: str) -> datetime:
    """`03-01`, `03-01 10:00` or `03-01 10:00:00.4`, of 2024."""
    day, _, clock = text.partition(" ")
    return datetime.combine(date.fromisoformat(f"2024-{day}"), time.fromisoformat(clock or "00:00"))


@dataclass(frozen=True)
class Case:
    """One opportunity whose way is told in words.

    `reached` lists the stages reached with the day, the ones never entered in brackets; `visits`
    the stays with their ends. Stages of the other pipeline are Notice and Talk.
    """

    claim: str
    now: str
    reached: str
    visits: str
    history: tuple[tuple[str, str], ...] = ()
    sequences: tuple[int, ...] = ()
    created: str | None = "03-01"
    closed: str | None = None
    changed: str | None = None


CASES = (
    Case(
        "a skipped stage is reached with the stage after it",
        history=(("03-01", "Prospect"), ("03-05", "Offer")),
        now="Offer",
        reached="Prospect 03-01, (Meet) 03-05, (Qualify) 03-05, Offer 03-05",
        visits="Prospect advanced, Offer open",
    ),
    Case(
        "going back takes nothing back",
        history=(("03-01", "Prospect"), ("03-05", "Meet"), ("03-09", "Prospect")),
        now="Prospect",
        reached="Prospect 03-01, Meet 03-05",
        visits="Prospect advanced, Meet regressed, Prospect open",
    ),
    Case(
        "a loss reaches nothing",
        history=(("03-01", "Prospect"), ("03-05", "Lost")),
        now="Lost",
        reached="Prospect 03-01",
        visits="Prospect lost",
    ),
    Case(
        "winning reaches every stage",
        history=(("03-01", "Prospect"), ("03-05", "Won")),
        now="Won",
        reached="Prospect 03-01, (Meet) 03-05, (Qualify) 03-05, (Offer) 03-05",
        visits="Prospect won",
    ),
    Case(
        "a win that was taken back reaches nothing",
        history=(("03-01", "Prospect"), ("03-05", "Won"), ("03-19", "Meet")),
        now="Meet",
        reached="Prospect 03-01, Meet 03-19",
        visits="Prospect won, Meet open",
    ),
    Case(
        "won twice is reached with the first win",
        history=(("03-01", "Prospect"), ("03-05", "Won"), ("03-19", "Meet"), ("03-22", "Won")),
        now="Won",
        reached="Prospect 03-01, Meet 03-05, (Qualify) 03-05, (Offer) 03-05",
        visits="Prospect won, Meet won",
    ),
    Case(
        "a close that was reversed within a week was none",
        history=(("03-01", "Prospect"), ("03-05", "Won"), ("03-12", "Meet"), ("03-14", "Won")),
        now="Won",
        reached="Prospect 03-01, Meet 03-12, (Qualify) 03-14, (Offer) 03-14",
        visits="Prospect advanced, Meet won",
    ),
    Case(
        "a win that became a loss within a week was none",
        history=(("03-01", "Prospect"), ("03-05", "Won"), ("03-12", "Lost")),
        now="Lost",
        reached="Prospect 03-01",
        visits="Prospect lost",
    ),
    Case(
        "a win that became a loss later has ended its stay",
        history=(("03-01", "Prospect"), ("03-05", "Won"), ("03-13", "Lost")),
        now="Lost",
        reached="Prospect 03-01",
        visits="Prospect won",
    ),
    Case(
        "a loss that became a win within a week was none",
        history=(("03-01", "Prospect"), ("03-05", "Lost"), ("03-12", "Won")),
        now="Won",
        reached="Prospect 03-01, (Meet) 03-12, (Qualify) 03-12, (Offer) 03-12",
        visits="Prospect won",
    ),
    Case(
        "each close of a row is judged by what reversed it",
        history=(
            ("03-01", "Prospect"), ("03-05", "Won"), ("03-10", "Lost"), ("03-15", "Prospect"),
        ),
        now="Prospect",
        reached="Prospect 03-01",
        visits="Prospect open",
    ),
    Case(
        "the stay before a close that was none goes on",
        history=(("03-01", "Prospect"), ("03-05", "Lost"), ("03-12", "Prospect")),
        now="Prospect",
        reached="Prospect 03-01",
        visits="Prospect open",
    ),
    Case(
        "created won is reached at once and stayed nowhere",
        history=(("03-01", "Won"),),
        now="Won",
        reached="(Prospect) 03-01, (Meet) 03-01, (Qualify) 03-01, (Offer) 03-01",
        visits="",
    ),
    Case(
        "created lost has reached the first stage",
        history=(("03-01", "Lost"),),
        now="Lost",
        reached="(Prospect) 03-01",
        visits="",
    ),
    Case(
        "created late has passed the stages before",
        history=(("03-01", "Qualify"),),
        now="Qualify",
        reached="(Prospect) 03-01, (Meet) 03-01, Qualify 03-01",
        visits="Qualify open",
    ),
    Case(
        "changes within one second climb",
        history=(
            ("03-05 10:00:00.1", "Qualify"), ("03-05 10:00:00.5", "Meet"),
            ("03-05 10:00:00.9", "Prospect"), ("03-05 10:00:00.3", "Lost"),
        ),
        created="03-05 10:00:00.9",
        now="Lost",
        reached="Prospect 03-05, Meet 03-05, Qualify 03-05",
        visits="Prospect advanced, Meet advanced, Qualify lost",
    ),
    Case(
        "a sequence of the source orders changes within one second",
        history=(("03-01", "Meet"), ("03-01", "Prospect"), ("03-01", "Qualify")),
        sequences=(3, 7, 8),
        now="Qualify",
        reached="Prospect 03-01, Meet 03-01, Qualify 03-01",
        visits="Meet regressed, Prospect advanced, Qualify open",
    ),
    Case(
        "a change that leaves the stage is no entry",
        history=(("03-01", "Prospect"), ("03-05", "Prospect"), ("03-09", "Meet")),
        now="Meet",
        reached="Prospect 03-01, Meet 03-09",
        visits="Prospect advanced, Meet open",
    ),
    Case(
        "open without history is where it is since its creation",
        now="Meet",
        reached="(Prospect) 03-01, Meet 03-01",
        visits="Meet open",
    ),
    Case(
        "closed without history came from the first stage",
        now="Lost",
        closed="03-07",
        reached="Prospect 03-01",
        visits="Prospect lost",
    ),
    Case(
        "closed without history on the day of creation was created closed",
        now="Won",
        created="03-07 10:00",
        closed="03-07",
        reached="(Prospect) 03-07, (Meet) 03-07, (Qualify) 03-07, (Offer) 03-07",
        visits="",
    ),
    Case(
        "created before the first record is created in the first stage",
        history=(("03-05", "Meet"),),
        now="Meet",
        reached="Prospect 03-01, Meet 03-05",
        visits="Prospect advanced, Meet open",
    ),
    Case(
        "the current stage comes last also when no record names it",
        history=(("03-01", "Prospect"),),
        now="Qualify",
        changed="03-20",
        reached="Prospect 03-01, (Meet) 03-20, Qualify 03-20",
        visits="Prospect advanced, Qualify open",
    ),
    Case(
        "without an instant of creation the first stage is undated",
        now="Lost",
        created=None,
        reached="Prospect ?",
        visits="Prospect lost",
    ),
    Case(
        "another pipeline is entered anew",
        history=(("03-01", "Prospect"), ("03-05", "Qualify"), ("03-09", "Notice")),
        now="Notice",
        reached="Prospect 03-01, (Meet) 03-05, Qualify 03-05, Notice 03-09",
        visits="Prospect advanced, Qualify handed_off, Notice open",
    ),
    Case(
        "handed off and won is won in the new pipeline only",
        history=(("03-01", "Prospect"), ("03-05", "Notice"), ("03-09", "Renewed")),
        now="Renewed",
        reached="Prospect 03-01, Notice 03-05, (Talk) 03-09",
        visits="Prospect handed_off, Notice won",
    ),
    Case(
        "created before the first record is created in the pipeline of that record",
        history=(("03-05", "Meet"), ("03-09", "Notice")),
        now="Notice",
        reached="Prospect 03-01, Meet 03-05, Notice 03-09",
        visits="Prospect advanced, Meet handed_off, Notice open",
    ),
)  # fmt: skip

HANDMADE_STAGES = (
    *(Stage("default", name, "open", place) for place, name in enumerate(OPEN_STAGES[:4])),
    Stage("default", "Won", "won"),
    Stage("default", "Lost", "lost"),
    Stage("default", "Paid", "won"),
    Stage("default", "Dormant", "lost"),
    Stage("Renewal", "Notice", "open", 1, is_qualifying=True),
    Stage("Renewal", "Talk", "open", 2),
    Stage("Renewal", "Renewed", "won"),
    Stage("Renewal", "Churned", "lost"),
)
PIPELINE_OF = {stage.name: stage.pipeline for stage in HANDMADE_STAGES}
# What needs more than a way through the stages is told in full.
FURTHER = (
    Opportunity("paid", "default", "Paid", at("03-01")),
    Opportunity("sorted anew", "default", "Dormant", at("03-01")),
    Opportunity("won again", "default", "Paid", at("03-01")),
    Opportunity("late and lost", "default", "Lost", at("03-01")),
    Opportunity("euros", "default", "Meet", at("03-01"), amount=Decimal(90), currency="EUR"),
    Opportunity("dollars", "default", "Meet", at("03-01"), amount=Decimal(90)),
    Opportunity("handed late", "Renewal", "Renewed", at("03-01")),
    Opportunity("undated", "Renewal", "Renewed", closed_at=at("03-08"), owner_id="Ana"),
    Opportunity("sold", "Renewal", "Renewed", at("05-02"), amount=Decimal(100)),
    Opportunity("refused refund", "Renewal", "Churned", at("05-02"), amount=Decimal(-40)),
    Opportunity(
        "refund", "Renewal", "Renewed", at("05-02"), amount=Decimal(-40), lead_source="Refund"
    ),
)
FURTHER_RECORDS = (
    *(
        Record(f"{name} {number}", name, "default", stage, at(day))
        for name, way in {
            "paid": (("03-01", "Prospect"), ("03-11", "Won"), ("05-20", "Paid")),
            "sorted anew": (("03-01", "Prospect"), ("03-11", "Lost"), ("05-20", "Dormant")),
            "won again": (
                ("03-01", "Prospect"),
                ("03-11", "Won"),
                ("04-01", "Meet"),
                ("04-21", "Won"),
                ("05-20", "Paid"),
            ),
            "late and lost": (("03-01", "Meet"), ("03-11", "Lost")),
        }.items()
        for number, (day, stage) in enumerate(way)
    ),
    Record("h1", "euros", "default", "Prospect", at("03-01"), amount=Decimal(50)),
    Record("h2", "euros", "default", "Meet", at("03-05"), amount=Decimal(70)),
    Record("h3", "dollars", "default", "Prospect", at("03-01"), amount=Decimal("50.005")),
    Record("h4", "dollars", "default", "Meet", at("03-05"), amount=Decimal(70)),
    Record("h5", "handed late", "default", "Qualify", at("03-01")),
    Record("h6", "handed late", "Renewal", "Notice", at("03-05")),
    Record("h7", "handed late", "Renewal", "Renewed", at("03-09")),
    Record("h8", "sold", "Renewal", "Notice", at("05-02")),
    Record("h9", "sold", "Renewal", "Renewed", at("05-09")),
    Record("h10", "refused refund", "Renewal", "Notice", at("05-02")),
    Record("h11", "refused refund", "Renewal", "Churned", at("05-09")),
    Record("h12", "refund", "Renewal", "Notice", at("05-02")),
    Record("h13", "refund", "Renewal", "Renewed", at("05-09")),
)


def handmade_crm() -> Contents:
    opportunities, records = [], []
    for case in CASES:
        closed_at = at(case.closed) if case.closed else None
        opportunities.append(
            Opportunity(
                opportunity_id=case.claim,
                pipeline=PIPELINE_OF[case.now],
                stage=case.now,
                created_at=at(case.created) if case.created else None,
                close_date=closed_at.date() if closed_at else None,
                modified_at=at(case.changed) if case.changed else None,
            )
        )
        sequences = case.sequences or [None] * len(case.history)
        records += [
            Record(f"{case.claim} {number}", case.claim, PIPELINE_OF[stage], stage, at(day), order)
            for number, ((day, stage), order) in enumerate(
                zip(case.history, sequences, strict=True)
            )
        ]
    return Contents(
        source="handmade",
        as_of=date(2024, 6, 30),
        stages=HANDMADE_STAGES,
        opportunities=(*opportunities, *FURTHER),
        records=(*records, *FURTHER_RECORDS),
    )


@dataclass(frozen=True)
class Sides:
    """The same marts twice: as built, and as the reference has them."""

    marts: dict[str, list[Row]]
    reference: dict[str, list[Row]]

    def of(self, mart: str, **wanted: Any) -> list[list[Row]]:
        """The rows of an opportunity (or other wanted values), first as built."""
        return [
            [row for row in side[mart] if all(row[name] == wanted[name] for name in wanted)]
            for side in (self.marts, self.reference)
        ]


@pytest.fixture(scope="module")
def handmade(home: Home) -> Sides:
    company = Company(handmade_crm())
    return Sides(
        marts=home.build(company.crm, lambda settings: send(company, settings)),
        reference=reference_of([company.landed()]),
    )


def stage_name(row: Row) -> str:
    return str(row["stage_key"]).rsplit(":", 1)[1]


def reached_in_words(rows: list[Row]) -> str:
    """As `Case.reached` says it; pipelines in the order in which they were entered."""
    rows = sorted(rows, key=lambda row: row["stage_rank"])
    rows.sort(key=lambda row: row["reached_at"] or datetime.min)
    return ", ".join(
        (f"({stage_name(row)})" if row["is_imputed"] else stage_name(row))
        + (f" {row['reached_at']:%m-%d}" if row["reached_at"] else " ?")
        for row in rows
    )


def visits_in_words(rows: list[Row]) -> str:
    rows = sorted(rows, key=lambda row: row["visit_number"])
    return ", ".join(f"{stage_name(row)} {row['exit_kind']}" for row in rows)


# --- the claims ------------------------------------------------------------------------------


@companies_per_test(7)
@given(companies(st.sampled_from(PIPELINES)))
def test_marts_agree_with_the_reference_on_random_companies(home: Home, company: Company) -> None:
    check(home, company)


@companies_per_test(3)
@given(companies(st.just(PIPELINES[0])))
def test_marts_agree_with_the_reference_on_random_salesforce_extracts(
    home: Home, company: Company
) -> None:
    crm = as_salesforce(company)
    marts = home.build(crm, lambda settings: send_salesforce(crm, settings))
    difference = first_difference(reference_of([Company(crm).landed()]), marts)
    if difference is not None:
        pytest.fail(report(crm, difference), pytrace=False)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.claim.replace(" ", "_"))
def test_a_way_through_the_stages_reads_as_defined(handmade: Sides, case: Case) -> None:
    key = f"handmade:{case.claim}"
    for rows in handmade.of("fct_stage_reached", opportunity_key=key):
        assert reached_in_words(rows) == case.reached
    for rows in handmade.of("fct_stage_visit", opportunity_key=key):
        assert visits_in_words(rows) == case.visits


def test_an_amount_on_record_is_that_of_the_stage_and_not_of_today(handmade: Sides) -> None:
    for rows in handmade.of("fct_stage_reached", opportunity_key="handmade:dollars"):
        amounts = {row["stage_rank"]: row["reached_amount"] for row in rows}
        # Half a cent goes to the even side.
        assert amounts == {1: Decimal("50.00"), 2: Decimal("70.00")}


def test_an_amount_in_another_currency_is_unknown_at_every_stage(handmade: Sides) -> None:
    for rows in handmade.of("fct_stage_reached", opportunity_key="handmade:euros"):
        assert [row["reached_amount"] for row in rows] == [None, None]


def test_what_is_worth_less_than_nothing_is_no_part_of_a_share_of_value(handmade: Sides) -> None:
    """With refunds in it, 60 of 20 would have been won."""
    for rows in handmade.of(
        "funnel_stage_conversion",
        stage_key="handmade:Renewal:Notice",
        cohort_month=date(2024, 5, 1),
        dimension="all",
    ):
        (row,) = rows
        assert (row["reached_count"], row["reached_amount"], row["won_amount"]) == (3, 100, 100)
        assert (row["win_amount_rate"], row["leakage_amount_rate"]) == (1, 0)


def test_of_an_amount_below_nothing_no_part_is_realised(handmade: Sides) -> None:
    for rows in handmade.of("cohort_win_triangle", dimension_value="Refund", age_months=1):
        (row,) = rows
        assert (row["cohort_amount"], row["won_amount"], row["realised_rate"]) == (-40, -40, None)


@pytest.mark.parametrize(
    ("name", "closed"), [("paid", "03-11"), ("sorted anew", "03-11"), ("won again", "04-21")]
)
def test_a_win_is_dated_by_its_close_however_it_is_filed_later(
    handmade: Sides, name: str, closed: str
) -> None:
    """From won to paid, from lost to dormant: months that are over would be told anew."""
    for rows in handmade.of("fct_opportunity", opportunity_key=f"handmade:{name}"):
        assert [row["closed_at"] for row in rows] == [at(closed)]


def test_the_cycle_of_what_was_written_down_late_begins_with_its_creation(handmade: Sides) -> None:
    """From the first to the eleventh of March."""
    for rows in handmade.of("fct_opportunity", opportunity_key="handmade:late and lost"):
        assert [row["loss_cycle_days"] for row in rows] == [10]


def test_ranks_of_different_pipelines_are_not_compared(handmade: Sides) -> None:
    """Created in rank 3 of another pipeline, it skipped rank 2 of this one all the same."""
    for rows in handmade.of("fct_opportunity", opportunity_key="handmade:handed late"):
        assert [row["skipped_stage_count"] for row in rows] == [1]


def test_an_undated_opportunity_can_have_been_qualified(handmade: Sides) -> None:
    """It has no instant of being qualified, but it was: it is won."""
    for rows in handmade.of(
        "win_rate",
        metric_id="win_rate_qualified",
        pipeline_key="handmade:Renewal",
        grain="all",
        dimension_value="handmade:Ana",
    ):
        assert [(row["numerator"], row["denominator"]) for row in rows] == [(1, 1)]
