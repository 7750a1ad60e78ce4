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
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from orchestration.durable import replace_durably, replacing
from orchestration.extracts.ledger import Ledger, Load
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

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_LINES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json")
_EMAIL = re.compile(EMAIL)
_TOKEN = re.compile(r"[A-Za-z0-9]{12,}")


def forget_in_bronze(
    path: Path, contract: Contract, forgotten: Forgotten, *, is_dry: bool = False
) -> int:
    """How many rows of a bronze file were, or would be, changed."""
    if is_dry:
        return without_forgotten(pl.read_parquet(path, glob=False), contract, forgotten)[1]
    temporary = path.with_name(f".{path.name}.tmp")
    shutil.copyfile(path, temporary)
    changed = forget_in_file(temporary, contract, forgotten)
    if changed:
        replace_durably(temporary, path)
    temporary.unlink(missing_ok=True)
    return changed


def forget_in_quarantine(
    path: Path, contract: Contract | None, forgotten: Forgotten, *, is_dry: bool = False
) -> int:
    """The same of refused rows: a raw record that names the person is kept as one row without it.

    The row still counts as quarantined, so that the account of its file closes.
    """
    rows = pl.read_parquet(path, glob=False)
    kinds = _kinds(contract)
    told = [_names_somebody(text, kinds, forgotten) for text in rows["raw_text"].fill_null("")]
    is_theirs = pl.Series(told, dtype=pl.Boolean)
    if not is_theirs.any():
        return 0
    if not is_dry:
        without = rows.with_columns(
            pl.when(~is_theirs).then(pl.col(name)).otherwise(pl.lit(MARK)).alias(name)
            for name in ("value", "raw_text")
        )
        with replacing(path) as temporary:
            without.write_parquet(temporary)
    return int(is_theirs.sum())


def _kinds(contract: Contract | None) -> set[str]:
    return {kind for _, kind in person_columns(contract)} if contract else set()


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
