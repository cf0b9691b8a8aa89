"""What dispatch needs of the outside, as protocols: hubs and their sessions, the judge, the recorder.

Owns no code. The invariant that implementers hold: remote failure is data (`Observation.fault`) or a `GridFault`, and
every call comes back within the limit it was given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from gridrunner.dispatch.records import DispatchRecord
from gridrunner.model import Observation, Result, Site


class Session(Protocol):
    """One browser session. `visit` and `close` are called by its slot's thread or a closing thread, never two at once;
    `kill` may be called by any thread, also while `visit` runs, which then comes back soon with a fault.
    """

    @property
    def hub(self) -> str:
        """The name of the hub that it lives on."""
        ...

    @property
    def node(self) -> str:
        """The node that it lives on, or an empty string."""
        ...

    @property
    def id(self) -> str:
        """The WebDriver session id."""
        ...

    @property
    def is_leaving(self) -> bool:
        """Whether its node drains: after the visit that runs it gets no further one, and is closed."""
        ...

    def visit(self, site: Site, *, attempt: int, upcoming: Site | None) -> Observation:
        """Visit `site` within its visit timeout. Never raises for what the page or the grid does: a lost session comes
        back with `fault` set. `upcoming` is the site that this session will probably visit next, if one is known: it
        may be warmed up, and it may never come.
        """
        ...

    def close(self) -> None:
        """End the session in good order. Called once, unless `kill` was."""
        ...

    def kill(self) -> None:
        """End the session at once; idempotent and thread-safe. A visit in progress comes back with a fault."""
        ...


class Hub(Protocol):
    """An entry point that gives sessions: a Selenium hub, or the browsers of this machine."""

    @property
    def name(self) -> str:
        """What reports call it; unique within a run, without credentials."""
        ...

    def slots(self) -> int:
        """How many sessions this run may hold here at once, those that it holds already included. Called every few
        seconds on a thread of its own. Raises GridFault when the hub does not say.
        """
        ...

    def open_session(self, *, slot: str, timeout_s: float) -> Session:
        """A new session within `timeout_s` seconds. Raises SessionNotCreated or HubUnreachable."""
        ...


class Judge(Protocol):
    """Judges observations in rounds, one round at a time."""

    def submit(self, number: int, observations: Sequence[Observation]) -> None:
        """Start round `number` and return at once. The round's results, then its end, go to the sink that the judge was
        made with, from any thread. A site may come again with a higher attempt in a later round.
        """
        ...

    def restart(self) -> None:
        """Give up the round that runs and begin anew, ready for the next one."""
        ...

    def close(self) -> None:
        """Give up a round that still runs and free what the judge holds. Idempotent."""
        ...


class JudgeSink(Protocol):
    """Where a judge puts what it finds; thread-safe."""

    def results(self, results: Sequence[Result]) -> None:
        """Some results of the round. May come in any number of parts, also all at the end."""
        ...

    def round_ended(self, number: int, error: str | None = None) -> None:
        """Round `number` is over. What was submitted and got no result is submitted once more and then ends as an
        error; `error` says why, in one sentence.
        """
        ...


JudgeFactory = Callable[[JudgeSink], Judge]
"""Makes the judge of a run around the sink that the dispatcher owns."""

Recorder = Callable[[DispatchRecord], None]
"""Takes everything worth keeping, in order, on the thread that called `Dispatcher.run`. What it raises ends the run."""

Clock = Callable[[], float]
"""Seconds from any origin that never run backwards, like `time.monotonic`."""
