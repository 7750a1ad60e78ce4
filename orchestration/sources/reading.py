"""A source file from disk: all its mistakes of shape, each with its place and in plain words.

Belongs here: from YAML text to the model of a source file. Does not belong here: YAML itself
(document.py), how a mistake is put into words (explain.py), what objects and columns there are
(check.py), the model (model.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from orchestration.sources.document import Document, read_document
from orchestration.sources.explain import Explainer
from orchestration.sources.mistakes import Mistake
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

_EXPLAINER = Explainer(
    root=SourceFile,
    parts={
        SourceFile: "a source file",
        ObjectSpec: "an object",
        ColumnSpec: "a column",
        PipelineSpec: "a pipeline",
        LookupSpec: "a lookup",
        ReferenceSpec: "a reference",
        LeadStatuses: "`lead_statuses`",
        ReportFooter: "`report_footer`",
    },
    patterns={
        "source": "small letters, digits and `_`, beginning with a letter",
        "currency": "the three capital letters of a currency, like USD",
    },
)


@dataclass(frozen=True)
class Reading:
    """What a source file says: NULL where its shape is wrong, and then the mistakes say how."""

    document: Document
    source: SourceFile | None
    mistakes: list[Mistake]


def read_source_file(path: Path, *, is_sound: bool = False) -> SourceFile:
    """Read one source file; `is_sound` says that there is nothing wrong with it.

    Raises SourceFileError with every mistake on a line of its own, as `file:line:column: place:
    what is wrong; what to do`, when the YAML cannot be parsed or says what no source may say.
    """
    reading = understand(read_document(path, is_sound=is_sound))
    if reading.source is None:
        raise refusal(path, reading.mistakes)
    return reading.source


def refusal(path: Path, mistakes: Iterable[Mistake]) -> SourceFileError:
    """An error that tells all mistakes of a file."""
    return SourceFileError("\n".join(f"{path}:{mistake}" for mistake in mistakes))


def understand(document: Document) -> Reading:
    """A document as a source file."""
    if not isinstance(document.said, dict):
        return Reading(document, None, sorted(document.mistakes) or [_no_source(document)])
    mistakes, source = set(document.mistakes), None
    try:
        source = SourceFile.model_validate(document.said)
    except ValidationError as error:
        mistakes |= {_EXPLAINER.mistake(document, problem) for problem in error.errors()}
    return Reading(document, None if mistakes else source, sorted(mistakes))


def _no_source(document: Document) -> Mistake:
    if document.said is None:
        return document.mistake(
            (), "the file says nothing", "a source file begins with `source: <name>`"
        )
    return document.mistake(
        (), "a source file is `word: value` lines", "it begins with `source: <name>`"
    )
