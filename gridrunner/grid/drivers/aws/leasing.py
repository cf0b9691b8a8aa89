"""A run's lease: taken, renewed and held against the fleet while the run lasts, and given back at its end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from msgspec.structs import replace

from gridrunner.aws.clients import AwsFault
from gridrunner.errors import GridrunnerError
from gridrunner.grid.drivers.aws.leases import LEASE_S, RENEW_S, Lease, give_back, renew, take
from gridrunner.grid.drivers.aws.sizing import FleetSize
from gridrunner.grid.drivers.protocol import Say

T = TypeVar("T")

_LOGGER = logging.getLogger(__name__)

BORNE_S = 60.0
"""Throttling and faults of AWS are borne for a minute: its buckets of calls refill by the second ("Request throttling
for the Amazon EC2 API"), and what lasts longer is no hiccup."""

KEEP_S = 20.0
"""How often a run looks whether the fleet still has what the leases add up to."""


class Patience:
    """How long AWS has failed without a success between."""

    def __init__(self, say: Say, *, borne_s: float = BORNE_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._say, self._borne_s, self._clock = say, borne_s, clock
        self._since_s: float | None = None

    def bear(self, error: AwsFault) -> None:
        """Take a failure; raises it when failures have lasted too long."""
        now_s = self._clock()
        if self._since_s is None:
            self._since_s = now_s
            self._say(f"aws: {error}; trying again for {self._borne_s:g} s")
        if now_s - self._since_s >= self._borne_s:
            raise error

    def succeed(self) -> None:
        """A call worked."""
        self._since_s = None


def insist(call: Callable[[], T], say: Say, *, pause_s: float) -> T:
    """What `call` returns, tried again while AWS fails, for a minute. Raises AwsFault then, AwsRefused at once."""
    patience, pause = Patience(say), threading.Event()
    while True:
        try:
            return call()
        except AwsFault as error:
            patience.bear(error)
        pause.wait(pause_s)


class LeaseKeeper:
    """The lease of one run, and the thread that keeps it."""

    def __init__(self, size: FleetSize, *, run: str, shard: str, nodes: int, say: Say, pause_s: float) -> None:
        self._size, self._say, self._pause_s = size, say, pause_s
        self._lease = Lease(run=run, shard=shard, nodes=nodes, expires_s=0.0)
        self._renewed_s = 0.0
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._keep_on, name="aws-lease", daemon=True)
        self._is_taken = False

    @property
    def nodes(self) -> int:
        """What the run may count on: none once `grid down` has ended its lease."""
        return self._lease.nodes

    def take(self) -> None:
        """Write the lease down, raise the fleet, and keep both from now on. Raises AwsRefused and AwsFault."""
        standing = insist(self._size.standing, self._say, pause_s=self._pause_s)
        self._is_taken = True  # an answer that got lost must not leave a lease
        insist(lambda: self._write(standing, is_new=True), self._say, pause_s=self._pause_s)
        insist(lambda: self._size.settle(self._say), self._say, pause_s=self._pause_s)
        self._thread.start()

    def keep(self, *, renews: bool = False) -> None:
        """Renew the lease when it is time, or at once, and have the fleet be what the leases add up to. Raises
        AwsRefused and AwsFault.
        """
        with self._lock:
            if self._stop.is_set():
                return  # it was given back while this call waited, and is not taken again
            if renews or time.monotonic() - self._renewed_s >= RENEW_S:
                self._write(self._size.standing(), is_new=False)
            self._size.settle(self._say)

    def _write(self, standing: int, *, is_new: bool) -> None:
        write = take if is_new else renew
        book = self._size.book.change(
            lambda book, now_s: write(book, replace(self._lease, expires_s=now_s + LEASE_S), now_s, standing=standing)
        )
        self._renewed_s = time.monotonic()
        kept = book.find(self._lease.owner)
        nodes = kept.nodes if kept is not None else 0
        if nodes < self._lease.nodes:
            self._say("warning: aws: `grid down` took this run's nodes away; it asks for none again")
        self._lease = replace(self._lease, nodes=nodes)

    def _keep_on(self) -> None:
        while not self._stop.wait(KEEP_S):
            try:
                self.keep()
            except GridrunnerError as error:
                _LOGGER.warning("the lease on the fleet was not kept this time: %s", error)

    def release(self) -> None:
        """Give the lease back and lower the fleet, as often as it takes within a minute. Never raises: what went wrong
        is said, with what ends the instances then.
        """
        self._stop.set()
        if not self._is_taken:
            return
        if self._thread.ident is not None:
            self._thread.join(timeout=1.0)  # it may be in a call
        try:
            insist(self._release, self._say, pause_s=self._pause_s)
        except GridrunnerError as error:
            self._say(
                f"warning: aws: the fleet could not be lowered: {error}. Do it with `gridrunner grid down --driver "
                f"aws`; otherwise the next run does, or the fleet's idle alarm"
            )

    def _release(self) -> None:
        with self._lock:
            self._size.book.change(lambda book, now_s: give_back(book, self._lease.owner, now_s))
            change = self._size.settle(self._say, run=self._lease.run)
            if change.kept:
                self._say(f"aws: other runs have sessions on nodes ({change.kept}), which stay")
            self._size.close()
