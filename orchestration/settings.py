"""Places and options: the one class that knows every path below `FLYWHEEL_HOME`.

Belongs here: where things are, and what an operator may set by environment variable.
Does not belong here: what a source holds (sources/), what a model computes (dbt_project.yml,
company.py).
"""

from __future__ import annotations

import os
import re
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from orchestration.secrets import SecretFiles

PROJECT_ROOT = Path(__file__).resolve().parent.parent

# DuckDB, dbt, SQLAlchemy and Great Expectations, to whom paths are given, read more than a name in
# these.
_NOT_IN_A_HOME = re.compile(r"[#?*{}$]|%[0-9A-Fa-f]{2}")
_MEMORY = re.compile(r"[0-9]+(?:\.[0-9]+)? ?(?:[KMGT]i?B?|%)", re.IGNORECASE)
# Centuries: beyond them calendars end.
_MOST_HOURS, _MOST_DAYS = 1_000_000, 100_000
_SAID = {
    "float_type": "it must be a number",
    "float_parsing": "it must be a number",
    "finite_number": "it must be a finite number",
    "int_type": "it must be a whole number",
    "int_parsing": "it must be a whole number",
    "int_from_float": "it must be a whole number",
    "greater_than": "it must be more than {gt:,}",
    "greater_than_equal": "it must be at least {ge:,}",
    "less_than_equal": "it must be at most {le:,}",
    "value_error": "{error}",
}


class WrongSettingError(Exception):
    """Options hold what they cannot mean; the text names each by its variable, in a sentence.

    It shows no value: somebody may have put a secret under the wrong name.
    """


class Settings(BaseSettings):
    """Options from `FLYWHEEL_*` environment variables, and the places that follow from them."""

    model_config = SettingsConfigDict(
        env_prefix="FLYWHEEL_",
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        # What a mistaken variable holds may be a secret.
        hide_input_in_errors=True,
    )

    home: Path = Field(
        default=PROJECT_ROOT / "flywheel_home",
        description="Folder of all data: landing, bronze, quarantine, warehouse.",
    )
    landing_url: str = Field(
        default="",
        validation_alias="FLYWHEEL_LANDING",
        description="Where extracts land, if not in landing/: a folder, s3://…, gs://… or az://…",
    )
    quiet_minutes: float = Field(
        default=5.0,
        ge=0,
        allow_inf_nan=False,
        description="A night without _SUCCESS is complete when untouched for this many minutes.",
    )
    max_quarantine_share: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="More refused rows than this share of an object's rows refuse the night.",
    )
    max_file_bytes: int = Field(
        default=32 * 1024**3,
        ge=1,
        description="A compressed extract that unpacks to more is taken for a bomb.",
    )
    keep_versions: int = Field(
        default=7, ge=1, description="How many published versions stay for readers and rollback."
    )
    # dbt reads it of the environment itself (profiles.yml): here it is only looked at, in time.
    memory: str = Field(
        default="3000MB", description="What the models may take before they write to disk."
    )
    alert_webhook: SecretStr | None = Field(
        default=None, description="Address that takes alerts as Slack takes them."
    )
    alert_email_to: str = Field(
        default="", description="Who is told of alerts by e-mail, separated by commas."
    )
    alert_email_from: str = Field(default="", description="The sender of these e-mails.")
    smtp_url: SecretStr | None = Field(
        default=None, description="Mail server: smtp[s]://[user:password@]host[:port]."
    )
    report_url: str = Field(
        default="", description="Where report/ can be opened by others; links begin with it."
    )
    stale_hours: float = Field(
        default=30.0,
        gt=0,
        le=_MOST_HOURS,
        allow_inf_nan=False,
        description="Hours after the beginning of its day a version is stale.",
    )
    masking_key: SecretStr | None = Field(
        default=None, description="Key of the hashes that stand for personal data."
    )
    retain_landing_days: int | None = Field(
        default=None,
        ge=1,
        le=_MOST_DAYS,
        description="Landed files of older nights that are loaded are removed.",
    )
    retain_quarantine_days: int | None = Field(
        default=None,
        ge=1,
        le=_MOST_DAYS,
        description="Refused rows of older nights are removed.",
    )
    retain_version_days: int | None = Field(
        default=None,
        ge=1,
        le=_MOST_DAYS,
        description="Published versions of older nights are removed.",
    )
    retain_personal_days: int | None = Field(
        default=None,
        ge=1,
        le=_MOST_DAYS,
        description="Raw personal values of older nights leave bronze.",
    )
    postgres: SecretStr | None = Field(
        default=None,
        description="PostgreSQL that serves BI tools: postgresql://user:password@host/database.",
    )
    postgres_reader_password: SecretStr | None = Field(
        default=None,
        description="Lets the role bi_reader log in; without one it is a role to be granted.",
    )

    @model_validator(mode="wrap")
    @classmethod
    def _named_as_its_variable(cls, said: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(said)
        except ValidationError as error:
            raise WrongSettingError(_told(error)) from None

    @field_validator("home", mode="before")
    @classmethod
    def _is_said(cls, home: Any) -> Any:
        if isinstance(home, str) and not home.strip():
            raise ValueError("it is empty: name the folder of all data, or leave it unset")
        return home

    @field_validator("home")
    @classmethod
    def _is_folder(cls, home: Path) -> Path:
        try:
            path = home.expanduser().resolve()
        except (OSError, RuntimeError):
            raise ValueError("it names no place: give the path of a folder") from None
        if found := _NOT_IN_A_HOME.search(str(path)):
            raise ValueError(
                f"`{found[0]}` may not stand in the path of the home, nor may any of # ? * {{ }} $ "
                f"or a % before two digits: give a folder of another name"
            )
        there = next(each for each in (path, *path.parents) if os.path.lexists(each))
        if not there.is_dir():
            raise ValueError("it is no folder, or lies below what is none: give a folder")
        return home

    @field_validator("memory")
    @classmethod
    def _is_amount(cls, memory: str) -> str:
        if not _MEMORY.fullmatch(memory) or float(re.findall(r"[0-9.]+", memory)[0]) == 0:
            raise ValueError("it must be an amount of memory, as 3000MB or 4GB")
        return memory

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What the program says, then the environment, then files that the environment names."""
        return init_settings, env_settings, SecretFiles(settings_cls)

    @cached_property
    def root(self) -> Path:
        """The home as an absolute path."""
        return self.home.expanduser().resolve()

    @property
    def is_landing_remote(self) -> bool:
        """Whether extracts land in a bucket."""
        return "://" in self.landing_url

    @property
    def landing(self) -> Path:
        """`landing/<source>/<YYYY-MM-DD>/…`: what the CRM export dropped on this machine."""
        if self.landing_url and not self.is_landing_remote:
            return Path(self.landing_url).expanduser().resolve()
        return self.root / "landing"

    @property
    def landing_name(self) -> str:
        """The landing place, as a person would name it."""
        return self.landing_url if self.is_landing_remote else str(self.landing)

    @property
    def user_sources(self) -> Path:
        """`sources/<name>.yml`: the user's own source files."""
        return self.root / "sources"

    @property
    def company(self) -> Path:
        """`company.yml`: what the company decides for itself (currency, time zone, calendar)."""
        return self.root / "company.yml"

    @property
    def bronze(self) -> Path:
        """`bronze/<source>/<object>/batch=<YYYY-MM-DD>/`: accepted rows."""
        return self.root / "bronze"

    @property
    def ledger(self) -> Path:
        """Which file was loaded when, with what result."""
        return self.bronze / "ledger.parquet"

    @property
    def zips(self) -> Path:
        """What the zips in landing hold."""
        return self.bronze / "zips.parquet"

    @property
    def masked(self) -> Path:
        """`masked/<source>/<object>/…`: bronze as the models may see it."""
        return self.root / "masked"

    @property
    def privacy(self) -> Path:
        """The key of the masks, and who was forgotten."""
        return self.root / "privacy"

    @property
    def own_masking_key(self) -> Path:
        """The key of a home that was given none."""
        return self.privacy / "masking.key"

    @property
    def quarantine(self) -> Path:
        """`quarantine/<source>/<object>/batch=<YYYY-MM-DD>/`: refused rows."""
        return self.root / "quarantine"

    @property
    def reload(self) -> Path:
        """`reload/<source>/<object>/batch=<YYYY-MM-DD>/`: refused rows to be read anew."""
        return self.root / "reload"

    @property
    def warehouse(self) -> Path:
        """Published versions and the symlink to the current one."""
        return self.root / "warehouse"

    @property
    def candidate(self) -> Path:
        """The private file a night writes; its path never changes, so dbt can parse partially."""
        return self.warehouse / ".candidate" / "flywheel.duckdb"

    @property
    def published(self) -> Path:
        """The symlink that readers open."""
        return self.warehouse / "flywheel.duckdb"

    @property
    def operations(self) -> Path:
        """What is remembered about nights beyond one candidate: gate results, publications."""
        return self.root / "ops"

    @property
    def report(self) -> Path:
        """Pages for people: what came of each night."""
        return self.root / "report"

    @property
    def dagster_home(self) -> Path:
        """Dagster's instance: runs and events."""
        return self.root / "dagster"

    @property
    def dbt_target(self) -> Path:
        """dbt's parsed project and artifacts."""
        return self.root / "dbt_target"


def _told(error: ValidationError) -> str:
    """A line for each option that is wrong."""
    lines = []
    for each in error.errors(include_url=False, include_input=False):
        name = str(each["loc"][0])
        variable = name if name.startswith("FLYWHEEL_") else f"FLYWHEEL_{name.upper()}"
        limits = {
            word: int(limit) if isinstance(limit, float) and limit.is_integer() else limit
            for word, limit in each.get("ctx", {}).items()
        }
        said = _SAID.get(each["type"], each["msg"]).format(**limits)
        lines.append(f"{variable}: {said}")
    return "\n".join(lines)
