"""PostgreSQL without what a version said before it was written anew, as when a person is forgotten.

Belongs here: sending the version that readers see once more, and letting go of those before it.
Does not belong here: how a version is sent (serve.py), who is forgotten (privacy/).
"""

from __future__ import annotations

from dataclasses import replace

from orchestration.serving.postgres.schemas import drop_previous
from orchestration.serving.postgres.serve import Served, serve
from orchestration.serving.postgres.target import Target
from orchestration.settings import Settings


def send_anew(settings: Settings, target: Target) -> Served:
    """Readers see the same version as the file says it now, and no other is kept.

    A way back to the version before sends that one from its file. Raises PostgresError; readers
    then see the version as it was, or as it is.
    """
    served = serve(settings, target, again=True)
    with target.connect() as connection:
        remarks = drop_previous(connection)
    return replace(served, remarks=[*served.remarks, *remarks])
