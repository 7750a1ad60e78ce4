"""A history in short, for whoever has to find out why a mart disagrees.

Belongs here: what was told of one record, night by night. Does not belong here: comparing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any

from tests.reference.landed import Crm, Opportunity


def in_short(row: Any) -> str:
    """What a row says besides the obvious."""
    said = {
        field.name: getattr(row, field.name)
        for field in fields(row)
        if getattr(row, field.name) != field.default
    }
    return " ".join(f"{name}={value}" for name, value in said.items())


def nights_in_short(crms: Iterable[Crm], key: str) -> Iterator[str]:
    """The rows of one opportunity or rep, night by night, and what else bears on them."""
    for crm in crms:
        source, _, native_id = key.partition(":")
        if source != crm.source:
            continue
        for extract in crm.extracts:
            kind = f"{extract.kind.__name__}{'' if extract.is_full else ' (changes)'}"
            for row in extract.rows:
                ids = getattr(row, "opportunity_id", None), getattr(row, "user_id", None)
                if native_id in ids:
                    yield f"{extract.night} {kind}: {in_short(row)}"
        yield f"whole nights: {', '.join(map(str, crm.whole_nights(Opportunity)))}"
        yield from map(str, crm.stage_map)
        stages = [f"{one.pipeline}:{one.name}" for one in crm.stages if one.kind == "open"]
        yield f"open stages: {', '.join(stages)}"
        yield f"as of {crm.as_of}"
