"""Three hubs, one slowed ten times, one killed and revived: who gets what share over time, in virtual time.

Owns the scenario; the invariant: the ideal is what the three hubs could do at best, each second that they are up.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from gridrunner.dispatch.machine.balancer import Balancer
from gridrunner.dispatch.machine.machine import Machine
from gridrunner.dispatch.records import Decision, VisitBegan
from gridrunner.dispatch.settings import DispatchSettings
from gridrunner.model import Fault, FaultKind, Outcome, Site
from gridrunner.planning.durations import Basis, ExpectedDuration
from gridrunner.planning.plan import make_plan
from tests.benchmarks.dispatch.makespan import CHECKS
from tests.support.virtual_grid import Opening, VirtualGrid, Visiting, pass_all

SLOTS = 8
SLOW_FROM_S, SLOW_UNTIL_S = 60.0, 180.0
DEAD_FROM_S, DEAD_UNTIL_S = 90.0, 150.0
SLOWDOWN = 10.0
SITES = 1200
STEP_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The visits that began on each hub within `STEP_S` seconds from `from_s` on."""

    from_s: float
    visits: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class HubsOutcome:
    """How the scenario went; `ideal_s` is when perfect hands would have been done."""

    wall_s: float
    ideal_s: float
    charged_sites: int
    sessions_lost: int
    missing: int
    shares: list[Share]
    decisions: list[str]


def run_scenario(*, hedge: bool = True) -> HubsOutcome:
    """`steady` works on, `slowing` is ten times slower for two minutes, `dying` is dead for one of them."""
    rng = random.Random(11)
    sites = tuple(Site(id=f"s{number}", url=f"https://s{number}.example/") for number in range(SITES))
    usual_s = {site.id: rng.lognormvariate(1.2, 0.5) for site in sites}
    expected = {
        site: ExpectedDuration(expected_s=seconds * 1.2, basis=Basis.HISTORY) for site, seconds in usual_s.items()
    }

    def is_dead(hub: str, at_s: float) -> bool:
        return hub == "dying" and DEAD_FROM_S <= at_s < DEAD_UNTIL_S

    def slowdown(hub: str, at_s: float) -> float:
        return SLOWDOWN if hub == "slowing" and SLOW_FROM_S <= at_s < SLOW_UNTIL_S else 1.0

    def opens(hub: str, at_s: float) -> Opening:
        if is_dead(hub, at_s):
            fault = Fault(kind=FaultKind.SESSION_NOT_CREATED, message="connection refused")
            return Opening(took_s=0.02, fault=fault)
        return Opening(took_s=1.5 * slowdown(hub, at_s))

    def visits(site: Site, attempt: int, hub: str, at_s: float) -> Visiting:
        lost = Fault(kind=FaultKind.SESSION_LOST, message="session not found")
        if is_dead(hub, at_s):
            return Visiting(took_s=0.06, fault=lost)
        took_s = usual_s[site.id] * (1.0 if attempt == 1 else 0.9) * slowdown(hub, at_s)
        if hub == "dying" and at_s < DEAD_FROM_S <= at_s + took_s:
            return Visiting(took_s=DEAD_FROM_S - at_s + 0.06, fault=lost)
        if took_s > 30.0:
            return Visiting(took_s=30.0, outcome=Outcome.OBSERVED)
        return Visiting(took_s=took_s)

    names = ("steady", "slowing", "dying")
    machine = Machine(
        plan=make_plan(sites, CHECKS, expected),
        settings=DispatchSettings(hedge=hedge),
        balancer=Balancer(names, rng=random.Random(2)),
    )
    grid = VirtualGrid(
        machine=machine,
        capacities=dict.fromkeys(names, SLOTS),
        visits=visits,
        judges=pass_all(CHECKS),
        opens=opens,
    )
    summary = grid.run()
    shares: dict[int, dict[str, int]] = {}
    for record in grid.records:
        if isinstance(record, VisitBegan):
            step = shares.setdefault(int(record.at_s // STEP_S), dict.fromkeys(names, 0))
            step[record.hub] += 1
    return HubsOutcome(
        wall_s=round(summary.wall_s, 1),
        ideal_s=round(_find_ideal_s(sum(usual_s.values())), 1),
        charged_sites=sum(account.charged > 0 for account in machine._books.attempts._accounts.values()),
        sessions_lost=summary.sessions_lost,
        missing=len(summary.missing),
        shares=[Share(from_s=step * STEP_S, visits=visits_by_hub) for step, visits_by_hub in sorted(shares.items())],
        decisions=[f"{record.at_s:.1f} s  {record.text}" for record in grid.records if isinstance(record, Decision)],
    )


def _find_ideal_s(work_s: float) -> float:
    """When the work is done at the rate of all hubs that are up, from the first session on."""
    at_s, step_s = 1.5, 0.5
    while work_s > 0:
        rate = float(SLOTS)
        rate += SLOTS / (SLOWDOWN if SLOW_FROM_S <= at_s < SLOW_UNTIL_S else 1.0)
        rate += 0 if DEAD_FROM_S <= at_s < DEAD_UNTIL_S else SLOTS
        work_s -= rate * step_s
        at_s += step_s
    return at_s
