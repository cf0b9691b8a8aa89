"""What the machine wants done, while it makes up its mind. Owns the list of one `handle`; the invariant: actions leave
in the order in which they were decided.
"""

from __future__ import annotations

from gridrunner.dispatch.machine.events import Action, Record
from gridrunner.dispatch.records import Decision, DispatchRecord


class Outbox:
    """The actions decided so far, and the time at which they are."""

    def __init__(self) -> None:
        self.now_s = 0.0
        """Seconds since the run began."""
        self._actions: list[Action] = []

    def add(self, action: Action) -> None:
        """Have `action` carried out."""
        self._actions.append(action)

    def record(self, record: DispatchRecord) -> None:
        """Have `record` kept."""
        self._actions.append(Record(record=record))

    def explain(self, text: str) -> None:
        """Have a decision kept, in words."""
        self.record(Decision(at_s=self.now_s, text=text))

    def take(self) -> list[Action]:
        """The actions since the last call."""
        actions, self._actions = self._actions, []
        return actions
