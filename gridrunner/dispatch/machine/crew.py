"""The slots of a run and what each is about. Owns their phases; the invariant: a slot is in one phase, and has a
session exactly when it is READY or VISITING.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from gridrunner.dispatch.machine.backlog import Work


class SlotPhase(Enum):
    """What a slot does."""

    IDLE = auto()  # has no session
    OPENING = auto()  # waits for one
    READY = auto()  # has one, and nothing to visit
    VISITING = auto()
    ABANDONED = auto()  # its thread did not come back


class KilledFor(Enum):
    """Why we killed a session that was visiting."""

    OVERRUN = auto()  # the visit passed its bound
    HEDGE = auto()  # another visit of the site was first
    STOP = auto()  # the run ends


@dataclass(slots=True)
class OpenChunk:
    """A chunk in a slot's hands."""

    id: int
    pending: deque[Work]
    visited: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Slot:
    """One slot. `serial` is that of its session, or of the one that it waits for; 0: neither."""

    name: str
    phase: SlotPhase = SlotPhase.IDLE
    serial: int = 0
    hub: str = ""
    node: str = ""
    session: str = ""
    visits: int = 0  # of this session
    avoid_hub: str | None = None
    chunk: OpenChunk | None = None
    work: Work | None = None
    attempt: int = 0
    visit: int = 0  # counts all visits of the run: attempts of different sites have the same numbers
    visit_started_s: float = 0.0
    is_hedge: bool = False
    killed_for: KilledFor | None = None
    stood_still_s: float = 0.0  # of this visit: its seconds in which our machine did nothing

    @property
    def pending_s(self) -> float:
        """The expected seconds of what its chunk still holds."""
        return sum(work.expected_s for work in self.chunk.pending) if self.chunk else 0.0


class Crew:
    """All slots, by name, phase and serial."""

    def __init__(self) -> None:
        self._slots: dict[str, Slot] = {}
        self._by_serial: dict[int, Slot] = {}
        self._by_phase: dict[SlotPhase, dict[str, Slot]] = {phase: {} for phase in SlotPhase}
        self._last_serial = 0
        self._last_chunk = 0
        self._last_visit = 0

    @property
    def size(self) -> int:
        """How many slots work or could."""
        return len(self._slots) - len(self._by_phase[SlotPhase.ABANDONED])

    @property
    def live_count(self) -> int:
        """How many sessions there are."""
        return len(self._by_phase[SlotPhase.READY]) + len(self._by_phase[SlotPhase.VISITING])

    def count(self, phase: SlotPhase) -> int:
        """How many slots are in `phase`."""
        return len(self._by_phase[phase])

    def in_phase(self, phase: SlotPhase) -> list[Slot]:
        """The slots in `phase`, longest there first."""
        return list(self._by_phase[phase].values())

    def visiting(self) -> Iterable[Slot]:
        """The slots that visit, without a copy: do not change phases while going through it."""
        return self._by_phase[SlotPhase.VISITING].values()

    def add(self) -> Slot:
        """A new slot, IDLE."""
        slot = Slot(name=f"slot-{len(self._slots) + 1}")
        self._slots[slot.name] = slot
        self._by_phase[slot.phase][slot.name] = slot
        return slot

    def find(self, serial: int) -> Slot | None:
        """The slot that has, or waits for, session `serial`."""
        return self._by_serial.get(serial)

    def move(self, slot: Slot, phase: SlotPhase) -> None:
        """`slot` is in `phase` now."""
        del self._by_phase[slot.phase][slot.name]
        slot.phase = phase
        self._by_phase[phase][slot.name] = slot

    def next_chunk_id(self) -> int:
        """A number for a chunk, from 1."""
        self._last_chunk += 1
        return self._last_chunk

    def next_visit_number(self) -> int:
        """A number for a visit, from 1."""
        self._last_visit += 1
        return self._last_visit

    def expect_session(self, slot: Slot, hub: str) -> int:
        """`slot` waits for a session of `hub`; its serial, from 1."""
        self._last_serial += 1
        slot.serial = self._last_serial
        slot.hub = hub
        slot.node = slot.session = ""
        slot.visits = 0
        self._by_serial[slot.serial] = slot
        self.move(slot, SlotPhase.OPENING)
        return slot.serial

    def forget_session(self, slot: Slot) -> None:
        """`slot` has no session any more; IDLE."""
        self._by_serial.pop(slot.serial, None)
        slot.serial = 0
        slot.work = None
        slot.killed_for = None
        self.move(slot, SlotPhase.IDLE)
