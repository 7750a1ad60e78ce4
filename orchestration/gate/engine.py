"""Great Expectations on DuckDB: the subclasses that make it work.

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
from typing import Any, ClassVar, Literal, cast

import duckdb
import sqlalchemy as sa
from great_expectations.compatibility import pydantic
from great_expectations.datasource.fluent import SQLDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.core import UnexpectedRowsExpectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
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
    """Keeps one autocommit connection, so that results survive until they are read.

    No second one is ever opened beside it: that would not see the temporary tables of the first.
    """

    _connection: sa.Connection | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs, poolclass=sa.pool.StaticPool, pool_reset_on_return=None)
        self.dialect_module = _DIALECT

    @contextmanager
    def get_connection(self) -> Iterator[sa.Connection]:
        """The one connection."""
        if self._connection is None or self._connection.closed:
            self._connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        yield self._connection

    def get_inspector(self) -> Any:
        """Looks up columns. It is asked for primary keys too, and no table of ours declares any."""
        inspector: Any = super().get_inspector()
        inspector.get_pk_constraint = lambda **_: {"constrained_columns": []}
        return inspector


class DuckDBDatasource(SQLDatasource):  # type: ignore[misc]
    """Registers itself as `context.data_sources.add_duckdb`."""

    type: Literal["duckdb"] = "duckdb"

    @property
    def execution_engine_type(self) -> builtins.type[DuckDBExecutionEngine]:
        """The engine above."""
        return DuckDBExecutionEngine


class CountedRowsExpectation(UnexpectedRowsExpectation):  # type: ignore[misc]
    """`UnexpectedRowsExpectation` whose query runs once: to count, not to load the rows too.

    Rows at fault are shown by run.py, a few of them and only when there are any.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)
    _known: ExpectationConfiguration | None = pydantic.PrivateAttr(None)

    @property
    def configuration(self) -> ExpectationConfiguration:
        """Asked for some forty times in one validation, and each time made from the whole model."""
        if self._known is None:
            self._known = super().configuration
        known = self._known
        return ExpectationConfiguration(
            type=known.type,
            # Great Expectations writes into them.
            kwargs=dict(known.kwargs),
            meta=known.meta,
            description=known.description,
            severity=known.severity,
            id=self.id,
        )

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002
        execution_engine: Any = None,  # noqa: ARG002
    ) -> dict[str, Any]:
        count = metrics["unexpected_rows_query.row_count"]
        return {"success": count == 0, "result": {"observed_value": count}}


# What a suite file says -> what runs.
TYPES = {"unexpected_rows_expectation": "counted_rows_expectation"}


def connection_string(database: Path) -> str:
    """A read-only connection: the gate looks and never touches."""
    return f"duckdb:///{database}?access_mode=read_only"


def own_connection(datasource: Any) -> duckdb.DuckDBPyConnection:
    """DuckDB's own connection, under the one that Great Expectations asks."""
    with datasource.get_execution_engine().get_connection() as connection:
        return cast(duckdb.DuckDBPyConnection, connection.connection.driver_connection)


def dispose(datasource: Any) -> None:
    """Close every handle: Great Expectations keeps its engines, and with them the file's lock."""
    engine = datasource.get_execution_engine()
    if engine._connection is not None:
        engine._connection.close()
    engine.engine.dispose()
    if datasource._engine is not None:
        datasource._engine.dispose()
