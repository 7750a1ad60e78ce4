"""What Python itself makes of a text of each column type: a second opinion beside the loader's.

Belongs here: the reading of one text by Python's own modules, and texts on which readings differ.
Does not belong here: forms that a source file names (`format`, `decimal`, …), files.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_BOOLEANS = dict.fromkeys(("true", "1", "yes", "y", "t"), True) | dict.fromkeys(
    ("false", "0", "no", "n", "f"), False
)


class Refused:
    """What a text is worth that is no value of its type."""


def value_of(type_: str, text: str) -> Any:
    """The value of a text; NULL for none, Refused for what is no value."""
    if type_ == "text":
        return text or None
    text = text.strip()
    if not text:
        return None
    try:
        return {
            "integer": _integer,
            "decimal": _decimal,
            "double": _double,
            "boolean": lambda word: _BOOLEANS[word.lower()],
            "date": _day,
            "timestamp": _instant,
            "salesforce_id": _id,
        }[type_](text)
    except (ValueError, KeyError):
        return Refused


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+(?:\.0+)?", text):
        raise ValueError(text)
    value = int(text.split(".")[0])
    if not -(2**63) <= value < 2**63:
        raise ValueError(text)
    return value


def _decimal(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    value = Decimal(text)
    if abs(value) >= 10**18:
        raise ValueError(text)
    kept = round(value, 6)
    if value != kept and not _is_noise(text, kept):
        raise ValueError(text)
    return kept


def _is_noise(text: str, kept: Decimal) -> bool:
    """Whether a text is a double a few steps beside the one that is written in 15 digits."""
    digits = re.sub(r"[eE].*|[^0-9]", "", text).lstrip("0")
    if len(digits) > 17 or Decimal(f"{kept:.14e}") != kept:
        return False
    low = high = float(kept)
    for _ in range(4):
        low, high = math.nextafter(low, -math.inf), math.nextafter(high, math.inf)
    return low <= float(text) <= high


def _double(text: str) -> float:
    if not _NUMBER.fullmatch(text) or abs(float(text)) == float("inf"):
        raise ValueError(text)
    return float(text)


def _day(text: str) -> date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(text)
    return _plausible(date.fromisoformat(text))


def _instant(text: str) -> datetime:
    if not re.fullmatch(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
        r"(?:[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?)?",
        text,
    ):
        raise ValueError(text)
    value = datetime.fromisoformat(text.upper())
    value = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    _plausible(value.date())
    return value


def _plausible(day: date) -> date:
    if not date(1900, 1, 1) <= day <= date(2199, 12, 31):
        raise ValueError(day)
    return day


def _id(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?", text):
        raise ValueError(text)
    if len(text) == 18:
        return text
    blocks = [text[start : start + 5] for start in (0, 5, 10)]
    sums = [sum(1 << i for i, letter in enumerate(each) if letter.isupper()) for each in blocks]
    return text + "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[number] for number in sums)


# Forms that one reading takes and another may not.
ODD_TEXTS = {
    "integer": ["7", "-7", "+7", "007", "7.0", "7.", "7.5", "1e3", "1_0", "٣", "１２", "0x10", "-0",
                "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1 2", "--1"],
    "decimal": ["1", "1.5", "-1.50", ".5", "5.", "+5", "1e3", "1E-3", "1e-7", "1e-30", "1.1234567",
                "1.1234560", "0.000001", "0.00000100000000000000000000000000001", "1e17", "1e18",
                "999999999999999999.999999", "1234567890123456789", "1_0", "٣", "NaN", "Infinity",
                "1,5", "1 5", "--5", "e5", "5e", ".", "-", "00012", "1" * 40, "0" * 50 + "1",
                "1234.5600000000002", "-59.99999999999999", "0.30000000000000004",
                "1.2345600000000002e3", "0.1234560000000001", "5.551115123125783e-17",
                "1.0000000000000000000000001", "12345678901.1234567", "1234567890.5000002"],
    "double": ["1", "1.5", "-0", ".5", "5.", "1e308", "1e309", "1e-400", "nan", "inf", "-Infinity",
               "0x1p3", "1_0", "1d", "1f", "٣", "1.7976931348623157e308", "4.9e-324", "1e", "+"],
    "boolean": ["true", "TRUE", "True", "false", "1", "0", "yes", "No", "t", "F", "on", "2", "ja",
                "truе", "1.0", "-1"],
    "date": ["2025-09-28", "2024-02-29", "2025-02-29", "2025-13-01", "1899-12-31", "2200-01-01",
             "0001-01-01", "20205-01-01", "2025-09-28T00:00:00.000Z", "28.09.2025", "20250928",
             "2025/09/28", "２025-09-28", "2025-09-31", "now"],
    "timestamp": ["2025-09-28T10:00:00.000Z", "2025-09-28T10:00:00.000+0000", "2025-09-28",
                  "2025-09-28 10:00:00", "2025-09-28T10:00:00", "2025-09-28T10:00:00.123456Z",
                  "2025-09-28T10:00:00.5+02:00", "2025-09-28T24:00:00.000Z",
                  "2025-09-28T25:00:00.000Z", "2025-09-28T10:61:00.000Z",
                  "2025-02-30T10:00:00.000Z",
                  "1899-12-31T23:59:59.000Z", "2199-12-31T23:59:59.000Z",
                  "2200-01-01T00:00:00.000Z",
                  "1900-01-01T00:00:00.000+0100", "1759053600000", "2025-09-28T10:00:00.000z"],
    "salesforce_id": ["006000000000001AAA", "006000000000001", "0067E0000028LZP", "00600000000000",
                      "006000000000001AA", "006000000000001AAAA", "00600000000000-AAA",
                      "00600000000000１AAA", "006000000000001aaa"],
    "text": ["a", "é😀", "a,b", 'a"b', "a\nb", " a ", "NULL", "=1+1", "\ufeff", "0012", "-"],
}  # fmt: skip
