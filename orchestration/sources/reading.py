"""A source file from disk: all its mistakes of shape, each with its place and in plain words.

Belongs here: from YAML text to the model of a source file, and what pydantic says of it in a
person's words. Does not belong here: YAML itself (document.py), what objects and columns there
are (check.py), the model (model.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from orchestration.sources.document import Document, Where, read_document
from orchestration.sources.mistakes import Mistake, did_you_mean, listed
from orchestration.sources.model import (
    ColumnSpec,
    LeadStatuses,
    LookupSpec,
    ObjectSpec,
    PipelineSpec,
    ReferenceSpec,
    ReportFooter,
    SourceFile,
    SourceFileError,
)

_PARTS: dict[type[BaseModel], str] = {
    SourceFile: "a source file",
    ObjectSpec: "an object",
    ColumnSpec: "a column",
    PipelineSpec: "a pipeline",
    LookupSpec: "a lookup",
    ReferenceSpec: "a reference",
    LeadStatuses: "`lead_statuses`",
    ReportFooter: "`report_footer`",
}
_PATTERNS = {
    "source": "small letters, digits and `_`, beginning with a letter",
    "currency": "the three capital letters of a currency, like USD",
}


@dataclass(frozen=True)
class Reading:
    """What a source file says: NULL where its shape is wrong, and then the mistakes say how."""

    document: Document
    source: SourceFile | None
    mistakes: list[Mistake]


def read_source_file(path: Path) -> SourceFile:
    """Read one source file.

    Raises SourceFileError with every mistake on a line of its own, as `file:line:column: place:
    what is wrong; what to do`, when the YAML cannot be parsed or says what no source may say.
    """
    reading = understand(read_document(path))
    if reading.source is None:
        raise refusal(path, reading.mistakes)
    return reading.source


def refusal(path: Path, mistakes: Iterable[Mistake]) -> SourceFileError:
    """An error that tells all mistakes of a file."""
    return SourceFileError("\n".join(f"{path}:{mistake}" for mistake in mistakes))


def understand(document: Document) -> Reading:
    """A document as a source file."""
    if not isinstance(document.said, dict):
        return Reading(document, None, sorted(document.mistakes))
    mistakes, source = set(document.mistakes), None
    try:
        source = SourceFile.model_validate(document.said)
    except ValidationError as error:
        mistakes |= {_mistake(document, problem) for problem in error.errors()}
    return Reading(document, None if mistakes else source, sorted(mistakes))


def _mistake(document: Document, problem: ErrorDetails) -> Mistake:
    where: Where = problem["loc"]
    field = str(where[-1]) if where else ""
    given, context = problem["input"], problem.get("ctx", {})
    match problem["type"]:
        case "extra_forbidden":
            return _unknown_word(document, where)
        case "missing":
            return document.mistake(where, f"`{field}` is missing", _description(where[:-1], field))
        case "value_error":
            return _broken_rule(document, where, str(context["error"]))
        case "string_type" if given is None:
            remedy = 'write `""` for an empty text, or `"null"` if the word itself is meant'
            return document.mistake(where, "nothing stands here", remedy)
        case _ if given is None:
            remedy = _description(where[:-1], field) or "fill it or drop it"
            return document.mistake(where, "nothing stands here", remedy)
        case "literal_error":
            allowed = re.findall(r"'((?:[^'\\]|\\.)*)'", context["expected"])
            text = f"`{given}` is not one of {listed(allowed)}"
            return document.mistake(where, text, did_you_mean(str(given), allowed))
        case "string_pattern_mismatch":
            return document.mistake(
                where, f"`{given}` cannot stand here", _PATTERNS.get(field, problem["msg"])
            )
        case kind:
            return document.mistake(where, _plainly(kind, given, context, problem["msg"]))


def _plainly(kind: str, given: Any, context: dict[str, Any], message: str) -> str:
    """A mistake of form in a sentence."""
    shown = f"`{given}`" if isinstance(given, str) else _form(given)
    match kind:
        case "string_type":
            return f"one text is expected, not {_form(given)}"
        case "list_type":
            return f"a list is expected, like `[{given}]`, not {_form(given)}"
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"`word: value` lines are expected, not {_form(given)}"
        case "int_parsing" | "int_type" | "int_from_float" | "int_parsing_size":
            return f"a whole number is expected, not {shown}"
        case "float_parsing" | "float_type" | "finite_number":
            return f"a number is expected, not {shown}"
        case "bool_parsing" | "bool_type":
            return f"`true` or `false` is expected, not {shown}"
        case "greater_than_equal":
            return f"{shown} is too small: at least {context['ge']:g}"
        case "less_than_equal":
            return f"{shown} is too large: at most {context['le']:g}"
        case "too_short":
            return "at least one is needed"
        case "string_too_short" | "string_too_long":
            return f"one character is expected, not {shown}"
        case _:
            return message


def _form(given: Any) -> str:
    match given:
        case str():
            return "a text"
        case list():
            return "a list"
        case dict():
            return "`word: value` lines"
        case _:
            return f"`{given}`"


def _unknown_word(document: Document, where: Where) -> Mistake:
    word, model = str(where[-1]), _model_at(where[:-1])
    words = _words(model) if model else []
    part = _PARTS.get(model, "this part") if model else "this part"
    elsewhere = [name for other, name in _PARTS.items() if word in _words(other)]
    remedy = f"it belongs to {' or '.join(elsewhere)}" if elsewhere else did_you_mean(word, words)
    remedy = remedy or f"its words are {', '.join(words)}"
    return document.mistake(where, f"there is no word `{word}` in {part}", remedy)


def _broken_rule(document: Document, where: Where, text: str) -> Mistake:
    """A rule over several words stands at the first that it names. Its remedy is behind `; `."""
    model = _model_at(where)
    text, _, remedy = text.partition("; ")
    for name in re.findall(r"\w+", f"{text} {remedy}") if model else []:
        if name in _words(model) and (*where, name) in document.places:
            return document.mistake((*where, name), text, remedy)
    return document.mistake(where, text, remedy)


def _description(where: Where, field: str) -> str:
    model = _model_at(where)
    found = _field(model, field) if model else None
    return (found.description or "") if found else ""


def _words(model: type[BaseModel] | None) -> list[str]:
    fields = model.model_fields if model else {}
    return [info.alias or name for name, info in fields.items()]


def _field(model: type[BaseModel], word: str) -> FieldInfo | None:
    fields = model.model_fields.items()
    return next((info for name, info in fields if word in (name, info.alias)), None)


def _model_at(where: Where) -> type[BaseModel] | None:
    """The part of the model whose words stand at a place; NULL where no words stand."""
    found: Any = SourceFile
    for part in where:
        if isinstance(found, type) and issubclass(found, BaseModel):
            info = _field(found, str(part))
            found = _inner(info.annotation) if info else None
        elif get_origin(found) in (dict, list):
            found = _inner(get_args(found)[-1])
        else:
            return None
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None


def _inner(annotation: Any) -> Any:
    """What is annotated or may be absent, without that."""
    if hasattr(annotation, "__metadata__"):
        return _inner(get_args(annotation)[0])
    some = [each for each in get_args(annotation) if each is not type(None)]
    is_optional = len(some) == 1 and type(None) in get_args(annotation)
    return _inner(some[0]) if is_optional else annotation
