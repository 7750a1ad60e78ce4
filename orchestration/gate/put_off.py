"""A module that is imported only when somebody uses it.

Belongs here: leaving out what a library imports and a night never uses. Does not belong here: the
library (engine.py).
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import LazyLoader, find_spec, module_from_spec


def put_off(name: str) -> None:
    """Let a module of a package be imported by its first use, and not by who names it.

    Nothing happens to one that is imported already.
    """
    spec = None if name in sys.modules else find_spec(name)
    if spec is None or spec.loader is None:
        return
    spec.loader = LazyLoader(spec.loader)
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    # `from package import module` looks here first; to look into `sys.modules` is a use already.
    package, _, short = name.rpartition(".")
    setattr(import_module(package), short, module)
