"""How a column writes its dates: formats that read every value, proved on the values.

Belongs here: finding formats, and saying where the values leave it open which one it is.
Does not belong here: how a value is read in a load (bronze/values.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product

import polars as pl

from orchestration.bronze.values import DEFAULT_FORMATS, values_of
from orchestration.sources.contract import Column
from orchestration.sources.drafting.probe import probe_contract
from orchestration.sources.model import ColumnType

_DAYS = (
    "%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d",
    "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%m-%d-%y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y",
    "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%d/%b/%Y", "%a %b %d %Y", "%a, %d %b %Y",
    "%Y%m%d", "%y-%m-%d", "%m.%d.%Y",
)  # fmt: skip
_TIME = re.compile(
    r"^.*?[0-9](?P<joint>T|[ ,]+(?:at |- )?)[0-9]{1,2}:[0-9]{2}(?P<second>:[0-9]{2})?"
    r"(?P<fraction>\.[0-9]+)?(?P<half> ?[AaPp][Mm])?"
    r"(?P<zone> ?(?:Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))?$"
)
_EPOCHS = {"epoch_ms": r"[0-9]{12,13}", "epoch_s": r"[0-9]{9,10}"}
# Sales of which a CRM knows; small numbers are no instants of 1970.
_EARLIEST, _LATEST = datetime(1971, 1, 1), datetime(2100, 1, 1)
_MOST_VALUES = 5_000
_MOST_FORMATS = 4
# Of two readings, the one whose days lie this many times closer together is the right one.
_CLOSER = 4


@dataclass(frozen=True)
class DateGuess:
    """Formats of a column (none needed where it is written as ISO 8601), and what is in doubt.

    `rivals` read every value too, as other days; `unread` are values that no format reads.
    """

    formats: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    value_count: int = 0
    has_time: bool = False
    has_zone: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the values leave it open if the day or the month stands first."""
        return any(_mirrored(self.formats[0]) == rival for rival in self.rivals)

    @property
    def is_mixed(self) -> bool:
        """Whether some values have the day first and others the month."""
        turned = {_mirrored(each) for each in self.formats if _is_numeric(each)}
        return bool(turned & set(self.formats))

    @property
    def is_day_first(self) -> bool | None:
        """The order of day and month, where the values tell it."""
        if not self.formats or self.is_open or not _is_numeric(self.formats[0]):
            return None
        return self.formats[0].startswith("%d")

    @property
    def has_local_times(self) -> bool:
        """Whether instants are told in a zone that the values do not name."""
        return self.has_time and not self.has_zone

    def turned(self, *, day_first: bool) -> DateGuess:
        """The same with the order of day and month that other columns have."""
        if not self.is_open or self.formats[0].startswith("%d") == day_first:
            return self
        turned = tuple(_mirrored(each) for each in self.formats)
        return replace(self, formats=turned, rivals=(self.formats[0],))


def guess_dates(values: pl.Series, type_: ColumnType) -> DateGuess:
    """Formats for the texts of a column (`type_`: date or timestamp)."""
    texts = values.drop_nulls().str.strip_chars().unique(maintain_order=True)
    texts = texts.filter(texts != "").head(_MOST_VALUES)
    if texts.is_empty():
        return DateGuess()
    guess = _guess(texts, type_)
    formats = guess.formats or DEFAULT_FORMATS[type_]
    zoned = [each for each in formats if _is_zoned(each)]
    return replace(
        guess,
        value_count=len(texts),
        has_time=texts.str.contains(":").any(),
        has_zone=bool(zoned) and read_dates(texts, tuple(zoned), type_).null_count() == 0,
    )


def _guess(texts: pl.Series, type_: ColumnType) -> DateGuess:
    if read_dates(texts, (), type_).null_count() == 0:
        return DateGuess()
    readings = _readings(texts, type_)
    whole = [each for each, read in readings.items() if read.null_count() == 0]
    if not whole:
        return _several(texts, type_)
    chosen = _closest(whole, readings)
    longest = _CLOSER * _span(readings[chosen])
    rivals = (
        each
        for each in whole
        if _span(readings[each]) < longest and not readings[each].equals(readings[chosen])
    )
    return DateGuess((chosen,), tuple(rivals))


def read_dates(texts: pl.Series, formats: tuple[str, ...], type_: ColumnType) -> pl.Series:
    """The first plausible reading of each text, as an instant; of no format, in ISO 8601."""
    column = Column(name="guess", type=type_, formats=formats)
    read = values_of(texts, column, probe_contract()).cast(pl.Datetime("us"))
    return read.set(~read.is_between(_EARLIEST, _LATEST), None)


def _several(texts: pl.Series, type_: ColumnType) -> DateGuess:
    """As many formats as are needed, each for what the ones before do not read."""
    left, formats = texts, list[str]()
    while not left.is_empty() and len(formats) < _MOST_FORMATS:
        readings = _readings(left, type_)
        if not readings:
            break
        best = min(readings, key=lambda each: readings[each].null_count())
        formats.append(best)
        left = left.filter(readings[best].is_null())
    turned = tuple(_mirrored(each) for each in formats)
    read, other = (read_dates(texts, tuple(each), type_) for each in (formats, turned))
    is_open = read.null_count() == other.null_count() and not read.equals(other)
    return DateGuess(tuple(formats), turned[:1] if is_open else (), unread=tuple(left))


def _readings(texts: pl.Series, type_: ColumnType) -> dict[str, pl.Series]:
    """What each format makes of texts, if it reads at least one of a few."""
    formats = _candidates(pl.concat([texts.head(20), texts.tail(20)]), type_)
    return {each: read_dates(texts, (each,), type_) for each in formats}


def _candidates(few: pl.Series, type_: ColumnType) -> list[str]:
    for epoch, digits in _EPOCHS.items():
        if few.str.contains(f"^{digits}$").all():
            return [epoch]
    times = {_time_format(text) for text in few}
    days = (day + time for day, time in product(_DAYS, times))
    formats = dict.fromkeys([*DEFAULT_FORMATS[type_], *days])
    return [each for each in formats if read_dates(few, (each,), type_).null_count() < len(few)]


def _time_format(text: str) -> str:
    """What stands behind the day: ` %H:%M`; nothing where no time does."""
    found = _TIME.match(text)
    if found is None:
        return ""
    half = found["half"] or ""
    zone = found["zone"] or ""
    is_offset = zone.strip() not in ("UTC", "GMT")
    return "".join(
        [
            found["joint"],
            "%I:%M" if half else "%H:%M",
            ":%S" if found["second"] else "",
            "%.f" if found["fraction"] else "",
            re.sub(r"\w+", "%p", half),
            re.sub(r"\S+", "%#z", zone) if is_offset else zone,
        ]
    )


def _closest(formats: list[str], readings: dict[str, pl.Series]) -> str:
    """The first one, unless another one's days lie much closer together."""
    closest = min(formats, key=lambda each: _span(readings[each]))
    is_clear = _span(readings[closest]) * _CLOSER <= _span(readings[formats[0]])
    return closest if is_clear else formats[0]


def _span(read: pl.Series) -> float:
    first, last = read.min(), read.max()
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    return max((last - first).days, 1)


def _is_zoned(format_: str) -> bool:
    return format_.endswith(("z", "UTC", "GMT")) or format_ in _EPOCHS


def _mirrored(format_: str) -> str:
    """Day and month exchanged, where both are numbers."""
    if not _is_numeric(format_):
        return format_
    return format_.replace("%d", "%?").replace("%m", "%d").replace("%?", "%m")


def _is_numeric(format_: str) -> bool:
    """Whether day and month come before the year, both as numbers."""
    return {format_[:2], format_[3:5]} == {"%d", "%m"}
