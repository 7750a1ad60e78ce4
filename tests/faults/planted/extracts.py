"""Faults in extracts, each with what must come of it.

Belongs here: one line a fault: its name, what it does to the files of a night, whether the night is
refused or warned, and by which check. Does not belong here: faults in marts (marts.py), running
them (faults/test_planted_faults.py).

Every check that is named must fail; others may fail with it. `in_full` marks the faults that only
show once marts are built.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import polars as pl

from tests.faults.planted.company import NIGHT

REFUSED, WARNED = "refused", "warned"
BANDS, AUDIT, FRESH = "ops.night_deviation", "ops.load_audit", "ops.source_freshness"
BRONZE, DEALS = "bronze.salesforce/opportunity", "bronze.acme/opportunities"
FACTS, EVENTS = "marts.fct_opportunity", "marts.fct_opportunity_event"


class Fault(NamedTuple):
    """A fault and its outcome: which suite and check refuses or warns."""

    name: str
    plant: Callable[[Path], None]
    outcome: str
    suite: str
    check: str
    in_full: bool = False


def _file(landing: Path, name: str) -> Path:
    source = "acme" if name in ("deals.csv", "companies.csv") else "salesforce"
    return landing / source / NIGHT.isoformat() / name


def _text(name: str, change: Callable[[str], str]) -> Callable[[Path], None]:
    """A fault in the text of a file."""

    def plant(landing: Path) -> None:
        path = _file(landing, name)
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")

    return plant


def _rows(name: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Path], None]:
    """A fault in the rows of a file, all of whose values are texts."""

    def plant(landing: Path) -> None:
        path = _file(landing, name)
        change(pl.read_csv(path, infer_schema=False)).write_csv(path)

    return plant


def _column(name: str, column: str, value: pl.Expr) -> Callable[[Path], None]:
    return _rows(name, lambda rows: rows.with_columns(value.alias(column)))


def _swapped(name: str, one: str, other: str) -> Callable[[Path], None]:
    """Two columns under each other's header."""
    return _rows(
        name, lambda rows: rows.with_columns(pl.col(other).alias(one), pl.col(one).alias(other))
    )


def _shifted(hours: int, *names: str) -> Callable[[Path], None]:
    """All instants of some files are so many hours later."""

    def later(rows: pl.DataFrame) -> pl.DataFrame:
        form = "%Y-%m-%dT%H:%M:%S.000Z"
        columns = [name for name in rows.columns if name in ("CreatedDate", "SystemModstamp")]
        return rows.with_columns(
            (pl.col(name).str.to_datetime(form) + timedelta(hours=hours)).dt.strftime(form)
            for name in columns
        )

    def plant(landing: Path) -> None:
        for name in names:
            _rows(name, later)(landing)

    return plant


def _half(value: pl.Expr, other: pl.Expr) -> pl.Expr:
    """One value in every other row."""
    return pl.when(pl.int_range(pl.len()) % 2 == 0).then(value).otherwise(other)


def _half_empty(*columns: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda rows: rows.with_columns(
        _half(pl.lit(None), pl.col(name)).alias(name) for name in columns
    )


def _share(share: float) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda rows: rows.head(int(rows.height * share))


def _gone(name: str) -> Callable[[Path], None]:
    return lambda landing: _file(landing, name).unlink()


def _copied(name: str, copy: str) -> Callable[[Path], None]:
    return lambda landing: shutil.copy(_file(landing, name), _file(landing, name).with_name(copy))


def _yesterday_again(landing: Path) -> None:
    tonight = landing / "salesforce" / NIGHT.isoformat()
    shutil.rmtree(tonight)
    shutil.copytree(landing / "salesforce" / str(NIGHT - timedelta(days=1)), tonight)


def _a_day_late(landing: Path) -> None:
    """The night never came, and the one after it did."""
    for source in ("salesforce", "acme"):
        tonight = landing / source / NIGHT.isoformat()
        tonight.rename(landing / source / str(NIGHT + timedelta(days=1)))


def _damaged_archive(landing: Path) -> None:
    path = _file(landing, "Opportunity.csv")
    packed = gzip.compress(path.read_bytes())
    path.with_name("Opportunity.csv.gz").write_bytes(packed[: len(packed) // 2])
    path.unlink()


def _part_cut_off(landing: Path) -> None:
    """Of three parts of an extract, the second one lost its second half."""
    path = _file(landing, "deals.csv")
    header, *rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    for part in range(3):
        kept = rows[part * 100 : part * 100 + (50 if part == 1 else 100)]
        path.with_name(f"deals_{part}.csv").write_text(header + "".join(kept), encoding="utf-8")
    path.unlink()


def _old_under_a_new_name(name: str, days: int) -> Callable[[Path], None]:
    """The extract of an earlier night, with a byte more, so that it is no duplicate."""

    def plant(landing: Path) -> None:
        path = _file(landing, name)
        old = path.parent.with_name(str(NIGHT - timedelta(days=days))) / name
        path.write_bytes(old.read_bytes() + b"\n")

    return plant


def _under_other_keys(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns((pl.lit("new ") + pl.col("Deal")).alias("Deal"))


def _day_and_month_swapped(rows: pl.DataFrame) -> pl.DataFrame:
    parts = pl.col("CloseDate").str.split("-")
    return rows.with_columns(
        pl.concat_str([parts.list.get(0), parts.list.get(2), parts.list.get(1)], separator="-")
        .alias("CloseDate")
    )  # fmt: skip


_OPPORTUNITY = "Opportunity.csv"

FAULTS = [
    # Files that are not what they should be.
    Fault("the file is cut off in the middle of a row",
          _text(_OPPORTUNITY, lambda text: text[: text.rindex("\n", 0, -1) + 60]),
          REFUSED, BRONZE, "contract_held"),
    Fault("the archive is cut off", _damaged_archive, REFUSED, BRONZE, "contract_held"),
    Fault("the header is lost", _text(_OPPORTUNITY, lambda text: text.split("\n", 1)[1]),
          REFUSED, BRONZE, "contract_held"),
    Fault("the file holds a page that asks for a password",
          _text(_OPPORTUNITY, lambda _: "<!DOCTYPE html>\n<html><body>Log in</body></html>\n"),
          REFUSED, BRONZE, "contract_held"),
    Fault("the file has no byte", _text(_OPPORTUNITY, lambda _: ""),
          REFUSED, BRONZE, "contract_held"),
    Fault("half the rows have no id", _rows(_OPPORTUNITY, _half_empty("Id")),
          REFUSED, BRONZE, "contract_held"),
    Fault("a required flag has a value nobody knows",
          _column(_OPPORTUNITY, "IsDeleted", _half(pl.lit("perhaps"), pl.col("IsDeleted"))),
          REFUSED, BRONZE, "contract_held"),
    Fault("a stage was renamed",
          _text(_OPPORTUNITY, lambda text: text.replace(",Prospecting,", ",Dreaming,")),
          REFUSED, BRONZE, "contract_held"),
    Fault("dates have day and month swapped", _rows(_OPPORTUNITY, _day_and_month_swapped),
          REFUSED, BRONZE, "contract_held"),
    Fault("dates are written as in Germany",
          _text(_OPPORTUNITY, lambda text: text.replace(",2025-10-", ",31.10.")),
          REFUSED, BRONZE, "contract_held"),
    Fault("amounts have a comma",
          _column(_OPPORTUNITY, "Amount", pl.col("Amount").str.replace(".", ",", literal=True)),
          REFUSED, BRONZE, "contract_held"),
    Fault("the columns of owner and name are swapped",
          _swapped(_OPPORTUNITY, "OwnerId", "Name"), REFUSED, BRONZE, "contract_held"),
    Fault("a column is gone", _rows(_OPPORTUNITY, lambda rows: rows.drop("LeadSource")),
          REFUSED, BRONZE, "contract_held"),
    Fault("a column that may be missing is gone",
          _rows(_OPPORTUNITY, lambda rows: rows.drop("CurrencyIsoCode")),
          WARNED, BRONZE, "as_usual"),
    Fault("a column is new",
          _column(_OPPORTUNITY, "Score__c", pl.lit("1")), WARNED, BRONZE, "as_usual"),
    # Nights and files that are missing, or there twice.
    Fault("a night never came", _a_day_late, WARNED, FRESH, "no_night_was_skipped"),
    Fault("a file came twice", _copied(_OPPORTUNITY, "Opportunity_2.csv"),
          WARNED, AUDIT, "no_file_comes_twice"),
    Fault("yesterday's files came again", _yesterday_again,
          WARNED, AUDIT, "no_file_comes_twice"),
    Fault("yesterday's files came again: nothing is new", _yesterday_again,
          WARNED, BANDS, "volumes_as_usual"),
    Fault("the file of opportunities is missing", _gone(_OPPORTUNITY),
          WARNED, BANDS, "volumes_as_usual"),
    Fault("the file has a header and no row", _rows(_OPPORTUNITY, _share(0)),
          WARNED, BANDS, "volumes_as_usual"),
    Fault("the history is lost", _gone("OpportunityHistory.csv"),
          WARNED, BANDS, "volumes_as_usual"),
    Fault("every row stands twice in its file",
          _rows(_OPPORTUNITY, lambda rows: pl.concat([rows, rows])),
          WARNED, BANDS, "keys_as_usual"),
    Fault("a full extract is empty", _rows("deals.csv", _share(0)),
          REFUSED, AUDIT, "full_extracts_keep_their_size"),
    Fault("a full extract was cut off after a third", _rows("deals.csv", _share(0.33)),
          REFUSED, AUDIT, "full_extracts_keep_their_size"),
    Fault("a full extract lacks three rows in ten", _rows("deals.csv", _share(0.7)),
          WARNED, DEALS, "as_usual"),
    Fault("a full extract holds every row twice",
          _rows("deals.csv", lambda rows: pl.concat([rows, rows])),
          WARNED, BANDS, "keys_as_usual"),
    Fault("half the accounts were deleted", _rows("companies.csv", _share(0.5)),
          WARNED, "bronze.acme/accounts", "as_usual"),
    Fault("one of three parts of a full extract was cut off", _part_cut_off,
          WARNED, DEALS, "as_usual"),
    Fault("a filter left one stage out of a full extract",
          _rows("deals.csv", lambda rows: rows.filter(pl.col("Stage") != "Demo")),
          WARNED, DEALS, "as_usual"),
    Fault("a full extract bears other keys", _rows("deals.csv", _under_other_keys),
          WARNED, DEALS, "as_usual"),
    Fault("a quarter of a full extract stands in it again under other keys",
          _rows("deals.csv", lambda rows: pl.concat([rows, _under_other_keys(rows.head(75))])),
          WARNED, DEALS, "as_usual"),
    Fault("a full extract of last week came under tonight's name",
          _old_under_a_new_name("deals.csv", 7), WARNED, DEALS, "as_usual"),
    Fault("yesterday's changes came again with a byte more",
          _old_under_a_new_name(_OPPORTUNITY, 1), WARNED, BANDS, "something_is_new"),
    Fault("a stage left the list of stages",
          _rows("OpportunityStage.csv",
                lambda rows: rows.filter(pl.col("MasterLabel") != "Negotiation")),
          WARNED, "bronze.salesforce/opportunity_stage", "as_usual"),
    # Values that can be read and are wrong.
    Fault("half the amounts are empty", _rows(_OPPORTUNITY, _half_empty("Amount")),
          WARNED, BANDS, "nulls_as_usual"),
    Fault("half the owners are empty", _rows(_OPPORTUNITY, _half_empty("OwnerId")),
          WARNED, BANDS, "nulls_as_usual"),
    Fault("the currency is missing", _column(_OPPORTUNITY, "CurrencyIsoCode", pl.lit(None)),
          WARNED, BANDS, "nulls_as_usual"),
    Fault("everything is in one stage",
          _column(_OPPORTUNITY, "StageName", pl.lit("Qualification")),
          WARNED, BANDS, "stage_mix_as_usual"),
    Fault("an owner was deleted and all is somebody else's",
          _column(_OPPORTUNITY, "OwnerId", pl.lit("0055g00000ZZZZZAAZ")),
          WARNED, BANDS, "owner_mix_as_usual"),
    Fault("the columns of account and owner are swapped",
          _swapped(_OPPORTUNITY, "AccountId", "OwnerId"), WARNED, BANDS, "owner_mix_as_usual"),
    Fault("the columns of source and type are swapped",
          _swapped(_OPPORTUNITY, "LeadSource", "Type"), WARNED, BANDS, "kinds_as_usual"),
    Fault("half the opportunities were deleted",
          _column(_OPPORTUNITY, "IsDeleted", _half(pl.lit("true"), pl.col("IsDeleted"))),
          WARNED, BANDS, "kinds_as_usual"),
    Fault("amounts are in cents",
          _column(_OPPORTUNITY, "Amount", pl.col("Amount").str.replace(".", "", literal=True)),
          WARNED, BANDS, "amounts_as_usual"),
    Fault("instants are eight hours early",
          _shifted(-8, _OPPORTUNITY, "OpportunityHistory.csv"), WARNED, BANDS, "hours_as_usual"),
    Fault("two columns of instants are swapped in a full extract",
          _swapped("deals.csv", "Created", "Changed"), WARNED, BANDS, "changes_as_usual"),
    Fault("the letters of names are lost in a full extract",
          _column("companies.csv", "Name", pl.col("Name").str.replace_all("[aeiou]", "?")),
          WARNED, BANDS, "changes_as_usual"),
    Fault("close dates lie in another year",
          _column(_OPPORTUNITY, "CloseDate", pl.col("CloseDate").str.replace("2025", "2052")),
          WARNED, BANDS, "close_dates_as_usual"),
    # What only the marts can tell.
    Fault("instants are twelve hours late",
          _shifted(12, _OPPORTUNITY, "OpportunityHistory.csv"),
          REFUSED, FACTS, "nothing_after_as_of", in_full=True),
    Fault("opportunities were created in the future",
          _column(_OPPORTUNITY, "CreatedDate", pl.lit("2031-01-01T10:00:00.000Z")),
          REFUSED, FACTS, "nothing_after_as_of", in_full=True),
    Fault("a currency has no rate",
          _column(_OPPORTUNITY, "CurrencyIsoCode", _half(pl.lit("ISK"), pl.lit("USD"))),
          REFUSED, FACTS, "amounts_have_a_rate", in_full=True),
    Fault("half the history is missing, its opportunities are not",
          _rows("OpportunityHistory.csv", _share(0.5)),
          WARNED, EVENTS, "history_tells_of_the_newest_stages", in_full=True),
    Fault("instants of the history alone are five hours early",
          _shifted(-5, "OpportunityHistory.csv"),
          WARNED, EVENTS, "histories_begin_with_the_creation", in_full=True),
    Fault("half the opportunities are missing, their history is not",
          _rows(_OPPORTUNITY, _share(0.5)),
          WARNED, BANDS, "records_come_with_their_history"),
]  # fmt: skip
