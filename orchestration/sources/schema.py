"""The JSON Schema of source files, for editors: it completes and checks what one writes.

Belongs here: the model of a source file and the canonical objects, said in JSON Schema. A test
compares source.schema.json with what this module writes; after a change to either run

    python -m orchestration.sources.schema

Does not belong here: rules over several words that JSON Schema has no words for; check.py tells
those.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from orchestration.sources.catalog import canonical_objects, reserved_names
from orchestration.sources.file_options import Strict
from orchestration.sources.model import ColumnSpec, LoadRules, ObjectSpec, SourceFile

SCHEMA_FILE = Path(__file__).parent / "source.schema.json"

Schema = dict[str, Any]

# What stands in a source file is read as text, whatever YAML makes of it: `- 10`, `No: Lost`;
# in a list `NULL` is a text too.
_TEXT_TYPES = ["string", "number", "boolean"]
_TEXT: Schema = {"$ref": "#/$defs/text"}
_TEXTS: Schema = {"$ref": "#/$defs/texts"}
_SHARED: dict[str, Schema] = {
    "text": {"type": _TEXT_TYPES},
    "texts": {
        "anyOf": [_TEXT, {"type": "array", "items": {"type": [*_TEXT_TYPES, "null"]}}],
    },
}
_ORIGINS = ("column", "concat", "value")


def source_schema() -> Schema:
    """The schema of a user's source file: canonical objects and columns by name."""
    schema = native_schema()
    parts, canonical = schema["$defs"], canonical_objects()
    parts["ColumnSpec"] = _mapped_column(parts["ColumnSpec"])
    spec = parts.pop("ObjectSpec")
    for name, said in canonical.items():
        parts[name] = _mapped_object(spec, said)
    schema["properties"]["objects"] |= {
        "properties": {name: {"$ref": f"#/$defs/{name}"} for name in canonical},
        "additionalProperties": False,
    }
    schema["properties"]["source"]["not"] = {"enum": reserved_names()}
    for part in ("LookupSpec", "ReferenceSpec"):
        parts[part]["properties"]["object"]["enum"] = list(canonical)
    return schema


def native_schema() -> Schema:
    """The schema of a built-in source file: any object, columns with types of their own."""
    schema = _untitled(SourceFile.model_json_schema())
    parts = schema.pop("$defs")
    for model in _models(Strict):
        said = schema if model is SourceFile else parts.get(model.__name__, {})
        for name, info in model.model_fields.items() if said else ():
            word = info.alias or name
            said["properties"][word] = _field(said["properties"][word], info)
    column = parts["ColumnSpec"]
    column["not"] = {"anyOf": [{"required": [*two]} for two in combinations(_ORIGINS, 2)]}
    spec = parts["ObjectSpec"]["properties"]
    spec["columns"]["additionalProperties"] = {"anyOf": [_TEXT, {"$ref": "#/$defs/ColumnSpec"}]}
    # The words for files are many, and a source and each of its objects have them all.
    shared = {f"{word}_": schema["properties"][word] for word in LoadRules.model_fields}
    for said in (schema["properties"], spec):
        said |= {word: {"$ref": f"#/$defs/{word}_"} for word in LoadRules.model_fields}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Flywheel source file",
        **schema,
        "$defs": _SHARED | shared | parts,
    }


def schema_text() -> str:
    """The schema as it stands in source.schema.json."""
    return json.dumps(source_schema(), indent=1, ensure_ascii=False) + "\n"


def _models(model: type[Strict]) -> Iterator[type[Strict]]:
    for each in model.__subclasses__():
        yield each
        yield from _models(each)


def _field(said: Schema, info: FieldInfo) -> Schema:
    """What pydantic says of a field, and what is taken for it besides."""
    told = {word: said[word] for word in ("description", "default") if word in said}
    if said.get("items") == {"type": "string"}:
        if not any(isinstance(rule, BeforeValidator) for rule in info.metadata):
            return said | {"items": {"type": [*_TEXT_TYPES, "null"]}}
        some = {"minItems": said["minItems"]} if "minItems" in said else {}
        return told | _TEXTS | some
    return _as_text(said)


def _as_text(said: Schema) -> Schema:
    """A free text may be written as a number; one with a form of its own may not."""
    if said.get("type") == "string" and not {"enum", "pattern", "minLength"} & said.keys():
        return {word: value for word, value in said.items() if word != "type"} | _TEXT
    if "anyOf" in said:
        return said | {"anyOf": [_as_text(each) for each in said["anyOf"]]}
    if isinstance(said.get("additionalProperties"), dict):
        return said | {"additionalProperties": _as_text(said["additionalProperties"])}
    return said


def _untitled(said: Any) -> Any:
    """Without the titles that pydantic makes of names, which editors would show as help."""
    if isinstance(said, list):
        return [_untitled(each) for each in said]
    if isinstance(said, dict):
        return {
            word: _untitled(value)
            for word, value in said.items()
            if word != "title" or not isinstance(value, str)
        }
    return said


def _mapped_column(spec: Schema) -> Schema:
    """The name of a column of the file, or all that is said of the column."""
    origin: Schema = {"anyOf": [{"required": [origin]} for origin in _ORIGINS]}
    return {"anyOf": [_TEXT | {"description": "The column of the file."}, spec | origin]}


def _mapped_object(spec: Schema, canonical: ObjectSpec) -> Schema:
    """One canonical object: its columns by name, the required ones among them."""
    names = list(canonical.columns)
    key = {"enum": names}
    own = {
        "files": spec["properties"]["files"],
        "key": {
            "description": spec["properties"]["key"]["description"],
            "default": canonical.key,
            "anyOf": [key, {"type": "array", "items": key}],
        },
        "columns": {
            "type": "object",
            "properties": {name: _told(column) for name, column in canonical.columns.items()},
            "additionalProperties": False,
            "required": [
                name
                for name, column in canonical.columns.items()
                if column.required and name != "currency_code"
            ],
        },
    }
    return spec | {
        "description": canonical.description,
        "properties": own | {w: v for w, v in spec["properties"].items() if w not in own},
    }


def _told(column: ColumnSpec) -> Schema:
    needed = ", required" if column.required else ""
    told = f"{column.description} ({column.type}{needed})".strip()
    return {"description": told, "$ref": "#/$defs/ColumnSpec"}


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
