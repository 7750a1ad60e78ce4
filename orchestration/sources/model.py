"""The shape of a source file: which landed files hold which object, and what they may contain.

Belongs here: the words a user may write in `sources/<name>.yml`, with their defaults.
Does not belong here: how a word is carried out (bronze/cast.py), what a canonical object holds
(canonical.yml).
"""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

ColumnType = Literal[
    "text", "salesforce_id", "integer", "decimal", "double", "boolean", "date", "timestamp"
]


class SourceFileError(Exception):
    """A source file says something that cannot be carried out; the text names file and place."""


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


TextList = Annotated[list[str], BeforeValidator(_as_list)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileOptions(_Strict):
    """How the text of a file is to be read."""

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: str = Field(default='"', min_length=1, max_length=1)
    encoding: str = "utf-8"
    null_values: TextList = []
    decimal: Literal[".", ","] = "."
    thousands: str | None = Field(default=None, min_length=1, max_length=1)

    @field_validator("encoding")
    @classmethod
    def _encoding_exists(cls, name: str) -> str:
        try:
            codecs.lookup(name)
        except LookupError as error:
            raise ValueError(f"there is no encoding named {name!r}") from error
        return name

    @field_validator("delimiter", "quote")
    @classmethod
    def _is_one_byte(cls, text: str) -> str:
        if not text.isascii() or text in "\r\n":
            raise ValueError("one ASCII character, and no line end")
        return text

    @model_validator(mode="after")
    def _separators_differ(self) -> Self:
        if self.delimiter == self.quote:
            raise ValueError("`delimiter` and `quote` must differ")
        if self.decimal == self.thousands:
            raise ValueError("`decimal` and `thousands` must differ")
        return self


class ColumnSpec(_Strict):
    """Where a column comes from and what it may hold."""

    column: str | None = None
    value: str | None = None
    type: ColumnType | None = None
    format: TextList = []
    replace: dict[str, str] = {}
    strip: str | None = None
    required: bool | None = None
    optional: bool = False

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnSpec:
        if self.column is not None and self.value is not None:
            raise ValueError("give either `column` (a column of the file) or `value` (a constant)")
        return self


def _as_column_spec(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


class ObjectSpec(FileOptions):
    """One object of a source: its files, its key, its columns."""

    description: str = ""
    files: TextList
    key: TextList
    extract: Literal["full", "delta"] | None = None
    columns: dict[str, Annotated[ColumnSpec, BeforeValidator(_as_column_spec)]]


class PipelineSpec(_Strict):
    """One sales process: open stages in order, and the stages that end it."""

    name: str = "default"
    stages: list[str] = Field(min_length=1)
    won: TextList
    lost: TextList
    qualified_from: str | None = None

    @model_validator(mode="after")
    def _stages_are_distinct(self) -> PipelineSpec:
        names = [*self.stages, *self.won, *self.lost]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"a stage stands once in a pipeline; twice here: {', '.join(twice)}")
        if self.qualified_from is not None and self.qualified_from not in self.stages:
            raise ValueError(f"qualified_from names no open stage: {self.qualified_from!r}")
        return self


class SourceFile(FileOptions):
    """One source, as its YAML file says it."""

    source: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    extract: Literal["full", "delta"] = "full"
    time_zone: str = "UTC"
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    objects: dict[str, ObjectSpec]
    pipelines: list[PipelineSpec] = []

    @field_validator("time_zone")
    @classmethod
    def _time_zone_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"there is no time zone named {name!r}") from error
        return name

    @field_validator("pipelines")
    @classmethod
    def _pipelines_are_distinct(cls, pipelines: list[PipelineSpec]) -> list[PipelineSpec]:
        names = [pipeline.name for pipeline in pipelines]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"a pipeline stands here once; twice: {', '.join(twice)}")
        return pipelines


def read_source_file(path: Path) -> SourceFile:
    """Read one source file.

    Raises SourceFileError with the file, the place within it and the remedy, when the YAML cannot
    be parsed or says what no source may say.
    """
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise SourceFileError(f"{path} is not UTF-8: {error}") from error
    except yaml.YAMLError as error:
        raise SourceFileError(f"{path} is no valid YAML: {error}") from error
    try:
        source = SourceFile.model_validate(said)
    except ValidationError as error:
        lines = [
            f"  {'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors()
        ]
        raise SourceFileError(f"{path} is no valid source file:\n" + "\n".join(lines)) from error
    return source
