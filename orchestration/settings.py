"""Places and options: the one class that knows every path below `FLYWHEEL_HOME`.

Belongs here: where things are, and what an operator may set by environment variable.
Does not belong here: what a source holds (sources/), what a model computes (dbt_project.yml,
company.py).
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Options from `FLYWHEEL_*` environment variables, and the places that follow from them."""

    model_config = SettingsConfigDict(
        env_prefix="FLYWHEEL_", frozen=True, extra="ignore", populate_by_name=True
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
