"""SQL as dbt compiles it under any variables, run without a warehouse.

Belongs here: what tests share that ask models and macros about settings. Parsing the project takes
seconds and compiling a tenth of one, so a manifest serves for many settings.
Does not belong here: building models from landed files (marts.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from orchestration.settings import Settings
from orchestration.warehouse.project import common_arguments


class Compiler:
    """Compiles models and statements of the project, parsed once."""

    def __init__(self, settings: Settings) -> None:
        settings.candidate.parent.mkdir(parents=True, exist_ok=True)
        self._home = str(settings.root)
        self._arguments = common_arguments(settings)
        self._manifest = self._invoke(["parse"]).result

    def model(self, name: str, variables: Mapping[str, Any]) -> str:
        """A model, with the tables that it reads under their names in the warehouse."""
        return self._compiled(["--select", name, "--exclude", "resource_type:test"], variables)

    def statement(self, sql: str, variables: Mapping[str, Any]) -> str:
        """A statement that calls macros."""
        return self._compiled(["--inline", sql], variables)

    def _compiled(self, what: list[str], variables: Mapping[str, Any]) -> str:
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager

        # A mark of the last compilation, for which the next one would leave ephemeral models out.
        for node in self._manifest.nodes.values():
            node.extra_ctes_injected = False
        result = self._invoke(
            [
                *("compile", *what, "--vars", json.dumps(dict(variables))),
                *("--no-populate-cache", "--no-introspect", "--no-write-json"),
            ],
            self._manifest,
        )
        DuckDBConnectionManager.close_all_connections()
        if not result.success:
            raise ValueError(str(result.exception or result.result.results[0].message))
        (compiled,) = result.result.results
        return str(compiled.node.compiled_code)

    def _invoke(self, what: list[str], manifest: Any = None) -> Any:
        """Other tests of this process have homes of their own: ours is named in each call."""
        from dbt.cli.main import dbtRunner

        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FLYWHEEL_HOME", self._home)
            return dbtRunner(manifest=manifest).invoke([*what, *self._arguments])
