"""YAML as it was written: every text as it stands in the file, every word with its place.

YAML reads `No` as false, `10` as a number and `2025-01-01` as a date. In a source file each of
them is a text that somebody's CRM writes, so scalars are kept as written; what is to be a number or
a yes is told by the model (model.py).

Belongs here: YAML, its traps, and places. Does not belong here: what the words mean (reading.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from orchestration.sources.mistakes import Mistake

# More than any source file needs; an alias of an alias of an alias unfolds without end.
_MOST_BYTES = 1024 * 1024
_MOST_NODES = 50_000
_DEEPEST = 40

_CORE = "tag:yaml.org,2002:"
_TEXT_TAGS = {f"{_CORE}{name}" for name in ("str", "int", "float", "bool", "timestamp", "value")}
_NULL, _MERGE, _MAP, _SEQUENCE = (f"{_CORE}{name}" for name in ("null", "merge", "map", "seq"))

# Ten times as fast, but it tells mistakes worse, takes a few for good and overflows the stack on
# texts that are nested too deeply. PyYAML can be installed without it.
_PARSER_OF_SOUND_TEXTS = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Where = tuple[str | int, ...]

# What the parser says, and what a person has to do about it.
_REMEDIES = (
    ("'\\t'", "a tab: YAML is indented with blanks"),
    ("cannot start any token", "put the text in quotes"),
    ("while scanning an alias", "a text that begins with `*` needs quotes"),
    ("undefined alias", "a text that begins with `*` needs quotes"),
    ("while scanning an anchor", "a text that begins with `&` needs quotes"),
    ("mapping values are not allowed", "a text with `: ` in it needs quotes; or the line above "
     "is not indented like this one"),
    ("could not find expected ':'", "each line is `word: value` or `- value`"),
    ("expected a single document", "one source file is one document: without `---`"),
    ("found unexpected end of stream", "a quote is opened and not closed"),
    ("expected ',' or ']'", "a bracket `[` is opened and not closed, or a comma is missing"),
    ("expected ',' or '}'", "a brace `{` is opened and not closed, or a comma is missing"),
    ("expected <block end>", "the line is not indented like those above it"),
)  # fmt: skip


@dataclass
class Document:
    """One YAML file: texts, lists and mappings of texts (None where nothing stands), and where.

    A file that says nothing, or only comments, says None.

    `mistakes` are those of YAML itself; with any of them `said` is what could be understood.
    """

    said: Any = None
    lines: list[str] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    places: dict[Where, tuple[int, int]] = field(default_factory=dict)

    def place(self, where: Where) -> tuple[int, int]:
        """Line and column of a word, or of the nearest one that leads to it."""
        for length in range(len(where), 0, -1):
            if where[:length] in self.places:
                return self.places[where[:length]]
        return self.places.get((), (1, 1))

    def mistake(
        self, where: Where, text: str, remedy: str = "", *, is_warning: bool = False
    ) -> Mistake:
        """A mistake at a word."""
        place = ".".join(str(part) for part in where)
        return Mistake(*self.place(where), place, text, remedy, is_warning)


def read_document(path: Path, *, is_sound: bool = False) -> Document:
    """Read a YAML file; whatever is wrong with it is among its mistakes.

    `is_sound` says that nothing is, as in our own files.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        return _broken(1, 1, f"the file cannot be read: {error.strerror}")
    if len(data) > _MOST_BYTES:
        return _broken(1, 1, f"more than {_MOST_BYTES:,} bytes: this is no source file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        return _broken(line, column, f"the file is not UTF-8: {error}", "save it as UTF-8")
    return parse_document(text, is_sound=is_sound)


def parse_document(text: str, *, is_sound: bool = False) -> Document:
    """Understand a YAML text."""
    lines = text.splitlines()
    loader = _PARSER_OF_SOUND_TEXTS if is_sound else yaml.SafeLoader
    try:
        node = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = ", ".join(filter(None, (error.context, error.problem)))
        remedy = next((remedy for sign, remedy in _REMEDIES if sign in said), "")
        return _broken(line, column, f"no valid YAML from this line on: {said}", remedy, lines)
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, error.position - before.rfind("\n")
        return _broken(line, column, f"a character that no text holds: {error.reason}", "", lines)
    except RecursionError:
        return _broken(1, 1, "the file is nested too deeply", "", lines)
    document = Document(lines=lines)
    if node is not None:
        document.said = _Walk(document).value(node, (), ())
    return document


def _broken(
    line: int, column: int, text: str, remedy: str = "", lines: list[str] | None = None
) -> Document:
    return Document(lines=lines or [], mistakes=[Mistake(line, column, "", text, remedy)])


class _Walk:
    """Turns nodes into texts, lists and mappings, and writes down where each stands."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._seen = 0

    def value(self, node: yaml.Node, where: Where, above: tuple[yaml.Node, ...]) -> Any:
        self._document.places.setdefault(where, _place(node))
        self._seen += 1
        if self._seen > _MOST_NODES or len(above) > _DEEPEST or node in above:
            if self._seen <= _MOST_NODES + 1:
                self._refuse(where, "the aliases of the file unfold without end")
                self._seen = _MOST_NODES + 1
            return None
        above = (*above, node)
        if isinstance(node, yaml.MappingNode) and node.tag == _MAP:
            return self._mapping(node, where, above)
        if isinstance(node, yaml.SequenceNode) and node.tag == _SEQUENCE:
            return [
                self._item(item, (*where, number), above) for number, item in enumerate(node.value)
            ]
        if isinstance(node, yaml.ScalarNode) and node.tag in _TEXT_TAGS:
            return node.value
        if isinstance(node, yaml.ScalarNode) and node.tag == _NULL:
            return None
        self._refuse(where, f"`{node.tag.replace(_CORE, '!!')}` means nothing here", "leave it out")
        return None

    def _item(self, node: yaml.Node, where: Where, above: tuple[yaml.Node, ...]) -> Any:
        """In a list, `null` and `~` are texts too: somebody's CRM writes them."""
        text, value = _text(node), self.value(node, where, above)
        return value if text is None else text

    def _mapping(
        self, node: yaml.MappingNode, where: Where, above: tuple[yaml.Node, ...]
    ) -> dict[str, Any]:
        said: dict[str, Any] = {}
        merged: list[yaml.Node] = []
        for key, value in node.value:
            if key.tag == _MERGE:
                merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
                continue
            word = _text(key)
            if word is None:
                self._refuse_at(key, where, "a word is expected here", "`word: value`")
                continue
            if word in said:
                first = self._document.places[(*where, word)][0]
                self._refuse_at(
                    key,
                    (*where, word),
                    f"`{word}` stands here twice, first on line {first}",
                    "YAML would take the last one silently: leave one",
                )
                continue
            self._document.places.setdefault((*where, word), _place(key))
            said[word] = self.value(value, (*where, word), above)
        for base in merged:
            inherited = self.value(base, where, above)
            if isinstance(inherited, dict):
                said = inherited | said
            elif self._seen <= _MOST_NODES:
                self._refuse_at(base, where, "`<<` takes the alias of `word: value` lines")
        return said

    def _refuse(self, where: Where, text: str, remedy: str = "") -> None:
        self._document.mistakes.append(self._document.mistake(where, text, remedy))

    def _refuse_at(self, node: yaml.Node, where: Where, text: str, remedy: str = "") -> None:
        place = ".".join(str(part) for part in where)
        self._document.mistakes.append(Mistake(*_place(node), place, text, remedy))


def _text(node: yaml.Node) -> str | None:
    """What a scalar says, as it was written; None for anything else and for nothing at all."""
    if isinstance(node, yaml.ScalarNode) and node.tag in {*_TEXT_TAGS, _NULL, _MERGE}:
        return node.value if node.value or node.style else None
    return None


def _place(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
