from __future__ import annotations

from pathlib import Path

import pytest

from gridrunner import codec
from gridrunner.planning.shards import cut_shard
from gridrunner.run.fleet import wanted_nodes
from gridrunner.settings.fleet import AUTO, FleetSettings
from tests.support.fake_sessions import make_plan_of

PLAN = make_plan_of([60.0] * 400)


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    path = tmp_path / "fleet.json"
    hubs = [{"name": "hub-1", "url": "http://10.0.0.1:4444", "nodes_asg": "nodes-1"}]
    nodes = {"max_per_hub": 40}
    path.write_bytes(codec.encode({"name": "f", "region": "eu-central-1", "hubs": hubs, "nodes": nodes}))
    return path


def test_eight_shards_that_reckon_apart_come_to_what_one_run_would_take(fleet: Path) -> None:
    settings = FleetSettings(file=fleet, scale=AUTO, budget_s=1800.0)
    whole = wanted_nodes(settings, PLAN, print, is_on_fleet=True)
    parts = [wanted_nodes(settings, cut_shard(PLAN, index, 8), print, is_on_fleet=True) for index in range(1, 9)]
    assert whole is not None
    assert None not in parts
    assert whole <= sum(part or 0 for part in parts) <= whole + 8  # each shard's last node may be half used


@pytest.mark.parametrize(
    ("scale", "words"),
    [
        (AUTO, "will not be kept: fleet f may have 40 nodes, 5 for each of 8 shards"),
        (6, "--scale 6 for each shard: fleet f may have 40 nodes, 5 for each of 8 shards"),
    ],
)
def test_a_shard_is_told_when_its_share_of_the_fleet_is_too_small(fleet: Path, scale: str | int, words: str) -> None:
    said: list[str] = []
    settings = FleetSettings(file=fleet, scale=scale, budget_s=200.0)
    nodes = wanted_nodes(settings, cut_shard(PLAN, 1, 8), said.append, is_on_fleet=True)
    assert words in " ".join(said)
    assert nodes == (5 if scale == AUTO else 6)
