"""What several modules of integration tests share, so that each worker makes it once.

Belongs here: what costs seconds and is not changed by who uses it. Does not belong here: homes and
companies, which a test may change.
"""

from __future__ import annotations

import pytest

from orchestration.settings import Settings
from tests.integration.compiled import Compiler


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    """The project, parsed."""
    return Compiler(Settings(home=tmp_path_factory.mktemp("compiler") / "home"))
