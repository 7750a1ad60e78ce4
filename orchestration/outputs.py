"""What a person asked to be written, to a place of that person's own.

Belongs here: writing to whatever stands in that place, and what is said where it cannot be done.
Does not belong here: files of the home (durable.py), what is written.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestration.durable import replace_durably


class OutputError(Exception):
    """The place cannot be written to; the text names it and says why."""


@contextmanager
def written_to(output: Path, *, makes_folder: bool = False) -> Iterator[Path]:
    """A file to be written; what it holds in the end is then found at `output`.

    A file in that place is replaced once all is written, a link is followed; a pipe or a device
    stays what it is and is given the bytes. Raises OutputError.
    """
    output = output.expanduser().absolute()
    try:
        if output.is_dir():
            raise OutputError(f"{output} is a folder: name a file in it")
        if output.exists() and not output.is_file():
            with tempfile.TemporaryDirectory() as folder:
                whole = Path(folder).resolve() / "whole"
                yield whole
                with whole.open("rb") as file, output.open("wb") as target:
                    shutil.copyfileobj(file, target)
            return
        place = output.resolve()
        if makes_folder:
            place.parent.mkdir(parents=True, exist_ok=True)
        if not place.parent.is_dir():
            raise OutputError(f"there is no folder {place.parent}")
        temporary = place.with_name(f".{place.name}.part")
        try:
            yield temporary
            replace_durably(temporary, place)
        finally:
            temporary.unlink(missing_ok=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"{output} cannot be written: {error.strerror}") from None


@contextmanager
def standard_output() -> Iterator[None]:
    """What is printed within has left this process at the end. Raises OutputError, and
    BrokenPipeError where nobody reads on.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        let_go_of_output()
        raise OutputError(f"standard output cannot be written: {error.strerror}") from None


def let_go_of_output() -> None:
    """Python would complain once more when it closes an output that takes nothing."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
