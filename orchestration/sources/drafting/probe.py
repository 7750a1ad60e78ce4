"""A contract of nothing, to read with before there is a contract.

Belongs here: the one stand-in. Does not belong here: contracts of sources (sources/contract.py).
"""

from __future__ import annotations

from orchestration.sources.contract import Contract
from orchestration.sources.file_options import FileOptions


def probe_contract(options: FileOptions | None = None) -> Contract:
    """A contract without columns, for a file that is read with these options."""
    return Contract(
        source="draft",
        object="draft",
        canonical=True,
        description="",
        files=(),
        key=(),
        extract="full",
        time_zone="UTC",
        options=options or FileOptions(),
        columns=(),
    )
