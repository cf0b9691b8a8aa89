"""Whose turn it is: the domains of a search, handed to threads one page at a time. Owns the waiting; when a public
domain may be asked again is the courtesy of runs (`dispatch.machine.courtesy`).

A domain that was begun goes before one that was not, so that few are under way at once.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Sequence
from threading import Condition

from gridrunner.discovery.search import Search
from gridrunner.dispatch.machine.backlog import Work
from gridrunner.dispatch.machine.courtesy import Answer, Courtesy
from gridrunner.dispatch.ports import Clock
from gridrunner.model import Site
from gridrunner.planning.domains import find_domain


class Turns:
    """The turns of all searches; safe from any thread."""

    def __init__(
        self,
        searches: Sequence[Search],
        *,
        host_delay_s: float,
        private_hosts: Collection[str],
        clock: Clock = time.monotonic,
    ) -> None:
        self._searches = {search.domain.name: search for search in searches}
        self._clock = clock
        self._changed = Condition()
        works = [_work_of(search) for search in searches]
        owners = {work.site.id: find_domain(work.site.url, private_hosts) for work in works}
        self._courtesy = Courtesy({name: owner for name, owner in owners.items() if owner is not None}, host_delay_s)
        self._fresh = deque(self._courtesy.admit(works))
        self._begun: deque[Work] = deque()
        self._under_way = 0
        self._is_stopped = False

    def take(self) -> Search | None:
        """The next search that may ask; waits for it. None when there will be none any more."""
        with self._changed:
            while not self._is_stopped:
                self._begun.extend(self._courtesy.release(self._clock(), is_idle=True))
                line = self._begun or self._fresh
                if line:
                    self._under_way += 1
                    return self._searches[line.popleft().site.id]
                if not self._under_way and not len(self._courtesy):
                    break
                due_s = self._courtesy.next_s
                self._changed.wait(None if due_s is None else max(0.0, due_s - self._clock()))
            self._changed.notify_all()
            return None

    def give_back(self, search: Search, answer: Answer, *, goes_on: bool) -> str:
        """The turn of a search is over; it comes again if it `goes_on`. Returns why its domain is left alone for longer
        than usual, "" when it is not.
        """
        work = _work_of(search)
        with self._changed:
            self._under_way -= 1
            why = self._courtesy.end(work.site.id, self._clock(), answer)
            if goes_on and self._courtesy.is_bound(work.site.id):
                self._courtesy.hold(work)
            elif goes_on:
                self._begun.append(work)
            self._changed.notify_all()
        return why

    def stop(self) -> None:
        """Hand out no more turns."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()


def _work_of(search: Search) -> Work:
    return Work(site=Site(id=search.domain.name, url=search.domain.starts[0]), expected_s=0.0)
