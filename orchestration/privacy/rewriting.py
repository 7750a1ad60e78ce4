"""Bronze, quarantine and landed files without a person.

Belongs here: files whose rows are known by contract or by record: each is written anew whole, put
in its place by one rename, and keeps its rows, keys and everything that is not personal.
Does not belong here: whose data it is (forget.py, forgotten.py), databases and logs (stores.py).
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from orchestration.durable import replace_durably, replacing
from orchestration.extracts.ledger import Ledger, Load
from orchestration.extracts.zstandard import zstd
from orchestration.privacy.forgotten import (
    MARK,
    Forgotten,
    forget_in_file,
    person_columns,
    read_forgotten,
    without_forgotten,
)
from orchestration.privacy.patterns import EMAIL
from orchestration.settings import Settings
from orchestration.sources.contract import Contract

_LINES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json")
_EMAIL = re.compile(EMAIL)
_TOKEN = re.compile(r"[A-Za-z0-9]{12,}")


def count_in_bronze(path: Path, contract: Contract, forgotten: Forgotten) -> int:
    """How many rows of a bronze file would be changed."""
    return without_forgotten(pl.read_parquet(path, glob=False), contract, forgotten)[1]


def forget_in_bronze(path: Path, contract: Contract, forgotten: Forgotten) -> int:
    """Write a bronze file anew without the person; how many rows were changed."""
    temporary = path.with_name(f".{path.name}.tmp")
    shutil.copyfile(path, temporary)
    changed = forget_in_file(temporary, contract, forgotten)
    if changed:
        replace_durably(temporary, path)
    temporary.unlink(missing_ok=True)
    return changed


def count_in_quarantine(path: Path, contract: Contract | None, forgotten: Forgotten) -> int:
    """How many refused rows name the person."""
    return int(_are_theirs(pl.read_parquet(path, glob=False), contract, forgotten).sum())


def forget_in_quarantine(path: Path, contract: Contract | None, forgotten: Forgotten) -> int:
    """Keep refused rows that name the person as rows without what they said; how many they are.

    They still count as quarantined, so that the account of their file closes.
    """
    rows = pl.read_parquet(path, glob=False)
    are_theirs = _are_theirs(rows, contract, forgotten)
    if not are_theirs.any():
        return 0
    without = rows.with_columns(
        pl.when(~are_theirs).then(pl.col(name)).otherwise(pl.lit(MARK)).alias(name)
        for name in ("value", "raw_text")
    )
    with replacing(path) as temporary:
        without.write_parquet(temporary)
    return int(are_theirs.sum())


def _are_theirs(rows: pl.DataFrame, contract: Contract | None, forgotten: Forgotten) -> pl.Series:
    """Of each refused row, whether its raw record names a forgotten person."""
    kinds = {kind for _, kind in person_columns(contract)} if contract else set()
    told = [_names_somebody(text, kinds, forgotten) for text in rows["raw_text"].fill_null("")]
    return pl.Series(told, dtype=pl.Boolean)


def _names_somebody(text: str, kinds: Iterable[str], forgotten: Forgotten) -> bool:
    """Whether a raw record holds an address of a forgotten person, or an id too long for chance."""
    if any(forgotten.knows("email", address.lower()) for address in _EMAIL.findall(text)):
        return True
    tokens = _TOKEN.findall(text)
    return any(forgotten.knows(kind, token) for kind in kinds for token in tokens)


def suppress(good: Path, bad: Path | None, contract: Contract, settings: Settings) -> None:
    """Take forgotten persons out of rows that are being loaded, on their way to bronze."""
    forgotten = read_forgotten(settings)
    if forgotten.hashes:
        forget_in_file(good, contract, forgotten)
        if bad is not None:
            forget_in_quarantine(bad, contract, forgotten)


@dataclass(frozen=True)
class Known:
    """What a person's records said: marks tell a record of theirs, values leave it."""

    marks: tuple[str, ...]
    values: tuple[str, ...]


def rewrite_landed(path: Path, known: Known, settings: Settings) -> int | None:
    """A landed file of lines without the person; None where it is of another kind.

    The ledger is told first, so that the file is not taken for a corrected one. Its checksum stays:
    it tells the bytes that were loaded, should they be delivered once more.
    """
    packing = path.suffix if path.suffix in (".gz", ".zst") else ""
    name = path.name.removesuffix(packing)
    if Path(name).suffix.casefold() not in _LINES:
        return None
    text = _unpacked(path, packing)
    if text is None:
        return None
    lines = text.splitlines(keepends=True)
    clean = [_without(line, known) for line in lines]
    changed = sum(before != after for before, after in zip(lines, clean, strict=True))
    if not changed:
        return 0
    before = path.stat()
    with replacing(path) as temporary:
        _write(temporary, packing, "".join(clean))
        os.utime(temporary, ns=(before.st_atime_ns, before.st_mtime_ns))
        _tell_ledger(path, temporary.stat().st_size, settings)
    return changed


def loads_of(path: Path, settings: Settings, ledger: Ledger) -> list[Load]:
    """The loads that a landed file, or a member of it, was read for."""
    parts = path.relative_to(settings.landing).parts
    if len(parts) < 3:
        return []
    source, night, name = parts[0], parts[1], "/".join(parts[2:])
    return [
        load
        for load in ledger.loads
        if load.source == source
        and load.batch_date.isoformat() == night
        and name in (load.file, load.archive)
    ]


def _tell_ledger(path: Path, size: int, settings: Settings) -> None:
    ledger = Ledger(settings.ledger)
    before = path.stat()
    changes = {
        load.load_id: {"bytes": size}
        for load in loads_of(path, settings, ledger)
        if (load.bytes, load.modified_ns) == (before.st_size, before.st_mtime_ns)
    }
    if changes:
        ledger.update(changes)


def _without(line: str, known: Known) -> str:
    low = line.lower()
    if not any(mark.lower() in low for mark in known.marks):
        return line
    for value in known.values:
        for form in _forms(value):
            whole = rf"(?<!\w){re.escape(form)}(?!\w)"
            line = re.sub(whole, MARK, line, flags=re.IGNORECASE)
    return line


def _forms(value: str) -> list[str]:
    """A value as CSV and JSON write it, and the lines of one that has several."""
    whole = {
        value,
        value.replace('"', '""'),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
    }
    return sorted({*whole, *value.splitlines()} - {""}, key=len, reverse=True)


def _unpacked(path: Path, packing: str) -> str | None:
    data = path.read_bytes()
    if packing == ".gz":
        data = gzip.decompress(data)
    elif packing == ".zst":
        data = zstd.decompress(data)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _write(path: Path, packing: str, text: str) -> None:
    data = text.encode("utf-8")
    if packing == ".gz":
        data = gzip.compress(data)
    elif packing == ".zst":
        data = zstd.compress(data)
    path.write_bytes(data)
