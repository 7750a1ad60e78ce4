"""A copy is a file of its own with the same bytes, whatever stood in its place."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestration.warehouse.copying import copy_file

PAGE = 4096


@pytest.fixture
def full_disk() -> Iterator[Callable[[], None]]:
    """From its call on no file grows beyond a page."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (PAGE, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("size", [0, 1, PAGE, 3 * PAGE + 17])
def test_a_copy_has_the_bytes_of_its_source(tmp_path: Path, size: int) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(size))
    target.write_bytes(b"older and longer" * PAGE)
    copy_file(source, target)
    assert target.read_bytes() == source.read_bytes()


def test_what_is_written_into_a_copy_stays_out_of_its_source(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"as it was" * PAGE)
    source.chmod(0o444)
    copy_file(source, target)
    with target.open("r+b") as file:
        file.write(b"changed")
    assert source.read_bytes() == b"as it was" * PAGE


def test_a_copy_that_does_not_fit_is_an_error(
    tmp_path: Path, full_disk: Callable[[], None]
) -> None:
    source = tmp_path / "source"
    source.write_bytes(bytes(2 * PAGE))
    full_disk()
    with pytest.raises(OSError, match="File too large"):
        copy_file(source, tmp_path / "target")
