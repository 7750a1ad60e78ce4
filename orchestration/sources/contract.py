"""One resolved contract per source object.

Belongs here: what a row of an object must look like once it is in bronze (columns, types, which
may be empty), derived from a source file and, for a mapped source, from the canonical objects.
The reader, the quarantine, the dbt sources and the docs all follow from it
(tests/unit/test_contracts_agree.py).
Does not belong here: polars expressions (bronze/cast.py), YAML syntax (model.py).

Why no library of schemas such as dataframely: those judge tables that are typed already, by classes
that programmers write. Here the declaration is a file that users write, it begins at the text of a
file (names of the header, formats, separators), and each refused row must say which text of which
column broke which rule.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property

from pydantic import TypeAdapter

from orchestration.sources.file_options import FileOptions
from orchestration.sources.model import (
    ColumnSpec,
    ColumnType,
    LeadStatuses,
    LoadRules,
    LookupSpec,
    ObjectSpec,
    PersonalKind,
    PersonalUnless,
    PipelineSpec,
    ReferenceSpec,
    ReportFooter,
    SourceFile,
    SourceFileError,
)

# Columns that bronze adds to every row: where it came from, and in which order it was loaded.
ORIGIN_COLUMNS: dict[str, ColumnType] = {
    "_source": "text",
    "_batch_date": "date",
    "_load_number": "integer",
    "_file": "text",
    "_row_number": "integer",
}

_ID_NAME = re.compile(r"(?:^|_)id$|[a-z]Id$")

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
    """One bronze column: its type, and where in the file its text comes from.

    `headers` are names for one and the same column of the file, the first that it has is taken;
    `parts` are several columns put together.
    """

    name: str
    type: ColumnType
    headers: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    separator: str = " "
    constant: str | None = None
    default: str | None = None
    formats: tuple[str, ...] = ()
    replacements: tuple[tuple[str, str], ...] = ()
    strip: str | None = None
    is_required: bool = False
    is_header_optional: bool = False
    lookup: LookupSpec | None = None
    references: ReferenceSpec | None = None
    description: str = ""
    personal: PersonalKind | None = None
    personal_unless: PersonalUnless | None = None

    @property
    def holds_ids(self) -> bool:
        """Whether its texts are ids, of which no digit may be lost; Salesforce's have a type."""
        return self.type == "text" and _ID_NAME.search(self.name) is not None


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
    passthrough: tuple[str, ...] = ()
    keeps_undeclared: bool = True
    refuses_night: bool = True
    max_refused_share: float | None = None
    report_footer: ReportFooter | None = None
    pipelines: tuple[PipelineSpec, ...] = ()
    lead_statuses: LeadStatuses | None = None

    @property
    def name(self) -> str:
        """`<source>/<object>`, as it stands in folders and messages."""
        return f"{self.source}/{self.object}"

    @property
    def is_declared(self) -> bool:
        """Whether the source file itself holds the rows: no file of the CRM does."""
        return bool(self.pipelines) or self.lead_statuses is not None

    @cached_property
    def version(self) -> str:
        """Twelve hex digits that change when the contract does."""
        said = TypeAdapter(Contract).dump_python(self, mode="json")
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]


def native_contract(source: SourceFile, name: str, spec: ObjectSpec) -> Contract:
    """The contract of an object whose columns keep the CRM's own names and state their types."""
    columns = []
    for column, said in spec.columns.items():
        type_ = said.type
        if type_ is None:
            raise SourceFileError(
                f"{source.source}.{name}.{column}: a native column states its type"
            )
        if not said.column and not said.concat and said.value is None:
            said = said.model_copy(update={"column": [column]})
        columns.append(_column(column, said, type_, source))
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
        place = f"{source.source}.{name}.{column}"
        if said is None and declared.required:
            raise SourceFileError(
                f"{source.source}.{name}: {name} needs `{column}`; "
                f"map it to a column of the file or give it a `value`"
            )
        assert declared.type is not None
        if said is not None and not (said.column or said.concat) and said.value is None:
            raise SourceFileError(
                f"{place}: say where it comes from: `column` (a column of the file), `concat` "
                f"(several) or `value` (a constant)"
            )
        if said is not None and said.type not in (None, declared.type):
            raise SourceFileError(
                f"{place}: its type is {declared.type}, as of every canonical `{column}`; "
                f"leave `type` out"
            )
        columns.append(_column(column, _completed(said, declared), declared.type, source))
    missing_key = sorted(set(spec.key) - {column.name for column in columns})
    if missing_key:
        raise SourceFileError(
            f"{source.source}.{name}: the key names {', '.join(missing_key)}, "
            f"which is no column of {name}"
        )
    return _contract(source, name, spec, canonical=True, columns=tuple(columns))


def _completed(said: ColumnSpec | None, declared: ColumnSpec) -> ColumnSpec:
    """What the user says of a canonical column, and what is fixed where the user says nothing."""
    said = said or ColumnSpec()
    return said.model_copy(
        update={
            "required": declared.required if said.required is None else said.required,
            "references": said.references or declared.references,
            "description": declared.description,
            # What is always personal stays so, whatever a source file says.
            "personal": declared.personal or said.personal,
            "personal_unless": declared.personal_unless
            if declared.personal
            else said.personal_unless,
        }
    )


def _column(name: str, said: ColumnSpec, type_: ColumnType, source: SourceFile) -> Column:
    is_currency = name in {"currency_code", "CurrencyIsoCode"}
    is_from_file = said.value is None and not said.concat
    return Column(
        name=name,
        type=type_,
        headers=tuple(said.column) if is_from_file else (),
        parts=tuple(said.concat),
        separator=said.separator,
        constant=said.value,
        default=source.currency if is_currency else None,
        formats=tuple(said.format),
        replacements=tuple(said.replace.items()),
        strip=said.strip,
        is_required=bool(said.required),
        is_header_optional=said.optional,
        lookup=said.lookup,
        references=said.references,
        description=said.description,
        personal=said.personal,
        personal_unless=said.personal_unless,
    )


def _contract(
    source: SourceFile, name: str, spec: ObjectSpec, *, canonical: bool, columns: tuple[Column, ...]
) -> Contract:
    names = {column.name for column in columns}
    for column in columns:
        unless = column.personal_unless
        place = f"{source.source}.{name}.{column.name}"
        if unless is not None and column.personal is None:
            raise SourceFileError(f"{place}: `personal_unless` needs `personal` beside it")
        if unless is not None and unless.column not in names:
            raise SourceFileError(
                f"{place}: `personal_unless` names `{unless.column}`, which is no column of {name}"
            )
    rules = {
        field: getattr(spec if field in spec.model_fields_set else source, field)
        for field in LoadRules.model_fields
    }
    return Contract(
        source=source.source,
        object=name,
        canonical=canonical,
        description=spec.description,
        files=tuple(spec.files),
        key=tuple(spec.key),
        extract=rules["extract"],
        time_zone=source.time_zone,
        options=FileOptions(**{field: rules[field] for field in FileOptions.model_fields}),
        columns=columns,
        passthrough=tuple(source.passthrough),
        keeps_undeclared=rules["undeclared"] == "keep",
        refuses_night=rules["on_refusal"] == "night",
        max_refused_share=rules["max_refused_share"],
        report_footer=source.report_footer,
        pipelines=tuple(source.pipelines) if name == "stages" else (),
        lead_statuses=source.lead_statuses if name == "lead_statuses" else None,
    )
