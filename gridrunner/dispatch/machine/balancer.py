"""Which hub the next session goes to. Owns what is known of each hub; the invariant: reservations never exceed a hub's
capacity, and a hub that fails is asked by one trial at a time until it answers.

`/status` races (three clients see one free slot and all take it, selenium#15974), so slots are reserved on these books
and the hubs' own word only corrects the capacity. A hub's score is the seconds until a session there is expected to be
ready: the moving average of its creation times, or the age of its oldest creation still out if that is worse, made
longer by its fault rate and by how slowly visits run there. Averages fade towards the prior when they are old: a hub
that was not asked for a minute deserves another look.

An elastic hub makes slots by its queue (KEDA's scaler, say): it is asked for a bounded number of sessions more than it
has slots. What waits there says nothing about how fast or how well the hub works, so it is left out of its averages.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from msgspec import Struct

from gridrunner.dispatch.summary import HubShare
from gridrunner.planning.constants import SESSION_START_S, SESSIONS_AT_ONCE
from gridrunner.text import count_of

QUEUE_AHEAD = 50
"""Sessions that an elastic hub is asked for beyond its slots, at most. A scaler that looks at the queue every 10 s (the
default of Selenium's chart 0.36) grows by so many each time; the queue is served in turn, and others wait in it too."""

PATIENT_S = 10.0
"""A queued request that was refused sooner was refused by the hub, whatever its queue; one that waited so long found no
slot in its time, which is no fault of a hub that grows."""


class BalancerSettings(Struct, frozen=True, kw_only=True):
    """Habits of the balancer; times in seconds."""

    create_prior_s: float = SESSION_START_S  # before a start was seen
    smoothing: float = 0.3  # the weight of the newest sample: five samples forget 83 % of what was before
    half_life_s: float = 30.0  # of an old average: a hub is looked at again well within `outage_limit_s`
    # to begin with, per hub; grows by one with each quick creation, halves with a fault
    opens_at_once: int = SESSIONS_AT_ONCE
    first_backoff_s: float = 1.0  # 1, 2, 4 s … a dead node fails within 0.02 s (docs/design/grid.md)
    # a hub was back 3.4 s after a restart (measured): longer pauses only lose its share
    longest_backoff_s: float = 10.0
    trip_after: int = 3  # faults in a row that open the circuit; one dead node of several gives two
    quick_ratio: float = 2.0  # a creation within this many times the average does not show a queue at the hub
    slow_ratio: float = 2.0  # visits this many times slower than on the best hub make a hub slow
    pace_smoothing: float = 0.2  # of the logarithm of a visit's pace: four visits on a hub slowed 10x call it slow
    pace_bound: float = 10.0  # what one visit can say at most: then a single surprise time-out makes no hub slow
    sure_visits: int = 4  # visits before a hub's pace is believed
    bucket_ratio: float = 1.25  # scores this close are the same: the emptier hub gets the session
    elastic: frozenset[str] = frozenset()  # hubs that make slots by their queue
    queue_ahead: int = QUEUE_AHEAD


class Circuit(StrEnum):
    """Whether a hub is asked for sessions."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"  # one trial is out


class Choice(Struct, frozen=True, kw_only=True):
    """Where to open a session, and why. `hub` None: nowhere now; `retry_at_s` is when to ask again, None: when a slot
    comes free or a creation ends.
    """

    hub: str | None
    retry_at_s: float | None
    reason: str


@dataclass(slots=True)
class _HubBook:
    name: str
    open_limit: float
    most_ahead: int = 0  # of an elastic hub
    capacity: int = 0
    is_heard: bool = False  # it has told its slots
    reserved: int = 0
    opening: dict[int, float] = field(default_factory=dict)  # serial -> asked at
    queued: set[int] = field(default_factory=set)  # of these, the serials that it had no slot for
    create_s: float | None = None
    fault_rate: float = 0.0
    sampled_at_s: float = 0.0
    pace: float = 1.0
    paced_visits: int = 0
    paced_at_s: float = 0.0
    circuit: Circuit = Circuit.CLOSED
    faults_in_row: int = 0
    trips: int = 0
    closed_until_s: float = 0.0
    sessions: int = 0
    visits: int = 0
    faults: int = 0
    busy_s: float = 0.0

    @property
    def ahead(self) -> int:
        """Sessions that it may be asked for beyond its slots."""
        return self.most_ahead if self.is_heard else 0

    @property
    def room(self) -> int:
        """Sessions that it may have or be asked for at once."""
        return self.capacity + self.ahead


class Balancer:
    """The books of all hubs of a run."""

    def __init__(self, hubs: Sequence[str], *, rng: random.Random, settings: BalancerSettings | None = None) -> None:
        """`rng` spreads the returns after an outage; seed it for a run that can be repeated."""
        self._settings = settings or BalancerSettings()
        self._rng = rng
        self._books = {
            name: _HubBook(
                name,
                float(self._settings.opens_at_once),
                most_ahead=self._settings.queue_ahead if name in self._settings.elastic else 0,
            )
            for name in hubs
        }
        self._notes: list[str] = []

    # ------------------------------------------------------------------------------------------------------- questions

    @property
    def capacity(self) -> int:
        """The sessions that all hubs offer together, or may be asked for."""
        return sum(book.room for book in self._books.values())

    def choose(self, now_s: float, *, avoid: str | None = None, may_queue: bool = True) -> Choice:
        """The hub for one more session. `avoid` is taken only when no other hub could be; with `may_queue` False an
        elastic hub is asked for no more than it has slots.
        """
        eligible = [
            book
            for book in self._books.values()
            if self._may_open(book, now_s) and (may_queue or book.reserved < book.capacity)
        ]
        eligible = [book for book in eligible if book.reserved < book.capacity] or eligible
        preferred = [book for book in eligible if book.name != avoid] or eligible
        if not preferred:
            return Choice(hub=None, retry_at_s=self._find_retry_s(now_s), reason=self._explain_refusal(now_s))
        best = min(preferred, key=lambda book: self._rank(book, now_s))
        return Choice(hub=best.name, retry_at_s=None, reason=self._explain(best, now_s))

    def describe(self, now_s: float) -> str:
        """How every hub stands, in one line."""
        return self._explain_refusal(now_s)

    def has_other(self, hub: str) -> bool:
        """Whether another hub than `hub` gives sessions to this run, as far as is known."""
        return any(
            book.room > 0 and book.circuit is Circuit.CLOSED and book.name != hub for book in self._books.values()
        )

    def is_slow(self, hub: str) -> bool:
        """Whether visits on `hub` are known to run much slower than on the best hub."""
        return self._pace_ratio(hub) >= self._settings.slow_ratio

    def is_worth(self, hub: str, *, expected_s: float, wait_s: float) -> bool:
        """Whether a visit of `expected_s` ends sooner on `hub` than after waiting `wait_s` for a slot of a fast hub."""
        ratio = self._pace_ratio(hub)
        return ratio < self._settings.slow_ratio or expected_s * ratio <= wait_s + expected_s

    def shares(self) -> tuple[HubShare, ...]:
        """What each hub did so far."""
        return tuple(
            HubShare(hub=book.name, sessions=book.sessions, visits=book.visits, faults=book.faults, busy_s=book.busy_s)
            for book in self._books.values()
        )

    def take_notes(self) -> list[str]:
        """What was decided about hubs since the last call, in words."""
        notes, self._notes = self._notes, []
        return notes

    # -------------------------------------------------------------------------------------------------------- what came

    def set_capacity(self, hub: str, slots: int) -> None:
        """The hub offers `slots` sessions to this run."""
        book = self._books[hub]
        if slots != book.capacity:
            self._notes.append(f"{hub}: {count_of(slots, 'slot')} (had {book.capacity})")
        book.capacity, book.is_heard = max(0, slots), True

    def reserve(self, hub: str, serial: int, *, now_s: float) -> None:
        """Session `serial` is asked for at `hub`."""
        book = self._books[hub]
        if book.reserved >= book.capacity:
            book.queued.add(serial)
        book.reserved += 1
        book.opening[serial] = now_s
        if book.circuit is Circuit.OPEN:
            book.circuit = Circuit.HALF_OPEN
            self._notes.append(f"{hub}: one trial session after {count_of(book.faults_in_row, 'fault')} in a row")

    def note_opened(self, hub: str, serial: int, *, now_s: float) -> float:
        """Session `serial` is there; returns the seconds that it took."""
        book = self._books[hub]
        took_s = now_s - book.opening.pop(serial)
        usual_s = self._create_s(book, now_s)
        was_queued = serial in book.queued
        book.queued.discard(serial)
        if book.circuit is Circuit.HALF_OPEN:
            book.circuit = Circuit.CLOSED
            book.open_limit = 1.0  # one by one again: no herd onto a hub that just came back
            self._notes.append(f"{hub}: back, a trial session was ready in {took_s:.1f} s")
        if took_s <= usual_s * self._settings.quick_ratio:
            book.open_limit += 1.0
        elif not was_queued:
            book.open_limit = max(1.0, book.open_limit - 1.0)
        self._sample(book, now_s, created_s=None if was_queued else took_s, fault=0.0)
        book.faults_in_row = 0
        book.sessions += 1
        return took_s

    def note_refused(self, hub: str, serial: int, *, now_s: float) -> None:
        """Session `serial` could not be had; its reservation is free again."""
        book = self._books[hub]
        asked_at_s = book.opening.pop(serial, now_s)
        book.reserved -= 1
        was_queued = serial in book.queued
        book.queued.discard(serial)
        if was_queued and now_s - asked_at_s >= PATIENT_S and book.circuit is Circuit.CLOSED:
            self._notes.append(f"{hub}: a session waited {now_s - asked_at_s:.0f} s in its queue, and got no slot")
            return
        self._note_fault(book, now_s, pauses_at_once=True)

    def note_lost(self, hub: str, *, now_s: float) -> None:
        """A session of `hub` died. Its reservation stays until `release`. One alone makes no slot wait: the next may
        well live, and it may have been the page.
        """
        self._note_fault(self._books[hub], now_s, pauses_at_once=False)

    def note_visit(self, hub: str, *, took_s: float, expected_s: float, now_s: float) -> None:
        """A visit ended on `hub` without a fault."""
        book = self._books[hub]
        book.visits += 1
        book.busy_s += took_s
        book.faults_in_row = 0
        book.trips = 0
        self.note_pace(hub, took_s=took_s, expected_s=expected_s, now_s=now_s)

    def note_pace(self, hub: str, *, took_s: float, expected_s: float, now_s: float) -> None:
        """A visit on `hub` took so long, well ended or (when it overran its bound) not."""
        if expected_s <= 0:
            return
        book = self._books[hub]
        bound = self._settings.pace_bound
        ratio = min(max(took_s / expected_s, 1 / bound), bound)
        was_slow = self.is_slow(hub)
        book.pace *= math.pow(ratio / book.pace, self._settings.pace_smoothing)
        book.paced_visits += 1
        book.paced_at_s = now_s
        if self.is_slow(hub) != was_slow:
            self._notes.append(f"{hub}: visits are {'quick again' if was_slow else 'slow'}, pace {book.pace:.1f}")

    def rest(self, hub: str, until_s: float) -> None:
        """No session of `hub` is asked for before that: its browsers reach no site. An earlier time ends the rest."""
        book = self._books[hub]
        if book.circuit is Circuit.CLOSED:
            book.closed_until_s = until_s

    def release(self, hub: str) -> None:
        """A session of `hub` is gone and its slot free."""
        self._books[hub].reserved -= 1

    # -------------------------------------------------------------------------------------------------------- reckoning

    def _may_open(self, book: _HubBook, now_s: float) -> bool:
        if book.reserved >= book.room:
            return False
        if book.circuit is not Circuit.CLOSED:
            return book.circuit is Circuit.OPEN and not book.opening and now_s >= book.closed_until_s
        return now_s >= book.closed_until_s and len(book.opening) < int(book.open_limit) + book.ahead

    def _find_retry_s(self, now_s: float) -> float | None:
        waits = [
            book.closed_until_s
            for book in self._books.values()
            if book.closed_until_s > now_s and book.reserved < book.room
        ]
        return min(waits, default=None)

    def _rank(self, book: _HubBook, now_s: float) -> tuple[int, float]:
        score_s = max(self._score_s(book, now_s), 0.001)
        bucket = round(math.log(score_s, self._settings.bucket_ratio))
        return bucket, book.reserved / book.room

    def _score_s(self, book: _HubBook, now_s: float) -> float:
        asked_s = (at_s for serial, at_s in book.opening.items() if serial not in book.queued)
        oldest_s = now_s - min(asked_s, default=now_s)
        ready_s = max(self._create_s(book, now_s), oldest_s)
        fault_rate = min(0.95, book.fault_rate * self._freshness(book.sampled_at_s, now_s))
        lost_s = fault_rate / (1 - fault_rate) * (ready_s + self._settings.first_backoff_s)
        ratio = 1 + (self._pace_ratio(book.name) - 1) * self._freshness(book.paced_at_s, now_s)
        return (ready_s + lost_s) * max(1.0, ratio)

    def _create_s(self, book: _HubBook, now_s: float) -> float:
        prior_s = self._settings.create_prior_s
        if book.create_s is None:
            return prior_s
        return prior_s + (book.create_s - prior_s) * self._freshness(book.sampled_at_s, now_s)

    def _freshness(self, sampled_at_s: float, now_s: float) -> float:
        return math.pow(0.5, max(0.0, now_s - sampled_at_s) / self._settings.half_life_s)

    def _pace_ratio(self, hub: str) -> float:
        """How many times slower than on the best hub visits run on `hub`; 1 while too little is known."""
        book = self._books[hub]
        if len(self._books) == 1 or book.paced_visits < self._settings.sure_visits:
            return 1.0
        best = min(
            (other.pace for other in self._books.values() if other.paced_visits >= self._settings.sure_visits),
            default=book.pace,
        )
        return book.pace / best

    def _sample(self, book: _HubBook, now_s: float, *, created_s: float | None, fault: float) -> None:
        weight = self._settings.smoothing
        if created_s is not None:
            old_s = self._create_s(book, now_s)
            book.create_s = created_s if book.create_s is None else old_s + weight * (created_s - old_s)
        old_rate = book.fault_rate * self._freshness(book.sampled_at_s, now_s)
        book.fault_rate = old_rate + weight * (fault - old_rate)
        book.sampled_at_s = now_s

    def _note_fault(self, book: _HubBook, now_s: float, *, pauses_at_once: bool) -> None:
        self._sample(book, now_s, created_s=None, fault=1.0)
        book.faults += 1
        book.faults_in_row += 1
        book.open_limit = max(1.0, book.open_limit / 2)
        has_tripped = book.circuit is Circuit.HALF_OPEN or book.faults_in_row >= self._settings.trip_after
        if not (has_tripped or pauses_at_once):
            return
        if has_tripped and not (book.circuit is Circuit.OPEN and now_s < book.closed_until_s):
            book.trips += 1
        exponent = min(book.faults_in_row, self._settings.trip_after) - 1 + max(0, book.trips - 1)
        pause_s = min(self._settings.longest_backoff_s, self._settings.first_backoff_s * 2.0**exponent)
        pause_s *= self._rng.uniform(0.75, 1.25)  # many clients of one hub must not come back together
        was_closed = book.circuit is Circuit.CLOSED
        book.closed_until_s = max(book.closed_until_s, now_s + pause_s)
        if has_tripped:
            book.circuit = Circuit.OPEN
            if was_closed:
                self._notes.append(
                    f"{book.name}: {count_of(book.faults_in_row, 'fault')} in a row, no session for {pause_s:.1f} s"
                )

    def _explain(self, best: _HubBook, now_s: float) -> str:
        others = (self._describe(book, now_s) for book in self._books.values() if book is not best)
        return "; ".join([f"{best.name} is expected to be ready in {self._score_s(best, now_s):.1f} s", *others])

    def _explain_refusal(self, now_s: float) -> str:
        return "; ".join(self._describe(book, now_s) for book in self._books.values())

    def _describe(self, book: _HubBook, now_s: float) -> str:
        if not book.room:
            return f"{book.name} offers no slot: it has no node, or cannot be reached"
        if book.queued:
            waiting = count_of(len(book.queued), "session")
            return f"{book.name} has {count_of(book.capacity, 'slot')}, and {waiting} wait in its queue"
        if book.reserved >= book.room:
            return f"{book.name} is full ({book.reserved} of {book.capacity})"
        if now_s < book.closed_until_s:
            return f"{book.name} rests for {book.closed_until_s - now_s:.1f} s"
        if not self._may_open(book, now_s):
            return f"{book.name} creates {len(book.opening)} already"
        return f"{book.name} {self._score_s(book, now_s):.1f} s"
