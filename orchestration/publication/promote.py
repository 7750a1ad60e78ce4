"""Seal the gated candidate, give it its final name, and let readers see it.

Belongs here: the few steps between a passed gate and the rename that publishes.
Does not belong here: judging the candidate (gate/), the steps after the rename, which a later run
may have to do (interrupted.py).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from orchestration.durable import replace_durably, sync_folder
from orchestration.gate.results import result_files
from orchestration.gate.scope import SCOPES
from orchestration.gate.stamp import Stamp, remove_stamp, require_stamp
from orchestration.gate.written import WRITTEN
from orchestration.privacy.retention import apply_retention
from orchestration.publication.candidate import open_candidate
from orchestration.publication.changes import write_changes
from orchestration.publication.comments import GATE_RESULT, PUBLICATION, comment
from orchestration.publication.fingerprint import fingerprint
from orchestration.publication.interrupted import complete
from orchestration.publication.versions import (
    SCHEMA,
    Publication,
    next_version,
    prune,
    publications,
    version_path,
)
from orchestration.settings import Settings

_READ_ONLY = 0o444


class UncleanCandidateError(Exception):
    """A write-ahead log lies beside the candidate: renaming it away would lose its rows."""


def promote(settings: Settings) -> Publication:
    """Publish the gated candidate.

    Raises NotGatedError when this very file has not passed the gate.
    """
    stamp = require_stamp(settings)
    publication = _seal(settings, stamp)
    # From here on it is published: whatever interrupts what follows, the next run completes it.
    replace_durably(settings.candidate, version_path(settings, publication.version))
    sync_folder(settings.candidate.parent)
    complete(settings, publication)
    remove_stamp(settings)
    prune(settings)
    apply_retention(settings)
    return publication


def _seal(settings: Settings, stamp: Stamp) -> Publication:
    """Write the tables about the night itself, and close the file for good."""
    with open_candidate(settings) as connection:
        as_of = _one(connection, "select max(as_of_date) from intermediate.int_as_of")
        tables = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'marts'"
        ).fetchall()
        # Not `estimated_size`: it counts deleted rows too.
        rows = sum(_one(connection, f'select count(*) from marts."{name}"') for (name,) in tables)
        publication = Publication(
            version=next_version(settings, as_of),
            run_id=stamp.run_id,
            as_of_date=as_of,
            published_at=datetime.now(UTC).replace(tzinfo=None),
            table_count=len(tables),
            row_count=rows,
            check_count=stamp.ran_checks,
            warning_count=stamp.warnings,
            outcome="published with warnings" if stamp.warnings else "published",
            fingerprint=fingerprint(settings),
            rolled_back_at=None,
            rebuilt_because=_one(connection, "select rebuilt_because from ops.build"),
        )
        for told in (*(scope.table for scope in SCOPES), WRITTEN):
            connection.execute(f"drop table if exists {told}")
        shown = settings.published.resolve() if settings.published.exists() else None
        scratch = settings.candidate.with_name("changes.parquet")
        write_changes(connection, publication, shown, scratch)
        _write_gate_results(connection, result_files(settings))
        _write_publications(
            connection,
            [*publications(settings), publication],
            settings.candidate.with_name("publication.parquet"),
        )
        connection.execute("checkpoint")
    leftover = settings.candidate.with_name(f"{settings.candidate.name}.wal")
    if leftover.exists():
        raise UncleanCandidateError(f"{leftover} was left behind; nothing is published")
    settings.candidate.chmod(_READ_ONLY)
    return publication


def _write_gate_results(connection: duckdb.DuckDBPyConnection, files: list[Path]) -> None:
    connection.execute(
        "create or replace table ops.gate_result as select * from read_parquet(?)",
        [[str(file) for file in files]],
    )
    comment(connection, "ops.gate_result", GATE_RESULT)


def _write_publications(
    connection: duckdb.DuckDBPyConnection, entries: list[Publication], scratch: Path
) -> None:
    pl.DataFrame([vars(entry) for entry in entries], schema=SCHEMA).write_parquet(scratch)
    connection.execute(
        "create or replace table ops.publication as select * from read_parquet(?)", [str(scratch)]
    )
    comment(connection, "ops.publication", PUBLICATION)
    scratch.unlink()


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]
