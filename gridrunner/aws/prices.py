"""What an instance costs an hour: from AWS' price APIs when they can be asked, else from the dated table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from gridrunner.aws.clients import Aws, translated
from gridrunner.aws.price_table import Price, price_from_table, read_table
from gridrunner.errors import GridrunnerError, UsageError

PRICING_REGION = "us-east-1"
"""The price list API has endpoints in a few regions only; us-east-1 knows the prices of all (AWS Billing guide, "AWS
Price List Query API endpoints")."""

_LOCATION_FILTERS = {"operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used"}


def find_price(aws: Aws, instance_type: str, *, now: datetime | None = None) -> Price:
    """The price by the APIs, or by the table where one of them cannot be asked or says nothing that makes sense. Raises
    UsageError for a type that has no price.
    """
    on_demand = _ask_on_demand(aws, instance_type)
    spot = _ask_spot(aws, instance_type, now or datetime.now(UTC))
    try:
        known = price_from_table(instance_type, aws.region)
    except UsageError:
        if on_demand is None:
            raise
        share = read_table().spot_share
        known = Price(
            instance_type=instance_type,
            region=aws.region,
            on_demand=on_demand,
            on_demand_source="",
            spot=round(on_demand * share, 4),
            spot_source=f"{share:.0%} of on-demand",
        )
    # A spot price is between a twentieth of on-demand ("up to 90 %" off) and on-demand itself; a mock's is not.
    is_real = spot is not None and known.on_demand / 20 <= spot <= (on_demand or known.on_demand) * 1.5
    return Price(
        instance_type=instance_type,
        region=aws.region,
        on_demand=on_demand if on_demand is not None else known.on_demand,
        on_demand_source="AWS price list" if on_demand is not None else known.on_demand_source,
        spot=spot if spot is not None and is_real else known.spot,
        spot_source="AWS spot price history" if is_real else known.spot_source,
    )


def _ask_on_demand(aws: Aws, instance_type: str) -> float | None:
    filters = {**_LOCATION_FILTERS, "instanceType": instance_type, "regionCode": aws.region}
    try:
        with translated("pricing:GetProducts", instance_type):
            answer = aws.client("pricing", region=PRICING_REGION).get_products(
                ServiceCode="AmazonEC2",
                Filters=[{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in filters.items()],
            )
    except GridrunnerError:
        return None
    return read_price_list(answer.get("PriceList", []))


def read_price_list(products: Sequence[Any]) -> float | None:
    """USD per hour in what `GetProducts` answered: JSON documents with terms, price dimensions and `pricePerUnit`; None
    where there is none.
    """
    for text in products:
        try:
            product = json.loads(text) if isinstance(text, str) else text
            for term in product["terms"]["OnDemand"].values():
                for dimension in term["priceDimensions"].values():
                    price = float(dimension["pricePerUnit"]["USD"])
                    if dimension["unit"] == "Hrs" and price > 0:
                        return price
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return None


def _ask_spot(aws: Aws, instance_type: str, now: datetime) -> float | None:
    """The middle of the zones' newest prices; None where there is none."""
    try:
        with translated("ec2:DescribeSpotPriceHistory", instance_type):
            answer = aws.client("ec2").describe_spot_price_history(
                InstanceTypes=[instance_type],
                ProductDescriptions=["Linux/UNIX"],
                StartTime=now - timedelta(hours=1),
                MaxResults=50,
            )
    except GridrunnerError:
        return None
    newest: dict[str, tuple[Any, float]] = {}
    for row in answer.get("SpotPriceHistory", []):
        zone, at, price = row.get("AvailabilityZone", ""), row.get("Timestamp", ""), float(row.get("SpotPrice", 0))
        if zone not in newest or at > newest[zone][0]:
            newest[zone] = (at, price)
    return median(price for _, price in newest.values()) if newest else None
