"""Zstandard: from 3.14 on in the library of Python itself, before that in a backport.

Belongs here: the choice. Does not belong here: unpacking (unpack.py).
"""

from __future__ import annotations

import sys

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["zstd"]
