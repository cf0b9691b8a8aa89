from __future__ import annotations

from typing import Any

import pytest

from gridrunner.errors import UsageError
from gridrunner.grid.drivers.aws.scaling import (
    GroupLimits,
    GroupView,
    explain_shortage,
    require_possible,
    shorten,
    weigh_progress,
)


def groups(*limits: tuple[int, int, int]) -> list[GroupLimits]:
    return [
        GroupLimits(name=f"g{number}", least=least, most=most, desired=desired)
        for number, (least, most, desired) in enumerate(limits, start=1)
    ]


@pytest.mark.parametrize(("nodes", "words"), [(21, "more than the fleet may have: 20"), (1, "fewer than")])
def test_what_limits_do_not_allow_is_refused(nodes: int, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        require_possible(nodes, groups((1, 10, 1), (1, 10, 1)))


def view(**changes: Any) -> GroupView:
    return GroupView(name="g1", desired=3, **changes)


def test_a_wait_is_over_when_all_are_registered_and_none_is_leaving() -> None:
    assert weigh_progress([view(instances=3, registered=3)]).is_done
    assert not weigh_progress([view(instances=3, registered=2)]).is_done
    assert not weigh_progress([view(instances=3, registered=3, leaving=1)]).is_done
    assert not weigh_progress([view(instances=3, registered=4)]).is_done


def test_a_lack_of_capacity_is_said_and_waited_out_but_a_quota_ends_the_wait() -> None:
    short = weigh_progress([view(failures=("UnfulfillableCapacity - Unable to fulfill capacity",))])
    assert ("UnfulfillableCapacity" in short.line, short.problem) == (True, "")
    quota = "You have requested more vCPU capacity than your limit. VcpuLimitExceeded. Launching EC2 instance failed."
    assert "VcpuLimitExceeded" in weigh_progress([view(failures=(quota,))]).problem


def test_the_reason_of_a_shortage_is_the_most_telling_one() -> None:
    assert "no spot" in explain_shortage([view(failures=("no spot",), hub_problem="hub is down")])
    assert explain_shortage([view(hub_problem="hub is down")]) == "hub is down"
    assert "2 instances run and have not registered" in explain_shortage([view(instances=3, registered=1)])
    assert "gives no reason" in explain_shortage([view()])


def test_boilerplate_of_aws_is_left_out() -> None:
    assert shorten("Could not launch.\n  Launching EC2 instance failed.") == "Could not launch"
