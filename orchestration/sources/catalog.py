"""The sources of one installation: the built-in ones and the user's own, as contracts.

Belongs here: which sources there are. Does not belong here: what is landed (extracts/landing.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from orchestration.sources.contract import Contract, mapped_contract, native_contract
from orchestration.sources.file_options import FileOptions
from orchestration.sources.model import ObjectSpec, SourceFile, SourceFileError
from orchestration.sources.reading import read_source_file

_BUILT_IN = Path(__file__).parent
_NATIVE_SOURCES = ("salesforce", "hubspot")

# Stands in for a source under bronze/, so that every canonical object has a file to scan even
# when no mapped source delivers it.
CANONICAL = "canonical"
# How the tables that a source file holds itself are written, whatever it says of its files.
_AS_WRITTEN_BY_US = {"extract": "full"} | {
    name: field.get_default() for name, field in FileOptions.model_fields.items()
}
# `bronze/mapped/<object>` is the asset of a canonical object over all mapped sources.
MAPPED = "mapped"


@dataclass(frozen=True)
class Source:
    """One source and the contracts of its objects, by object name."""

    name: str
    time_zone: str
    contracts: dict[str, Contract]


@cache
def canonical_objects() -> dict[str, ObjectSpec]:
    """The canonical objects, by name: the shape every mapped source ends in."""
    return _built_in("canonical").objects


@cache
def canonical_contracts() -> dict[str, Contract]:
    """The canonical objects as contracts of the pseudo-source `canonical`."""
    source = _built_in("canonical")
    return {name: native_contract(source, name, spec) for name, spec in canonical_objects().items()}


@cache
def native_sources() -> dict[str, Source]:
    """The sources that come built in, by name."""
    sources = {}
    for name in _NATIVE_SOURCES:
        said = _built_in(name)
        contracts = {
            object_: native_contract(said, object_, spec) for object_, spec in said.objects.items()
        }
        sources[name] = Source(name=name, time_zone=said.time_zone, contracts=contracts)
    return sources


def reserved_names() -> list[str]:
    """What no source of a user may be called."""
    return [*native_sources(), CANONICAL, MAPPED]


@cache
def _built_in(name: str) -> SourceFile:
    return read_source_file(_BUILT_IN / f"{name}.yml", is_sound=True)


def mapped_source(said: SourceFile) -> Source:
    """A user's source file, resolved against the canonical objects."""
    objects = canonical_objects()
    contracts = {}
    for name, spec in said.objects.items():
        if name not in objects:
            raise SourceFileError(
                f"{said.source}: there is no canonical object `{name}`; there are: "
                f"{', '.join(objects)}"
            )
        contracts[name] = mapped_contract(said, name, spec, objects[name])
    if said.pipelines and "stages" in contracts:
        raise SourceFileError(
            f"{said.source}: stages come from `pipelines:` or from a file, not from both"
        )
    # What the source file itself says is read like a file that holds canonical columns.
    whole = said.model_copy(update=_AS_WRITTEN_BY_US)
    if said.pipelines:
        stages = native_contract(whole, "stages", objects["stages"])
        contracts["stages"] = replace(stages, canonical=True)
    if said.lead_statuses is not None:
        if "lead_statuses" in contracts:
            raise SourceFileError(
                f"{said.source}: lead statuses come from `lead_statuses:` or from a file, not both"
            )
        statuses = native_contract(whole, "lead_statuses", objects["lead_statuses"])
        contracts["lead_statuses"] = replace(statuses, canonical=True)
    _check_links(contracts)
    contracts = {name: _within(contract, contracts) for name, contract in contracts.items()}
    if len(said.pipelines) == 1 and "opportunities" in contracts:
        contracts["opportunities"] = _of_one_pipeline(
            contracts["opportunities"], said.pipelines[0].name
        )
    return Source(name=said.source, time_zone=said.time_zone, contracts=contracts)


def _of_one_pipeline(contract: Contract, pipeline: str) -> Contract:
    """Opportunities that name no pipeline are in the only one there is."""
    columns = tuple(
        replace(column, default=pipeline) if column.name == "pipeline" else column
        for column in contract.columns
    )
    return replace(contract, columns=columns)


def _within(contract: Contract, contracts: dict[str, Contract]) -> Contract:
    """A source that lists no stages cannot be held to a list of stages."""
    columns = tuple(
        replace(column, references=None)
        if column.references and column.references.object not in contracts
        else column
        for column in contract.columns
    )
    return replace(contract, columns=columns)


def _check_links(contracts: dict[str, Contract]) -> None:
    """Lookups and references of a source name objects and columns that it has."""
    for contract in contracts.values():
        for column in contract.columns:
            if column.lookup is None:
                continue
            place = f"{contract.source}.{contract.object}.{column.name}"
            target = contracts.get(column.lookup.object)
            if target is None or target is contract:
                raise SourceFileError(
                    f"{place}: `lookup` looks into `{column.lookup.object}`, which is no other "
                    f"object of {contract.source}"
                )
            names = [each.name for each in target.columns]
            for name in (column.lookup.match, column.lookup.return_):
                if name not in names:
                    raise SourceFileError(
                        f"{place}: `lookup` names `{name}`, which is no column of "
                        f"{target.object}; there are: {', '.join(names)}"
                    )


def load_sources(user_folder: Path) -> dict[str, Source]:
    """All sources of an installation, by name: built in first, then the user's in order of name.

    Raises SourceFileError when a user's file is wrong, its name differs from what it says, or it
    takes a built-in name.
    """
    from orchestration.sources.check import checked_source_file  # it needs this module itself

    sources = dict(native_sources())
    for path in sorted(each for each in user_folder.glob("*") if not each.name.startswith(".")):
        if path.suffix.casefold() not in (".yml", ".yaml"):
            continue
        if path.suffix != ".yml":
            raise SourceFileError(
                f"{path}: a source file ends in .yml: rename it to {path.stem}.yml"
            )
        said = checked_source_file(path)
        sources[said.source] = mapped_source(said)
    return sources
