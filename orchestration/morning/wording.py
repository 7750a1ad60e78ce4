"""Numbers, days and money as people read them.

Belongs here: the form of one value. Does not belong here: sentences (findings.py), columns of
tables (tables.py). Spaces inside a value do not break, and a value that is not known is a dash.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

Number = int | float | Decimal

MISSING = "–"
# Fewer say too little to be read as a rate; the number of them stands beside.
FEW = 10
_THIN, _FIXED, _MINUS = "\u202f", "\u00a0", "\u2212"
_MAKERS = {"hubspot": "HubSpot"}
_STEPS = ((1e12, "T"), (1e9, "bn"), (1e6, "M"), (1e3, "k"))


def count(value: Number | None) -> str:
    """12,345."""
    return MISSING if value is None else _signed(f"{int(value):,}")


def change(value: Number) -> str:
    """+12, −12 or ±0."""
    return f"{int(value):+,}".replace("-", _MINUS) if value else "±0"


def share(value: float | None, decimals: int = 0) -> str:
    """61 %; nothing that is not all reads as 100 %, and nothing that is something as 0 %."""
    if value is None:
        return MISSING
    text = f"{100 * value:.{decimals}f}"
    if float(text) >= 100 and value < 1:
        text = f">{100 - 10**-decimals:.{decimals}f}"
    elif float(text) <= 0 and value > 0:
        text = f"<{10**-decimals:.{decimals}f}"
    return f"{text}{_THIN}%"


def interval(low: float | None, high: float | None, decimals: int = 0) -> str:
    """59–63 %: the 95 % interval of a share."""
    if low is None or high is None:
        return MISSING
    return f"{100 * low:.{decimals}f}–{100 * high:.{decimals}f}{_THIN}%"


def points(value: float) -> str:
    """+2.1 points: the difference of two shares."""
    return f"{100 * value:+.1f}{_FIXED}points".replace("-", _MINUS)


def money(value: Number | None, currency: str) -> str:
    """USD 9.58 M: three digits that count."""
    if value is None:
        return MISSING
    return f"{currency}{_FIXED}{amount(value)}"


def amount(value: Number) -> str:
    """9.58 M: money where its currency is said once for all."""
    size = abs(float(value))
    # A step below its own next one, by what rounding makes of it: 999,950 is 1.00 M.
    for step, name in _STEPS:
        if size >= step * 0.9995:
            scaled = size / step
            digits = 2 if scaled < 9.995 else 1 if scaled < 99.95 else 0
            return _signed(f"{scaled:.{digits}f}{_FIXED}{name}", float(value) < 0)
    return _signed(f"{size:.0f}", float(value) < 0)


def amount_change(value: Number) -> str:
    """+1.2 M or −61.5 k."""
    if not value:
        return "±0"
    return amount(value) if value < 0 else f"+{amount(value)}"


def days(value: float | None) -> str:
    """13.7 days."""
    return MISSING if value is None else f"{value:.1f}{_FIXED}days"


def hours(value: float) -> str:
    """36 hours; 5 days from three days on."""
    return several(int(value), "hour") if value < 72 else several(int(value / 24), "day")


def day(value: date) -> str:
    """30 September 2025."""
    return f"{value.day}{_FIXED}{value:%B}{_FIXED}{value.year}"


def short_day(value: date) -> str:
    """30 Sep 2025."""
    return f"{value.day}{_FIXED}{value:%b}{_FIXED}{value.year}"


def weekday(value: date) -> str:
    """Tuesday, 30 September 2025."""
    return f"{value:%A}, {day(value)}"


def month(value: date) -> str:
    """September 2025."""
    return f"{value:%B}{_FIXED}{value.year}"


def short_month(value: date) -> str:
    """Sep ’25; without the mark it would be a day of September."""
    return f"{value:%b}{_FIXED}\u2019{value:%y}"


def quarter(value: date) -> str:
    """Q3 2025, of the calendar."""
    return f"Q{(value.month + 2) // 3}{_FIXED}{value.year}"


def instant(value: datetime) -> str:
    """27 November 2026, 20:40 UTC."""
    return f"{day(value)}, {value:%H:%M}{_FIXED}UTC"


def several(number: int, one: str, more: str | None = None) -> str:
    """1 deal, 2 deals."""
    return f"{number:,}{_FIXED}{one if number == 1 else more or one + 's'}"


def measured(value: Number, unit: str, currency: str) -> str:
    """A metric in its unit, in as many digits as tell two close ones apart: 61.35 %, 1,234.5."""
    if unit == "share":
        return f"{100 * value:.2f}{_THIN}%".replace("-", _MINUS)
    if unit == "money":
        return f"{currency}{_FIXED}{value:,.0f}".replace("-", _MINUS)
    text = f"{value:,.0f}" if unit == "count" else f"{value:,.2f}"
    text = text.replace("-", _MINUS)
    return text if unit in ("count", "ratio") else f"{text}{_FIXED}{unit}"


def begun(name: str) -> str:
    """A company's own name for something, at the beginning of a line: no other letter changes."""
    return name[:1].upper() + name[1:]


def crm(source: str) -> str:
    """A source at the beginning of a line, as its maker writes it."""
    return _MAKERS.get(source) or begun(source)


def listed(names: list[str], shown: int = 5) -> str:
    """a, b and 3 more."""
    if len(names) > shown:
        return f"{', '.join(names[:shown])} and {len(names) - shown} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _signed(text: str, is_negative: bool = False) -> str:
    return f"{_MINUS}{text}" if is_negative else text.replace("-", _MINUS)
