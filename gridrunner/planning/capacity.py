"""How many nodes a wall time takes, and what it costs. Owns the arithmetic of fleets; the invariant: the nodes found
keep the budget by prediction, and one fewer would not.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from gridrunner.errors import UsageError
from gridrunner.model import Plan
from gridrunner.planning.constants import LEAST_BILLED_S
from gridrunner.planning.plan import order_sites, owed_sites
from gridrunner.planning.predict import GridCosts, Prediction, count_hubs, predict_durations


class NodeKind(Struct, frozen=True, kw_only=True):
    """What one node of a fleet offers. `start_s` is from asking for it until its slots are there: waited for and paid.
    `price_per_hour` None: the cost is not asked for.
    """

    slots: int = 4
    price_per_hour: float | None = None
    start_s: float = 0.0


class Fleet(Struct, frozen=True, kw_only=True):
    """`nodes` nodes on as many hubs as they need, and what the plan does on them. `wall_s` is with the nodes' start,
    `cost` in the currency of the price, None without one. `keeps_budget` False: no number of nodes does, and these are
    as many as help.
    """

    nodes: int
    slots: int
    hubs: int
    wall_s: float
    cost: float | None
    keeps_budget: bool
    prediction: Prediction


def find_cost(nodes: int, wall_s: float, kind: NodeKind) -> float | None:
    """What `nodes` nodes cost for `wall_s` seconds, None without a price."""
    if kind.price_per_hour is None:
        return None
    return nodes * kind.price_per_hour * max(LEAST_BILLED_S, wall_s) / 3600


def weigh_fleet(plan: Plan, nodes: int, kind: NodeKind, costs: GridCosts | None = None) -> Fleet:
    """What `plan` takes and costs on `nodes` nodes."""
    return _weigh([planned.expected_s for planned in order_sites(owed_sites(plan))], nodes, kind, costs)


def find_fleet(plan: Plan, budget_s: float, kind: NodeKind, costs: GridCosts | None = None) -> Fleet:
    """The smallest fleet on which `plan` takes at most `budget_s` seconds, nodes' start included; else the largest that
    is of use, with `keeps_budget` False and the bottleneck in its prediction. Raises UsageError for no budget or slots.
    """
    if budget_s <= 0:
        raise UsageError(f"a budget of {budget_s:g} s is not a time", hint="give one such as --budget 10m")
    if kind.slots < 1:
        raise UsageError(f"a node of {kind.slots} slots visits nothing", hint="give --slots-per-node 1 or more")
    durations_s = [planned.expected_s for planned in order_sites(owed_sites(plan))]
    most = max(1, -(-len(durations_s) // kind.slots))  # a slot for every site
    least = 1
    while least < most:  # wall times fall with nodes, so halve what is left to try
        middle = (least + most) // 2
        if _weigh(durations_s, middle, kind, costs).wall_s <= budget_s:
            most = middle
        else:
            least = middle + 1
    fleet = _weigh(durations_s, least, kind, costs)
    if fleet.wall_s <= budget_s:
        return fleet
    return _find_largest_useful(durations_s, fleet, kind, costs)


def _find_largest_useful(durations_s: list[float], widest: Fleet, kind: NodeKind, costs: GridCosts | None) -> Fleet:
    """The smallest fleet that is as fast (within 1 %) as a slot for every site, marked as over the budget."""
    least, most = 1, widest.nodes
    while least < most:
        middle = (least + most) // 2
        if _weigh(durations_s, middle, kind, costs).wall_s <= widest.wall_s * 1.01:
            most = middle
        else:
            least = middle + 1
    return _weigh(durations_s, least, kind, costs, keeps_budget=False)


def _weigh(
    durations_s: list[float], nodes: int, kind: NodeKind, costs: GridCosts | None, *, keeps_budget: bool = True
) -> Fleet:
    slots = nodes * kind.slots
    hubs = count_hubs(slots, slots_per_node=kind.slots)
    prediction = predict_durations(durations_s, slots, replace(costs or GridCosts(), hubs=hubs))
    wall_s = kind.start_s + prediction.wall_s
    return Fleet(
        nodes=nodes,
        slots=slots,
        hubs=hubs,
        wall_s=wall_s,
        cost=find_cost(nodes, wall_s, kind),
        keeps_budget=keeps_budget,
        prediction=prediction,
    )
