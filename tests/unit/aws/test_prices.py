from __future__ import annotations

import json

import pytest

from gridrunner.aws.price_table import price_from_table
from gridrunner.aws.prices import read_price_list
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
