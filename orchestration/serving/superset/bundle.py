"""Connection, datasets, charts and dashboards as one bundle, as Superset imports it.

Belongs here: gathering dashboard/ and putting this machine's address into it. Does not belong here:
what the files say.
"""

from __future__ import annotations

import yaml

from orchestration.serving.superset.datasets import DASHBOARD

_CONNECTION = "databases/Flywheel.yaml"


def bundle(address: str) -> dict[str, str]:
    """The text of every file by its name in the bundle, with the connection at `address`."""
    files = {
        path.relative_to(DASHBOARD).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(DASHBOARD.rglob("*.yaml"))
    }
    connection = yaml.safe_load(files[_CONNECTION])
    files[_CONNECTION] = yaml.safe_dump(connection | {"sqlalchemy_uri": address})
    return files
