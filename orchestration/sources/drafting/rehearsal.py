"""A drafted source file tried out on the exports it was drafted from.

Belongs here: which rows a load would refuse, and why. Does not belong here: loads (bronze/).
"""

from __future__ import annotations

import polars as pl

from orchestration.bronze.cast import (
    BROKEN_COLUMN,
    BROKEN_RULE,
    BROKEN_VALUE,
    CastRows,
    Lookup,
    Lookups,
)
from orchestration.bronze.header import MissingColumnsError, match_header
from orchestration.extracts.table import ROW_NUMBER, TextTable
from orchestration.sources.catalog import Source
from orchestration.sources.contract import Contract
from orchestration.sources.drafting.draft import DraftSource
from orchestration.sources.drafting.feeds import DraftObject, fed_column

_SHOWN = 3


def rehearse(draft: DraftSource, source: Source) -> dict[str, str]:
    """What would become of the rows of each object, in a sentence."""
    return {
        name: _verdict(each, source.contracts[name], draft) for name, each in draft.objects.items()
    }


def _verdict(each: DraftObject, contract: Contract, draft: DraftSource) -> str:
    rows = each.rows
    malformed = sum(match.sample.malformed_count for match in each.matches)
    first = "" if all(match.sample.is_whole for match in each.matches) else "first "
    count = "only row" if len(rows) == 1 else f"{len(rows):,} rows"
    told = f"{each.label}: the {first}{count}"
    cut = f"; {malformed:,} more are malformed" if malformed else ""
    typed = frozenset[str]().union(*(match.sample.typed for match in each.matches))
    table = TextTable(
        header=tuple(rows.columns),
        record_count=len(rows),
        malformed=(),
        records=rows.lazy()
        .with_row_index(ROW_NUMBER, 2)
        .with_columns(pl.col(ROW_NUMBER).cast(int)),
        raw_texts=lambda _: {},
        typed=typed,
    )
    try:
        match = match_header(contract, table.header)
    except MissingColumnsError as error:
        return f"{told} cannot be read: {error}"
    refused = CastRows(table, contract, match, _lookups(contract, draft)).refused().collect()
    if refused.is_empty():
        return f"{told} tried, all accepted{cut}."
    why = refused.group_by(BROKEN_COLUMN, BROKEN_RULE).agg(
        pl.len().alias("count"), pl.col(BROKEN_VALUE).drop_nulls().first().alias("value")
    )
    worst = why.sort("count", descending=True).head(_SHOWN).iter_rows(named=True)
    shown = "; ".join(
        f"{row['count']:,} for {row[BROKEN_COLUMN]} ({row[BROKEN_RULE]}"
        + (f": `{row['value']}`)" if row["value"] else ")")
        for row in worst
    )
    return f"{told} tried, {len(refused):,} refused{cut}: {shown}."


def _lookups(contract: Contract, draft: DraftSource) -> Lookups:
    found = {}
    for column in contract.columns:
        if column.lookup is not None:
            target = draft.objects[column.lookup.object]
            match, taken = (
                fed_column(target, name) for name in (column.lookup.match, column.lookup.return_)
            )
            pairs = pl.DataFrame({"match": match, "taken": taken}).drop_nulls()
            found[column.name] = Lookup(dict(pairs.iter_rows()))
    return found
