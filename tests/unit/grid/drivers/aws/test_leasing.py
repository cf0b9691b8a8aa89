from __future__ import annotations

import pytest

from gridrunner.aws.clients import AwsFault, AwsRefused
from gridrunner.grid.drivers.aws.leasing import BORNE_S, Patience, insist


def test_faults_are_borne_for_a_minute_said_once_and_a_success_forgives_them() -> None:
    times = iter([0.0, 59.0, 70.0, 129.0, 130.0])
    said: list[str] = []
    patience = Patience(said.append, clock=lambda: next(times))
    fault = AwsFault("throttled")
    patience.bear(fault)
    patience.bear(fault)
    patience.succeed()
    patience.bear(fault)
    patience.bear(fault)
    with pytest.raises(AwsFault, match="throttled"):
        patience.bear(fault)
    assert said == [f"aws: throttled; trying again for {BORNE_S:g} s"] * 2


def test_a_refusal_is_not_tried_again() -> None:
    tries: list[str] = []

    def refuse() -> None:
        tries.append("once")
        raise AwsRefused("denied")

    with pytest.raises(AwsRefused):
        insist(refuse, print, pause_s=0.0)
    assert tries == ["once"]
