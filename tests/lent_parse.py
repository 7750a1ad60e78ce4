"""dbt's parse of the project, made once in a process of tests and lent to every new home.

Belongs here: the one thing that keeps dbt from taking the parse of another home, its path. Does not
belong here: homes, and whether a parse is still true: dbt holds files, variables and options of a
lent one against those of the home, as of its own, and parses anew what differs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Comes with dbt, which writes its parse in it.
import msgpack
import pytest

# Another path may stand in the manifest as SQL needs it, with quotes and brackets doubled.
_PLAIN = re.compile(r"[\w./-]+")


@contextmanager
def lending() -> Iterator[None]:
    """What dbt parses meanwhile, the next home of the same project and variables begins with."""
    from dbt.constants import PARTIAL_PARSE_FILE_NAME
    from dbt.parser.manifest import ManifestLoader

    kept: dict[tuple[str, str], tuple[str, bytes]] = {}
    read, write = (
        ManifestLoader.read_manifest_for_partial_parse,
        ManifestLoader.write_manifest_for_partial_parse,
    )

    def lend_and_read(loader: Any) -> Any:
        path = Path(loader.root_project.project_target_path, PARTIAL_PARSE_FILE_NAME)
        lent, home = kept.get(_said(loader)), _home()
        if lent is not None and home is not None and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_moved(*lent, home, loader))
        return read(loader)

    def write_and_keep(loader: Any) -> None:
        write(loader)
        path = Path(loader.root_project.project_target_path, PARTIAL_PARSE_FILE_NAME)
        home = _home()
        if home is not None and _said(loader) not in kept:
            kept[_said(loader)] = home, path.read_bytes()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ManifestLoader, "read_manifest_for_partial_parse", lend_and_read)
        patch.setattr(ManifestLoader, "write_manifest_for_partial_parse", write_and_keep)
        yield


def _said(loader: Any) -> tuple[str, str]:
    """What the call said: project, variables and target."""
    return loader.root_project.project_root, loader.manifest.state_check.vars_hash.checksum


def _home() -> str | None:
    home = os.environ.get("FLYWHEEL_HOME", "")
    return home if _PLAIN.fullmatch(home) else None


def _moved(home: str, parse: bytes, other: str, loader: Any) -> bytes:
    """The parse, as if it had been made in the other home."""

    def moved(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(home, other)
        if isinstance(value, list):
            return [moved(each) for each in value]
        if isinstance(value, dict):
            return {key: moved(each) for key, each in value.items()}
        return value

    content = moved(msgpack.unpackb(parse))
    # The profile says where the database lies, and nothing else that differs between homes.
    profile = loader.manifest.state_check.profile_hash
    content["state_check"]["profile_hash"]["checksum"] = profile.checksum
    packed: bytes = msgpack.packb(content)
    return packed
