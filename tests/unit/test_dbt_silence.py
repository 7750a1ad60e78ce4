"""Which of dbt's events go on where nobody reads a log.

Belongs here: our event manager beside dbt's own. Does not belong here: what a night says of a model
that fails (test_broken_models.py).
"""

from __future__ import annotations

import pytest
from dbt_common.events import event_manager
from dbt_common.events.base_types import EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.types import Note
from dbt_common.exceptions.events import EventCompilationError

from orchestration.warehouse.silence import SilentEventManager


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was made a message of."""
    made: list[str] = []
    message_of = event_manager.msg_from_base_event

    def kept(event, level=None):
        made.append(event.msg)
        return message_of(event, level)

    monkeypatch.setattr(event_manager, "msg_from_base_event", kept)
    return made


def test_only_what_has_consequences_becomes_a_message(told: list[str]) -> None:
    for level in EventLevel:
        SilentEventManager().fire_event(Note(msg=level.value), level=level)
    assert told == ["warn", "error"]


def test_whoever_writes_a_log_is_told_all_that_dbt_tells(told: list[str]) -> None:
    said = {}
    for manager in (EventManager(), SilentEventManager()):
        manager.loggers = [Listener()]
        for level in EventLevel:
            manager.fire_event(Note(msg=level.value), level=level)
        said[type(manager)] = manager.loggers[0].lines
    assert said[SilentEventManager] == said[EventManager] != []


def test_a_warning_is_an_exception_where_a_project_says_so() -> None:
    manager = SilentEventManager()
    manager.warn_error = True
    with pytest.raises(EventCompilationError, match="odd"):
        manager.fire_event(Note(msg="odd"), EventLevel.INFO, force_warn_or_error_handling=True)


class Listener:
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def filter(self, _message) -> bool:
        return True

    def write_line(self, message) -> None:
        self.lines.append(message.info.level)
