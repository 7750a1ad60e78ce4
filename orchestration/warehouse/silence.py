"""dbt's events, of which a night reads no log: what came of each node is in dbt's result.

Belongs here: not writing out what nobody is told. Does not belong here: the arguments that turn
dbt's logs off (project.py), what a result means (build.py).

dbt makes some five thousand events in a night, thirty for each node, and of every one a message
with instant, process and thread before it asks whether anybody listens. Imported only with dbt.
"""

from __future__ import annotations

from typing import Any

from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager

_OF_NO_CONSEQUENCE = (EventLevel.DEBUG, EventLevel.TEST, EventLevel.INFO)


class SilentEventManager(EventManager):
    """dbt's own, but that an event of no consequence ends here while no log is written.

    Warnings and errors go on: options of a project may make an exception of a warning.
    """

    def fire_event(
        self,
        e: BaseEvent,
        level: EventLevel | None = None,
        node: Any = None,
        force_warn_or_error_handling: bool = False,
    ) -> None:
        """Called by dbt for whatever it does."""
        is_said = self.loggers or force_warn_or_error_handling
        if is_said or (level or e.level_tag()) not in _OF_NO_CONSEQUENCE:
            super().fire_event(e, level, node, force_warn_or_error_handling)
