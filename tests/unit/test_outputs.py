"""What a person asked to be written, to whatever stands in its place.

Belongs here: links, pipes, folders and places that cannot be written to. Does not belong here: what
the commands write (integration/).
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from orchestration.outputs import OutputError, written_to


def write(output: Path) -> None:
    with written_to(output) as file:
        file.write_bytes(b"answer")


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_link_is_followed_and_stays_one(tmp_path: Path) -> None:
    target, link = tmp_path / "there" / "target.csv", tmp_path / "link.csv"
    target.parent.mkdir()
    link.symlink_to(target)
    for _ in range(2):
        write(link)
        assert (link.is_symlink(), target.read_bytes()) == (True, b"answer")
    assert names_in(target.parent) == ["target.csv"]


def test_a_pipe_is_given_the_bytes_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write(pipe)
    reader.join(timeout=30)
    assert (read, pipe.is_fifo(), names_in(tmp_path)) == ([b"answer"], True, ["pipe.csv"])


def test_a_file_stays_as_it_was_until_all_is_written(tmp_path: Path) -> None:
    output = tmp_path / "answer.csv"
    output.write_bytes(b"before")
    with pytest.raises(ValueError, match="stop"), written_to(output) as file:
        file.write_bytes(b"half")
        raise ValueError("stop")
    assert (output.read_bytes(), names_in(tmp_path)) == (b"before", ["answer.csv"])


def test_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=f"{tmp_path} is a folder: name a file in it"):
        write(tmp_path)


def test_a_link_that_leads_into_no_folder_is_told(tmp_path: Path) -> None:
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "nowhere" / "target.csv")
    with pytest.raises(OutputError, match=f"there is no folder {tmp_path / 'nowhere'}"):
        write(link)


def test_a_place_that_takes_no_files_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    place = file / "below" / "page.html"
    with (
        pytest.raises(OutputError, match=f"{place} cannot be written: Not a directory"),
        written_to(place, makes_folder=True),
    ):
        pass


def test_an_output_that_takes_nothing_is_told_once_and_by_its_name(tmp_path: Path) -> None:
    """A descriptor for reading only: what is written to it fails."""
    code = (
        "from orchestration.outputs import OutputError, standard_output\n"
        "try:\n"
        "    with standard_output():\n"
        "        print('answer')\n"
        "except OutputError as error:\n"
        "    raise SystemExit(str(error))"
    )
    closed = tmp_path / "closed"
    closed.touch()
    with closed.open("rb") as output:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=output, stderr=subprocess.PIPE, check=False
        )
    assert done.stderr == b"standard output cannot be written: Bad file descriptor\n"
    assert done.returncode == 1
