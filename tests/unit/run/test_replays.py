"""Replica pages of a run: when no other host may be asked."""

from __future__ import annotations

import pytest

from gridrunner.run.replays import leads_elsewhere
from tests.support.sample_runs import make_plan_of, make_site

REPLICA = "http://bank-de.demo.localhost:4000/"


@pytest.mark.parametrize(
    ("url", "is_elsewhere"),
    [
        ("http://shop-fr.demo.localhost/login", False),
        ("http://shop-en.site.localhost:18081/", True),  # a development server beside the replicas
        ("http://localhost:8080/", True),
        ("http://demo.localhost:8080/", True),
        ("https://shop.example/", True),
    ],
)
def test_the_network_is_closed_for_replicas_alone(url: str, is_elsewhere: bool) -> None:
    assert leads_elsewhere(make_plan_of([make_site("a", url=REPLICA), make_site("b", url=url)])) is is_elsewhere
