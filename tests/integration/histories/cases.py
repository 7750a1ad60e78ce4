"""Which rules of docs/history.md a random history puts to the test.

Belongs here: one name a case, and how to tell that a company holds it. Does not belong here: what
follows of a case (tests/reference/).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tests.reference.accounts import histories_of_accounts
from tests.reference.entries import in_order, of_field
from tests.reference.facts import bridge_merge, dim_rep, named_accounts
from tests.reference.landed import Account, Crm, Opportunity, Rate, Record, Split, User
from tests.reference.lives import Life
from tests.reference.past import fct_opportunity_event, fct_opportunity_version
from tests.reference.quantities import second_of
from tests.reference.reps import content_of_user
from tests.reference.versions import by_record, history_of, rows_that_count
from tests.reference.warehouse import Warehouse, rate_list_of

CASES = {
    # What nights show.
    "a stale row", "a row without a stamp after one with it", "several rows in one night",
    "a night that is late", "an extract cut off",
    "a change dated by its stamp", "a change dated by its night", "deleted by flag",
    "deleted by absence", "undeleted", "merged", "a chain of mergers", "an account merged",
    "a chain of merged accounts", "an account that changed", "an account deleted by flag",
    "an account deleted by absence", "an account undeleted", "an account only named at first",
    "an account that is only named", "an account that is named no more",
    # Stage events.
    "told by history", "told by field history", "told by nights",
    "field history of several pipelines", "a creation filled in", "a present filled in",
    "a close filled in", "observed from the start", "first seen closed", "created closed",
    "a close at the stated one", "a close that cannot be the stated one",
    "several entries within a second", "instants of a second against their order",
    "a renamed stage", "a stage renamed for a time",
    "a bulk move", "nearly a bulk move", "a bulk move that begins no stay",
    "a bulk move in a first stay that began on time", "a bulk move that its source marks",
    "a bulk move by field history",
    # Closes and stays.
    "a void close", "a void close after which another stage follows", "a void run of closes",
    "a close that another one made void", "created closed and void", "reopened",
    "several attempts", "won to lost or back", "lost in a stage that bears an id",
    "a skip", "a step back", "handed off", "handed off and won", "created late", "an undated entry",
    # Where history begins.
    "left truncated", "not left truncated", "without a creation",
    # Owners and credit.
    "an owner by field history", "an owner by nights", "an owner filled in",
    "another owner at the entry than today", "another owner at the close than at creation",
    "splits of a close", "other splits than at first", "splits that leave a cent",
    "an overlay of the whole", "an overlay of a part",
    "a rep by versions", "a rep who is only named", "a rep who is listed no more",
    "a rep who is listed again",
    # Money and past days.
    "a rate is missing", "a rate was corrected", "a rate was taken back", "a borrowed rate",
    "another amount at the dated rate",
    "an amount by history", "an amount by field history", "an amount by nights",
    "an amount filled in", "blank when it was created, by history",
    "blank when it was created, by field history", "blank when it was created, by nights",
    "blank when it was created, filled in", "another currency",
    "past due", "away for some days", "another close date", "another forecast category",
    "a push", "a later close date once closed",
}  # fmt: skip


def cases_of(crm: Crm, *others: Crm) -> set[str]:
    warehouse = Warehouse(crm, others)
    found = {*cases_of_nights(crm, warehouse), *cases_of_money(warehouse)}
    for life in warehouse.all_lives.values():
        found |= {*cases_of_entries(life, warehouse), *cases_of_effect(life)}
    shares = by_record(crm.landed(Split), lambda split: split.opportunity_id)
    for life in warehouse.lives:
        ever = {one.row for one in shares[life.row.opportunity_id]}
        found |= set(cases_of_credit(life, warehouse, ever))
    return found


def cases_of_nights(crm: Crm, warehouse: Warehouse) -> Iterator[str]:
    whole = crm.whole_nights(Opportunity)
    nights = [extract.night for extract in crm.extracts if extract.kind is Opportunity]
    if any(later < earlier for earlier, later in pairwise(nights)):
        yield "a night that is late"
    if any(
        one.is_full and one.night not in whole for one in crm.extracts if one.kind is Opportunity
    ):
        yield "an extract cut off"
    for opportunity_id, landed in warehouse.opportunities.items():
        its_nights = [one.night for one in landed]
        if len(rows_that_count(landed)) < len(set(its_nights)):
            yield "a stale row"
        stamps = [row.modified_at is not None for row in rows_that_count(landed).values()]
        if (True, False) in pairwise(stamps):
            yield "a row without a stamp after one with it"
        if len(set(its_nights)) < len(its_nights):
            yield "several rows in one night"
        history = warehouse.histories[opportunity_id]
        for before, version in pairwise(history.versions):
            is_stamped = version.at == version.row.modified_at
            yield f"a change dated by its {'stamp' if is_stamped else 'night'}"
            if before.is_deleted and not version.is_deleted:
                yield "undeleted"
            if version.is_deleted and not before.is_deleted:
                by_flag = version.row.is_deleted or version.row.merged_into_id
                yield f"deleted by {'flag' if by_flag else 'absence'}"
    for row in bridge_merge(warehouse):
        yield {"opportunity": "merged", "account": "an account merged"}[row["object_name"]]
        if row["survivor_key"] != row["final_survivor_key"]:
            yield {"opportunity": "a chain of mergers", "account": "a chain of merged accounts"}[
                row["object_name"]
            ]
    yield from cases_of_accounts(crm, warehouse)
    reps = dim_rep(warehouse)
    if any(crm.landed(Account)) and any(not row["is_current"] for row in reps):
        yield "a rep by versions"
    if any(row["is_active"] is None and row["rep_name"] != "Unknown" for row in reps):
        yield "a rep who is only named"
    for landed in by_record(crm.landed(User), lambda row: row.user_id).values():
        for before, version in pairwise(
            history_of(landed, content_of_user, crm.calendar, crm.whole_nights(User)).versions
        ):
            if before.is_absent != version.is_absent:
                yield f"a rep who is listed {'no more' if version.is_absent else 'again'}"


def cases_of_accounts(crm: Crm, warehouse: Warehouse) -> Iterator[str]:
    for history in histories_of_accounts(crm, warehouse.accounts).values():
        for before, version in pairwise(history.versions):
            if version.is_deleted == before.is_deleted:
                yield "an account that changed"
            elif before.is_deleted:
                yield "an account undeleted"
            else:
                yield f"an account deleted by {'absence' if version.is_absent else 'flag'}"
    named_today = named_accounts(warehouse)
    if named_today - {*warehouse.accounts, None}:
        yield "an account that is only named"
    for landed in warehouse.opportunities.values():
        first = landed[0]
        account_id = first.row.account_id
        if account_id not in {*named_today, *warehouse.accounts, None}:
            yield "an account that is named no more"
        its = warehouse.accounts.get(account_id, [])
        if its and min(one.night for one in its) > first.night:
            yield "an account only named at first"


def cases_of_entries(life: Life, warehouse: Warehouse) -> Iterator[str]:
    history, entries = life.history, life.entries
    records = warehouse.records[life.row.opportunity_id]
    told = [record for record in records if record.at is not None]
    is_noted = told and not warehouse.stage_history[life.row.opportunity_id]
    teller = "field history" if is_noted else "history" if told else "nights"
    yield f"told by {teller}"
    if is_noted and life.effect.migrated:
        yield "a bulk move by field history"
    if not told and of_field(warehouse.field_changes[life.row.opportunity_id], "stage"):
        yield "field history of several pipelines"
    if told and entries[0].origin == "synthesised":
        yield "a creation filled in"
    if told and entries[-1].origin == "synthesised" and len(entries) > 1:
        yield "a present filled in" if entries[-1].is_open else "a close filled in"
    if not told:
        first = history.versions[0]
        if entries[0].origin == "nights":
            yield "observed from the start"
        if not entries[0].is_open:
            yield "created closed"
        elif warehouse.pipelines[first.row.pipeline].rank(first.row.stage) is None:
            yield "first seen closed"
        instants = {version.at for version in history.versions}
        for entry in entries[1:]:
            if entry.origin == "nights" and not entry.is_open:
                is_stated = entry.at not in instants
                yield (
                    "a close at the stated one"
                    if is_stated
                    else ("a close that cannot be the stated one")
                )
    dated = [entry for entry in entries if entry.at is not None]
    if any(second_of(one.at) == second_of(two.at) for one, two in pairwise(dated)):
        yield "several entries within a second"
    if {record.at for record in told} != {record.at for record in in_order(told, warehouse.clerk)}:
        yield "instants of a second against their order"
    if len(dated) < len(entries):
        yield "an undated entry"
    rows: list[Record | Opportunity] = [*records, *(version.row for version in history.versions)]
    for one in warehouse.crm.stage_map:
        if any((row.pipeline, row.stage) == (one.pipeline, one.stage) for row in rows):
            is_for_good = one.valid_from is None and one.valid_to is None
            yield "a renamed stage" if is_for_good else "a stage renamed for a time"
    if life.row.created_at is None:
        yield "without a creation"
    yield "left truncated" if life.is_left_truncated else "not left truncated"


def cases_of_effect(life: Life) -> Iterator[str]:
    effect, entries = life.effect, life.entries
    if any(entries[number].is_migration for number in effect.migrated):
        yield "a bulk move that its source marks"
    if effect.migrated:
        yield "a bulk move"
        if not effect.migrated & {entry.number for entry in effect.entries}:
            yield "a bulk move that begins no stay"
        if 1 in effect.migrated and entries[0].rank == 1:
            yield "a bulk move in a first stay that began on time"
    if not effect.migrated and any(
        entry.actor_id and "Admin" in entry.actor_id for entry in entries
    ):
        yield "nearly a bulk move"
    if effect.void:
        yield "a void close"
        if 0 in effect.void:
            yield "created closed and void"
        if any(
            before.number in effect.void and {before.kind, after.kind} == {"won", "lost"}
            for before, after in pairwise(entries)
        ):
            yield "a close that another one made void"
        if any(number + 1 in effect.void for number in effect.void):
            yield "a void run of closes"
        if any(before.number < void < after.number for void in effect.void
               for before, after in pairwise(effect.entries)):  # fmt: skip
            yield "a void close after which another stage follows"
    if effect.reopenings:
        yield "reopened"
    if len(effect.reopenings) > 1:
        yield "several attempts"
    if life.outcome == "lost" and life.pipeline.labels[life.last.stage] != life.last.stage:
        yield "lost in a stage that bears an id"
    kinds = [{before.kind, after.kind} for before, after in pairwise(effect.entries)]
    if {"won", "lost"} in kinds:
        yield "won to lost or back"
    for stay in life.stays():
        if stay.exit_kind == "regressed":
            yield "a step back"
        if stay.exit_kind == "handed_off":
            yield "handed off"
            if life.outcome == "won":
                yield "handed off and won"
    for before, change in life.close_dates.steps():
        if before is not None and change.value is not None and change.value > before:
            is_late = life.is_closed_at(change.at)
            yield "a later close date once closed" if is_late else "a push"
    if life.skipped_stage_count:
        yield "a skip"
    if life.is_late_created:
        yield "created late"


def cases_of_credit(life: Life, warehouse: Warehouse, ever: set[Split]) -> Iterator[str]:
    """`ever` are the splits of the opportunity in every version that has landed."""
    for paths, what in ((life.owners, "an owner"), (life.amounts, "an amount")):
        for change in paths.changes:
            changes = warehouse.field_changes[life.row.opportunity_id]
            field = {"an owner": "owner_id", "an amount": "amount"}[what]
            is_noted = any((one.field, one.at) == (field, change.at) for one in changes)
            is_recorded = what == "an amount" and any(
                record.at == change.at
                for record in warehouse.stage_history[life.row.opportunity_id]
            )
            if change.origin == "nights":
                teller = "by nights"
            elif change.origin == "synthesised":
                teller = "filled in"
            elif is_recorded:
                teller = "by history"
            elif is_noted:
                teller = "by field history"
            else:
                continue
            yield f"{what} {teller}"
            if what == "an amount" and is_named_later(life):
                yield f"blank when it was created, {teller}"
    if any(stay.owner_id != life.row.owner_id for stay in life.stays()):
        yield "another owner at the entry than today"
    if life.is_closed and life.owner_at_close != life.owner_at_creation:
        yield "another owner at the close than at creation"
    splits: list[Split] = warehouse.splits[life.row.opportunity_id]
    all_splits = warehouse.all_splits[life.row.opportunity_id]
    overlay = [split.share for split in all_splits if split not in splits]
    if life.is_closed and overlay:
        yield f"an overlay of {'the whole' if sum(overlay) == 1 else 'a part'}"
    if {*all_splits} != ever:
        yield "other splits than at first"
    if life.is_closed and splits:
        yield "splits of a close"
        exact = [(life.amount or 0) * 100 * split.share for split in splits]
        if any(part % 1 for part in exact):
            yield "splits that leave a cent"


def is_named_later(life: Life) -> bool:
    """Whether an amount is known not to have been there at first."""
    first = life.effect.entries[0]
    is_blank = first.amount is None and life.amounts.at(first.at) is None
    return is_blank and any(change.value is not None for change in life.amounts.changes)


def cases_of_money(warehouse: Warehouse) -> Iterator[str]:
    money = warehouse.money
    own = rate_list_of(warehouse.crm)
    for life in warehouse.lives:
        row = life.row
        is_local = row.currency not in (None, money.world.reporting)
        if is_local and life.amount is not None and not own.names(row.currency):
            yield "a borrowed rate"
        if row.amount is not None and life.amount is None:
            yield "a rate is missing"
        if life.amount != money.dated(row.amount, row.currency, row.close_date):
            yield "another amount at the dated rate"
        if len({version.row.currency for version in life.history.versions}) > 1:
            yield "another currency"
    landed = {one.row for one in warehouse.crm.landed(Rate)}
    if len(landed) > len({(rate.currency, rate.valid_from) for rate in landed}):
        yield "a rate was corrected"
    standing = {(line.currency, line.valid_from) for line in own.lines}
    if any((rate.currency, rate.valid_from) not in standing for rate in landed):
        yield "a rate was taken back"
    intervals = fct_opportunity_version(warehouse)
    for row in intervals:
        if row["close_date"] and row["is_open"] and row["close_date"] < warehouse.crm.as_of:
            yield "past due"
    for row in fct_opportunity_event(warehouse):
        if row["field"] in ("close_date", "forecast_category"):
            yield f"another {row['field'].replace('_', ' ')}"
    for before, after in pairwise(intervals):
        is_same = before["opportunity_key"] == after["opportunity_key"]
        if is_same and before["valid_to"] < after["valid_from"]:
            yield "away for some days"
