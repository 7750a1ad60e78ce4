"""What looks personal: e-mail addresses and phone numbers in texts, and names of columns.

Belongs here: patterns that polars, DuckDB and Python read alike, so that what masks and what checks
mean the same. Does not belong here: what follows from a match.
"""

from __future__ import annotations

import re

EMAIL = r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"
# Only what is written as a phone number: digits alone are ids, amounts and dates more often.
PHONE = (
    r"\+[0-9][0-9 ()./-]{6,}[0-9]"
    r"|\([0-9]{3}\) ?[0-9]{3}[ .-][0-9]{4}"
    r"|\b[0-9]{3}[ .-][0-9]{3}[ .-][0-9]{4}\b"
)
EMAIL_SHOWN, PHONE_SHOWN = "[e-mail]", "[phone]"

_PERSONAL_NAME = re.compile(
    r"(?:^|_)(?:e_?mails?|mail|(?:tele|mobile|home|work|cell)?_?phones?|mobile|fax|cell|"
    r"(?:first|last|middle|full|given|family|sur|maiden|contact)_?name|birth_?(?:date|day)|"
    r"street|postal_?code|home_?address|mailing_?address)"
    r"(?:_?(?:address|number|no))?(?:_[0-9]+)?(?:__p?c)?"
    # What bronze puts behind a name that several headers could have.
    r"(?:_[0-9a-f]{8})?$"
)
# Stages and time stamps may bear any name.
_NO_PERSON = re.compile(r"date_|_date$|time_in|_at$|(?:^|_)(?:is|has|num|number_of|count)_")
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9_]+")


def looks_personal(column: str) -> bool:
    """Whether a column that nobody declared is named as if it held data of a person."""
    plain = _WORDS.sub("_", column).lower().removeprefix("extra__")
    return bool(_PERSONAL_NAME.search(plain)) and not _NO_PERSON.search(plain)


def redacted(text: str) -> str:
    """A text without e-mail addresses and phone numbers."""
    return re.sub(PHONE, PHONE_SHOWN, re.sub(EMAIL, EMAIL_SHOWN, text))
