"""How long a plan will take, what it cannot take less than, and what holds it up. Owns the model of a run; the
invariant: a predicted wall time is never below the lower bound.

The model is the pull queue of dispatch: longest expected first, each slot takes the next site when it is free, sessions
are created a few at a time and recycled after so many visits. Retries and faults are not in it.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from gridrunner.errors import UsageError
from gridrunner.model import Plan
from gridrunner.planning.constants import NODES_PER_HUB, SESSION_START_S, SESSIONS_AT_ONCE, VISITS_PER_SESSION
from gridrunner.planning.plan import order_sites, owed_sites


class GridCosts(Struct, frozen=True, kw_only=True):
    """What a grid and the machine that drives it spend; times in seconds.

    `creations_at_once` is a hub's, and there are `hubs` of them. `cpu_s_per_visit` is this machine's, for a remote
    grid; browsers on this machine spend far more and have to be measured. `driver_cores` are the cores that gridrunner
    may fill: one, because threads of one process share it. `chain_s` is what the visits of one domain take, which are
    made one after another (`planning.domains`).
    """

    session_start_s: float = SESSION_START_S
    creations_at_once: int = SESSIONS_AT_ONCE
    hubs: int = 1
    visits_per_session: int = VISITS_PER_SESSION
    cpu_s_per_visit: float = 0.006  # 2 to 6 CPU-ms measured with 500 sessions (docs/design/speed.md)
    driver_cores: int = 1
    chain_s: float = 0.0


def count_hubs(slots: int, *, slots_per_node: int = 4) -> int:
    """The hubs that `slots` slots take, at `NODES_PER_HUB` nodes per hub."""
    return max(1, math.ceil(slots / (slots_per_node * NODES_PER_HUB)))


class Bottleneck(StrEnum):
    """What a run waits for most; of equals, the first here."""

    LONGEST_SITE = "longest site"
    ONE_DOMAIN = "one domain"
    SLOTS = "slots"
    SESSION_CREATION = "session creation"
    THIS_MACHINE = "this machine"


class Prediction(Struct, frozen=True, kw_only=True):
    """A plan on `slots` slots. `lower_bound_s` is max(longest, sum / slots): no order and no grid beats it; `ratio` is
    what the predicted wall time is over it. `demands_s` is how long each possible bottleneck alone would take; the
    greatest is the `bottleneck`.
    """

    slots: int
    sites: int
    wall_s: float
    lower_bound_s: float
    work_s: float
    longest_s: float
    longest_site: str
    bottleneck: Bottleneck
    demands_s: Mapping[Bottleneck, float]

    @property
    def gap_s(self) -> float:
        """The seconds between the predicted wall time and the lower bound."""
        return self.wall_s - self.lower_bound_s

    @property
    def ratio(self) -> float:
        """The predicted wall time over the lower bound; 1 for a plan of no work."""
        return self.wall_s / self.lower_bound_s if self.lower_bound_s > 0 else 1.0


def find_lower_bound_s(durations_s: Iterable[float], slots: int) -> float:
    """max(longest, sum / slots) in seconds; 0 for no durations. Raises UsageError for fewer than one slot."""
    if slots < 1:
        raise UsageError(f"a run needs at least one slot, not {slots}")
    total_s = longest_s = 0.0
    for duration_s in durations_s:
        total_s += duration_s
        longest_s = max(longest_s, duration_s)
    return max(longest_s, total_s / slots)


def predict(
    plan: Plan, slots: int, costs: GridCosts | None = None, *, early: frozenset[str] = frozenset()
) -> Prediction:
    """How long `plan` (its shard, if it has one) takes on `slots` slots, if each visit takes its expected seconds."""
    ordered = order_sites(owed_sites(plan), early)
    durations_s = [planned.expected_s for planned in ordered]
    return predict_durations(durations_s, slots, costs, names=[planned.site.id for planned in ordered])


def predict_durations(
    durations_s: Sequence[float], slots: int, costs: GridCosts | None = None, *, names: Sequence[str] = ()
) -> Prediction:
    """As `predict`, for durations in the order in which they are to be started."""
    costs = costs or GridCosts()
    bound_s = find_lower_bound_s(durations_s, slots)
    work_s = sum(durations_s)
    longest_s = max(durations_s, default=0.0)
    demands_s = find_demands_s(work_s=work_s, longest_s=longest_s, visits=len(durations_s), slots=slots, costs=costs)
    alone_s = max(demands_s[Bottleneck.THIS_MACHINE], demands_s[Bottleneck.ONE_DOMAIN])
    wall_s = max(play_queue_s(durations_s, slots, costs), alone_s, bound_s)
    return Prediction(
        slots=slots,
        sites=len(durations_s),
        wall_s=wall_s,
        lower_bound_s=bound_s,
        work_s=work_s,
        longest_s=longest_s,
        longest_site=names[list(durations_s).index(longest_s)] if names else "",
        bottleneck=max(Bottleneck, key=lambda kind: demands_s[kind]),
        demands_s=demands_s,
    )


def find_demands_s(
    *, work_s: float, longest_s: float, visits: int, slots: int, costs: GridCosts
) -> dict[Bottleneck, float]:
    """The seconds that each possible bottleneck would take if nothing else held the run up."""
    busy_slots = min(slots, visits)
    if busy_slots == 0:
        return dict.fromkeys(Bottleneck, 0.0)
    sessions = max(busy_slots, -(-visits // costs.visits_per_session))
    return {
        Bottleneck.SLOTS: (work_s + sessions * costs.session_start_s) / busy_slots,
        Bottleneck.LONGEST_SITE: costs.session_start_s + longest_s,
        Bottleneck.ONE_DOMAIN: costs.session_start_s + costs.chain_s if costs.chain_s else 0.0,
        Bottleneck.SESSION_CREATION: sessions * costs.session_start_s / (costs.creations_at_once * costs.hubs),
        Bottleneck.THIS_MACHINE: visits * costs.cpu_s_per_visit / costs.driver_cores,
    }


def play_queue_s(durations_s: Sequence[float], slots: int, costs: GridCosts) -> float:
    """When the last of `durations_s` ends, started in their order, each by the slot that is free first."""
    sessions = min(slots, len(durations_s))
    at_once = costs.creations_at_once * costs.hubs
    # Sorted, so a heap already.
    free = [(costs.session_start_s * (number // at_once + 1), number) for number in range(sessions)]
    visits = [0] * sessions
    end_s = 0.0
    for duration_s in durations_s:
        at_s, number = free[0]
        if visits[number] == costs.visits_per_session:
            visits[number] = 0
            at_s += costs.session_start_s
        visits[number] += 1
        at_s += duration_s
        end_s = max(end_s, at_s)
        heapq.heapreplace(free, (at_s, number))
    return end_s
