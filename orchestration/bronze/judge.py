"""Whether an object's files of a night may go on to the models.

Belongs here: the checks `contract_held` (it refuses) and `as_usual` (it warns) of each object.
Does not belong here: checks of what the models made (gate/).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

from orchestration.bronze.night_before import compared_records
from orchestration.bronze.quarantine import refused_rows
from orchestration.bronze.references import unlisted_values
from orchestration.bronze.stage_lists import stage_surprises
from orchestration.bronze.usual import (
    are_many_gone,
    have_some_gone_back,
    is_far_fewer,
    is_far_more,
    usual_row_count,
)
from orchestration.extracts.ledger import Ledger, Load
from orchestration.gate.results import CheckResult
from orchestration.privacy.display import shown_rows
from orchestration.settings import Settings
from orchestration.sources.contract import Contract

CHECKS = ("contract_held", "as_usual")
_SAMPLE_ROWS = 10
# What a sample need not say of every row.
_OF_THE_FILE = ("source", "object", "raw_header")


def judge_object(
    settings: Settings, contract: Contract, loads: list[Load], ledger: Ledger
) -> list[CheckResult]:
    """Both checks of one object of one night, in the order of `CHECKS`."""
    return [_contract_held(settings, contract, loads), _as_usual(settings, contract, loads, ledger)]


def _contract_held(settings: Settings, contract: Contract, loads: list[Load]) -> CheckResult:
    """Every file could be read, few enough rows were refused, every reference is listed."""
    limit = contract.max_refused_share
    limit = settings.max_quarantine_share if limit is None else limit
    unreadable = [load for load in loads if load.error and load.status != "duplicate"]
    # Rows read anew were refused before, and counted in the night that brought them.
    fresh = [load for load in loads if load.reload_of is None]
    again = [load for load in loads if load.reload_of is not None]
    read, refused = _rows_of(fresh)
    too_many = read > 0 and refused / read > limit
    unlisted = unlisted_values(contract, settings, loads)
    faults = [f"{load.file}: {load.error}" for load in unreadable] + [
        each.text for each in unlisted
    ]
    if too_many or not faults:
        faults[:0] = _counts(fresh, again) or ["no new file"]
    refused_now = refused_rows(settings, loads, _SAMPLE_ROWS).iter_rows(named=True)
    sample = [
        {name: said for name, said in row.items() if name not in _OF_THE_FILE}
        for row in shown_rows(refused_now, {contract.name: contract})
    ]
    return CheckResult(
        suite=f"bronze.{contract.name}",
        check="contract_held",
        table=f"bronze.{contract.name}",
        # Where the source file says so, a refused object stays behind and the night goes on.
        severity="critical" if contract.refuses_night else "warning",
        success=not unreadable and not too_many and not unlisted,
        description=(
            f"Its files can be read, at most {limit:.1%} of their rows are refused, and what they "
            f"refer to is listed."
        ),
        observed="; ".join(faults),
        expected=f"readable files, at most {limit:.1%} of rows refused, nothing unlisted",
        unexpected_count=_rows_of(loads)[1] + sum(each.row_count for each in unlisted),
        sample=[*(row for each in unlisted for row in each.sample), *sample][:_SAMPLE_ROWS],
    )


def _rows_of(loads: list[Load]) -> tuple[int, int]:
    """How many rows were read, and how many of them refused."""
    return sum(load.rows_read for load in loads), sum(load.rows_quarantined for load in loads)


def _counts(fresh: list[Load], again: list[Load]) -> list[str]:
    counts = []
    if fresh:
        read, refused = _rows_of(fresh)
        counts.append(f"{refused:,} of {read:,} rows refused")
    if again:
        read, refused = _rows_of(again)
        counts.append(f"{refused:,} of {read:,} rows read anew wait on")
    return counts


def _as_usual(
    settings: Settings, contract: Contract, loads: list[Load], ledger: Ledger
) -> CheckResult:
    """It was delivered like the night before, with the same columns and about as many rows."""
    surprises = [
        *_column_surprises(contract, loads, ledger),
        *_row_surprises(settings, contract, loads, ledger),
    ]
    return CheckResult(
        suite=f"bronze.{contract.name}",
        check="as_usual",
        table=f"bronze.{contract.name}",
        severity="warning",
        success=not surprises,
        description=(
            "It is delivered as in the night before: with the same columns and, where it is "
            "delivered whole, about as many rows."
        ),
        observed="; ".join(surprises) or "as usual",
        expected=(
            "no new or missing column, no object left out, as many rows as usual, the records of "
            "the night before, and none refused without which a record would look deleted"
        ),
        unexpected_count=len(surprises),
        sample=[],
    )


def _column_surprises(contract: Contract, loads: list[Load], ledger: Ledger) -> list[str]:
    surprises = []
    fate = "kept as text in bronze" if contract.keeps_undeclared else "left out of bronze"
    for load in loads:
        if load.reload_of is not None:
            # A few rows of a file that was told of when it came.
            continue
        new = _names(load.new_columns)
        if new:
            surprises.append(f"{load.file}: new columns, {fate}: {_listed(new)}")
        before = ledger.last_accepted(load.name)
        if before is not None:
            gone = [
                name
                for name in _names(load.missing_columns)
                if name not in _names(before.missing_columns)
            ]
            if gone:
                surprises.append(f"{load.file}: columns are missing and NULL: {_listed(gone)}")
    return surprises


def _row_surprises(
    settings: Settings, contract: Contract, loads: list[Load], ledger: Ledger
) -> list[str]:
    fresh = [load for load in loads if load.status != "duplicate" and load.reload_of is None]
    surprises = []
    for night in sorted({load.batch_date for load in fresh if load.extract == "full"}):
        files = [load for load in fresh if load.batch_date == night]
        if any(load.error for load in files):
            # What could not be read was counted by nobody, and its object is refused anyway.
            continue
        rows = sum(load.rows_accepted for load in files)
        usual = usual_row_count(contract.name, files[0], ledger)
        if usual is not None and is_far_fewer(rows, usual):
            surprises.append(
                f"{rows:,} rows on {night} where {usual:,.0f} are usual: the extract looks cut "
                f"off, and no record it lacks counts as deleted"
            )
        elif usual is not None:
            if is_far_more(rows, contract.name, files[0], ledger):
                surprises.append(
                    f"{rows:,} rows on {night} where {usual:,.0f} are usual: an import or a "
                    f"merger, or records that stand in it again under other keys"
                )
            surprises += _record_surprises(settings, contract, files[0], ledger)
            surprises += stage_surprises(files[0], contract, ledger, settings)
        in_doubt = sum(load.rows_in_doubt or 0 for load in files)
        if in_doubt:
            surprises.append(
                f"{in_doubt:,} refused rows on {night} are of records that were there before, or "
                f"nobody can tell of which: no record that the extract lacks counts as deleted"
            )
    if not loads and _is_missing(contract, ledger):
        surprises.append("nothing was delivered, although it was the night before")
    return surprises


def _record_surprises(
    settings: Settings, contract: Contract, load: Load, ledger: Ledger
) -> list[str]:
    """Many records of the published night before that the night of a load lacks, and some that it
    has in an older state.
    """
    found = compared_records(load, contract, ledger, settings)
    surprises = []
    if are_many_gone(found.gone, found.before):
        fate = "count as deleted" if load.is_whole else "stay as they were"
        surprises.append(
            f"{found.gone:,} of the {found.before:,} records of the night before are not in the "
            f"extract of {load.batch_date}: a filter that was left on, a part that is lost, or "
            f"other keys. They {fate}"
        )
    if have_some_gone_back(found.back):
        surprises.append(
            f"{found.back:,} of the {found.before:,} records of the night before are in an older "
            f"state on {load.batch_date}: an old extract under a new name"
        )
    return surprises


def _is_missing(contract: Contract, ledger: Ledger) -> bool:
    """Whether the source's newest published night brought the object, and this one did not."""
    if contract.is_declared or contract.extract == "delta":
        return False
    published = [load for load in ledger.with_status("accepted") if load.source == contract.source]
    newest = max((load.batch_date for load in published), default=date.max)
    # A late file and rows read anew bring nothing else along.
    is_new = any(
        load.source == contract.source and load.batch_date > newest
        for load in ledger.with_status("loaded")
    )
    return is_new and any(
        load.name == contract.name and load.batch_date == newest for load in published
    )


def _names(as_json: str | None) -> list[str]:
    return list(json.loads(as_json)) if as_json else []


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name[:60]}`" for name in names[:10])
    return f"{shown} and {len(names) - 10} more" if len(names) > 10 else shown
