"""What stands in landing outside every night: misnamed folders of nights and sources, loose files.

Belongs here: naming each with what it should be called, so that none is passed over in silence.
Does not belong here: files within a night (landing.py), listing a folder or a bucket (places.py).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from difflib import get_close_matches

from orchestration.extracts.places import Place, Stray

# An export that lands outside of its nights does so by the thousand.
_NAMED = 5
_SOURCES_NAMED = 8
# Where landing is a disk of its own, nobody can take it away.
_OF_A_DISK = "lost+found"
_EXAMPLE = date(2025, 9, 28)
_LIKE_A_DAY = re.compile(r"(?<!\d)(\d{4})[-_. ]?(\d{1,2})[-_. ]?(\d{1,2})(?!\d)")


def named_strays(place: Place, sources: Collection[str]) -> list[str]:
    """Sentences like `crm/2025-9-28 (a night is a folder named like 2025-09-28)`.

    To be asked after the nights of the sources, whose listings a bucket gives but once.
    """
    known = sorted(sources)
    strangers = [each for each in place.strays() if not (each.is_folder and each.name in sources)]
    sentences = _shown("", [(each.name, _no_source(each, known)) for each in strangers])
    for source in known:
        prefix = f"{source}/"
        found = [(each.name, _no_night(each, prefix)) for each in place.strays(source)]
        sentences += _shown(prefix, found)
    return sentences


def _shown(prefix: str, strays: list[tuple[str, str]]) -> list[str]:
    there = [each for each in strays if not each[0].startswith((".", "_", _OF_A_DISK))]
    more = len(there) - _NAMED
    return [f"{prefix}{name} ({meaning})" for name, meaning in there[:_NAMED]] + (
        [f"{prefix}… ({more:,} more outside every night)"] if more > 0 else []
    )


def _no_source(stray: Stray, known: list[str]) -> str:
    if not stray.is_folder:
        return f"a file stands in the folder of its night: <source>/{_EXAMPLE}/{stray.name}"
    if (night := _meant_night(stray.name)) is not None:
        example = known[-1] if known else "<source>"
        return f"a night stands in the folder of its source, as {example}/{night}"
    there = ", ".join(known[:_SOURCES_NAMED]) + (", …" if len(known) > _SOURCES_NAMED else "")
    near = get_close_matches(stray.name.casefold(), known, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    return f"no source has this name; {meant}there are {there}"


def _no_night(stray: Stray, prefix: str) -> str:
    night = _meant_night(stray.name) or _EXAMPLE
    if not stray.is_folder:
        return f"a file stands in the folder of its night: {prefix}{night}/{stray.name}"
    return f"a night is a folder named like {night}"


def _meant_night(name: str) -> date | None:
    found = _LIKE_A_DAY.search(name)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
