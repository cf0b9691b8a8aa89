"""A fleet on AWS for a plan: how many nodes it takes, what they cost, and what a run used of them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from gridrunner.aws.price_table import Price, price_from_table
from gridrunner.errors import GridrunnerError, UsageError
from gridrunner.grid.drivers.aws.fleet import FleetFile, read_fleet
from gridrunner.grid.drivers.protocol import MeteredGrid, OpenGrid, Say
from gridrunner.model import Plan
from gridrunner.planning.capacity import NodeKind, find_fleet, weigh_fleet
from gridrunner.results.journal.events import FleetUsed, InstanceMinutes
from gridrunner.settings.fleet import AUTO, FleetSettings
from gridrunner.text import count_of, format_seconds

DEFAULT_BUDGET_S = 600.0
"""--scale auto without --budget: ten minutes, what a change may wait for its checks."""

NODE_START_S = 90.0
"""From asking for an instance until its slots are there: EC2 starts Linux in 30 to 60 s, images and node take the rest.
Reckoned, not measured: no instance was started for it."""

DEFAULT_TYPE, DEFAULT_REGION = "c6i.xlarge", "us-east-1"
"""What `plan` reckons with without a fleet: four vCPUs for its four slots per node, where AWS' prices are best
known."""


class NodeOffer(Struct, frozen=True, kw_only=True):
    """What a node offers and costs. `price` None: the user gave a price of their own."""

    kind: NodeKind
    price: Price | None


def wanted_nodes(fleet_settings: FleetSettings, plan: Plan, say: Say, *, is_on_fleet: bool) -> int | None:
    """The nodes that --scale comes to for `plan`, or for its shard, None without it. Shards lease nodes of one fleet:
    each reckons its own part within the one budget, and counts on its share of what the fleet may have. Raises
    UsageError where it cannot be meant.
    """
    scale = fleet_settings.scale
    if scale is None:
        return None
    if not is_on_fleet:
        raise UsageError("--scale raises a fleet on AWS", hint="name it: --grid aws --fleet fleet.json")
    fleet = read_fleet(fleet_settings.file)
    shards = plan.shard[1] if plan.shard else 1
    most_nodes = max(1, fleet.most_nodes // shards)
    share = f"fleet {fleet.name} may have {count_of(fleet.most_nodes, 'node')}"
    share += f", {most_nodes} for each of {shards} shards" if shards > 1 else ""
    if scale != AUTO:
        if int(scale) > fleet.most_nodes:
            raise UsageError(f"--scale {scale}: fleet {fleet.name} may have {fleet.most_nodes} nodes")
        if int(scale) > most_nodes:
            say(f"warning: --scale {scale} for each shard: {share}")
        return int(scale)
    budget_s = fleet_settings.budget_s or DEFAULT_BUDGET_S
    kind = NodeKind(slots=fleet.slots_per_node, start_s=NODE_START_S)
    found = find_fleet(plan, budget_s, kind)
    nodes = min(found.nodes, most_nodes)
    weighed = found if nodes == found.nodes else weigh_fleet(plan, nodes, kind)
    say(
        f"--scale auto: {nodes} nodes with {weighed.slots} slots, about "
        f"{format_seconds(weighed.wall_s, is_rough=True)} with their start, "
        f"for a budget of {format_seconds(budget_s, is_rough=True)}"
    )
    if weighed.wall_s > budget_s:
        why = share if nodes < found.nodes else f"no number of nodes does it: bound by {weighed.prediction.bottleneck}"
        say(f"warning: the budget of {format_seconds(budget_s, is_rough=True)} will not be kept: {why}")
    return nodes


def find_offer(
    fleet_file: Path | None,
    env: Mapping[str, str],
    *,
    slots_per_node: int | None,
    instance_type: str | None,
    price_per_hour: float | None,
) -> NodeOffer:
    """What `plan` reckons with: the fleet's own slots and first instance type, or those that the user names. Raises
    UsageError for a fleet that cannot be read or a type without a price.
    """
    fleet = read_fleet(fleet_file) if fleet_file is not None else None
    slots = slots_per_node or (fleet.slots_per_node if fleet is not None else NodeKind().slots)
    start_s = NODE_START_S if fleet is not None else 0.0
    if price_per_hour is not None:
        return NodeOffer(kind=NodeKind(slots=slots, price_per_hour=price_per_hour, start_s=start_s), price=None)
    kind = instance_type or (next(iter(fleet.instance_types), DEFAULT_TYPE) if fleet is not None else DEFAULT_TYPE)
    if fleet is not None:
        price = _ask_price(fleet.region, kind)
    else:
        price = price_from_table(kind, env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or DEFAULT_REGION)
    return NodeOffer(kind=NodeKind(slots=slots, price_per_hour=price.on_demand, start_s=start_s), price=price)


def _ask_price(region: str, kind: str) -> Price:
    from gridrunner.aws.clients import Aws  # noqa: PLC0415 - boto3 takes half a second, and most runs need none
    from gridrunner.aws.prices import find_price  # noqa: PLC0415 - the same

    return find_price(Aws(region), kind)


class PriceBook:
    """Prices of a fleet's instance types, asked for in the background while a run goes on: its end does not wait for
    them.
    """

    def __init__(self, fleet: FleetFile) -> None:
        """Begin to ask."""
        self.fleet = fleet
        self._found: dict[str, Price] = {}
        threading.Thread(target=self._ask, name="aws-prices", daemon=True).start()

    def _ask(self) -> None:
        try:
            for kind in self.fleet.instance_types:
                self._found[kind] = _ask_price(self.fleet.region, kind)
        except GridrunnerError:
            return  # the table has the rest

    def price_of(self, kind: str) -> Price | None:
        """What AWS answered so far, else the table's price; None for an unknown type."""
        try:
            return self._found.get(kind) or price_from_table(kind, self.fleet.region)
        except UsageError:
            return None


def open_price_book(fleet_file: Path | None, *, is_on_fleet: bool) -> PriceBook | None:
    """The prices of a fleet for a run on it; None for a run elsewhere. Raises UsageError for a file that names no
    fleet.
    """
    return PriceBook(read_fleet(fleet_file)) if is_on_fleet else None


def measure_fleet(grid: OpenGrid, prices: PriceBook | None, *, at_s: float) -> FleetUsed | None:
    """What a run used of `grid` until now, as the journal keeps it; None for a grid that costs nothing by the
    minute.
    """
    if prices is None or not isinstance(grid, MeteredGrid):
        return None
    fleet = prices.fleet
    rows = []
    for use in grid.measure():
        price = prices.price_of(use.kind)
        rows.append(
            InstanceMinutes(
                kind=use.kind,
                is_spot=use.is_spot,
                count=use.count,
                minutes=use.minutes,
                on_demand_usd_hour=price.on_demand if price is not None else 0.0,
                spot_usd_hour=price.spot if price is not None else 0.0,
                price_source=price.source if price is not None else f"none known for {use.kind}",
            )
        )
    return FleetUsed(
        fleet=fleet.name,
        region=fleet.region,
        slots_per_node=fleet.slots_per_node,
        instances=tuple(rows),
        at_s=round(at_s, 3),
    )


def at_spot(kind: NodeKind, price: Price) -> NodeKind:
    """The same node at the spot price."""
    return replace(kind, price_per_hour=price.spot)
