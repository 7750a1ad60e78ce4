"""What pydantic says of a YAML file, in a person's words and at the word that is wrong.

Belongs here: mistakes of form and of rules that a model holds itself.
Does not belong here: YAML (document.py), what the words mean (the models), rules that need more
than the file (check.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from orchestration.sources.document import Document, Where
from orchestration.sources.mistakes import Mistake, did_you_mean, listed


@dataclass(frozen=True)
class Explainer:
    """How mistakes in files of one kind are told: `root` is the model of the whole file.

    `parts` names the models that a person may be in, `patterns` says what a word of a certain form
    has to look like.
    """

    root: type[BaseModel]
    parts: dict[type[BaseModel], str]
    patterns: dict[str, str] = field(default_factory=dict)

    def mistake(self, document: Document, problem: ErrorDetails) -> Mistake:
        """One complaint of pydantic's as a mistake."""
        where: Where = problem["loc"]
        field = str(where[-1]) if where else ""
        given, context = problem["input"], problem.get("ctx", {})
        match problem["type"]:
            case "extra_forbidden":
                return self._unknown_word(document, where)
            case "missing":
                return document.mistake(
                    where, f"`{field}` is missing", self._description(where[:-1], field)
                )
            case "value_error":
                return self._broken_rule(document, where, str(context["error"]))
            case "string_type" if given is None:
                remedy = 'write `""` for an empty text, or `"null"` if the word itself is meant'
                return document.mistake(where, "nothing stands here", remedy)
            case _ if given is None:
                remedy = self._description(where[:-1], field) or "fill it or drop it"
                return document.mistake(where, "nothing stands here", remedy)
            case "literal_error":
                allowed = re.findall(r"'((?:[^'\\]|\\.)*)'", context["expected"])
                text = f"`{given}` is not one of {listed(allowed)}"
                return document.mistake(where, text, did_you_mean(str(given), allowed))
            case "string_pattern_mismatch":
                return document.mistake(
                    where, f"`{given}` cannot stand here", self.patterns.get(field, problem["msg"])
                )
            case kind:
                return document.mistake(where, _plainly(kind, given, context, problem["msg"]))

    def _unknown_word(self, document: Document, where: Where) -> Mistake:
        word, model = str(where[-1]), self._model_at(where[:-1])
        words = _words(model) if model else []
        part = self.parts.get(model, "this part") if model else "this part"
        elsewhere = [name for other, name in self.parts.items() if word in _words(other)]
        remedy = (
            f"it belongs to {' or '.join(elsewhere)}" if elsewhere else did_you_mean(word, words)
        )
        remedy = remedy or f"its words are {', '.join(words)}"
        return document.mistake(where, f"there is no word `{word}` in {part}", remedy)

    def _broken_rule(self, document: Document, where: Where, text: str) -> Mistake:
        """A rule over several words stands at the first that it names; its remedy is behind `;`."""
        model = self._model_at(where)
        text, _, remedy = text.partition("; ")
        for name in re.findall(r"\w+", f"{text} {remedy}") if model else []:
            if name in _words(model) and (*where, name) in document.places:
                return document.mistake((*where, name), text, remedy)
        return document.mistake(where, text, remedy)

    def _description(self, where: Where, field: str) -> str:
        model = self._model_at(where)
        found = _field(model, field) if model else None
        return (found.description or "") if found else ""

    def _model_at(self, where: Where) -> type[BaseModel] | None:
        """The part of the model whose words stand at a place; NULL where no words stand."""
        found: Any = self.root
        for part in where:
            if isinstance(found, type) and issubclass(found, BaseModel):
                info = _field(found, str(part))
                found = _inner(info.annotation) if info else None
            elif get_origin(found) in (dict, list):
                found = _inner(get_args(found)[-1])
            else:
                return None
        return found if isinstance(found, type) and issubclass(found, BaseModel) else None


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
        case "greater_than":
            return f"{shown} is too small: more than {context['gt']:g}"
        case "less_than":
            return f"{shown} is too large: less than {context['lt']:g}"
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


def _words(model: type[BaseModel] | None) -> list[str]:
    fields = model.model_fields if model else {}
    return [info.alias or name for name, info in fields.items()]


def _field(model: type[BaseModel], word: str) -> FieldInfo | None:
    fields = model.model_fields.items()
    return next((info for name, info in fields if word in (name, info.alias)), None)


def _inner(annotation: Any) -> Any:
    """What is annotated or may be absent, without that."""
    if hasattr(annotation, "__metadata__"):
        return _inner(get_args(annotation)[0])
    some = [each for each in get_args(annotation) if each is not type(None)]
    is_optional = len(some) == 1 and type(None) in get_args(annotation)
    return _inner(some[0]) if is_optional else annotation
