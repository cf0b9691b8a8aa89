"""What a run on AWS cost, from what its journal holds of instances: an estimate, by on-demand and by spot prices. Pure.

Instances are charged from when the run asked for them (or began, for those that ran already) until it was over; hubs,
disks, traffic and what a node takes to shut down are not in it (docs/aws.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from gridrunner.results.journal.events import FleetUsed
from gridrunner.text import count_of


class RunCost(Struct, frozen=True, kw_only=True):
    """USD, and minutes of instances. `estimate` takes each instance at the price of its own market, `on_demand` and
    `spot` all of them at one; `per_site` is None without a visited site; `idle_share` (0 to 1) is the part of the
    paid slots' time that no visit filled.
    """

    instances: int
    minutes: float
    kinds: tuple[str, ...]
    region: str
    estimate: float
    on_demand: float
    spot: float
    per_site: float | None
    idle_share: float | None
    source: str


def reckon_cost(used: Sequence[FleetUsed], *, sites: int, busy_s: float) -> RunCost | None:
    """The cost of a run that visited `sites` sites in `busy_s` seconds of slots; None: it used no fleet."""
    rows = [(event, row) for event in used for row in event.instances]
    if not rows:
        return None
    on_demand = sum(row.minutes / 60 * row.on_demand_usd_hour for _, row in rows)
    spot = sum(row.minutes / 60 * row.spot_usd_hour for _, row in rows)
    estimate = sum(row.minutes / 60 * (row.spot_usd_hour if row.is_spot else row.on_demand_usd_hour) for _, row in rows)
    paid_s = sum(row.minutes * 60 * event.slots_per_node for event, row in rows)
    return RunCost(
        instances=sum(row.count for _, row in rows),
        minutes=round(sum(row.minutes for _, row in rows), 2),
        kinds=tuple(sorted({row.kind for _, row in rows})),
        region=", ".join(sorted({event.region for event in used if event.region})),
        estimate=round(estimate, 6),
        on_demand=round(on_demand, 6),
        spot=round(spot, 6),
        per_site=round(estimate / sites, 8) if sites else None,
        idle_share=round(max(0.0, 1 - busy_s / paid_s), 4) if paid_s > 0 else None,
        source="; ".join(sorted({row.price_source for _, row in rows if row.price_source})),
    )


def describe_cost(cost: RunCost) -> str:
    """One line: what it came to, what it would have by either price, a site's share, and where prices are from."""
    count = count_of(cost.instances, "instance")
    parts = [
        f"{count} ({', '.join(cost.kinds)}, {cost.region}) for {cost.minutes:.1f} instance-minutes",
        f"about {_usd(cost.estimate)} (on-demand {_usd(cost.on_demand)}, spot {_usd(cost.spot)})",
    ]
    if cost.per_site is not None:
        parts.append(f"{_usd(cost.per_site)} per site")
    if cost.idle_share is not None:
        parts.append(f"{cost.idle_share:.0%} idle")
    return ", ".join(parts) + f"; prices: {cost.source}"


def _usd(amount: float) -> str:
    """Two significant digits of small sums, cents of others: `0.0034 USD`, `12.40 USD`."""
    return f"{amount:.2f} USD" if amount >= 1 else f"{amount:.2g} USD"
