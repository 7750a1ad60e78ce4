"""Great Expectations on DuckDB: the two subclasses that make it work.

Belongs here: everything that knows Great Expectations' insides. Importing this module imports
Great Expectations, so only run.py does, and only when the gate runs.

Great Expectations 1.24 has no DuckDB engine. Its SQLAlchemy engine reads a result after it has
given the connection back, and DuckDB drops pending results then ("list index out of range"):
one connection is kept instead. Autocommit keeps one failing query from aborting all later ones.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import sqlalchemy as sa
from great_expectations.datasource.fluent import SQLDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from sqlalchemy.dialects import postgresql

_DIALECT = SimpleNamespace(
    dialect=postgresql.dialect,
    VARCHAR=sa.String,
    DECIMAL=sa.Numeric,
    BIGINT=sa.BigInteger,
    INTEGER=sa.Integer,
    DOUBLE=sa.Float,
    BOOLEAN=sa.Boolean,
    DATE=sa.Date,
    TIMESTAMP=sa.DateTime,
)


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):  # type: ignore[misc]
    """Keeps one autocommit connection, so that results survive until they are read."""

    _connection: sa.Connection | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dialect_module = _DIALECT

    @contextmanager
    def get_connection(self) -> Iterator[sa.Connection]:
        """The one connection."""
        if self._connection is None or self._connection.closed:
            self._connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        yield self._connection


class DuckDBDatasource(SQLDatasource):  # type: ignore[misc]
    """Registers itself as `context.data_sources.add_duckdb`."""

    type: Literal["duckdb"] = "duckdb"

    @property
    def execution_engine_type(self) -> builtins.type[DuckDBExecutionEngine]:
        """The engine above."""
        return DuckDBExecutionEngine


def connection_string(database: Path) -> str:
    """A read-only connection: the gate looks and never touches."""
    return f"duckdb:///{database}?access_mode=read_only"


def dispose(datasource: Any) -> None:
    """Close every handle: Great Expectations keeps its engines, and with them the file's lock."""
    engine = datasource.get_execution_engine()
    if engine._connection is not None:
        engine._connection.close()
    engine.engine.dispose()
    if datasource._engine is not None:
        datasource._engine.dispose()
