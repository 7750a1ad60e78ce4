"""Tables that a source file holds itself, written out as files that a CRM might have sent.

Belongs here: `pipelines:` as stages, `lead_statuses:` as lead statuses, and when they are due.
Does not belong here: loading them (load.py), which goes the way of any file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

from orchestration.durable import checksum
from orchestration.extracts.landing import LandedFile, local_file
from orchestration.extracts.ledger import Ledger
from orchestration.settings import Settings
from orchestration.sources.catalog import Source
from orchestration.sources.contract import Contract


def declared_night(
    source: Source, newest: date, due_nights: Iterable[date], ledger: Ledger
) -> date:
    """The night that declared tables belong to: the first one due, whose rows need them already.

    Never one before a night that they were loaded for, or the older tables would stand.
    """
    declared = {contract.name for contract in source.contracts.values() if contract.is_declared}
    loaded = [
        load.batch_date
        for load in ledger.loads
        if load.name in declared and load.status != "refused"
    ]
    return max([min(due_nights, default=newest), *loaded])


def declared_files(
    source: Source, night: date, settings: Settings, ledger: Ledger, *, has_files: bool
) -> list[LandedFile]:
    """The declared tables of a source that bronze does not hold, as files of `night`.

    What a refused night brought is out of bronze; with `has_files`, other files of the source that
    are due, it comes along.
    """
    due = []
    for contract in source.contracts.values():
        if not contract.is_declared:
            continue
        path = _written(contract, settings)
        tried = [load for load in ledger.loads if load.name == contract.name]
        is_out = bool(tried) and tried[-1].status == "refused" and has_files
        if not tried or is_out or tried[-1].checksum != checksum(path):
            due.append(local_file(contract, night, path))
    return due


def declared_file(contract: Contract, night: date, settings: Settings) -> LandedFile:
    """A declared table as the source file says it now, as a file of `night`."""
    return local_file(contract, night, _written(contract, settings))


def _written(contract: Contract, settings: Settings) -> Path:
    text = io.StringIO()
    columns = [column.name for column in contract.columns]
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_stages(contract) if contract.pipelines else _lead_statuses(contract))
    name = "pipelines" if contract.pipelines else contract.object
    path = settings.bronze / contract.source / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text.getvalue():
        path.write_text(text.getvalue(), encoding="utf-8")
    return path


def _stages(contract: Contract) -> Iterator[Mapping[str, object]]:
    for pipeline in contract.pipelines:
        said: dict[str, object] = {"pipeline": pipeline.name}
        for rank, stage in enumerate(pipeline.stages, start=1):
            qualifying = str(stage == pipeline.qualified_from).lower()
            row = {"stage": stage, "rank": rank, "kind": "open", "is_qualifying": qualifying}
            yield said | row
        for kind, stages in (("won", pipeline.won), ("lost", pipeline.lost)):
            for stage in stages:
                yield said | {"stage": stage, "kind": kind}


def _lead_statuses(contract: Contract) -> Iterator[Mapping[str, object]]:
    if contract.lead_statuses is not None:
        for meaning, statuses in contract.lead_statuses.model_dump().items():
            for status in statuses:
                yield {"status": status, "meaning": meaning}
