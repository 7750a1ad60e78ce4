"""Files in other encodings than UTF-8, in several at once, or in none.

Belongs here: bytes and characters. Does not belong here: NUL bytes in UTF-8 files
(structure_files.py).
"""

from __future__ import annotations

import codecs

from tests.corpus.case import ROLES, Case

_DEALS = "id,state,value\nd1,Geprüft,1\n"
_READ = [("d1", "Geprüft", 1)]
_ROLE_ID = "00E000000000001AAA"


def _role_file(title: str, text: bytes, name: str = "", error: str = "") -> Case:
    """A file of the Data Loader with one role; its columns are as the Data Loader writes them."""
    content = b'"ID","NAME","PARENTROLEID"\r\n"' + _ROLE_ID.encode() + b'","' + text + b'",""\r\n'
    return Case(
        title,
        content,
        file="UserRoleExtract.csv",
        source="salesforce",
        columns=ROLES,
        accepted=[] if error else [(_ROLE_ID, name, None)],
        error=error,
    )


CASES = [
    _role_file("a Data Loader file in UTF-8", "Müller ✓".encode(), "Müller ✓"),
    _role_file("a Data Loader file in Latin-1", "Müller".encode("latin-1"), "Müller"),
    _role_file(
        "a Data Loader file in Windows Latin 1", "Müller – 5 €".encode("cp1252"), "Müller – 5 €"
    ),
    _role_file(
        "a Data Loader file put together from UTF-8 and Windows Latin 1",
        "Müller".encode() + "Jürgen".encode("cp1252"),
        error="a mixture of encodings",
    ),
    _role_file(
        "a Data Loader file in an encoding that it is never written in",
        b"\x8d\x8f",
        error="not cp1252",
    ),
    Case(
        "rows of UTF-8 and of Windows Latin 1",
        b"Id,Name,ParentRoleId\n"
        + f"{_ROLE_ID},Zoë,\n".encode()
        + f"{_ROLE_ID},Jürgen,\n".encode("cp1252"),
        file="UserRole.csv",
        source="salesforce",
        error="a mixture of encodings",
    ),
    Case("a byte order mark", codecs.BOM_UTF8 + _DEALS.encode(), accepted=_READ),
    Case(
        "a byte order mark before a header in quotes",
        codecs.BOM_UTF8 + '"id","state","value"\r\n"d1","Geprüft","1"\r\n'.encode(),
        accepted=_READ,
    ),
    Case(
        "a byte order mark before a header in quotes of a Bulk API file",
        codecs.BOM_UTF8 + f'"Id","Name","ParentRoleId"\n"{_ROLE_ID}","Rep",""\n'.encode(),
        file="UserRole.csv",
        source="salesforce",
        columns=ROLES,
        accepted=[(_ROLE_ID, "Rep", None)],
    ),
    Case("two byte order marks", codecs.BOM_UTF8 * 2 + _DEALS.encode(), error="lacks `id`"),
    Case("a byte order mark and nothing else", codecs.BOM_UTF8, error="the file is empty"),
    Case(
        "UTF-16 with a byte order mark",
        codecs.BOM_UTF16_LE + _DEALS.encode("utf-16-le"),
        error="say `encoding: utf-16` in the source file",
    ),
    Case(
        "UTF-16 in the other order of bytes",
        codecs.BOM_UTF16_BE + _DEALS.encode("utf-16-be"),
        error="say `encoding: utf-16` in the source file",
    ),
    Case(
        "UTF-16 without a byte order mark",
        _DEALS.encode("utf-16-le"),
        error="say `encoding: utf-16-le` in the source file",
    ),
    Case(
        "UTF-16 big-endian without a byte order mark",
        _DEALS.encode("utf-16-be"),
        error="say `encoding: utf-16-be` in the source file",
    ),
    Case(
        "UTF-16 without a byte order mark, as the refusal says",
        _DEALS.encode("utf-16-le"),
        says="encoding: utf-16-le\n",
        accepted=_READ,
    ),
    Case(
        "UTF-16 with a byte order mark, as no refusal says",
        codecs.BOM_UTF16_LE + _DEALS.encode("utf-16-le"),
        says="encoding: utf-16-le\n",
        accepted=_READ,
    ),
    Case("UTF-8 where UTF-16 is due", _DEALS, says="encoding: utf-16\n", error="not utf-16"),
    Case(
        "half of a pair of UTF-16",
        codecs.BOM_UTF16_LE + _DEALS.encode("utf-16-le") + b"\x00\xd8\x0a\x00",
        says="encoding: utf-16\n",
        error="not utf-16",
    ),
    Case(
        "UTF-16 as the source file says",
        _DEALS.encode("utf-16"),
        says="encoding: utf-16\n",
        accepted=_READ,
    ),
    Case(
        "UTF-16 big-endian as the source file says",
        codecs.BOM_UTF16_BE + _DEALS.encode("utf-16-be"),
        says="encoding: utf-16\n",
        accepted=_READ,
    ),
    Case(
        "a Bulk API file in UTF-16",
        f"Id,Name,ParentRoleId\r\n{_ROLE_ID},Rep,\r\n".encode("utf-16"),
        file="UserRole.csv",
        source="salesforce",
        error="UTF-16",
    ),
    Case("UTF-32", _DEALS.encode("utf-32"), error="UTF-16"),
    Case("Latin-1 where UTF-8 is due", _DEALS.encode("latin-1"), error="not UTF-8 at byte 22"),
    Case(
        "Latin-1 as the source file says",
        _DEALS.encode("latin-1"),
        says="encoding: latin-1\n",
        accepted=_READ,
    ),
    Case(
        "half a character at the end of the file",
        _DEALS.encode() + b"d2,Open,2\xc3",
        error="not UTF-8",
    ),
    Case(
        "half of a pair that UTF-16 needs, written as UTF-8",
        b"id,state,value\nd1,\xed\xa0\x80,1\n",
        error="not UTF-8",
    ),
    Case(
        "a letter in more bytes than it needs",
        b"id,state,value\nd1,\xc0\xaf,1\n",
        error="not UTF-8",
    ),
    Case(
        "characters beyond those of everyday",
        "id,state,value\nd1,\U0001f4a9 e\u0301 \u202etxt \ufdd0,1\n",
        accepted=[("d1", "\U0001f4a9 e\u0301 \u202etxt \ufdd0", 1)],
    ),
    Case(
        "a file of UTF-8 that was taken for Latin-1 once already",
        _DEALS.encode().decode("latin-1").encode(),
        accepted=[("d1", "GeprÃ¼ft", 1)],
    ),
]
