"""The shape of a source file: which landed files hold which object, and what they may contain.

Belongs here: the words a user may write in `sources/<name>.yml` about objects, columns and
processes, with their defaults. Does not belong here: words about the content of files
(file_options.py), how a word is carried out (bronze/cast.py), what a canonical object holds
(canonical.yml).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BeforeValidator, Field, field_validator, model_validator

from orchestration.sources.file_options import FileOptions, Strict, TextList
from orchestration.sources.mistakes import did_you_mean, listed

ColumnType = Literal[
    "text", "salesforce_id", "integer", "decimal", "double", "boolean", "date", "timestamp"
]


class SourceFileError(Exception):
    """A source file says something that cannot be carried out; the text names file and place."""


# What a tagged column may hold of a person.
PersonalKind = Literal["email", "phone", "name", "address", "text"]


class LookupSpec(Strict):
    """A value of another object of the source, found by what this column says."""

    object: str = Field(description="The object to look into, for example `users`.")
    match: str = Field(description="Its column that holds what this column says: `user_name`.")
    return_: str = Field(alias="return", description="Its column to take: `user_id`.")


class ReferenceSpec(Strict):
    """Values that must be listed in another object of the source."""

    object: str = Field(description="The object that lists them.")
    columns: TextList = Field(min_length=1, description="Its columns, any of which may say it.")


class PersonalUnless(Strict):
    """Rows in which a tagged column holds nothing of a person, told by another column."""

    column: str = Field(description="The column of the object that tells.")
    values: TextList = Field(description="What it says in such rows; `*` for any text.")


class ColumnSpec(Strict):
    """Where a column comes from and what it may hold."""

    description: str = Field(default="", description="What the column means, for the docs.")
    column: TextList = Field(
        default=[], description="The column of the file; of several names, the first it has."
    )
    value: str | None = Field(default=None, description="A constant instead of a column.")
    concat: TextList = Field(default=[], description="Columns of the file to put together.")
    separator: str = Field(default=" ", description="What stands between them.")
    type: ColumnType | None = Field(
        default=None, description="Needed in built-in sources; a canonical column has its own."
    )
    format: TextList = Field(
        default=[], description="Of dates and times, like %d.%m.%Y; of several, the first to fit."
    )
    replace: dict[str, str] = Field(default={}, description="Texts and what they become.")
    strip: str | None = Field(default=None, description="Characters to take off both ends: `$ `.")
    required: bool | None = Field(default=None, description="A row without a value is refused.")
    optional: bool = Field(default=False, description="The file may lack the column.")
    personal: PersonalKind | None = Field(
        default=None,
        description="What it holds of a person; such values never leave bronze unmasked. "
        "`text` is anything that people write.",
    )
    personal_unless: PersonalUnless | None = None
    lookup: LookupSpec | None = None
    references: ReferenceSpec | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if sum([bool(self.column), self.value is not None, bool(self.concat)]) > 1:
            raise ValueError(
                "a column has one origin; give one of `column` (a column of the file), `value` (a "
                "constant) and `concat` (several columns put together)"
            )
        return self


def _as_column_spec(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


class LoadRules(FileOptions):
    """What a night makes of the files; said for a source, or for one of its objects."""

    extract: Literal["full", "delta"] = Field(
        default="full",
        description="full: each night holds everything, an absent record is deleted; delta: "
        "what changed.",
    )
    on_refusal: Literal["night", "object"] = Field(
        default="night",
        description="What a file that breaks its contract keeps back: its whole night, or only "
        "its object.",
    )
    max_refused_share: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="More refused rows than this share break the contract "
        "(FLYWHEEL_MAX_QUARANTINE_SHARE).",
    )
    undeclared: Literal["keep", "drop"] = Field(
        default="keep",
        description="Columns of a file that nobody named: kept as text in bronze, or left out.",
    )


class ObjectSpec(LoadRules):
    """One object of a source: its files, its key, its columns."""

    description: str = ""
    files: TextList = Field(description="Names or patterns, like `deals*.csv`; any case.")
    key: TextList = Field(description="The columns that tell one record from another.")
    columns: dict[str, Annotated[ColumnSpec, BeforeValidator(_as_column_spec)]]


class PipelineSpec(Strict):
    """One sales process: open stages in order, and the stages that end it."""

    name: str = "default"
    stages: list[str] = Field(min_length=1, description="The open stages, in order.")
    won: TextList = Field(description="The stages of a won deal.")
    lost: TextList = Field(description="The stages of a lost deal.")
    qualified_from: str | None = Field(
        default=None, description="The open stage that makes a deal qualified."
    )

    @model_validator(mode="after")
    def _stages_are_distinct(self) -> Self:
        names = [*self.stages, *self.won, *self.lost]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"twice in one pipeline: {listed(twice)}; name each stage once")
        if self.qualified_from is not None and self.qualified_from not in self.stages:
            raise ValueError(
                f"qualified_from names no open stage: {self.qualified_from!r}; "
                f"there are {listed(self.stages)}"
            )
        return self


class LeadStatuses(Strict):
    """Lead statuses that mean something in every CRM."""

    mql: TextList = Field(default=[], description="Qualified by marketing.")
    sql: TextList = Field(default=[], description="Accepted by sales.")
    converted: TextList = Field(default=[], description="Became an opportunity.")
    disqualified: TextList = Field(default=[], description="Will become none.")


class ReportFooter(Strict):
    """How a report that was saved as a file gives itself away, and what to export instead."""

    marks: TextList = Field(min_length=1, description="Texts near the end of such a file.")
    remedy: str


class SourceFile(LoadRules):
    """One source, as its YAML file says it."""

    source: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Also the folder under landing/.")
    time_zone: str = Field(default="UTC", description="Of timestamps without an offset.")
    currency: str | None = Field(
        default=None, pattern=r"^[A-Z]{3}$", description="Of rows without one: USD."
    )
    passthrough: TextList = Field(
        default=[], description="Patterns of custom columns that go on to staging: `*__c`."
    )
    report_footer: ReportFooter | None = None
    objects: dict[str, ObjectSpec]
    pipelines: list[PipelineSpec] = Field(default=[])
    lead_statuses: LeadStatuses | None = None

    @field_validator("time_zone")
    @classmethod
    def _time_zone_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            remedy = did_you_mean(name, available_timezones()) or "names are like `Europe/Berlin`"
            raise ValueError(f"there is no time zone named {name!r}; {remedy}") from error
        return name

    @field_validator("pipelines")
    @classmethod
    def _pipelines_are_distinct(cls, pipelines: list[PipelineSpec]) -> list[PipelineSpec]:
        names = [pipeline.name for pipeline in pipelines]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"twice: {listed(twice)}; give each pipeline a `name` of its own")
        return pipelines
