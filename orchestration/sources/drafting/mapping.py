"""Which export holds which canonical object, and which of its columns feeds which of ours.

Belongs here: matching by the names of files and columns, with a look at the values where a name
could mean another type. Does not belong here: how values are written (feeds.py), stages
(stages.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from orchestration.sources.catalog import canonical_objects, native_sources
from orchestration.sources.drafting.dates import guess_dates
from orchestration.sources.drafting.numbers import (
    NumberStyle,
    is_number,
    share_of,
    texts_of,
    truth_words,
)
from orchestration.sources.drafting.samples import Sample
from orchestration.sources.drafting.vocabulary import (
    column_names,
    file_words,
    plain_names,
    rarity,
    spellings,
    vocabulary,
)
from orchestration.sources.model import ColumnType

# A file whose name says nothing must say so much with its columns.
_LEAST_SCORE, _LEAST_COLUMNS = 1.5, 3
_FITS = 0.5
# Exports of open and of won deals have most columns in common, and not all.
_COMMON = 0.7
# With so many of a built-in source's columns it is an export of that CRM.
_NATIVE_COLUMNS, _NATIVE_SHARE = 5, 0.5
_STYLES = (
    NumberStyle(".", ","),
    NumberStyle(",", "."),
    NumberStyle(",", " "),
    NumberStyle(".", "'"),
)
# The day, time or number that an export bears: `2025-01-31`, `1-31-2025 3-45-10 PM`, `_1`.
_DIGITS = re.compile(
    r"[0-9]+(?:[-_. T]+[0-9]+)+(?: [AP]M)?|[0-9]{4,}(?: \([0-9]+\))?|(?<=[-_ ])[0-9]+(?=\.)"
)
# Columns that may be made of others: a deal without a stage may still have an outcome.
_MADE = {("opportunities", "stage"), ("stages", "kind")}


@dataclass(frozen=True)
class Match:
    """An export as a canonical object: its columns by canonical name."""

    object: str
    sample: Sample
    columns: dict[str, str]
    score: float


@dataclass
class Matches:
    """All exports of a folder: the chosen match of each object, and files that found none."""

    chosen: dict[str, list[Match]] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)


def native_export(samples: list[Sample]) -> tuple[str, dict[str, str]] | None:
    """The built-in source that most exports belong to, and the object of each such file."""
    found: dict[str, dict[str, str]] = {}
    for sample in samples:
        for source, object_ in _native_objects(sample):
            found.setdefault(source, {})[sample.name] = object_
    best = max(found, key=lambda source: len(found[source]), default=None)
    return (best, found[best]) if best and len(found[best]) > len(samples) / 2 else None


def match_samples(samples: list[Sample]) -> Matches:
    """Give each export to the object that it fits best; parts of one table go together."""
    matches = Matches()
    ranked = sorted(
        (match for sample in samples for match in _possible(sample)),
        key=lambda match: -match.score,
    )
    taken: set[str] = set()
    for match in ranked:
        others = matches.chosen.get(match.object, [])
        is_part = bool(others) and _is_part(match, others[0])
        if match.sample.label in taken or (others and not is_part):
            continue
        taken.add(match.sample.label)
        matches.chosen.setdefault(match.object, []).append(match)
    for sample in samples:
        if sample.label not in taken:
            rival = next((match.object for match in ranked if match.sample is sample), None)
            matches.unread[sample.label] = (
                f"looks like {rival} too, which other files hold" if rival else _near_miss(sample)
            )
    order = list(canonical_objects())
    matches.chosen = dict(sorted(matches.chosen.items(), key=lambda item: order.index(item[0])))
    return matches


def _is_part(one: Match, other: Match) -> bool:
    """Whether two exports hold rows of one table, so that the same words read both."""
    here, there = set(one.sample.header), set(other.sample.header)
    identity = next(iter(canonical_objects()[one.object].columns))
    return (
        one.sample.options == other.sample.options
        and one.columns.get(identity) == other.columns.get(identity)
        and len(here & there) >= _COMMON * min(len(here), len(there))
    )


def file_patterns(matches: list[Match], all_names: list[str]) -> list[str]:
    """Names of an object's files, with `*` for the day or number that they bear."""
    own = {match.sample.name for match in matches}
    strangers = [name.casefold() for name in all_names if name not in own]
    patterns = []
    for name in sorted(own):
        literal = re.sub(r"([\[*?])", r"[\1]", name)
        candidates = [_DIGITS.sub(wildcard, literal) for wildcard in ("*", "[0-9]*")]
        fitting = (
            pattern
            for pattern in candidates
            if re.sub(r"\[0-9\]|\*", "", pattern.rpartition(".")[0])
            and not any(fnmatchcase(stranger, pattern.casefold()) for stranger in strangers)
        )
        patterns.append(next(fitting, literal))
    return list(dict.fromkeys(patterns))


def name_rank(object_: str, column: str, header: str) -> int:
    """How likely a name is for a column: 0 for the likeliest."""
    known = column_names(object_)[column]
    ranks = [known.index(name) for name in _names_of(header, object_) if name in known]
    return min(ranks, default=len(known))


def named_column(sample: Sample, word: str, used: set[str]) -> str | None:
    """A column of deals by one of the other lists of the vocabulary, like `outcome`."""
    by_name = {
        name: header
        for header in reversed(sample.header)
        if header not in used
        for name in _names_of(header, "opportunities")
    }
    return next((by_name[name] for name in plain_names(word) if name in by_name), None)


def _native_objects(sample: Sample) -> list[tuple[str, str]]:
    header = {name.casefold() for name in sample.header}
    found = []
    for source in native_sources().values():
        for contract in source.contracts.values():
            wanted = [
                {name.casefold() for name in column.headers}
                for column in contract.columns
                if column.headers and not column.is_header_optional
            ]
            hits = sum(bool(names & header) for names in wanted)
            if hits >= _NATIVE_COLUMNS and hits / len(wanted) > _NATIVE_SHARE:
                found.append((hits, source.name, contract.object))
    return [(source, object_) for _, source, object_ in sorted(found, reverse=True)[:1]]


def _possible(sample: Sample) -> list[Match]:
    """The objects that a file could hold."""
    found = []
    for object_ in vocabulary()["objects"]:
        columns, told = _matched(sample, object_)
        declared = canonical_objects()[object_].columns
        lacking = [
            column
            for column, said in declared.items()
            if said.required and column not in columns and column != "currency_code"
        ]
        named = _file_score(sample.sheet or sample.name.rpartition(".")[0], object_)
        is_told = told >= _LEAST_SCORE and len(columns) >= _LEAST_COLUMNS
        is_made = {(object_, column) for column in lacking} <= _MADE
        if is_made and columns and (named or is_told):
            found.append(Match(object_, sample, columns, named + told + len(columns) / 10))
    return found


def _near_miss(sample: Sample) -> str:
    """Why a file whose name tells its object cannot hold it."""
    stem = sample.sheet or sample.name.rpartition(".")[0]
    scores = {object_: _file_score(stem, object_) for object_ in vocabulary()["objects"]}
    object_ = max(scores, key=lambda each: scores[each])
    columns, _ = _matched(sample, object_)
    lacking = [
        column
        for column, said in canonical_objects()[object_].columns.items()
        if said.required and column not in columns
    ]
    if not scores[object_] or not lacking:
        return "no object fits it"
    return f"its name says {object_}, but no column of it sounds like {' or '.join(lacking)}"


def _file_score(name: str, object_: str) -> float:
    """The longer the word in a file's or sheet's name, the more it tells: `deal_stage_history`."""
    stem = "".join(spellings(name)[:1])
    lengths = [len(word) for word in file_words(object_) if word in stem]
    return 2 + max(lengths) / 5 if lengths else 0.0


def _matched(sample: Sample, object_: str) -> tuple[dict[str, str], float]:
    """Canonical columns with the file's column that feeds each, and how much the names tell."""
    declared = canonical_objects()[object_].columns
    names = column_names(object_)
    order = list(declared)
    # A column that is needed comes first: `id` may be the id of the row or of its deal.
    options = sorted(
        (
            not declared[column].required,
            known.index(name),
            place,
            order.index(column),
            column,
            header,
            name,
        )
        for column, known in names.items()
        for header in sample.header
        for place, name in enumerate(_names_of(header, object_))
        if name in known
    )
    columns: dict[str, str] = {}
    told = 0.0
    for *_, column, header, name in options:
        if column in columns or not _may_share(column, header, columns, order[0]):
            continue
        if not _fits(sample, header, declared[column].type or "text"):
            continue
        columns[column] = header
        told += rarity(name)
    return {column: columns[column] for column in order if column in columns}, told


def _may_share(column: str, header: str, columns: dict[str, str], identity: str) -> bool:
    """Where a CRM has no ids, the name is the id; nothing else stands in two columns."""
    holders = [other for other, used in columns.items() if used == header]
    names = {"account_name", "user_name", "product_name", "opportunity_name", "full_name",
             "campaign_name", "email", "stage_label"}  # fmt: skip
    if not holders:
        return True
    return {column, *holders} <= {identity, *names} and identity in {column, *holders}


def _names_of(header: str, object_: str) -> list[str]:
    """Spellings of a header, also without the object that an export puts before each name."""
    found = spellings(header)
    short = [
        name.removeprefix(word)
        for word in (*file_words(object_), "deal")
        for name in found
        if name.startswith(word) and name != word
    ]
    return list(dict.fromkeys([*found, *short]))


def _fits(sample: Sample, header: str, type_: ColumnType) -> bool:
    """Whether half of the values could be of the type; a column of nothing fits a text only."""
    if type_ == "text":
        return True
    values = sample.rows[header]
    texts = texts_of(values)
    match type_:
        case "date" | "timestamp":
            unread = list(guess_dates(values, type_).unread)
        case "boolean":
            unread = [] if truth_words(values) is not None else texts
        case _:
            unread = [text for text in texts if not any(is_number(text, each) for each in _STYLES)]
    return bool(texts) and share_of(unread, values) <= _FITS
