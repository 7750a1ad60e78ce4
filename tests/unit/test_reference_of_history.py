"""The reference with a memory, held to examples worked out by hand from docs/history.md.

Belongs here: one small history a rule, with its answer in words. Does not belong here: the models,
which are compared with the reference on random histories (tests/integration/).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from tests.reference.facts import (
    bridge_merge,
    dim_rep,
    fct_opportunity,
    fct_opportunity_credit,
    fct_stage_reached,
    fct_stage_visit,
)
from tests.reference.fiscal import Calendar as FiscalCalendar
from tests.reference.landed import (
    Account,
    Crm,
    Extract,
    FieldChange,
    Opportunity,
    Options,
    Rate,
    Record,
    Split,
    Stage,
    StageMapping,
    User,
)
from tests.reference.money import shared_out
from tests.reference.past import fct_opportunity_event, fct_opportunity_version, pipeline_daily
from tests.reference.quantities import Row
from tests.reference.warehouse import Warehouse

STAGES = (
    Stage("default", "Meet", "open", 1),
    Stage("default", "Qualify", "open", 2),
    Stage("default", "Offer", "open", 3),
    Stage("default", "Won", "won"),
    Stage("default", "Lost", "lost"),
    Stage("Renewal", "Notice", "open", 1),
    Stage("Renewal", "Talk", "open", 2),
    Stage("Renewal", "Renewed", "won"),
    Stage("Renewal", "Churned", "lost"),
)
PIPELINE_OF = {stage.name: stage.pipeline for stage in STAGES}


def day(text: str) -> date:
    """`03-01`, of 2024."""
    return date.fromisoformat(f"2024-{text}")


def at(text: str) -> datetime:
    """`03-01` or `03-01 10:00`, of 2024."""
    its_day, _, clock = text.partition(" ")
    return datetime.combine(day(its_day), time.fromisoformat(clock or "00:00"))


def seen(stage: str, **said: Any) -> Opportunity:
    """Opportunity `o` in a stage; its creation is the 1st of March at nine unless said."""
    said = {"opportunity_id": "o", "created_at": at("03-01 09:00")} | said
    return Opportunity(pipeline=PIPELINE_OF[stage], stage=stage, **said)


def told(entry: str, number: int = 1, **said: Any) -> Record:
    """`03-05 10:00 Offer` as a record of opportunity `o`."""
    instant, _, stage = entry.rpartition(" ")
    said = {"opportunity_id": "o"} | said
    return Record(
        record_id=f"{said['opportunity_id']} {number}",
        pipeline=PIPELINE_OF[stage],
        stage=stage,
        at=at(instant),
        **said,
    )


def told_all(*entries: str, **said: Any) -> tuple[Record, ...]:
    return tuple(told(entry, number, **said) for number, entry in enumerate(entries))


def night(text: str, *rows: Any, is_full: bool = True) -> list[Extract]:
    """One extract for each kind of row."""
    kinds = list(dict.fromkeys(type(row) for row in rows))
    return [
        Extract(kind, day(text), tuple(row for row in rows if type(row) is kind), is_full)
        for kind in kinds
    ]


def warehouse(*nights: list[Extract], as_of: str = "06-30", **said: Any) -> Warehouse:
    extracts = tuple(extract for extracts in nights for extract in extracts)
    said = {"stages": STAGES} | said
    return Warehouse(Crm(source="crm", as_of=day(as_of), extracts=extracts, **said))


# --- rows in words


def name_of(key: Any) -> str:
    return str(key).rsplit(":", 1)[-1]


def when(instant: Any) -> str:
    if instant is None:
        return "?"
    return f"{instant:%m-%d}" if instant.time() == time() else f"{instant:%m-%d %H:%M}"


def stays(its: Warehouse) -> list[str]:
    return [
        f"{when(row['entered_at'])} {name_of(row['stage_key'])} {row['exit_kind']}"
        for row in fct_stage_visit(its)
    ]


def reached(its: Warehouse) -> list[str]:
    return [
        f"{when(row['reached_at'])} {name_of(row['stage_key'])}"
        + (" imputed" if row["is_imputed"] else "")
        for row in fct_stage_reached(its)
    ]


def events(its: Warehouse, *fields: str) -> list[str]:
    return [
        f"{when(row['occurred_at'])} {row['field']} {name_of(row['new_value'])} {row['origin']}"
        for row in fct_opportunity_event(its)
        if row["field"] in fields
    ]


def intervals(its: Warehouse, *columns: str) -> list[str]:
    return [
        " ".join(
            [
                f"{when(row['valid_from'])}..{when(row['valid_to']) if row['valid_to'] else ''}",
                *(name_of(row[column]) for column in columns),
            ]
        )
        for row in fct_opportunity_version(its)
    ]


def opportunity(its: Warehouse) -> Row:
    (row,) = fct_opportunity(its)
    return row


# --- what nights show


def test_without_stamps_a_change_happened_as_the_day_began_that_showed_it() -> None:
    its = warehouse(night("03-01", seen("Meet")), night("03-04", seen("Offer")))
    assert stays(its) == ["03-01 09:00 Meet advanced", "03-04 Offer open"]


def test_a_stamp_dates_a_change() -> None:
    its = warehouse(
        night("03-01", seen("Meet", modified_at=at("03-01 09:00"))),
        night("03-04", seen("Offer", modified_at=at("03-03 17:00"))),
    )
    assert stays(its) == ["03-01 09:00 Meet advanced", "03-03 17:00 Offer open"]


def test_a_stamp_that_does_not_lie_after_the_version_before_dates_nothing() -> None:
    stamp = at("03-01 09:00")
    its = warehouse(
        night("03-01", seen("Meet", modified_at=stamp)),
        night("03-04", seen("Offer", modified_at=stamp)),
    )
    assert stays(its) == ["03-01 09:00 Meet advanced", "03-04 Offer open"]


def test_a_stamp_from_before_an_absence_does_not_date_the_return() -> None:
    other = seen("Meet", opportunity_id="other")
    its = warehouse(
        night("03-01", seen("Meet", modified_at=at("03-01 09:00")), other),
        night("03-04", other),
        night("03-06", seen("Offer", modified_at=at("03-03 17:00")), other),
    )
    assert events(its, "deleted", "undeleted") == [
        "03-04 deleted None nights", "03-06 undeleted None nights"
    ]  # fmt: skip
    assert stays(its)[:2] == ["03-01 09:00 Meet advanced", "03-06 Offer open"]


def test_of_several_rows_in_one_night_the_newest_stamp_counts() -> None:
    rows = (
        seen("Offer", modified_at=at("03-03 17:00")),
        seen("Qualify", modified_at=at("03-03 16:00")),
    )
    its = warehouse(night("03-01", seen("Meet", modified_at=at("03-01"))), night("03-04", *rows))
    assert stays(its)[1:] == ["03-03 17:00 Offer open"]


def test_a_corrected_file_replaces_what_its_night_said() -> None:
    its = warehouse(
        night("03-01", seen("Meet")), night("03-04", seen("Offer")), night("03-04", seen("Qualify"))
    )
    assert stays(its)[1:] == ["03-04 Qualify open"]


def test_a_late_file_stands_in_its_own_night() -> None:
    its = warehouse(
        night("03-01", seen("Meet")), night("03-08", seen("Offer")), night("03-04", seen("Qualify"))
    )
    assert stays(its)[1:] == ["03-04 Qualify advanced", "03-08 Offer open"]


def test_a_stale_row_changes_nothing_but_shows_that_the_record_is_there() -> None:
    newer, other = seen("Offer", modified_at=at("03-03")), seen("Meet", opportunity_id="other")
    its = warehouse(
        night("03-03", newer, other),
        night("03-04", other),
        night("03-05", seen("Meet", modified_at=at("03-02")), other),
    )
    assert events(its, "stage", "deleted", "undeleted")[:3] == [
        "03-01 09:00 stage Offer synthesised",
        "03-04 deleted None nights",
        "03-05 undeleted None nights",
    ]


def test_what_a_full_extract_lacks_is_deleted_until_it_is_seen_again() -> None:
    other = seen("Meet", opportunity_id="other")
    its = warehouse(
        night("03-01", seen("Meet"), other),
        night("03-04", other),
        night("03-06", seen("Meet"), other),
    )
    assert intervals(its, "stage_key")[:2] == ["03-01 09:00..03-04 Meet", "03-06.. Meet"]


def test_what_an_extract_of_changes_lacks_is_not_deleted() -> None:
    other = seen("Meet", opportunity_id="other")
    its = warehouse(night("03-01", seen("Meet"), other), night("03-04", other, is_full=False))
    assert len(fct_opportunity(its)) == 2


def test_an_extract_that_was_cut_off_deletes_nothing() -> None:
    many = [seen("Meet", opportunity_id=f"o{number}") for number in range(20)]
    assert len(fct_opportunity(warehouse(night("03-01", *many), night("03-02", *many[:9])))) == 20
    assert len(fct_opportunity(warehouse(night("03-01", *many), night("03-02", *many[:10])))) == 10


# --- stage events


def test_stage_history_is_believed_before_nights() -> None:
    its = warehouse(
        night("03-01", seen("Meet")),
        night("03-09", seen("Offer"), *told_all("03-01 09:00 Meet", "03-07 Offer")),
    )
    assert stays(its) == ["03-01 09:00 Meet advanced", "03-07 Offer open"]


def test_a_creation_before_the_first_record_is_filled_in() -> None:
    its = warehouse(night("03-09", seen("Offer"), told("03-07 Offer")))
    assert events(its, "stage") == [
        "03-01 09:00 stage Meet synthesised",
        "03-07 stage Offer history",
    ]


def test_a_stage_of_today_that_the_last_record_does_not_name_is_filled_in() -> None:
    row = seen("Offer", modified_at=at("03-08"))
    its = warehouse(night("03-09", row, told("03-01 09:00 Meet")))
    assert events(its, "stage")[1:] == ["03-08 stage Offer synthesised"]


def test_a_close_of_today_that_the_last_record_does_not_name_is_the_stated_one() -> None:
    row = seen("Won", modified_at=at("03-08"), close_date=day("03-06"))
    its = warehouse(night("03-09", row, told("03-01 09:00 Meet")))
    assert events(its, "stage")[1:] == ["03-06 stage Won synthesised"]


def test_first_seen_within_the_night_after_its_creation_it_was_observed_from_the_start() -> None:
    for its_night in ("03-01", "03-02"):
        its = warehouse(night(its_night, seen("Qualify")))
        assert events(its, "stage") == ["03-01 09:00 stage Qualify nights"]
        assert not opportunity(its)["is_left_truncated"]
    its = warehouse(night("03-03", seen("Qualify")))
    assert events(its, "stage") == ["03-01 09:00 stage Qualify synthesised"]
    assert opportunity(its)["is_left_truncated"]


def test_first_seen_closed_it_came_from_the_first_open_stage() -> None:
    its = warehouse(night("03-20", seen("Won", close_date=day("03-12"))))
    assert stays(its) == ["03-01 09:00 Meet won"]
    assert opportunity(its)["closed_at"] == at("03-12")


def test_first_seen_closed_on_the_day_of_its_creation_it_was_created_closed() -> None:
    its = warehouse(night("03-20", seen("Won", close_date=day("03-01"))))
    assert opportunity(its)["is_created_won"]


def test_first_seen_closed_it_had_closed_by_the_first_night() -> None:
    """A stated close that lies later is not believed, and nothing says that it came in closed."""
    its = warehouse(night("03-20", seen("Won", close_date=day("03-25"))))
    assert opportunity(its)["closed_at"] == at("03-20")
    stamped = seen("Won", close_date=day("03-25"), modified_at=at("03-18 15:00"))
    assert opportunity(warehouse(night("03-20", stamped)))["closed_at"] == at("03-18 15:00")


def test_a_close_of_today_is_not_believed_to_lie_after_the_day_that_told_of_it() -> None:
    row = seen("Won", modified_at=at("03-08 10:00"), close_date=day("03-09"))
    its = warehouse(night("03-09", row, told("03-01 09:00 Meet")))
    assert events(its, "stage")[1:] == ["03-08 10:00 stage Won synthesised"]


def test_a_stated_close_dates_a_close_between_two_versions() -> None:
    def closed(close_date: str) -> object:
        won = seen("Won", close_date=day(close_date))
        return opportunity(warehouse(night("03-04", seen("Meet")), night("03-08", won)))[
            "closed_at"
        ]

    assert closed("03-04") == at("03-04")
    assert closed("03-08") == at("03-08")
    # Before the version before, it cannot be; after the day, it has not happened.
    assert closed("03-03") == at("03-08")
    assert closed("03-09") == at("03-08")


def test_a_change_while_deleted_counts_once_it_is_back() -> None:
    gone = seen("Offer", is_deleted=True)
    its = warehouse(
        night("03-01", seen("Meet")), night("03-04", gone), night("03-06", seen("Offer"))
    )
    assert stays(its) == ["03-01 09:00 Meet advanced", "03-04 Offer open"]
    assert intervals(its, "stage_key") == ["03-01 09:00..03-04 Meet", "03-06.. Offer"]


# --- stages that are renamed, replaced or moved


def test_a_renamed_stage_is_one_stage() -> None:
    stages = (*STAGES, Stage("default", "Demo", "open", 2))
    renamed = (StageMapping("default", "Demo", "Qualify"),)
    demo = replace(seen("Meet"), stage="Demo")
    its = warehouse(
        night("03-01", seen("Meet")), night("03-04", demo), night("03-06", seen("Qualify")),
        night("03-08", seen("Offer")), stages=stages, stage_map=renamed,
    )  # fmt: skip
    assert stays(its) == ["03-01 09:00 Meet advanced", "03-04 Qualify advanced", "03-08 Offer open"]
    assert its.pipelines["default"].open_stages == ("Meet", "Qualify", "Offer")


def test_a_name_stands_for_another_stage_on_the_days_that_the_map_says() -> None:
    renamed = (StageMapping("default", "Qualify", "Offer", valid_to=day("03-04")),)
    its = warehouse(
        night("03-01", seen("Meet")), night("03-04", seen("Qualify")),
        night("03-05", seen("Meet")), night("03-06", seen("Qualify")), stage_map=renamed,
    )  # fmt: skip
    assert [line.split()[-2] for line in stays(its)] == ["Meet", "Offer", "Meet", "Qualify"]


def bulk(moved: int, standing: int, actor_id: str | None = "Ana", spread: int = 0) -> Warehouse:
    """Of some that stand in Qualify, some are moved to Offer from ten o'clock on, minutes apart."""
    rows, records = [], []
    for number in range(standing):
        name = f"o{number:02}"
        rows.append(seen("Offer" if number < moved else "Qualify", opportunity_id=name))
        records += told_all("03-01 09:00 Meet", "03-02 Qualify", opportunity_id=name)
        if number < moved:
            move = told("03-05 10:00 Offer", 3, opportunity_id=name, actor_id=actor_id)
            records.append(replace(move, at=move.at + number * timedelta(minutes=spread)))
    return warehouse(night("03-09", *rows, *records), options=Options(migration_count=3))


def test_a_bulk_move_begins_no_stay() -> None:
    its = bulk(moved=3, standing=14, spread=29)
    assert stays(its)[:2] == ["03-01 09:00 Meet advanced", "03-02 Offer open"]
    assert reached(its)[:3] == ["03-01 09:00 Meet", "03-02 Qualify imputed", "03-02 Offer"]
    assert [row["is_migration"] for row in fct_opportunity_event(its)][:4] == [
        False, False, False, True,
    ]  # fmt: skip


def test_a_move_is_bulk_only_when_many_were_moved_at_once_by_one() -> None:
    def is_bulk(its: Warehouse) -> bool:
        return any(row["is_migration"] for row in fct_opportunity_event(its))

    assert is_bulk(bulk(moved=3, standing=14))
    assert not is_bulk(bulk(moved=3, standing=15)), "a fifth is not more than a fifth"
    assert not is_bulk(bulk(moved=2, standing=3)), "two are not three"
    assert not is_bulk(bulk(moved=3, standing=14, actor_id=None)), "nobody is nobody"
    assert not is_bulk(bulk(moved=3, standing=14, spread=30)), "the third came an hour later"


def test_a_bulk_move_back_ends_in_the_stay_before() -> None:
    rows = [seen("Meet", opportunity_id=f"o{number}") for number in range(3)]
    records = [
        record
        for row in rows
        for record in told_all(
            "03-01 09:00 Meet", "03-02 Qualify", "03-05 10:00 Meet",
            opportunity_id=row.opportunity_id, actor_id="Ana",
        )
    ]  # fmt: skip
    its = warehouse(night("03-09", *rows, *records), options=Options(migration_count=3))
    # All were moved at once both times.
    assert stays(its) == ["03-01 09:00 Meet open"] * 3


# --- closes that were reversed


def test_a_close_reversed_within_a_week_is_void() -> None:
    its = warehouse(
        night("04-01", seen("Meet"), *told_all("03-01 09:00 Meet", "03-05 Won", "03-12 Meet"))
    )
    assert stays(its) == ["03-01 09:00 Meet open"]
    assert opportunity(its)["reopen_count"] == 0
    assert [row["is_void"] for row in fct_opportunity_event(its) if row["field"] == "stage"] == [
        False, True, False,
    ]  # fmt: skip


def test_a_void_close_gives_way_to_the_stage_that_follows() -> None:
    its = warehouse(
        night(
            "04-01",
            seen("Offer"),
            *told_all("03-01 09:00 Meet", "03-05 Lost", "03-07 Won", "03-12 Offer"),
        )
    )
    assert stays(its) == ["03-01 09:00 Meet advanced", "03-12 Offer open"]


def test_a_close_reversed_after_a_week_begins_another_attempt() -> None:
    entries = ("03-01 09:00 Meet", "03-05 Lost", "03-12 00:01 Meet")
    its = warehouse(night("04-01", seen("Meet"), *told_all(*entries)))
    assert stays(its) == ["03-01 09:00 Meet lost", "03-12 00:01 Meet open"]
    assert [row["attempt_number"] for row in fct_stage_visit(its)] == [1, 2]
    assert opportunity(its)["reopen_count"] == 1
    assert events(its, "reopened") == ["03-12 00:01 reopened None history"]


def test_from_won_to_lost_is_no_reopening() -> None:
    entries = ("03-01 09:00 Meet", "03-05 Won", "03-25 Lost")
    its = warehouse(night("04-01", seen("Lost"), *told_all(*entries)))
    assert opportunity(its)["reopen_count"] == 0
    assert opportunity(its)["closed_at"] == at("03-25")


# --- stays, and what was reached


def test_a_stay_ends_with_the_hand_off_to_another_pipeline() -> None:
    its = warehouse(night("03-01", seen("Meet")), night("03-04", seen("Talk")))
    assert stays(its) == ["03-01 09:00 Meet handed_off", "03-04 Talk open"]
    assert reached(its) == ["03-01 09:00 Meet", "03-04 Notice imputed", "03-04 Talk"]


def test_the_stay_of_an_open_one_lasts_until_the_end_of_the_newest_night() -> None:
    its = warehouse(night("03-01", seen("Meet", created_at=at("03-01"))), as_of="03-03")
    assert [row["days_in_stage"] for row in fct_stage_visit(its)] == [3]


# --- where history begins


def observed(*nights: list[Extract]) -> tuple[str, bool]:
    row = opportunity(warehouse(*nights))
    return when(row["observed_from_at"]), row["is_left_truncated"]


def test_history_begins_with_the_creation_where_it_reaches_back_to_it() -> None:
    assert observed(night("03-01", seen("Meet"))) == ("03-01 09:00", False)
    assert observed(night("03-09", seen("Meet"), told("03-01 09:00 Meet"))) == (
        "03-01 09:00",
        False,
    )


def test_history_that_begins_later_is_truncated() -> None:
    assert observed(night("03-09", seen("Meet"))) == ("03-09", True)
    assert observed(night("03-09", seen("Meet"), told("03-05 Meet"))) == ("03-05", True)


def test_without_a_creation_history_is_truncated() -> None:
    assert observed(night("03-09", seen("Meet", created_at=None))) == ("03-09", True)


# --- owners and credit


def owners(its: Warehouse) -> tuple[str, ...]:
    row = opportunity(its)
    names = ("owner_key", "owner_at_creation_key", "owner_at_close_key")
    return tuple(name_of(row[name]) for name in names)


def test_a_stay_is_credited_to_the_owner_at_its_entry() -> None:
    its = warehouse(
        night("03-01", seen("Meet", owner_id="Ana")),
        night("03-04", seen("Meet", owner_id="Bo")),
        night("03-06", seen("Won", owner_id="Cy", close_date=day("03-05"))),
        night("03-08", seen("Won", owner_id="Di", close_date=day("03-05"))),
    )
    assert [name_of(row["owner_key"]) for row in fct_stage_visit(its)] == ["Ana"]
    # Closed on the 5th, when Bo still had it: Cy came with the night of the 6th.
    assert owners(its) == ("Di", "Ana", "Bo")


def test_field_history_knows_the_owner_before_and_after_a_change() -> None:
    change = FieldChange("c", "o", "owner_id", "Ana", "Bo", at("03-05 12:00"))
    records = told_all("03-01 09:00 Meet", "03-05 11:59 Qualify", "03-05 12:00 Offer")
    its = warehouse(night("03-09", seen("Offer", owner_id="Bo"), change, *records))
    assert [name_of(row["owner_key"]) for row in fct_stage_visit(its)] == ["Ana", "Ana", "Bo"]


def test_an_owner_of_today_whom_no_change_names_came_with_the_last_modification() -> None:
    change = FieldChange("c", "o", "owner_id", "Ana", "Bo", at("03-05"))
    row = seen("Meet", owner_id="Cy", modified_at=at("03-07"))
    its = warehouse(night("03-09", row, change))
    assert events(its, "owner") == ["03-05 owner Bo history", "03-07 owner Cy synthesised"]


def test_splits_share_what_was_closed_and_the_creation_is_not_split() -> None:
    row = seen("Won", amount=Decimal("100.01"), owner_id="Ana", close_date=day("03-01"))
    shares = Split("o", "Cy", Decimal("0.5")), Split("o", "Bo", Decimal("0.5"))
    its = warehouse(night("03-01", row, *shares))
    assert [
        (line["credit_kind"], name_of(line["rep_key"]), line["amount"])
        for line in fct_opportunity_credit(its)
    ] == [
        ("created", "Ana", Decimal("100.01")),
        ("closed", "Bo", Decimal("50.01")),
        ("closed", "Cy", Decimal("50.00")),
    ]


def test_cents_go_by_largest_remainder_and_below_zero_too() -> None:
    third = Decimal("0.333333")
    shares = [("a", third), ("b", third), ("c", Decimal("0.333334"))]
    assert [part for *_, part in shared_out(Decimal("0.02"), shares)] == [
        Decimal("0.01"), Decimal("0.00"), Decimal("0.01"),
    ]  # fmt: skip
    assert sum(part for *_, part in shared_out(Decimal("-40.01"), shares)) == Decimal("-40.01")


# --- deleted and merged


def test_a_deleted_one_leaves_the_facts_and_stands_until_then_in_past_days() -> None:
    its = warehouse(night("03-01", seen("Meet")), night("03-03", seen("Meet", is_deleted=True)))
    assert fct_opportunity(its) == fct_stage_visit(its) == []
    assert [row["date_day"] for row in pipeline_daily(its)] == [day("03-01"), day("03-02")]


def test_what_comes_back_was_never_gone_but_for_the_days_away() -> None:
    its = warehouse(
        night("03-01", seen("Meet")), night("03-03", seen("Meet", is_deleted=True)),
        night("03-05", seen("Meet")), as_of="03-06",
    )  # fmt: skip
    assert stays(its) == ["03-01 09:00 Meet open"]
    assert [f"{row['date_day']:%d}" for row in pipeline_daily(its)] == ["01", "02", "05", "06"]


def test_a_chain_of_mergers_ends_at_the_last_survivor() -> None:
    first, second, third = (seen("Meet", opportunity_id=name) for name in ("a", "b", "c"))
    its = warehouse(
        night("03-01", first, second, third),
        night("03-03", replace(first, merged_into_id="b"), second, third),
        night(
            "03-05", replace(first, merged_into_id="b"), replace(second, merged_into_id="c"), third
        ),
    )
    assert [
        (name_of(row["merged_key"]), name_of(row["survivor_key"]),
         name_of(row["final_survivor_key"]), row["merged_date"])
        for row in bridge_merge(its)
    ] == [("a", "b", "c", day("03-03")), ("b", "c", "c", day("03-05"))]  # fmt: skip
    assert [name_of(row["opportunity_key"]) for row in fct_opportunity(its)] == ["c"]
    assert events(its, "merged", "deleted") == ["03-03 merged b nights", "03-05 merged c nights"]


def test_an_opportunity_of_a_merged_account_belongs_to_the_survivor() -> None:
    accounts = (
        Account("a1", industry="Energy", merged_into_id="a2"),
        Account("a2", industry="Retail", merged_into_id="a3"),
        Account("a3", industry="Steel"),
    )
    its = warehouse(night("03-01", seen("Meet", account_id="a1"), *accounts))
    assert name_of(opportunity(its)["account_key"]) == "a3"
    assert ("account_industry", "Steel") in its.lives[0].slices


# --- past days


def test_an_interval_ends_with_any_change() -> None:
    def row(**said: Any) -> Opportunity:
        return seen("Meet", **({"amount": Decimal(5), "owner_id": "Ana"} | said))

    its = warehouse(
        night("03-01", row()), night("03-02", row(amount=Decimal(7))),
        night("03-03", row(amount=Decimal(7), close_date=day("05-01"))),
        night("03-04", row(amount=Decimal(7), close_date=day("05-01"), owner_id="Bo")),
        night("03-05", row(amount=Decimal(7), close_date=day("05-01"), owner_id="Bo")),
    )  # fmt: skip
    assert intervals(its, "amount", "close_date", "owner_key") == [
        "03-01 09:00..03-02 5.00 None Ana", "03-02..03-03 7.00 None Ana",
        "03-03..03-04 7.00 2024-05-01 Ana", "03-04.. 7.00 2024-05-01 Bo",
    ]  # fmt: skip


def test_a_past_day_is_over_at_midnight_and_a_close_date_on_the_day_after() -> None:
    row = seen("Meet", amount=Decimal(5), close_date=day("03-02"))
    moved = replace(row, stage="Offer", modified_at=at("03-04"))
    its = warehouse(
        night("03-01", replace(row, modified_at=at("03-01"))), night("03-04", moved), as_of="03-04"
    )
    assert [
        (f"{line['date_day']:%d}", name_of(line["stage_key"]), line["past_due_amount"])
        for line in pipeline_daily(its)
    ] == [("01", "Meet", 0), ("02", "Meet", 0), ("03", "Meet", 5), ("04", "Offer", 5)]


def test_a_day_is_that_of_the_business_time_zone() -> None:
    its = warehouse(
        night("03-31", seen("Meet", created_at=at("03-30 23:30"))),
        night("04-01", seen("Offer")),
        as_of="04-01",
        options=Options(time_zone="Europe/Berlin"),
    )
    # In Berlin it is the 31st, and from that day on its midnights lie at 22:00 UTC.
    assert [f"{row['date_day']:%m-%d}" for row in pipeline_daily(its)] == ["03-31", "04-01"]
    assert stays(its) == ["03-30 23:30 Meet advanced", "03-31 22:00 Offer open"]


def test_an_amount_of_today_that_the_last_record_does_not_carry_is_filled_in() -> None:
    row = seen("Meet", modified_at=at("03-08"), amount=Decimal(20))
    records = told_all("03-01 09:00 Meet", "03-05 Qualify", "03-07 Meet", amount=Decimal(10))
    its = warehouse(night("03-09", row, *records))
    assert events(its, "amount") == ["03-08 amount 20.00 synthesised"]
    assert intervals(its, "amount")[-1] == "03-08.. 20.00"


def test_what_rounds_to_the_same_hundredth_did_not_change() -> None:
    its = warehouse(
        night("03-01", seen("Meet", amount=Decimal("19.995"))),
        night("03-03", seen("Meet", amount=Decimal(20))),
    )
    assert events(its, "amount") == []


def test_the_past_is_in_the_currency_of_today() -> None:
    its = warehouse(
        night("03-01", seen("Meet", amount=Decimal(10))),
        night("03-03", seen("Meet", amount=Decimal(20), currency="EUR")),
        night("03-03", Rate("EUR", date(2024, 1, 1), Decimal(2))),
    )
    assert intervals(its, "amount", "currency_code") == [
        "03-01 09:00..03-03 5.00 EUR", "03-03.. 10.00 EUR"
    ]  # fmt: skip


# --- money


def test_amounts_are_converted_by_the_plan_and_at_the_rate_of_the_close_date() -> None:
    row = seen("Meet", amount=Decimal(100), currency="EUR", close_date=day("03-15"))
    rates = Rate("EUR", date(2024, 1, 1), Decimal("0.8")), Rate("EUR", day("03-01"), Decimal("0.5"))
    found = opportunity(warehouse(night("03-01", row, *rates)))
    assert (found["amount"], found["amount_dated"]) == (Decimal(125), Decimal(200))
    found = opportunity(
        warehouse(
            night("03-01", row, *rates),
            options=Options(fiscal_calendar=FiscalCalendar(start_month=4)),
            as_of="04-01",
        )
    )
    assert found["amount"] == Decimal(200)


def test_the_plan_takes_the_first_known_rate_where_rates_begin_later() -> None:
    row = seen("Meet", amount=Decimal(100), currency="EUR", close_date=day("02-15"))
    found = opportunity(warehouse(night("03-01", row, Rate("EUR", day("03-01"), Decimal(2)))))
    assert (found["amount"], found["amount_dated"]) == (Decimal(50), None)


def test_without_a_close_date_only_the_reporting_currency_has_a_dated_amount() -> None:
    rate = Rate("EUR", date(2024, 1, 1), Decimal(2))
    for currency, dated in (("EUR", None), ("USD", Decimal(100)), (None, Decimal(100))):
        row = seen("Meet", amount=Decimal(100), currency=currency)
        assert opportunity(warehouse(night("03-01", row, rate)))["amount_dated"] == dated


def test_a_currency_without_rates_of_its_own_is_converted_by_those_of_another_source() -> None:
    row = seen("Meet", amount=Decimal(100), currency="EUR", close_date=day("03-15"))
    its = warehouse(night("03-01", row))
    assert opportunity(its)["amount"] is None
    bank = warehouse(night("03-01", Rate("EUR", date(2024, 1, 1), Decimal(2)))).crm
    borrowing = replace(its, others=(replace(bank, source="bank"),))
    assert opportunity(borrowing)["amount"] == Decimal(50)


def test_the_initial_amount_is_that_of_the_first_entry_that_counts() -> None:
    its = warehouse(
        night("03-01", seen("Won", close_date=day("02-28"), amount=Decimal(10))),
        night("03-03", seen("Meet", amount=Decimal(20))),
        night("03-20", seen("Offer", amount=Decimal(30))),
    )
    assert opportunity(its)["initial_amount"] == Decimal(20)


# --- reps


def test_a_rep_has_a_version_for_each_manager_and_team() -> None:
    its = warehouse(
        night("03-01", User("Ana", manager_id="Bo", team="East")),
        night("03-05", User("Ana", manager_id="Bo", team="West")),
        night("03-06", User("Ana", manager_id="Bo", team="West")),
        night("03-06", seen("Meet", owner_id="Cy")),
    )
    assert [
        (name_of(row["rep_key"]), row["team"], f"{row['valid_from']:%Y-%m-%d}", row["is_current"])
        for row in dim_rep(its)
    ] == [
        ("Ana", "East", "1900-01-01", False), ("Ana", "West", "2024-03-05", True),
        ("Cy", None, "1900-01-01", True), ("unknown", None, "1900-01-01", True),
    ]  # fmt: skip
