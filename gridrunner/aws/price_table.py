"""The dated table of prices in prices.toml, for where AWS cannot be asked. A price always says where it is from."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from msgspec import Struct

from gridrunner.errors import UsageError

_SIZES = {"large": 1, "xlarge": 2}


class Price(Struct, frozen=True, kw_only=True):
    """USD per hour of one instance type in one region. `source` is a phrase such as "AWS price list" or "table of
    2026-11-26"; the sources of both prices may differ.
    """

    instance_type: str
    region: str
    on_demand: float
    on_demand_source: str
    spot: float
    spot_source: str

    @property
    def source(self) -> str:
        """Both sources in one phrase."""
        if self.on_demand_source == self.spot_source:
            return self.on_demand_source
        return f"on-demand: {self.on_demand_source}, spot: {self.spot_source}"


class PriceTable(Struct, frozen=True, kw_only=True):
    """prices.toml: USD per hour of the size `large` by family in us-east-1, and factors of regions."""

    date: str
    spot_share: float
    large: Mapping[str, float]
    region: Mapping[str, float]


@cache
def read_table() -> PriceTable:
    """The project's own table."""
    table = tomllib.loads((Path(__file__).parent / "prices.toml").read_text(encoding="utf-8"))
    return PriceTable(date=table["date"], spot_share=table["spot_share"], large=table["large"], region=table["region"])


def price_from_table(instance_type: str, region: str) -> Price:
    """The price by the project's own table. Raises UsageError for a type that it cannot reckon."""
    table = read_table()
    family, _, size = instance_type.partition(".")
    multiple = re.fullmatch(r"(\d+)xlarge", size)
    factor = int(multiple[1]) * 2 if multiple else _SIZES.get(size)
    if family not in table.large or factor is None:
        raise UsageError(
            f"no price is known for {instance_type}",
            hint=f"give --price-per-node-hour; known families: {', '.join(sorted(table.large))}, size large and up",
        )
    known = region in table.region
    on_demand = table.large[family] * factor * table.region[region if known else "other"]
    source = f"table of {table.date}" + ("" if known else f", {region or 'the region'} guessed")
    return Price(
        instance_type=instance_type,
        region=region,
        on_demand=round(on_demand, 4),
        on_demand_source=source,
        spot=round(on_demand * table.spot_share, 4),
        spot_source=source,
    )
