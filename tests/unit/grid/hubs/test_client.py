"""A hub as its clients see it: what is read from its answers, and what is asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gridrunner.errors import HubUnreachable, UsageError
from gridrunner.grid.hubs.client import HubClient, find_draining_sessions
from gridrunner.grid.status import HubAddress, NodeState
from tests.support.hub_answers import HubAnswers, make_node, serve_answers

DRAIN = "/se/grid/distributor/node/id-of-node-1/drain"
REMOVE = "/se/grid/distributor/node/id-of-node-1"
DEAD = "Connection error (POST http://node-1:5555/se/grid/node/session)"


@pytest.fixture
def hub() -> Iterator[HubAnswers]:
    with serve_answers() as answers:
        answers.serve_nodes(make_node())
        answers.serve_version("4.48.0 (revision abc)")
        yield answers


def client_of(hub: HubAnswers, *, secret: str | None = "s3") -> HubClient:
    return HubClient(HubAddress(url=hub.url, name="hub-1", secret=secret))


def test_slots_are_those_for_our_browser_and_no_more_than_the_node_takes(hub: HubAnswers) -> None:
    hub.serve_nodes(
        make_node("node-1", browsers={"firefox": 2, "chrome": 2, "MicrosoftEdge": 2}, most=2),
        make_node("node-2", browsers={"chrome": 4}, most=1),
        make_node("node-3", browsers={"firefox": 1}),
        make_node("node-4", availability="DRAINING"),
        make_node("node-5", availability="DOWN"),
    )
    assert client_of(hub).count_slots() == 2 + 1 + 0


def test_a_full_hub_is_up_and_its_sessions_say_whose_they_are(hub: HubAnswers) -> None:
    hub.serve_nodes(make_node(sessions=1, tag={"run": "20261126-1", "owner": "machine:1:2"}))
    hub.serve_version("4.48.0 (revision abc)", queue=3)
    status = client_of(hub).status()
    assert (status.is_up, status.version, status.queue, status.detail) == (True, "4.48.0 (revision abc)", 3, "")
    (node,) = status.nodes
    assert (node.name, node.state, node.id) == ("node-1", NodeState.UP, "id-of-node-1")
    session = node.slots[0].session
    assert session is not None
    assert (session.id, session.run, session.owner, session.name) == (
        "node-1-0",
        "20261126-1",
        "machine:1:2",
        "somebody",
    )


def test_a_hub_under_a_sub_path_is_live_without_its_readyz(hub: HubAnswers) -> None:
    assert client_of(hub).is_live()
    assert hub.asked_for("GET") == ["/readyz", "/status"]
    hub.answers["GET", "/readyz"] = (200, b"Router is true")
    assert client_of(hub).is_live()
    assert hub.asked_for("GET")[2:] == ["/readyz"]


def test_a_hub_that_does_not_answer_is_a_status() -> None:
    with serve_answers() as hub:
        client = client_of(hub)
    status = client.status()
    assert not status.is_up
    assert "cannot be reached" in status.detail
    assert not client.is_live()


def test_drain_carries_the_secret_and_the_type_that_the_grid_insists_on(hub: HubAnswers) -> None:
    hub.answers["POST", DRAIN] = (200, {"value": True})
    client_of(hub).drain_node("id-of-node-1")
    method, path, headers = hub.asked[-1]
    assert (method, path) == ("POST", DRAIN)
    assert headers["x-registration-secret"] == "s3"
    assert headers["content-type"] == "application/json; charset=utf-8"


def test_a_refused_secret_is_told_without_showing_it(hub: HubAnswers) -> None:
    hub.answers["POST", DRAIN] = (401, {"value": {"message": "Unauthorized"}})
    with pytest.raises(UsageError, match="refuses our registration secret") as caught:
        client_of(hub, secret="sesame").drain_node("id-of-node-1")
    assert "sesame" not in str(caught.value)
    assert "sesame" not in repr(HubAddress(url=hub.url, secret="sesame"))


def test_without_a_secret_nothing_is_drained(hub: HubAnswers) -> None:
    with pytest.raises(UsageError, match="without its registration secret"):
        client_of(hub, secret=None).drain_node("id-of-node-1")
    assert hub.asked_for("POST") == []


def test_secret_is_read_from_its_file(hub: HubAnswers, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-file\n")
    hub.answers["DELETE", REMOVE] = (200, b"")
    HubClient(HubAddress(url=hub.url, secret_file=tmp_path / "secret")).remove_node("id-of-node-1")
    assert hub.asked[-1][2]["x-registration-secret"] == "from-file"


def test_a_node_that_its_hub_cannot_reach_is_evicted(hub: HubAnswers) -> None:
    hub.answers["DELETE", REMOVE] = (200, b"")
    assert client_of(hub).evict_unreached_node(f"http://hub: no session: {DEAD}") == "node-1"
    assert hub.asked_for("DELETE") == [REMOVE]


@pytest.mark.parametrize(
    ("message", "secret"),
    [
        ("New session request timed out", "s3"),
        ("Connection error (POST http://node-9:5555/se/grid/node/session)", "s3"),
        (DEAD, None),
    ],
    ids=["another fault", "another node", "no secret"],
)
def test_nothing_else_is_evicted(hub: HubAnswers, message: str, secret: str | None) -> None:
    assert client_of(hub, secret=secret).evict_unreached_node(message) is None
    assert hub.asked_for("DELETE") == []


def test_session_that_the_hub_forgot_is_ended_at_its_node(hub: HubAnswers) -> None:
    ended: list[tuple[str, str]] = []

    def end(url: str, session: str) -> bool:
        ended.append((url, session))
        return True

    hub.serve_nodes(make_node(sessions=1))
    client = HubClient(HubAddress(url=hub.url, end_at_node=end))
    assert client.end_session("node-1-0")
    assert not client.end_session("unheard-of")
    assert ended == [("http://node-1:5555", "node-1-0")]


def test_session_that_the_hub_knows_is_ended_by_it(hub: HubAnswers) -> None:
    hub.answers["DELETE", "/session/x"] = (200, {"value": None})
    assert client_of(hub).end_session("x")


@pytest.mark.parametrize("version", ["3.141.59", "4.7.1", "4.18.1"])
def test_old_hub_is_refused_by_name(hub: HubAnswers, version: str) -> None:
    hub.serve_version(version)
    with pytest.raises(UsageError, match=f"hub-1: Selenium Grid {version} is too old"):
        client_of(hub).require_supported()


def test_version_is_read_from_nodes_where_the_hub_has_no_graphql(hub: HubAnswers) -> None:
    del hub.answers["POST", "/graphql"]
    assert client_of(hub).require_supported() == "4.48.0 (revision abc)"
    hub.serve_nodes()
    assert client_of(hub).require_supported() == ""


def test_node_of_a_session(hub: HubAnswers) -> None:
    hub.serve_nodes(make_node("node-1"), make_node("node-2", sessions=1))
    assert client_of(hub).find_node("node-2-0") == "node-2"
    assert client_of(hub).find_node("unheard-of") == ""


def test_sessions_on_nodes_that_drain_are_known(hub: HubAnswers) -> None:
    hub.serve_nodes(make_node("node-1", sessions=1), make_node("node-2", sessions=1, availability="DRAINING"))
    assert find_draining_sessions(client_of(hub).nodes()) == {"node-2-0"}


def test_hub_of_today_is_supported(hub: HubAnswers) -> None:
    assert client_of(hub).require_supported() == "4.48.0 (revision abc)"


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"<h1>hello</h1>", "not as a Selenium Grid hub"),
        (200, {"value": {"ready": True}}, "not as a Selenium Grid hub"),
        (
            200,
            {"value": {"ready": False, "message": "Unable to read distributor status."}},
            "Unable to read distributor",
        ),
        (401, b"", "wants a user and a password"),
    ],
    ids=["a web page", "no grid", "a hub in trouble", "a locked door"],
)
def test_what_is_no_hub_for_us_is_named(hub: HubAnswers, status: int, body: object, said: str) -> None:
    hub.answers["GET", "/status"] = (status, body)
    with pytest.raises(HubUnreachable, match=said):
        client_of(hub).nodes()


def test_file_without_certificates_is_a_mistake_of_the_users(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("hello")
    with pytest.raises(UsageError, match="--hub-ca"):
        HubClient(HubAddress(url="https://hub"), ca_file=tmp_path / "ca.pem")
