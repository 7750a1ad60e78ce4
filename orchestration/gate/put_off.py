"""A module that is imported only when somebody uses it.

Belongs here: leaving out what a library imports and a night never uses. Does not belong here: the
library (engine.py).
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any


class _PutOff(ModuleType):
    """Stands for a module, and imports it when an attribute of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


def put_off(name: str) -> None:
    """Let a module be imported by its first use, and not by who names it.

    Nothing happens to one that is imported already, or that is not there.
    """
    if name in sys.modules or find_spec(name) is None:
        return
    sys.modules[name] = _PutOff(name)
    # `from package import module` looks here first.
    package, _, short = name.rpartition(".")
    if package:
        setattr(import_module(package), short, sys.modules[name])
