"""A page as a strict parser reads it: its tables by caption, the texts of its figures.

Belongs here: reading. Does not belong here: what has to stand there.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib

_SPACES = str.maketrans({"\u202f": " ", "\u00a0": " ", "\u2212": "-"})


class HtmlPage:
    """A page; reading raises html5lib's ParseError where it is not HTML as the standard has it."""

    def __init__(self, path: Path) -> None:
        parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
        # Where a name may go on in the next line, it is still one name.
        page = path.read_text(encoding="utf-8").replace("<wbr>", "")
        self.root: Element = parser.parse(page)
        for element in self.root.iter():
            element.tag = str(element.tag).rpartition("}")[2]

    def text(self, *names: str) -> str:
        """All text of the page, or of its elements of some names."""
        found = [each for name in names for each in self.root.iter(name)] or [self.root]
        parts = [part.translate(_SPACES) for each in found for part in each.itertext()]
        return " ".join(" ".join(parts).split())

    def table(self, caption: str) -> dict[str, dict[str, str]]:
        """The table whose caption begins so: by name of the row and head of the column."""
        for table in self.root.iter("table"):
            told = table.find("caption")
            if told is not None and _plain(told).startswith(caption):
                return _cells(table)
        raise AssertionError(f"no table begins with {caption}")

    def figure(self, title: str) -> list[str]:
        """The texts of the figure of this title, in the order in which they are drawn."""
        for drawn in self.root.iter("svg"):
            told = drawn.find("title")
            if told is not None and told.text == title:
                return [_plain(text) for text in drawn.iter("text")]
        raise AssertionError(f"no figure is named {title}")

    def every(self, name: str) -> list[Element]:
        return list(self.root.iter(name))


def _cells(table: Element) -> dict[str, dict[str, str]]:
    heads = [_plain(head) for head in table.iterfind("thead/tr/th")]
    rows = {}
    for row in table.iterfind("tbody/tr"):
        name, *values = (_first_line(cell) for cell in row)
        rows[name] = dict(zip(heads[1:], values, strict=True))
    return rows


def _first_line(cell: Element) -> str:
    """A cell's own text, and after a bar what stands small below it."""
    small = [_plain(each) for each in cell.iterfind("small")]
    return " | ".join([(cell.text or "").translate(_SPACES).strip(), *small])


def _plain(element: Element) -> str:
    return "".join(element.itertext()).translate(_SPACES).strip()
