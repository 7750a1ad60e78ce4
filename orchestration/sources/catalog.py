"""The sources of one installation: the built-in ones and the user's own, as contracts.

Belongs here: which sources there are. Does not belong here: what is landed (extracts/landing.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from orchestration.sources.contract import Contract, mapped_contract, native_contract
from orchestration.sources.model import ObjectSpec, SourceFile, SourceFileError, read_source_file

_BUILT_IN = Path(__file__).parent
_NATIVE_SOURCES = ("salesforce",)

# Stands in for a source under bronze/, so that every canonical object has a file to scan even
# when no mapped source delivers it.
CANONICAL = "canonical"
# `bronze/mapped/<object>` is the asset of a canonical object over all mapped sources.
_RESERVED = (CANONICAL, "mapped")


@dataclass(frozen=True)
class Source:
    """One source and the contracts of its objects, by object name."""

    name: str
    time_zone: str
    contracts: dict[str, Contract]


@cache
def canonical_objects() -> dict[str, ObjectSpec]:
    """The canonical objects, by name: the shape every mapped source ends in."""
    return read_source_file(_BUILT_IN / "canonical.yml").objects


@cache
def canonical_contracts() -> dict[str, Contract]:
    """The canonical objects as contracts of the pseudo-source `canonical`."""
    source = read_source_file(_BUILT_IN / "canonical.yml")
    return {name: native_contract(source, name, spec) for name, spec in canonical_objects().items()}


@cache
def native_sources() -> dict[str, Source]:
    """The sources that come built in, by name."""
    sources = {}
    for name in _NATIVE_SOURCES:
        said = read_source_file(_BUILT_IN / f"{name}.yml")
        contracts = {
            object_: native_contract(said, object_, spec) for object_, spec in said.objects.items()
        }
        sources[name] = Source(name=name, time_zone=said.time_zone, contracts=contracts)
    return sources


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
    if said.pipelines:
        # The pipelines of the source file are read like a file that holds canonical columns.
        whole = said.model_copy(update={"extract": "full"})
        stages = native_contract(whole, "stages", objects["stages"])
        contracts["stages"] = replace(stages, canonical=True)
    return Source(name=said.source, time_zone=said.time_zone, contracts=contracts)


def load_sources(user_folder: Path) -> dict[str, Source]:
    """All sources of an installation, by name: built in first, then the user's in order of name.

    Raises SourceFileError when a user's file is wrong, its name differs from what it says, or it
    takes a built-in name.
    """
    sources = dict(native_sources())
    for path in sorted(user_folder.glob("*.yml")):
        said = read_source_file(path)
        if said.source != path.stem:
            raise SourceFileError(
                f"{path} says `source: {said.source}`; file and source bear one name"
            )
        if said.source in sources or said.source in _RESERVED:
            raise SourceFileError(f"{path}: the name {said.source} is taken by a built-in source")
        sources[said.source] = mapped_source(said)
    return sources
