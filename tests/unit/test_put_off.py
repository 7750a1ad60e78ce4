"""A module that was put off is imported by its first use, and is the module."""

from __future__ import annotations

import subprocess
import sys

import pytest

BEGIN = """
import sys
from orchestration.gate.put_off import put_off
put_off("email.mime")
from email import mime
assert "_LazyModule" in repr(object.__getattribute__(mime, "__class__")), "it was imported"
"""


def run(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "use",
    [
        "assert mime.__path__",
        "import email.mime.text; assert email.mime.text.MIMEText('x').as_string()",
        "import email.mime; assert email.mime is mime and mime.__path__",
    ],
)
def test_it_is_there_when_it_is_used(use: str) -> None:
    run(BEGIN + use)


def test_what_is_imported_already_stays() -> None:
    run("import email.mime as before; from orchestration.gate.put_off import put_off; "
        "put_off('email.mime'); import email.mime as after; assert before is after")  # fmt: skip


def test_great_expectations_is_imported_without_statistics_and_has_them() -> None:
    run(
        "import sys; from orchestration.gate.put_off import put_off; put_off('scipy.stats'); "
        "import orchestration.gate.engine; assert 'scipy.stats._stats_py' not in sys.modules; "
        "from great_expectations.expectations.core import "
        "expect_column_kl_divergence_to_be_less_than as uses; "
        "assert round(uses.stats.entropy([0.5, 0.5]), 4) == 0.6931"
    )
