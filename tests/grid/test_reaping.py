"""Which sessions are ended: those of runs that are over or named, nobody else's."""

from __future__ import annotations

import subprocess
import sys

from gridrunner.grid.hubs.client import HubClient
from gridrunner.grid.hubs.owners import owner_token
from gridrunner.grid.hubs.reaping import reap_sessions
from gridrunner.grid.status import HubAddress
from tests.grid.test_owners import PRINT_TOKEN
from tests.support.hub_answers import make_node, serve_answers


def test_only_orphans_and_named_runs_are_ended() -> None:
    dead = subprocess.run(
        [sys.executable, "-c", PRINT_TOKEN], capture_output=True, text=True, check=True
    ).stdout.strip()
    with serve_answers() as hub:
        hub.serve_nodes(
            make_node("orphan", sessions=1, tag={"run": "r1", "owner": dead}),
            make_node("alive", sessions=1, tag={"run": "r2", "owner": owner_token()}),
            make_node("elsewhere", sessions=1, tag={"run": "r3", "owner": "another:1:2"}),
            make_node("stranger", sessions=1),
        )
        for name in ("orphan", "elsewhere"):
            hub.answers["DELETE", f"/session/{name}-0"] = (200, {"value": None})
        client = HubClient(HubAddress(url=hub.url))
        assert reap_sessions([client]) == 1
        assert hub.asked_for("DELETE") == ["/session/orphan-0"]
        assert reap_sessions([client], ["r3"]) == 2
        assert sorted(hub.asked_for("DELETE")[1:]) == ["/session/elsewhere-0", "/session/orphan-0"]


def test_hub_that_does_not_answer_is_left_out() -> None:
    with serve_answers() as hub:
        client = HubClient(HubAddress(url=hub.url))
    assert reap_sessions([client]) == 0
