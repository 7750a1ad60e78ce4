"""Draw how the deals of the published warehouse go from stage to stage, as an SVG.

`python docs/examples/tutorial/chart.py FILE.svg`, after a night was published.
"""

import sys

import altair as alt
import duckdb

from orchestration.settings import Settings

QUERY = """
unpivot (
    select
        stage_name,
        stage_rank,
        sum(reached_next_count)::int as "went on",
        sum(lost_here_count)::int as "lost",
        sum(open_here_count)::int as "still open"
    from marts.funnel_stage_conversion
    where dimension = 'all'
    group by stage_name, stage_rank
)
on "went on", "lost", "still open"
into name became value deals
"""
COLUMNS = ("stage", "rank", "became", "deals")

with duckdb.connect(str(Settings().published), read_only=True) as warehouse:
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in warehouse.execute(QUERY).fetchall()]

chart = (
    alt.Chart(alt.Data(values=rows), width=480, height=200)
    .mark_bar()
    .encode(
        alt.Y("stage:N", title=None, sort=alt.SortField("rank")),
        alt.X("deals:Q", title="deals that reached the stage"),
        alt.Color("became:N", title=None).scale(
            domain=["went on", "lost", "still open"], range=["#3d8fd1", "#d9772b", "#7b8087"]
        ),
    )
)
chart.save(sys.argv[1])
