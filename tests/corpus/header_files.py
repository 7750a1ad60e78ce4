"""Files whose header is odd: names that collide, that are missing, or that look like code.

Belongs here: the first line. Does not belong here: the records below it (structure_files.py).
"""

from __future__ import annotations

from tests.corpus.case import ROLES, Case, table

_ROW = ("d1", "Open", "1")
_GOOD = [("d1", "Open", 1)]


def _beside(title: str, name: str, kept_as: str) -> Case:
    """A fourth column that nobody declared, whatever its name."""
    return Case(
        title,
        table(["id", "state", "value", name], [*_ROW, "x"]),
        columns=("opportunity_id", kept_as),
        accepted=[("d1", "x")],
    )


CASES = [
    _beside(
        "a column called like a text of ours", "text opportunity_id", "extra__text_opportunity_id"
    ),
    _beside("a column called like a value of ours", "value amount", "extra__value_amount"),
    _beside("a column called like where a row comes from", "_source", "extra__source"),
    _beside("a column called like a night", "_batch_date", "extra__batch_date"),
    _beside("a column called like a rule of ours", "_broken_rule", "extra__broken_rule"),
    _beside("a column called like one of bronze", "opportunity_id", "extra__opportunity_id"),
    _beside("a column called like a kept one", "extra__extra", "extra__extra__extra"),
    _beside("a column called like all columns", "*", "extra__684888c0"),
    _beside("a column called like a pattern of all columns", "^.*$", "extra__439d6d6a"),
    _beside("a column called like a pattern of none", "^x$", "extra__x_d4bd5e6d"),
    _beside(
        "a column called like SQL",
        '"; drop table dim_account; --',
        "extra__drop_table_dim_account_fdb278fa",
    ),
    _beside("a column called like markup", "[bold red]stop[/]", "extra__bold_red_stop_9d3d1fc1"),
    _beside("a column called like the end of markup", "[/]", "extra__adfc8c5a"),
    _beside(
        "a column called like a template", "{{ config(x=1) }} {0}", "extra__config_x_1_0_370da0b7"
    ),
    _beside("a column called like a path", "../../evil", "extra__evil_0fbfd372"),
    _beside(
        "a column called like a formula", "=cmd|' /C calc'!A0", "extra__cmd_c_calc_a0_b3c49727"
    ),
    _beside("a column with a name of two lines", "Weight\n(in %)", "extra__weight_in_8a63a0ff"),
    _beside("a column with a name from right to left", "\u202eeulav", "extra__eulav_3c8172ee"),
    _beside("a column with an endless name", "x" * 20_000, "extra__" + "x" * 100 + "_42e8bc96"),
    _beside("a column called like no letter at all", "价值", "extra__93b7b188"),
    _beside("a column without a name", "", "extra__column_4"),
    Case(
        "a column called like the row number of ours",
        "id,state,value,_row_number\nd1,Open,1,7\n",
        error="_row_number",
    ),
    Case(
        "a column without a name beside one that bears its stand-in",
        "id,state,value,column_5,\nd1,Open,1,x,y\n",
        columns=("opportunity_id", "extra__column_5"),
        accepted=[("d1", "x")],
    ),
    Case(
        "columns without names",
        "id,state,,,value\nd1,Open,x,y,1\n",
        columns=("opportunity_id", "amount", "extra__column_3", "extra__column_4"),
        accepted=[("d1", 1, "x", "y")],
    ),
    Case(
        "two columns of one name",
        "id,state,value,state\nd1,Open,1,Won\n",
        error="names state more than once",
    ),
    Case(
        "two columns that differ by blanks",
        "id,state,value,state \nd1,Open,1,Won\n",
        error="names state more than once",
    ),
    Case(
        "two columns that differ by case, one of them as it should be",
        "ID,id,state,value\nx,d1,Open,1\n",
        accepted=_GOOD,
    ),
    Case(
        "two columns that differ by case, none as it should be",
        "ID,Id,state,value\nx,d1,Open,1\n",
        error="lacks `id`",
    ),
    Case(
        "two columns that nobody declared and that differ by case",
        "id,state,value,Weight,WEIGHT\nd1,Open,1,x,y\n",
        columns=("extra__weight_754bc03a", "extra__weight_81d27ef6"),
        accepted=[("y", "x")],
    ),
    Case("headers in another case", "ID,State,VALUE\nd1,Open,1\n", accepted=_GOOD),
    Case("headers with blanks around them", " id ,\tstate,value \nd1,Open,1\n", accepted=_GOOD),
    Case("headers with a no-break space", "id\u00a0,state,value\nd1,Open,1\n", accepted=_GOOD),
    Case("headers in quotes", '"id","state","value"\nd1,Open,1\n', accepted=_GOOD),
    Case(
        "a header that looks like the right one in Cyrillic",
        "іd,state,value\nd1,Open,1\n",
        error="lacks `id`",
    ),
    Case(
        "a header with a mark that nobody sees",
        "id\u200b,state,value\nd1,Open,1\n",
        error="lacks `id`",
    ),
    Case("no header at all", "d1,Open,1\nd2,Open,2\n", error="lacks `id`"),
    Case(
        "lines above the header",
        "Deals of today\n\nid,state,value\nd1,Open,1\n",
        error="lacks `id`",
    ),
    Case(
        "lines above the header and below the table, as the source file says",
        "Deals of today\n\nid,state,value\nd1,Open,1\nTotal,,1\n",
        says="header_row: 3\nskip_footer: 1\n",
        accepted=_GOOD,
    ),
    Case(
        "a footer longer than the file",
        "id,state,value\nd1,Open,1\n",
        says="skip_footer: 50\n",
        error="the file is empty",
    ),
    Case(
        "a header row below the end of the file",
        "id,state,value\nd1,Open,1\n",
        says="header_row: 50\n",
        error="the file is empty",
    ),
    Case("a required column that is missing", "id,value\nd1,1\n", error="lacks `state`"),
    Case(
        "an optional column that is missing", "id,state\nd1,Open\n", accepted=[("d1", "Open", None)]
    ),
    Case("a header with a NUL byte", "id,st\0ate,value\nd1,Open,1\n", error="a NUL byte"),
    Case(
        "a header with a quote out of place",
        'id,st"a"te,value\nd1,Open,1\n',
        error="a quote out of place",
    ),
    Case(
        "a header that is longer than the csv module reads",
        lambda _: b"id,state,value," + b"x" * 200_000 + b"\nd1,Open,1,x\n",
        error="the header cannot be read",
    ),
    Case(
        "a Bulk API file with a header that is longer than the csv module reads",
        lambda _: b"Id,Name,ParentRoleId," + b"x" * 200_000 + b"\n00E000000000001AAA,Rep,,x\n",
        file="UserRole.csv",
        source="salesforce",
        error="the header cannot be read",
    ),
    Case(
        "a Bulk API file with a quote out of place in its header",
        'Id,Na"me,Pa"rentRoleId\n00E000000000001AAA,Rep,\n',
        file="UserRole.csv",
        source="salesforce",
        error="a quote out of place",
    ),
    Case(
        "ten thousand columns",
        lambda _: ",".join(["id", "state", "value", *(f"c{n}" for n in range(9_997))]).encode(),
        error="no more than 5,000 are read",
    ),
    Case(
        "three thousand columns",
        lambda _: table(
            ["id", "state", "value", *(f"c{n}" for n in range(2_997))], [*_ROW, *["x"] * 2_997]
        ).encode(),
        columns=("opportunity_id", "amount", "extra__c0", "extra__c2996"),
        accepted=[("d1", 1, "x", "x")],
    ),
    Case(
        "a custom column of Salesforce with an odd name",
        table([*ROLES, "Odd Näme__c"], ["00E000000000001AAA", "Rep", "", "x"]),
        file="UserRole.csv",
        source="salesforce",
        columns=("Id", "odd_n_me__c"),
        accepted=[("00E000000000001AAA", "x")],
    ),
]
