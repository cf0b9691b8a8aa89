"""A hub as the dispatcher has it, against a fake Selenium Grid: slots, sessions, lanes, and all that goes wrong."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.options import SessionOptions
from gridrunner.browser.visit import VisitSettings
from gridrunner.errors import GridFault, HubUnreachable, SessionNotCreated, UsageError
from gridrunner.grid.hubs.remote import RemoteHub
from gridrunner.grid.status import HubAddress
from gridrunner.model import Expectation, ExpectedLogin, FaultKind, Outcome, Site
from tests.support.command_line import wait_until
from tests.support.fake_hub import FakeGrid, NewSession, open_hub
from tests.support.page_server import PageServer

LOGIN = Site(id="shop", url="https://shop.example/login", expect=Expectation(username="#anmeldename"))
GARDEN = Site(id="garden", url="https://shop.example/garden")
TIMEOUT_S = 30.0


def reach(grid: FakeGrid, folder: Path, *, lanes: int = 1, url: str | None = None, **settings: Any) -> RemoteHub:
    return RemoteHub(
        address=HubAddress(url=url or grid.url),
        options=SessionOptions(name="gridrunner test"),
        settings=VisitSettings(**settings),
        store=EvidenceStore(run_folder=folder),
        lanes_per_session=lanes,
    )


def open_session(hub: RemoteHub, slot: str = "slot-1") -> Any:
    return hub.open_session(slot=slot, timeout_s=TIMEOUT_S)


def test_slots_are_those_of_all_nodes_times_the_lanes(tmp_path: Path) -> None:
    with open_hub(slots=6) as grid:
        assert reach(grid, tmp_path).slots() == 6
        assert reach(grid, tmp_path, lanes=2).slots() == 12


def test_full_hub_still_has_its_slots(tmp_path: Path) -> None:
    with open_hub(slots=1) as grid:
        hub = reach(grid, tmp_path)
        session = open_session(hub)
        assert hub.slots() == 1
        session.close()


def test_visit_over_the_address_that_the_hub_was_reached_by(tmp_path: Path) -> None:
    with open_hub() as grid:
        session = open_session(reach(grid, tmp_path))
        observation = session.visit(LOGIN, attempt=1, upcoming=GARDEN)
        after = session.visit(GARDEN, attempt=1, upcoming=None)
        session.close()
        assert (observation.outcome, observation.http_status, observation.fault) == (Outcome.OBSERVED, 200, None)
        assert observation.detection is not None
        assert observation.detection.login_present is True
        assert observation.probes["expected"]["username"]["matches"] == "#anmeldename"
        assert (observation.hub, observation.node, observation.session) == (grid.url, "node-1", session.id)
        assert after.detection is not None
        assert after.detection.login_present is False
        assert grid.figures.visits == {LOGIN.url: 1, GARDEN.url: 1}
        assert grid.figures.names == ["gridrunner test slot-1"]
        assert grid.sessions == 0


def test_contexts_do_not_pile_up(tmp_path: Path) -> None:
    with open_hub() as grid:
        session = open_session(reach(grid, tmp_path))
        for attempt in range(1, 6):
            assert session.visit(LOGIN, attempt=attempt, upcoming=LOGIN).fault is None
        session.close()
        assert grid.figures.most_contexts <= 2


def test_lanes_share_a_session_until_the_last_is_closed(tmp_path: Path) -> None:
    with open_hub() as grid:
        hub = reach(grid, tmp_path, lanes=2)
        first, second = open_session(hub, "slot-1"), open_session(hub, "slot-2")
        assert first.id == second.id
        first.close()
        assert grid.sessions == 1
        assert second.visit(LOGIN, attempt=1, upcoming=None).fault is None
        second.close()
        assert (grid.sessions, grid.figures.sessions_made) == (0, 1)


def test_screenshot_is_kept_where_the_page_is_not_as_expected(tmp_path: Path) -> None:
    site = Site(id="garden", url=GARDEN.url, expect=Expectation(login=ExpectedLogin.YES))
    with open_hub() as grid:
        session = open_session(reach(grid, tmp_path))
        observation = session.visit(site, attempt=1, upcoming=None)
        session.close()
    assert observation.screenshot_path == "evidence/garden/screenshot-1.webp"
    assert (tmp_path / observation.screenshot_path).read_bytes().startswith(b"RIFF")


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ({"new_session": NewSession.REFUSED}, "Could not start a browser"),
        ({"new_session": NewSession.BROKEN}, "no session|500"),
        ({"slots": 0, "queue_s": 0.0}, "New session request timed out"),
    ],
    ids=["refused", "broken", "full"],
)
def test_session_that_is_not_given_is_a_fault_that_names_the_hub(
    tmp_path: Path, behaviour: dict[str, Any], words: str
) -> None:
    with open_hub(**behaviour) as grid:
        with pytest.raises(GridFault, match=words) as caught:
            open_session(reach(grid, tmp_path))
        assert str(caught.value).startswith(grid.url)
        assert grid.sessions == 0


def test_hub_that_never_answers_is_given_up_in_time(tmp_path: Path) -> None:
    with open_hub(new_session=NewSession.HANGS) as grid, pytest.raises(SessionNotCreated, match="no answer in time"):
        reach(grid, tmp_path).open_session(slot="slot-1", timeout_s=0.2)


def test_session_that_came_too_late_does_not_keep_its_slot(tmp_path: Path) -> None:
    with open_hub(session_s=1.5) as grid:
        with pytest.raises(SessionNotCreated, match="no answer in time"):
            reach(grid, tmp_path).open_session(slot="slot-1", timeout_s=0.2)
        wait_until(lambda: grid.figures.sessions_made == 1, "the session is there after all")
        assert grid.sessions == 0


def test_hub_that_was_killed_is_unreachable_and_comes_back(tmp_path: Path) -> None:
    with open_hub() as grid:
        hub = reach(grid, tmp_path)
        grid.kill()
        with pytest.raises(HubUnreachable):
            open_session(hub)
        grid.revive()
        assert hub.slots() == 4
        open_session(hub).close()


def test_hub_that_refuses_connections_is_asked_for_its_slots(tmp_path: Path) -> None:
    with open_hub() as grid:
        hub = reach(grid, tmp_path)
        grid.kill()
        with pytest.raises(HubUnreachable, match="cannot be reached"):
            hub.slots()


def test_server_that_is_no_hub_is_named_as_such(tmp_path: Path) -> None:
    with PageServer({"/status": lambda handler: handler.reply(200, "<h1>hello</h1>")}) as server:  # type: ignore[attr-defined]
        hub = RemoteHub(
            address=HubAddress(url=server.url("")),
            options=SessionOptions(name="x"),
            settings=VisitSettings(),
            store=EvidenceStore(run_folder=tmp_path),
        )
        with pytest.raises(HubUnreachable, match="not as a Selenium Grid hub"):
            hub.slots()


def test_socket_that_drops_in_the_middle_of_a_visit_is_a_fault_of_ours(tmp_path: Path) -> None:
    with open_hub(drops={"login": 1}) as grid:
        session = open_session(reach(grid, tmp_path))
        observation = session.visit(LOGIN, attempt=1, upcoming=None)
        session.kill()
        assert observation.outcome is None
        assert observation.fault is not None
        assert observation.fault.kind is FaultKind.SESSION_LOST
        assert grid.sessions == 0


def test_visit_of_a_page_that_never_comes_ends_at_its_timeout(tmp_path: Path) -> None:
    with open_hub(hangs={"login": 1}) as grid:
        session = open_session(reach(grid, tmp_path, visit_timeout_s=0.5))
        observation = session.visit(LOGIN, attempt=1, upcoming=None)
        assert (observation.outcome, observation.fault) == (Outcome.TIMED_OUT, None)
        assert session.visit(LOGIN, attempt=2, upcoming=None).outcome is Outcome.OBSERVED
        session.close()


def test_killed_session_gives_its_visit_up_at_once(tmp_path: Path) -> None:
    with open_hub(hangs={"login": 1}) as grid:
        session = open_session(reach(grid, tmp_path))
        observations: list[Any] = []
        thread = threading.Thread(target=lambda: observations.append(session.visit(LOGIN, attempt=1, upcoming=None)))
        thread.start()
        wait_until(lambda: grid.figures.visits[LOGIN.url] == 1, "the visit is under way")
        session.kill()
        thread.join(TIMEOUT_S)
        assert observations[0].fault.kind is FaultKind.SESSION_LOST
        wait_until(lambda: grid.sessions == 0, "the session is gone")


@pytest.mark.parametrize("url", ["ftp://hub:4444", "hub:4444", "http://"])
def test_what_is_no_url_of_a_hub_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError, match="--grid"):
        RemoteHub(
            address=HubAddress(url=url),
            options=SessionOptions(name="x"),
            settings=VisitSettings(),
            store=EvidenceStore(run_folder=tmp_path),
        )


def test_credentials_are_sent_and_not_shown(tmp_path: Path) -> None:
    with open_hub(credentials="me:secret") as grid:
        hub = reach(grid, tmp_path, url=grid.url.replace("http://", "http://me:secret@"))
        assert hub.name == grid.url
        assert hub.slots() == 4
        session = open_session(hub)
        assert session.visit(LOGIN, attempt=1, upcoming=None).fault is None
        session.close()
