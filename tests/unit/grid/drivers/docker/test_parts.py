"""How containers are made: what keeps the secret, the host and the internet out of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gridrunner.grid.drivers.docker.parts import GridParts, ImageFacts, hub_options, node_options, read_image
from gridrunner.grid.drivers.docker.run import choose_size
from gridrunner.grid.drivers.protocol import GridSize, RunDemand

PARTS = GridParts(grid="mine")
OURS = ImageFacts(
    name="gridrunner/node-chrome:1", entry_point=("/tini", "--", "/entry"), selenium="4.48.0", is_ours=True
)
OFFICIAL = ImageFacts(name="selenium/node-chrome", entry_point=("/opt/bin/entry_point.sh",), selenium="", is_ours=False)


def test_image_is_read_as_inspect_shows_it() -> None:
    attributes: dict[str, Any] = {
        "Config": {
            "Entrypoint": ["/tini"],
            "Cmd": ["run"],
            "Labels": {"org.openqa.selenium.version": "4.48.0", "gridrunner.version": "0.1.0"},
        }
    }
    facts = read_image("x", attributes)
    assert (facts.entry_point, facts.selenium, facts.is_ours) == (("/tini", "run"), "4.48.0", True)
    assert read_image("y", {"Config": {"Entrypoint": None, "Cmd": ["/e"], "Labels": None}}).entry_point == ("/e",)


def test_hub_is_published_on_loopback_alone() -> None:
    assert hub_options(PARTS, OURS, 1, 50123)["ports"] == {"4444/tcp": ("127.0.0.1", 50123)}


def test_node_is_published_nowhere_and_on_the_inner_network_alone() -> None:
    options = node_options(PARTS, OURS, 3, "mine-hub-1", 2)
    assert "ports" not in options
    assert options["network"] == "mine-nodes"
    assert options["environment"]["SE_EVENT_BUS_HOST"] == "mine-hub-1"
    assert options["environment"]["SE_NODE_MAX_SESSIONS"] == "2"


@pytest.mark.parametrize("image", [OURS, OFFICIAL], ids=["ours", "official"])
def test_secret_comes_from_a_file_and_goes_to_the_image_s_own_entry_point(image: ImageFacts) -> None:
    options = node_options(PARTS, image, 1, "mine-hub-1", 1)
    assert not any("SECRET" in name for name in options["environment"])
    assert options["volumes"] == {"mine-secret": {"bind": "/run/gridrunner", "mode": "ro"}}
    assert tuple(options["entrypoint"][4:]) == image.entry_point


def test_our_images_run_without_any_right(monkeypatch: pytest.MonkeyPatch) -> None:
    options = node_options(PARTS, OURS, 1, "mine-hub-1", 1)
    assert options["cap_drop"] == ["ALL"]
    assert options["read_only"] is True
    assert "no-new-privileges" in options["security_opt"]
    assert "read_only" not in node_options(PARTS, OFFICIAL, 1, "mine-hub-1", 1)


def test_seccomp_profile_is_json_where_there_is_one() -> None:
    for option in node_options(PARTS, OURS, 1, "mine-hub-1", 1)["security_opt"]:
        name, _, text = option.partition("=")
        assert name in {"no-new-privileges", "seccomp"}
        assert not text or json.loads(text)["defaultAction"]


def test_everything_carries_the_name_of_its_grid_and_its_owner() -> None:
    owned = GridParts(grid="mine-run", owner="machine:1:2")
    labels = node_options(owned, OURS, 1, "mine-run-hub-1", 1)["labels"]
    assert (labels["gridrunner.grid"], labels["gridrunner.role"]) == ("mine-run", "node")
    assert (labels["gridrunner.owner"], labels["gridrunner.hub"]) == ("machine:1:2", "mine-run-hub-1")
    assert "gridrunner.owner" not in PARTS.labels("hub")


@pytest.mark.parametrize(
    ("slots", "sites", "size"),
    [
        (3, 100, GridSize(hubs=1, nodes=3)),
        (8, 5, GridSize(hubs=1, nodes=5)),
        (130, 1000, GridSize(hubs=3, nodes=130)),
    ],
)
def test_size_of_a_grid_for_one_run(slots: int, sites: int, size: GridSize) -> None:
    assert choose_size(RunDemand(run="r", sites=sites, slots=slots)) == size
