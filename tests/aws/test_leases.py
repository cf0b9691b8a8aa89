"""Runs that share one fleet: the real driver, its book of leases in S3 and its groups, in moto; hubs are fakes."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from gridrunner import codec
from gridrunner.aws.clients import Aws, AwsFault
from gridrunner.errors import GridFault
from gridrunner.grid.drivers.aws.driver import AwsDriver
from gridrunner.grid.drivers.aws.fleet import read_fleet
from gridrunner.grid.drivers.aws.groups import NodeGroups
from gridrunner.grid.drivers.aws.leases import Lease, LeaseBook
from gridrunner.grid.drivers.protocol import RunDemand
from tests.support.command_line import wait_until
from tests.support.fake_hub import FakeGrid, open_hub
from tests.support.fleet import desired_of, make_groups, play_instances, write_fleet
from tests.support.moto_server import MotoServer

HUBS = 3


@pytest.fixture
def hubs() -> Iterator[list[FakeGrid]]:
    with ExitStack() as stack:
        yield [stack.enter_context(open_hub(slots=0)) for _ in range(HUBS)]


@pytest.fixture
def groups(aws_env: MotoServer) -> list[str]:
    return make_groups(aws_env, HUBS)


@pytest.fixture
def make_driver(groups: list[str], hubs: list[FakeGrid], tmp_path: Path) -> Callable[[], AwsDriver]:
    fleet = read_fleet(write_fleet(tmp_path / "fleet.json", groups, [hub.url for hub in hubs]))
    return lambda: AwsDriver(fleet, Aws(fleet.region), timeout_s=60.0, poll_s=0.05)


def demand(run: str, nodes: int, shard: str = "") -> RunDemand:
    return RunDemand(run=run, sites=10, nodes=nodes, shard=shard)


def read_book(aws: MotoServer, groups: list[str]) -> LeaseBook:
    name = groups[0].partition("-nodes")[0]
    body = aws.client("s3").get_object(Bucket=name, Key=f"fleet/{name}/leases.json")["Body"]
    return codec.decode(body.read(), LeaseBook)


def write_book(aws: MotoServer, groups: list[str], book: LeaseBook) -> None:
    name = groups[0].partition("-nodes")[0]
    aws.client("s3").put_object(Bucket=name, Key=f"fleet/{name}/leases.json", Body=codec.encode(book))


def test_runs_that_overlap_have_what_both_asked_for_and_each_takes_back_its_own(
    aws_env: MotoServer, groups: list[str], hubs: list[FakeGrid], make_driver: Callable[[], AwsDriver]
) -> None:
    first, second, said = ExitStack(), ExitStack(), list[str]()
    with play_instances(aws_env, groups, hubs):
        first.enter_context(make_driver().open_for_run(demand("a", 3), said.append))
        second.enter_context(make_driver().open_for_run(demand("b", 6), said.append))
        assert sum(desired_of(aws_env, groups)) == 9
        assert {lease.run: lease.nodes for lease in read_book(aws_env, groups).leases} == {"a": 3, "b": 6}
        first.close()
        assert sum(desired_of(aws_env, groups)) == 6
        second.close()
        assert sum(desired_of(aws_env, groups)) == 0
    assert read_book(aws_env, groups) == LeaseBook()
    assert any("3 idle instances go: i-" in line for line in said)


def test_eight_shards_that_start_at_once_have_the_nodes_of_all_eight(
    aws_env: MotoServer, groups: list[str], hubs: list[FakeGrid], make_driver: Callable[[], AwsDriver]
) -> None:
    are_open, may_end = threading.Barrier(9, timeout=60), threading.Event()

    def run_shard(number: int) -> None:
        with make_driver().open_for_run(demand("a", 3, f"{number}/8"), lambda _: None):
            are_open.wait()
            may_end.wait(60)

    with play_instances(aws_env, groups, hubs), ThreadPoolExecutor(8) as pool:
        shards = [pool.submit(run_shard, number) for number in range(1, 9)]
        are_open.wait()
        try:
            assert desired_of(aws_env, groups) == [8, 8, 8]
        finally:
            may_end.set()
        for shard in shards:
            shard.result()
        assert desired_of(aws_env, groups) == [0, 0, 0]


def test_what_a_dead_run_had_goes_with_the_next_one(
    aws_env: MotoServer, groups: list[str], hubs: list[FakeGrid], make_driver: Callable[[], AwsDriver]
) -> None:
    aws_env.client("autoscaling").set_desired_capacity(AutoScalingGroupName=groups[0], DesiredCapacity=6)
    dead = Lease(run="dead", nodes=6, expires_s=time.time() - 1.0)
    write_book(aws_env, groups, LeaseBook(leases=(dead,), base=0))
    with play_instances(aws_env, groups, hubs):
        with make_driver().open_for_run(demand("b", 2), lambda _: None):
            assert sum(desired_of(aws_env, groups)) == 2
        assert sum(desired_of(aws_env, groups)) == 0


def test_a_fleet_that_was_lowered_while_nodes_are_waited_for_is_raised_again(
    aws_env: MotoServer, groups: list[str], hubs: list[FakeGrid], make_driver: Callable[[], AwsDriver]
) -> None:
    scaling, said = aws_env.client("autoscaling"), list[str]()

    def meddle(line: str) -> None:
        said.append(line)
        if line == "aws: 0 of 4 nodes registered, 4 instances":
            for group in groups:
                scaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=0)

    def wait_for_nodes() -> int:
        with make_driver().open_for_run(demand("a", 4), meddle):
            return sum(desired_of(aws_env, groups))

    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(wait_for_nodes)
        wait_until(lambda: any("asked for again" in line for line in said), "the run notices", timeout_s=60)
        with play_instances(aws_env, groups, hubs):
            assert run.result(60) == 4
    assert any("4 nodes are waited for, and the fleet was set to 0 meanwhile" in line for line in said)
    assert sum(desired_of(aws_env, groups)) == 0


def test_who_scales_by_hand_is_told_who_lowered_the_fleet(
    aws_env: MotoServer, groups: list[str], make_driver: Callable[[], AwsDriver]
) -> None:
    def meddle(line: str) -> None:
        if line.startswith("aws: 0 of 2 nodes registered"):
            make_driver().down(lambda _: None)

    with pytest.raises(GridFault, match="2 nodes are waited for, and the fleet was set to 0 meanwhile"):
        make_driver().scale(2, meddle)


def fail_at(method: Callable[..., Any], numbers: set[int], calls: Counter[str]) -> Callable[..., Any]:
    """The method, some of whose calls are throttled."""

    def call(*arguments: Any) -> Any:
        calls[method.__name__] += 1
        if calls[method.__name__] in numbers:
            raise AwsFault("AWS throttles autoscaling: Throttling")
        return method(*arguments)

    return call


def test_throttled_calls_end_neither_a_wait_nor_the_lowering(
    aws_env: MotoServer,
    groups: list[str],
    hubs: list[FakeGrid],
    make_driver: Callable[[], AwsDriver],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = Counter[str]()
    monkeypatch.setattr(NodeGroups, "read", fail_at(NodeGroups.read, {1, 3, 5, 6, 7}, calls))
    monkeypatch.setattr(NodeGroups, "remove", fail_at(NodeGroups.remove, {1, 3}, calls))
    said: list[str] = []
    with play_instances(aws_env, groups, hubs):
        with make_driver().open_for_run(demand("a", 4), said.append):
            assert sum(desired_of(aws_env, groups)) == 4
        assert sum(desired_of(aws_env, groups)) == 0
    assert "aws: AWS throttles autoscaling: Throttling; trying again for 60 s" in said
    assert (calls["read"] > 7, calls["remove"]) == (True, 6)


def test_grid_down_ends_leases_and_a_run_that_waits_for_nodes_is_told(
    aws_env: MotoServer, groups: list[str], make_driver: Callable[[], AwsDriver]
) -> None:
    said: list[str] = []

    def meddle(line: str) -> None:
        if line.startswith("aws: 0 of 2 nodes registered"):
            make_driver().down(said.append)

    waiting = make_driver().open_for_run(demand("a", 2), meddle)
    with pytest.raises(GridFault, match="took this run's nodes away"), waiting:
        pass
    assert "aws: these runs lose their nodes: a" in said
    assert sum(desired_of(aws_env, groups)) == 0
