"""How the content of a file is to be read: the words that a source file has for it.

Belongs here: options of a file, with their defaults and what they may be.
Does not belong here: objects and columns (model.py), the readers that obey them (extracts/).
"""

from __future__ import annotations

import codecs
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

Format = Literal["csv", "jsonl", "parquet", "xlsx"]
Compression = Literal["none", "gzip", "zstd"]


def _is_text_encoding(name: str) -> bool:
    """Whether bytes become text by it. Python has codecs too that make bytes of bytes, like zlib,
    or texts of texts, like rot13.
    """
    try:
        return codecs.lookup(name)._is_text_encoding
    except LookupError:
        return False


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


TextList = Annotated[list[str], BeforeValidator(_as_list)]


class Strict(BaseModel):
    """A part of a source file: unknown words are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FileOptions(Strict):
    """How the content of a file is to be read; said for a source, or for one of its objects."""

    format: Format | None = Field(
        default=None, description="What the file is; by default its name tells (.csv, .xlsx, …)."
    )
    compression: Compression | None = Field(
        default=None, description="By default the ending tells: .gz, .zst; a .zip is opened."
    )
    delimiter: str = Field(
        default=",",
        description="One character, or `auto`: the one that splits the header into known columns.",
    )
    quote: str = Field(default='"', min_length=1, max_length=1, description="Around CSV fields.")
    encoding: TextList = Field(
        default=["utf-8"],
        min_length=1,
        description="Of text files; of several, the first one that the whole file is in.",
    )
    null_values: TextList = Field(default=[], description="Texts that stand for no value.")
    decimal: Literal[".", ","] = Field(default=".", description="The decimal separator.")
    thousands: str | None = Field(
        default=None, min_length=1, max_length=1, description="The separator of thousands."
    )
    header_row: int = Field(
        default=1, ge=1, description="The line (or sheet row) of the column names."
    )
    skip_footer: int = Field(
        default=0, ge=0, description="How many lines (or sheet rows) at the end are no rows."
    )
    sheet: str | None = Field(default=None, description="The sheet of an XLSX file; the first.")
    rows: str | None = Field(
        default=None,
        description=(
            "Where the rows of a JSON document stand, as a path: `stages` or "
            "`propertiesWithHistory.{property}`; by default each document is a row."
        ),
    )

    @field_validator("encoding")
    @classmethod
    def _encodings_exist(cls, names: list[str]) -> list[str]:
        for name in names:
            if not _is_text_encoding(name):
                raise ValueError(
                    f"there is no encoding named {name!r}; names are like `utf-8`, `cp1252`"
                )
        return names

    @field_validator("delimiter", "quote")
    @classmethod
    def _is_one_byte(cls, text: str) -> str:
        if text != "auto" and (len(text) != 1 or not text.isascii() or text in "\r\n\0"):
            raise ValueError(f"{text!r} divides no fields; write one ASCII character")
        return text

    @model_validator(mode="after")
    def _separators_differ(self) -> Self:
        if self.delimiter == self.quote:
            raise ValueError("`delimiter` and `quote` must differ; change one of them")
        if self.decimal == self.thousands:
            raise ValueError("`decimal` and `thousands` must differ; change one of them")
        return self
