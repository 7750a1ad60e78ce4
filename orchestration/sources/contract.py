"""One resolved contract per source object.

Belongs here: what a row of an object must look like once it is in bronze (columns, types, which
may be empty), derived from a source file and, for a mapped source, from the canonical objects.
The reader, the quarantine, the dbt sources and the docs all follow from it.
Does not belong here: polars expressions (bronze/cast.py), YAML syntax (model.py).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from orchestration.sources.model import (
    ColumnSpec,
    ColumnType,
    FileOptions,
    ObjectSpec,
    PipelineSpec,
    SourceFile,
    SourceFileError,
)

# Columns that bronze adds to every row: where it came from, and in which order it was loaded.
ORIGIN_COLUMNS: dict[str, str] = {
    "_source": "varchar",
    "_batch_date": "date",
    "_load_number": "bigint",
    "_file": "varchar",
    "_row_number": "bigint",
}

SQL_TYPES: dict[ColumnType, str] = {
    "text": "varchar",
    "salesforce_id": "varchar",
    "integer": "bigint",
    "decimal": "decimal(24,6)",
    "double": "double",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}


@dataclass(frozen=True)
class Column:
    """One bronze column: its type, and where in the file its text comes from."""

    name: str
    type: ColumnType
    header: str | None = None
    constant: str | None = None
    default: str | None = None
    formats: tuple[str, ...] = ()
    replacements: tuple[tuple[str, str], ...] = ()
    strip: str | None = None
    is_required: bool = False
    is_header_optional: bool = False


@dataclass(frozen=True)
class Contract:
    """One object of one source. `canonical` tells a mapped object from a CRM's native one."""

    source: str
    object: str
    canonical: bool
    description: str
    files: tuple[str, ...]
    key: tuple[str, ...]
    extract: str
    time_zone: str
    options: FileOptions
    columns: tuple[Column, ...]
    pipelines: tuple[PipelineSpec, ...] = ()

    @property
    def name(self) -> str:
        """`<source>/<object>`, as it stands in folders and messages."""
        return f"{self.source}/{self.object}"

    @property
    def version(self) -> str:
        """Twelve hex digits that change when the contract does."""
        said = asdict(self) | {
            "options": self.options.model_dump(),
            "pipelines": [pipeline.model_dump() for pipeline in self.pipelines],
        }
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]


def native_contract(source: SourceFile, name: str, spec: ObjectSpec) -> Contract:
    """The contract of an object whose columns keep the CRM's own names and state their types."""
    columns = []
    for column, said in spec.columns.items():
        if said.type is None:
            raise SourceFileError(
                f"{source.source}.{name}.{column}: a native column states its type"
            )
        columns.append(_column(column, said, said.type, said.column or column, source))
    return _contract(source, name, spec, canonical=False, columns=tuple(columns))


def mapped_contract(
    source: SourceFile, name: str, spec: ObjectSpec, canonical: ObjectSpec
) -> Contract:
    """The contract of a user's object: the canonical columns, fed by the columns the user names."""
    unknown = sorted(set(spec.columns) - set(canonical.columns))
    if unknown:
        raise SourceFileError(
            f"{source.source}.{name}: {', '.join(unknown)} is no column of {name}; "
            f"there are: {', '.join(canonical.columns)}"
        )
    columns = []
    for column, declared in canonical.columns.items():
        said = spec.columns.get(column)
        if said is None and declared.required and column != "currency_code":
            raise SourceFileError(
                f"{source.source}.{name}: {name} needs `{column}`; "
                f"map it to a column of the file or give it a `value`"
            )
        assert declared.type is not None
        if said is not None and said.column is None and said.value is None:
            raise SourceFileError(
                f"{source.source}.{name}.{column}: say where it comes from: `column` (a column of "
                f"the file) or `value` (a constant)"
            )
        said = said or ColumnSpec()
        if said.required is None:
            said = said.model_copy(update={"required": declared.required})
        columns.append(_column(column, said, declared.type, said.column, source))
    missing_key = sorted(set(spec.key) - {column.name for column in columns})
    if missing_key:
        raise SourceFileError(
            f"{source.source}.{name}: the key names {', '.join(missing_key)}, "
            f"which is no column of {name}"
        )
    return _contract(source, name, spec, canonical=True, columns=tuple(columns))


def _column(
    name: str, said: ColumnSpec, type_: ColumnType, header: str | None, source: SourceFile
) -> Column:
    is_currency = name in {"currency_code", "CurrencyIsoCode"}
    return Column(
        name=name,
        type=type_,
        header=None if said.value is not None else header,
        constant=said.value,
        default=source.currency if is_currency else None,
        formats=tuple(said.format),
        replacements=tuple(said.replace.items()),
        strip=said.strip,
        is_required=bool(said.required),
        is_header_optional=said.optional,
    )


def _contract(
    source: SourceFile, name: str, spec: ObjectSpec, *, canonical: bool, columns: tuple[Column, ...]
) -> Contract:
    options = {
        field: getattr(spec if field in spec.model_fields_set else source, field)
        for field in FileOptions.model_fields
    }
    return Contract(
        source=source.source,
        object=name,
        canonical=canonical,
        description=spec.description,
        files=tuple(spec.files),
        key=tuple(spec.key),
        extract=spec.extract or source.extract,
        time_zone=source.time_zone,
        options=FileOptions(**options),
        columns=columns,
        pipelines=tuple(source.pipelines) if name == "stages" else (),
    )
