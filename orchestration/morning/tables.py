"""What is a table: its columns, and the words in its cells.

Belongs here: which columns stand side by side, and their order. Does not belong here: how a table
looks (style.css). Great Tables writes the table; its own style, which knows one palette only, is
left behind, and the caption that it cannot write is added.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from orchestration.morning import wording
from orchestration.morning.changes import Changes
from orchestration.morning.evidence import Row, Rows
from orchestration.morning.findings import is_few, stages_of
from orchestration.morning.wording import MISSING

_SHOWN = 12
_TABLE = re.compile(r"<table.*</table>", re.S)
_RIGHT = re.compile(r' class="[^"]*gt_right[^"]*"')
_NEEDLESS = re.compile(
    r' (?:class="gt[^"]*"|(?:id|headers|data-quarto-[a-z-]+)="[^"]*"|(?:row|col)span="1")'
)
# The second line of a cell, and the third.
_SMALL = re.compile(r"\n([^\n<]+)(?=\n|</t[dh]>)")
# In a text, and not within a tag: where a long name of a mart may go on in the next line.
_UNDERSCORE = re.compile(r"_(?=\w[^<>]*<)")
_BLANK = re.compile(r"\s*\n\s*(?=<)")


def funnel(rows: Rows) -> str:
    """The numbers of the funnel, stage by stage."""
    return _table(
        "Funnel by stage",
        ["Stage", "Reached", "Went on", "Lost here", "Open", "Handed off", "Rate", "95 % interval",
         "Median stay"],
        (
            [
                row["stage_name"],
                wording.count(row["reached_count"]),
                wording.count(row["reached_next_count"]),
                wording.count(row["lost_here_count"]),
                wording.count(row["open_here_count"]),
                wording.count(row["handed_off_count"]),
                wording.share(row["next_rate"], 1),
                wording.interval(row["next_rate_low"], row["next_rate_high"], 1),
                wording.days(row["median_days_in_stage"]),
            ]
            for row in rows
        ),
    )  # fmt: skip


def trend(rows: Rows) -> str:
    """The share that went on and how many reached the stage, a row a month."""
    stages = stages_of(rows)
    months = sorted({row["cohort_month"] for row in rows}, reverse=True)
    by_month = [{row["cohort_month"]: row for row in stage} for stage in stages]
    return _table(
        "Share that went on, and how many reached the stage, by month of entry; * not finished",
        ["Month", *(stage[0]["stage_name"] for stage in stages)],
        (
            [wording.short_month(month), *(_trend_cell(stage.get(month)) for stage in by_month)]
            for month in months
        ),
    )


def _trend_cell(row: Row | None) -> str:
    if row is None:
        return MISSING
    told = MISSING if is_few(row) else wording.share(row["next_rate"], 1)
    return f"{told}{'' if row['is_mature'] else '*'}\nof {wording.count(row['reached_count'])}"


def triangle(rows: Rows) -> str:
    """Won by each age; what is projected stands in brackets."""
    ages = sorted({row["age_months"] for row in rows})
    months = sorted({row["cohort_month"] for row in rows})
    cells = {(row["cohort_month"], row["age_months"]): row for row in rows}
    sizes = {row["cohort_month"]: row["cohort_count"] for row in rows}
    return _table(
        "Share of a cohort that was won, in percent, by age in months; projected in brackets",
        ["Created", "Deals", *map(str, ages)],
        (
            [
                wording.short_month(month),
                wording.count(sizes[month]),
                *(_triangle_cell(cells[month, age]) for age in ages),
            ]
            for month in months
        ),
    )


def _triangle_cell(row: Row) -> str:
    if row["is_observed"]:
        return f"{100 * row['win_rate']:.1f}"
    projected = row["projected_win_rate"]
    return MISSING if projected is None else f"({100 * projected:.1f})"


def win_rates(rows: Rows) -> str:
    """Each definition with its population, over all time and in the newest quarter."""
    quarter = next((row["quarter_start"] for row in rows if row["quarter_start"]), None)
    return _table(
        "Win rates and whom they count",
        ["Win rate", "All time", wording.quarter(quarter) if quarter else "Newest quarter"],
        (
            [
                f"{row['metric_name']}\n{row['formula']}, of {row['population']}",
                _rate_cell(row, ""),
                _rate_cell(row, "quarter_"),
            ]
            for row in rows
        ),
    )


def _rate_cell(row: Row, period: str) -> str:
    deals = row[f"{period}member_count"]
    if deals is None or row[f"{period}value"] is None:
        return f"{MISSING}\nnot yet"
    of = f"of\u00a0{wording.several(deals, 'deal')}"
    spread = wording.interval(row[f"{period}value_low"], row[f"{period}value_high"], 1)
    if deals < wording.FEW:
        return f"{MISSING}\n{of}"
    told = wording.share(row[f"{period}value"], 1)
    return "\n".join([told, of] if spread == MISSING else [told, spread, of])


def velocity(rows: Rows, currency: str) -> str:
    """The factors of the velocity and what was really won, half year by half year."""
    return _table(
        f"Sales velocity over six months, amounts in {currency}",
        ["Six months to", "Open at start", "Mean won", "Win rate", "Cycle", "Velocity a day",
         "Won a day"],
        (
            [
                wording.short_month(row["last_month"]),
                wording.count(row["open_count"]),
                _whole(row["won_mean_amount"]),
                wording.share(row["win_rate"], 1),
                wording.days(row["mean_cycle_days"]),
                _whole(row["velocity"]),
                _whole(row["won_a_day"]),
            ]
            for row in reversed(rows)
        ),
    )  # fmt: skip


def pipeline(rows: Rows, currency: str) -> str:
    """What is open in each stage now and four weeks before."""
    return _table(
        f"Open pipeline by stage, amounts in {currency}",
        ["Stage", "Deals", "Amount", "Deals then", "Amount then", "Past due", "Amount past due"],
        (
            [
                row["stage_name"],
                wording.count(row["open_count"]),
                _whole(row["open_amount"]),
                wording.count(row["then_open_count"]),
                _whole(row["then_open_amount"]),
                wording.count(row["past_due_count"]),
                _whole(row["past_due_amount"]),
            ]
            for row in rows
        ),
    )


def other_pipelines(rows: Rows, currency: str) -> str:
    """One row a pipeline that has no chapter."""
    return _table(
        f"Smaller pipelines, amounts in {currency}",
        ["Pipeline", "Deals", "Open", "Open amount", "Won", "Lost", "Won of closed"],
        (
            [
                f"{row['pipeline_name']}\n{row['source_system']}",
                wording.count(row["opportunity_count"]),
                wording.count(row["open_count"]),
                _whole(row["open_amount"]),
                wording.count(row["won_count"]),
                wording.count(row["lost_count"]),
                MISSING
                if row["won_count"] + row["lost_count"] < wording.FEW
                else f"{wording.share(row['win_rate'], 1)}\n"
                f"{wording.interval(row['win_rate_low'], row['win_rate_high'], 1)}",
            ]
            for row in rows
        ),
    )


def headline(changes: Changes, currency: str) -> str:
    """What the whole company adds up to, in both versions."""
    return _table(
        f"The company in both versions, amounts in {currency}",
        ["", "Before", "Now", "Change"],
        (
            [
                row["name"],
                _whole(row["before"]),
                _whole(row["now"]),
                wording.change(round(row["difference"])),
            ]
            for row in changes.headline
        ),
    )


def changed_tables(changes: Changes) -> str:
    """The marts whose number of rows differs most."""
    return _table(
        "Rows of the marts that differ most",
        ["Mart", "Before", "Now", "Change"],
        (
            [
                row["name"],
                wording.count(row["before"]),
                wording.count(row["now"]),
                wording.change(row["difference"]),
            ]
            for row in changes.tables[:_SHOWN]
        ),
    )


def moved_metrics(changes: Changes, currency: str) -> str:
    """Metrics that left their limits."""
    return _table(
        "Metrics that moved by more than usual",
        ["Metric", "Before", "Now", "Usual"],
        (
            [
                f"{row['metric_name']}\n{row['metric_id']}",
                *(wording.measured(row[when], row["unit"], currency) for when in ("before", "now")),
                " to ".join(
                    wording.measured(row[end], row["unit"], currency) for end in ("low", "high")
                ),
            ]
            for row in changes.metrics[:_SHOWN]
        ),
    )


def waiting(rows: Rows) -> str:
    """Refused rows that nothing has brought in since, by object, column and rule."""
    return _table(
        "Refused rows that wait",
        ["Object", "Column", "Rule", "Rows", "Newest night"],
        (
            [
                row["name"],
                row["column"] or MISSING,
                row["rule"],
                wording.count(row["row_count"]),
                row["newest_night"].isoformat(),
            ]
            for row in rows[:_SHOWN]
        ),
        texts=3,
    )


def checks(rows: Rows) -> str:
    """Checks that failed without refusing the night."""
    return _table(
        "Checks that failed without refusing the night",
        ["Check", "Found", "Severity"],
        (
            [
                f"{row['table_name']}: {row['check_name']}\n{row['description']}",
                row["observed"],
                row["severity"],
            ]
            for row in rows[:_SHOWN]
        ),
    )


def left_over(rows: Rows) -> int:
    """How many rows a table of many leaves out."""
    return max(0, len(rows) - _SHOWN)


def _whole(value: wording.Number | None) -> str:
    return MISSING if value is None else wording.count(round(value))


def _table(caption: str, heads: list[str], rows: Iterable[list[str]], texts: int = 1) -> str:
    """A table whose first column names its rows; the first `texts` columns are not numbers."""
    import polars as pl
    from great_tables import GT

    names = [f"c{place}" for place in range(len(heads))]
    frame = pl.DataFrame(list(rows), schema=dict.fromkeys(names, pl.String), orient="row")
    written = (
        GT(frame, rowname_col=names[0])
        .tab_stubhead(label=heads[0] or "Quantity")
        .cols_label(dict(zip(names[1:], heads[1:], strict=True)))
        .cols_align("left", columns=names[1:texts])
        .cols_align("right", columns=names[texts:])
        .as_raw_html()
    )
    found = _TABLE.search(written)
    assert found is not None, "Great Tables wrote no table"
    table = _BLANK.sub("", _NEEDLESS.sub("", _RIGHT.sub(' data-number=""', found.group())))
    table = _UNDERSCORE.sub("_<wbr>", _SMALL.sub(r"<small>\1</small>", table))
    return table.replace(">", f"><caption>{escape(caption)}</caption>", 1)
