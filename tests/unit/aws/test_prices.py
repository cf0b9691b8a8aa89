from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from gridrunner.aws.clients import Aws
from gridrunner.aws.price_table import price_from_table
from gridrunner.aws.prices import find_price, read_price_list
from gridrunner.errors import UsageError


def test_larger_sizes_cost_in_proportion_and_regions_differ() -> None:
    large, double = price_from_table("c6i.large", "us-east-1"), price_from_table("c6i.2xlarge", "us-east-1")
    assert (large.on_demand, double.on_demand) == (0.085, 0.34)
    assert price_from_table("c6i.large", "eu-central-1").on_demand > large.on_demand
    assert large.spot < large.on_demand
    assert large.source.startswith("table of 20")


def test_a_region_that_the_table_lacks_is_said_to_be_guessed() -> None:
    assert "me-south-1 guessed" in price_from_table("c6i.large", "me-south-1").source


@pytest.mark.parametrize("kind", ["p5.48xlarge", "c6i.metal", "c6i", ""])
def test_a_type_that_cannot_be_reckoned_is_refused_with_what_can(kind: str) -> None:
    with pytest.raises(UsageError, match="no price is known") as raised:
        price_from_table(kind, "us-east-1")
    assert "--price-per-node-hour" in (raised.value.hint or "")


def product(unit: str, usd: str) -> str:
    dimension = {"unit": unit, "pricePerUnit": {"USD": usd}}
    return json.dumps({"terms": {"OnDemand": {"A.B": {"priceDimensions": {"A.B.C": dimension}}}}})


def test_the_price_list_is_read_as_aws_writes_it() -> None:
    assert (
        read_price_list([product("Quantity", "5"), product("Hrs", "0.0000000000"), product("Hrs", "0.0970000000")])
        == 0.097
    )


@pytest.mark.parametrize("products", [[], ["no json"], ["{}"], [product("Hrs", "dear")], [None]])
def test_a_price_list_without_a_price_is_none(products: list[str]) -> None:
    assert read_price_list(products) is None


NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


class FakeAws(Aws):
    """The two price APIs: `products` and `spots` are what they answer, None is a refusal."""

    region = "eu-central-1"

    def __init__(self, products: list[str] | None, spots: list[tuple[str, int, str]] | None) -> None:
        self._products, self._spots = products, spots
        self.filters: dict[str, str] = {}

    def client(self, service: str, *, region: str | None = None) -> Any:
        assert (service, region) in {("pricing", "us-east-1"), ("ec2", None)}
        return self

    def get_products(self, **asked: Any) -> dict[str, Any]:
        self.filters = {each["Field"]: each["Value"] for each in asked["Filters"]}
        if self._products is None:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetProducts")
        return {"PriceList": self._products}

    def describe_spot_price_history(self, **_: object) -> dict[str, Any]:
        if self._spots is None:
            raise ClientError({"Error": {"Code": "UnauthorizedOperation"}}, "DescribeSpotPriceHistory")
        return {
            "SpotPriceHistory": [
                {"AvailabilityZone": zone, "Timestamp": NOW - timedelta(minutes=ago), "SpotPrice": price}
                for zone, ago, price in self._spots
            ]
        }


def test_prices_of_the_apis_go_before_the_table_and_zones_are_averaged_by_their_newest() -> None:
    aws = FakeAws(
        [product("Hrs", "0.0970000000")], [("a", 50, "0.090"), ("a", 5, "0.040"), ("b", 9, "0.030"), ("c", 9, "0.035")]
    )
    price = find_price(aws, "c6i.large", now=NOW)
    assert (price.on_demand, price.spot) == (0.097, 0.035)
    assert price.source == "on-demand: AWS price list, spot: AWS spot price history"
    assert (aws.filters["regionCode"], aws.filters["instanceType"]) == ("eu-central-1", "c6i.large")


def test_where_the_apis_may_not_be_asked_the_table_is_and_says_so() -> None:
    price = find_price(FakeAws(None, None), "c6i.large", now=NOW)
    assert price == price_from_table("c6i.large", "eu-central-1")


def test_a_spot_price_that_cannot_be_is_not_believed() -> None:
    price = find_price(FakeAws(None, [("a", 1, "0.00001")]), "c6i.large", now=NOW)
    assert price.spot_source.startswith("table of")


def test_a_type_that_only_the_api_knows_has_its_price() -> None:
    price = find_price(FakeAws([product("Hrs", "3.0")], None), "x9z.metal", now=NOW)
    assert (price.on_demand, price.spot, price.spot_source) == (3.0, 1.2, "40% of on-demand")
    with pytest.raises(UsageError):
        find_price(FakeAws(None, None), "x9z.metal", now=NOW)
