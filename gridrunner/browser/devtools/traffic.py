"""What is done with the traffic of a page besides looking at it: heard for an archive, or served out of one.

Invariant: requests are intercepted by one owner. Events that a traffic `owns` are handed to no other listener.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class TargetTraffic(Protocol):
    """Listens to all DevTools sessions of one page."""

    @property
    def reads(self) -> frozenset[str]:
        """The events that it takes, with all of their parameters."""
        ...

    @property
    def owns(self) -> frozenset[str]:
        """Those of them that no other listener gets."""
        ...

    @property
    def network(self) -> Mapping[str, Any]:
        """What it adds to `Network.enable`."""
        ...

    def set_up(self, target: str, kind: str) -> None:
        """Ask a session for what it needs; `kind` as `devtools.overrides` has them, FRAME for a page
        as well. It waits until it is told to go on.
        """
        ...

    def take(self, target: str, method: str, params: dict[str, Any]) -> None:
        """An event of a session."""
        ...
