"""The files of the corpus as a beginning for mutations.

Belongs here: writing them down in the form that targets read. Does not belong here: the files
themselves (tests/corpus/).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tests.corpus.files import CASES
from tests.fuzz.targets import XLSX_PARTS, choices, workbook_parts

_LONGEST_SHEET = 20_000


def seeds(target: str, longest: int) -> Iterator[bytes]:
    """Every file of the corpus that is not too long, once for each thing its first byte chooses."""
    if target == "sheet":
        yield from _parts()
        return
    count = choices(target)
    for case in CASES:
        data = case.data(Path("above"))
        if len(data) <= longest:
            for choice in range(count or 1):
                yield (bytes([choice]) if count else b"") + data


def _parts() -> Iterator[bytes]:
    """Parts of a workbook, and the sheets of those in the corpus."""
    for choice, name in enumerate(XLSX_PARTS):
        yield bytes([choice]) + workbook_parts().get(name, b"")
    for case in CASES:
        data = case.data(Path("above")) if case.file.endswith(".xlsx") else b""
        if zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                info = next((i for i in archive.infolist() if i.filename == XLSX_PARTS[0]), None)
                if info is not None and info.file_size <= _LONGEST_SHEET:
                    yield b"\0" + archive.read(info)


def write_seeds(folder: Path, target: str, longest: int) -> None:
    """Write them to a folder of their own."""
    for number, seed in enumerate(seeds(target, longest)):
        (folder / f"{number:05}").write_bytes(seed)
