"""Where dbt's artifacts are, how dbt is called, and whether its manifest is still true.

Belongs here: pure dbt arguments and the one place that invokes dbt.
Does not belong here: Dagster (assets.py), what a result means for the night (build.py).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from orchestration.company import read_company
from orchestration.settings import PROJECT_ROOT, Settings

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult

_PROJECT_FILES = (PROJECT_ROOT / "dbt_project.yml", PROJECT_ROOT / "profiles.yml")
_MODELS = PROJECT_ROOT / "dbt_project"


class DbtFailedError(Exception):
    """dbt itself could not run: a model that does not parse, a profile that does not fit."""


def project_files() -> Iterator[Path]:
    """Every file that decides what dbt builds."""
    yield from _PROJECT_FILES
    for folder, _, names in os.walk(_MODELS):
        for name in sorted(names):
            if name.endswith((".sql", ".yml", ".csv")):
                yield Path(folder) / name


def manifest(settings: Settings) -> Mapping[str, Any]:
    """dbt's manifest of the project; parsed first when it is of other files, or damaged.

    By what they say and not by when they were written: a clock may jump. The mark that says of
    which files it is comes last, so a manifest that was cut off while it was written has none.
    """
    mark = settings.dbt_target / "manifest.of"
    digest = hashlib.sha256()
    for file in project_files():
        digest.update(file.read_bytes())
    files = digest.hexdigest()
    with suppress(FileNotFoundError, ValueError):
        if mark.read_text(encoding="ascii") == files:
            return _written(settings)
    mark.unlink(missing_ok=True)
    result = invoke(settings, ["parse"])
    if not result.success:
        raise DbtFailedError(f"dbt cannot parse the project: {result.exception}")
    mark.write_text(files, encoding="ascii")
    return _written(settings)


def _written(settings: Settings) -> Mapping[str, Any]:
    content: Mapping[str, Any] = orjson.loads((settings.dbt_target / "manifest.json").read_bytes())
    return content


def invoke(settings: Settings, arguments: list[str]) -> dbtRunnerResult:
    """Run dbt in this process: a process of its own would import it all a second time."""
    from dbt.cli.main import dbtRunner
    from dbt_common.events.event_manager_client import ctx_set_event_manager

    from orchestration.warehouse.silence import SilentEventManager

    ctx_set_event_manager(SilentEventManager())
    settings.candidate.parent.mkdir(parents=True, exist_ok=True)
    os.environ["FLYWHEEL_HOME"] = str(settings.root)
    return dbtRunner().invoke([*arguments, *common_arguments(settings)])


def common_arguments(settings: Settings) -> list[str]:
    """What every call of dbt says, with the variables that the company has set.

    They are the same in every call, or dbt would parse the project anew each time.
    """
    variables = read_company(settings.company).variables
    return [
        "--project-dir", str(PROJECT_ROOT),
        "--profiles-dir", str(PROJECT_ROOT),
        # Whatever FLYWHEEL_TARGET says: nothing is ever built into what is published.
        "--target", "candidate",
        "--target-path", str(settings.dbt_target),
        "--log-path", str(settings.dbt_target),
        "--log-level", "none",
        "--log-level-file", "none",
        "--no-version-check",
        *(["--vars", json.dumps(variables)] if variables else []),
    ]  # fmt: skip
