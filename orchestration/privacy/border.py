"""The folder that the models read: bronze, masked, file by file.

Belongs here: keeping `masked/` in step with bronze, the contracts' tags and the key.
Does not belong here: what a masked file holds (masking.py).

Why a folder of its own and not columns beside the raw ones, or a macro in dbt: DuckDB has no HMAC,
and a key in SQL would stand in dbt's artifacts. What dbt cannot read, no model, test or sample can
let slip. Bronze stays whole, so the folder can be made anew from it at any time: with another key,
or after a column was tagged. A file with nothing personal in it is a second name of the bronze file
and costs nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from orchestration.bronze.paths import accepted_path
from orchestration.durable import replacing
from orchestration.extracts.ledger import Ledger
from orchestration.privacy.keys import key_name, masking_key
from orchestration.privacy.masking import holds_personal, masked_rows
from orchestration.settings import Settings
from orchestration.sources.catalog import Source, canonical_contracts, load_sources
from orchestration.sources.contract import Contract

_PRIVATE = 0o700
# What decides how a mask comes out, besides key and tags.
_RULES = tuple(Path(__file__).with_name(name) for name in ("masking.py", "patterns.py"))


def masked_path(settings: Settings, name: str) -> Path:
    """Where the models find the rows of a load, or the file without rows of a contract."""
    return settings.masked / f"{name}.parquet"


def contract_file(contract: Contract) -> str:
    """The name of the file that holds no rows, so that the object can be scanned."""
    return f"{contract.source}/{contract.object}/contract/{contract.version}"


def mask_bronze(settings: Settings) -> int:
    """Bring `masked/` in step with bronze; return how many files were masked.

    Raises MaskingKeyError when there is no usable key.
    """
    key = masking_key(settings)
    sources = load_sources(settings.user_sources)
    _begin(settings, sources)
    wanted = dict(_wanted(settings, sources))
    there = {
        str(path.relative_to(settings.masked))[: -len(".parquet")]
        for path in settings.masked.glob("*/*/*/*.parquet")
    }
    for name in there - wanted.keys():
        masked_path(settings, name).unlink()
    fresh = wanted.keys() - there
    for name in sorted(fresh):
        _mask(settings, name, wanted[name], key)
    return len(fresh)


def drop_unreadable(settings: Settings, said: str) -> list[Path]:
    """Drop the masked files that an error names; return them. The next build makes them anew."""
    named = re.escape(f"{settings.masked}{os.sep}") + r"[^'\"\n]+?\.parquet"
    paths = [Path(each) for each in re.findall(named, said)]
    for path in paths:
        path.unlink(missing_ok=True)
    return paths


def unmask(settings: Settings, names: list[str]) -> None:
    """Drop the masked files of some loads: the next build makes them anew."""
    for name in names:
        masked_path(settings, name).unlink(missing_ok=True)


def _begin(settings: Settings, sources: Mapping[str, Source]) -> None:
    """An empty folder where key or tags are others than those that made what is there."""
    state = settings.masked / "state.json"
    rules = hashlib.sha256(b"".join(path.read_bytes() for path in _RULES)).hexdigest()[:12]
    now = json.dumps({"key": key_name(settings), "tags": _tags(sources), "rules": rules})
    if not state.exists() or state.read_text(encoding="utf-8") != now:
        shutil.rmtree(settings.masked, ignore_errors=True)
        settings.masked.mkdir(parents=True)
        state.write_text(now, encoding="utf-8")
    # Whoever may read the published file need not be able to read these.
    for folder in (settings.masked, settings.bronze, settings.quarantine, settings.reload):
        if folder.is_dir():
            folder.chmod(_PRIVATE)


def _tags(sources: Mapping[str, Source]) -> str:
    contracts = [each for source in sources.values() for each in source.contracts.values()]
    said = [
        (contract.name, column.name, column.personal, str(column.personal_unless))
        for contract in [*contracts, *canonical_contracts().values()]
        for column in contract.columns
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:12]


def _wanted(settings: Settings, sources: Mapping[str, Source]) -> Iterator[tuple[str, Contract]]:
    """Every bronze file that the models read, by its name without ending."""
    for contracts in [*(each.contracts for each in sources.values()), canonical_contracts()]:
        for contract in contracts.values():
            # After an upgrade it is there from the next night on.
            if (settings.bronze / f"{contract_file(contract)}.parquet").exists():
                yield contract_file(contract), contract
    for load in Ledger(settings.ledger).loads:
        if load.status in ("loaded", "accepted") and load.error is None:
            source = sources.get(load.source)
            # What a source file brought that is gone keeps to the canonical columns.
            said = (source.contracts if source else {}).get(load.object)
            said = said or canonical_contracts().get(load.object)
            if said is not None and accepted_path(settings, load).exists():
                yield load.load_id, said


def _mask(settings: Settings, name: str, contract: Contract, key: bytes) -> None:
    raw, path = settings.bronze / f"{name}.parquet", masked_path(settings, name)
    with replacing(path) as temporary:
        # The file without rows brings every column that the models name.
        if path.parent.name == "contract" or holds_personal(raw, contract):
            masked_rows(raw, contract, key).sink_parquet(
                temporary, compression="zstd", compression_level=1, statistics=False
            )
        else:
            _second_name(raw, temporary)


def _second_name(raw: Path, path: Path) -> None:
    try:
        os.link(raw, path)
    except OSError:
        # A file system without second names.
        shutil.copyfile(raw, path)
