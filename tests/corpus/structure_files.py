"""Files whose records are odd: line ends, quotes, widths, blank lines, NUL bytes, length.

Belongs here: everything about where a record begins and ends. Does not belong here: the header
(header_files.py), encodings (encoded_files.py), values (value_files.py).
"""

from __future__ import annotations

from tests.corpus.case import ROLES, Case, table

_HEAD = "id,state,value\n"
_SHORT = "2 fields where the header has 3"
_QUOTE = "a quote out of place"
_ROLE = ("00E000000000001AAA", "Rep; of | the ^ `East`, all\tof it", "00E000000000002AAA")
_DELIMITERS = {
    "comma": ",", "tab": "\t", "pipe": "|", "semicolon": ";", "caret": "^", "backquote": "`",
}  # fmt: skip

CASES = [
    # Delimiters and line ends --------------------------------------------------------------------
    *(
        Case(
            f"a Bulk API file with {name} and {end_name}",
            table(ROLES, _ROLE, delimiter=delimiter, lineterminator=end, quoting=1),
            file="UserRole.csv",
            source="salesforce",
            columns=ROLES,
            accepted=[_ROLE],
        )
        for name, delimiter in _DELIMITERS.items()
        for end_name, end in {"LF": "\n", "CRLF": "\r\n"}.items()
    ),
    Case(
        "carets and a header that begins as packed files do (found by fuzzing)",
        "x^id^state^value\n1^d1^Open^1\n",
        says='delimiter: "^"\n',
        accepted=[("d1", "Open", 1)],
    ),
    Case(
        "carets and such a header below a blank line",
        "\nx^id^state^value\n1^d1^Open^1\n",
        says='delimiter: "^"\n',
        accepted=[("d1", "Open", 1)],
    ),
    Case(
        "control characters for delimiters, as Hive writes them",
        "x\1id\1state\1value\n1\1d1\1Open\0011\n",
        says='delimiter: "\\x01"\n',
        accepted=[("d1", "Open", 1)],
    ),
    Case(
        "LF and CRLF in one file",
        "id,state,value\r\nd1,Open,1\nd2,Open,2\r\nd3,Open,3\n",
        accepted=[("d1", "Open", 1), ("d2", "Open", 2), ("d3", "Open", 3)],
    ),
    Case(
        "CR alone, as old Macs write it",
        "id,state,value\rd1,Open,1\rd2,Open,2\r",
        error="lines must end with LF or CRLF",
    ),
    Case(
        "CR alone in a Bulk API file",
        "Id,Name,ParentRoleId\r00E000000000001AAA,Rep,\r",
        file="UserRole.csv",
        source="salesforce",
        error="lines must end with LF or CRLF",
    ),
    Case(
        "one carriage return in the middle of a value",
        _HEAD + "d1,Op\ren,1\nd2,Open,2\n",
        accepted=[("d2", "Open", 2)],
        refused={2: "a carriage return out of place"},
    ),
    Case("no line end after the last record", _HEAD + "d1,Open,1", accepted=[("d1", "Open", 1)]),
    Case(
        "the wrong delimiter",
        "id;state;value\nd1;Open;1\n",
        error="lacks `id`",
    ),
    # Quotes --------------------------------------------------------------------------------------
    Case(
        "line ends, delimiters and quotes in a quoted field",
        _HEAD + '"d""1,\r\n\n",Open,1\nd2,"""",2\n',
        accepted=[('d"1,\r\n\n', "Open", 1), ("d2", '"', 2)],
    ),
    Case(
        "a quote in the middle of a field",
        _HEAD + 'd1,7" pipe 8",1\nd2,Open,2\n',
        accepted=[("d2", "Open", 2)],
        refused={2: _QUOTE},
    ),
    Case(
        "text after a quoted field",
        _HEAD + 'd1,"Open"ed,1\nd2,Open,2\n',
        accepted=[("d2", "Open", 2)],
        refused={2: _QUOTE},
    ),
    Case(
        "a blank before a quoted field",
        _HEAD + 'd1, "Open, or not",1\nd2,Open,2\n',
        accepted=[("d2", "Open", 2)],
        refused={2: _QUOTE},
    ),
    Case(
        "a lone quote that may have swallowed records",
        _HEAD + 'd1,Op"en,1\nd2,Open,2\nd3,Op"en,3\n',
        error="nobody can tell where the rows around it begin",
    ),
    Case(
        "a quoted field that is never closed",
        _HEAD + 'd1,Open,1\nd2,"Open,2\nd3,Open,3\n',
        error="is never closed",
    ),
    Case(
        "a quote that another character replaces",
        _HEAD + "d1,'Op,en',1\nd2,\"x\",2\n",
        says='quote: "\'"\n',
        accepted=[("d1", "Op,en", 1), ("d2", '"x"', 2)],
    ),
    Case(
        "a file that was cut off within a quoted field",
        (_HEAD + 'd1,Open,1\nd2,"Open and').encode(),
        error="the file is cut off",
    ),
    # Widths --------------------------------------------------------------------------------------
    Case(
        "rows with too few and too many fields",
        _HEAD + "d1,Open\nd2,Open,2\nd3,Open,3,,\nd4\n",
        accepted=[("d2", "Open", 2)],
        refused={
            2: _SHORT,
            4: "5 fields where the header has 3",
            5: "1 fields where the header has 3",
        },
    ),
    Case(
        "a file that was cut off within a row",
        _HEAD + "d1,Open,1\nd2,Op",
        accepted=[("d1", "Open", 1)],
        refused={3: _SHORT},
    ),
    Case(
        "a delimiter at the end of every line",
        "id,state,value,\nd1,Open,1,\n",
        accepted=[("d1", "Open", 1)],
    ),
    Case(
        "a delimiter at the end of every line but the header",
        _HEAD + "d1,Open,1,\nd2,Open,2,\n",
        refused={2: "4 fields where the header has 3", 3: "4 fields where the header has 3"},
    ),
    Case(
        "text below the table",
        _HEAD + "d1,Open,1\n\nTotal,,1\nGenerated by Sales Suite\n",
        accepted=[("d1", "Open", 1)],
        refused={3: "missing", 4: "1 fields where the header has 3"},
    ),
    # Blank lines ---------------------------------------------------------------------------------
    Case(
        "blank lines above, within and below the table",
        "\n\r\n" + _HEAD + "\nd1,Open,1\n\n\r\nd2,Open,2\n\n\n",
        accepted=[("d1", "Open", 1), ("d2", "Open", 2)],
    ),
    Case("nothing but blank lines", "\n\n\r\n\n", error="the file is empty"),
    Case("an empty file", b"", error="the file is empty"),
    Case("a header without rows", _HEAD, accepted=[]),
    Case("a header without a line end", "id,state,value", accepted=[]),
    Case(
        "lines of blanks",
        _HEAD + "   \nd1,Open,1\n\t\n",
        accepted=[("d1", "Open", 1)],
        refused={2: "1 fields where the header has 3", 4: "1 fields where the header has 3"},
    ),
    Case(
        "a column of its own whose fields are empty in quotes",
        'id,name\n"",""\nu1,""\n',
        file="people.csv",
        columns=("user_id", "user_name"),
        accepted=[("u1", None)],
        refused={2: "missing"},
    ),
    # Files put together --------------------------------------------------------------------------
    Case(
        "two parts put together with their headers",
        _HEAD + "d1,Open,1\n" + _HEAD + "d2,Open,2\n",
        accepted=[("d1", "Open", 1), ("d2", "Open", 2)],
        refused={3: "header"},
    ),
    Case(
        "two parts put together, where every column is text",
        "id,name\nu1,Ann\nid,name\nu2,Bob\n",
        file="people.csv",
        columns=("user_id", "user_name"),
        accepted=[("u1", "Ann"), ("u2", "Bob")],
        refused={3: "header"},
    ),
    Case(
        "two parts put together, each with a byte order mark",
        "\ufeffid,name\nu1,Ann\n\ufeffid,name\nu2,Bob\n",
        file="people.csv",
        columns=("user_id", "user_name"),
        accepted=[("u1", "Ann"), ("u2", "Bob")],
        refused={3: "header"},
    ),
    Case(
        "two parts put together, each with a byte order mark before a header in quotes",
        "".join(f'\ufeff"id","state","value"\r\n"{id_}","Open","1"\r\n' for id_ in ("d1", "d2")),
        accepted=[("d1", "Open", 1), ("d2", "Open", 1)],
        refused={3: "header"},
    ),
    Case(
        "two parts put together, the second with a byte order mark and another header in quotes",
        'id,state,value\nd1,Open,1\n\ufeff"id","stage","value"\nd2,Open,1\n',
        accepted=[("d1", "Open", 1), ("d2", "Open", 1)],
        refused={3: "a quote out of place"},
    ),
    Case(
        "two parts put together, the first without a line end at its end",
        "id,name\nu1,Annid,name\nu2,Bob\n",
        file="people.csv",
        columns=("user_id", "user_name"),
        accepted=[("u2", "Bob")],
        refused={2: "3 fields where the header has 2"},
    ),
    # NUL bytes and length ------------------------------------------------------------------------
    Case(
        "a NUL byte in a value",
        _HEAD + "d1,Op\0en,1\nd2,Open,2\n",
        accepted=[("d2", "Open", 2)],
        refused={2: "a NUL byte"},
    ),
    Case(
        "a NUL byte in a quoted value",
        _HEAD + 'd1,"Op\0en",1\nd2,Open,2\n',
        accepted=[("d2", "Open", 2)],
        refused={2: "a NUL byte"},
    ),
    Case(
        "a tail of NUL bytes, as a crashed machine leaves it",
        (_HEAD + "d1,Open,1\n").encode() + bytes(5000),
        accepted=[("d1", "Open", 1)],
        refused={3: "a NUL byte"},
    ),
    Case("nothing but NUL bytes", bytes(10_000), error="a NUL byte"),
    Case(
        "a field of ten million characters",
        lambda _: (_HEAD + "d1," + "x" * 10_000_000 + ",1\nd2,Open,2\n").encode(),
        accepted=[("d1", "x" * 10_000_000, 1), ("d2", "Open", 2)],
    ),
]
