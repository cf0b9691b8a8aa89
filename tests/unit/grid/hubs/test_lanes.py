"""Lanes: who shares a browser with whom, and when a browser ends."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.visit import VisitSettings
from gridrunner.errors import SessionLost, SessionNotCreated
from gridrunner.grid.hubs import lanes
from gridrunner.grid.hubs.lanes import LanePool, OpenBrowser
from gridrunner.model import FaultKind, Site


class FakeConnection:
    """A socket that breaks as soon as anything is waited for; with `is_full` there is none."""

    is_full = False

    def __init__(self, url: str, *, label: str, headers: list[str], ca_file: Path | None, proxy: object) -> None:
        if url == "unreachable" or self.is_full:
            raise SessionLost(label)

    def listen(self, *_arguments: Any, **_options: Any) -> None: ...

    def send(self, *_arguments: Any, **_options: Any) -> None: ...

    def read_until(self, *_arguments: Any, **_options: Any) -> None:
        raise SessionLost("the socket broke")

    def abort(self) -> None: ...

    def close(self) -> None: ...


class FakeBrowsers:
    def __init__(self) -> None:
        self.urls: Iterator[str] = itertools.repeat("socket")
        self.fallback = ""
        self.names = itertools.count(1)
        self.ended: list[str] = []
        self.refuses = False

    def open(self, _slot: str, _timeout_s: float) -> OpenBrowser:
        if self.refuses:
            raise SessionNotCreated("no browser")
        name = str(next(self.names))
        return OpenBrowser(
            node="n",
            session_id=name,
            devtools_url=next(self.urls),
            devtools_fallback=self.fallback,
            end=lambda: self.ended.append(f"{name} quit"),
            end_now=lambda: self.ended.append(f"{name} killed"),
        )


@pytest.fixture
def browsers(monkeypatch: pytest.MonkeyPatch) -> FakeBrowsers:
    monkeypatch.setattr(lanes, "Connection", FakeConnection)
    return FakeBrowsers()


def make_pool(browsers: FakeBrowsers, folder: Path, per_browser: int = 2) -> LanePool:
    store = EvidenceStore(run_folder=folder)
    return LanePool(hub="h", opener=browsers.open, per_browser=per_browser, settings=VisitSettings(), store=store)


def test_lanes_share_a_browser_until_it_is_full(browsers: FakeBrowsers, tmp_path: Path) -> None:
    pool = make_pool(browsers, tmp_path)
    opened = [pool.open_lane(slot=str(number), timeout_s=1) for number in range(5)]
    assert [lane.id for lane in opened] == ["1", "1", "2", "2", "3"]


def test_a_browser_ends_with_its_last_lane(browsers: FakeBrowsers, tmp_path: Path) -> None:
    pool = make_pool(browsers, tmp_path)
    first, second = (pool.open_lane(slot=slot, timeout_s=1) for slot in "ab")
    first.close()
    assert browsers.ended == []
    second.close()
    assert browsers.ended == ["1 quit"]


def test_a_killed_lane_leaves_its_neighbour_and_gets_no_new_ones(browsers: FakeBrowsers, tmp_path: Path) -> None:
    pool = make_pool(browsers, tmp_path)
    first, second = (pool.open_lane(slot=slot, timeout_s=1) for slot in "ab")
    first.kill()
    assert browsers.ended == []
    assert pool.open_lane(slot="c", timeout_s=1).id == "2"
    second.kill()
    assert browsers.ended == ["1 killed"]


def test_after_a_lost_browser_lanes_are_kept_apart(browsers: FakeBrowsers, tmp_path: Path) -> None:
    pool = make_pool(browsers, tmp_path)
    lane = pool.open_lane(slot="a", timeout_s=1)
    lost = lane.visit(Site(id="s", url="http://127.0.0.1/"), attempt=1, upcoming=None)
    assert lost.fault is not None
    assert lost.fault.kind is FaultKind.SESSION_LOST
    assert [pool.open_lane(slot=slot, timeout_s=1).id for slot in "bcd"] == ["2", "3", "4"]


def test_a_browser_that_cannot_be_opened_leaves_nothing(browsers: FakeBrowsers, tmp_path: Path) -> None:
    pool = make_pool(browsers, tmp_path)
    browsers.refuses = True
    with pytest.raises(SessionNotCreated, match="no browser"):
        pool.open_lane(slot="a", timeout_s=1)
    browsers.refuses = False
    assert pool.open_lane(slot="a", timeout_s=1).id == "1"


def test_a_browser_without_a_socket_is_ended(browsers: FakeBrowsers, tmp_path: Path) -> None:
    pool = make_pool(browsers, tmp_path)
    browsers.urls = iter(["unreachable", "socket"])
    with pytest.raises(SessionLost):
        pool.open_lane(slot="a", timeout_s=1)
    assert browsers.ended == ["1 killed"]
    assert pool.open_lane(slot="a", timeout_s=1).id == "2"


def test_socket_is_looked_for_where_else_it_may_be(browsers: FakeBrowsers, tmp_path: Path) -> None:
    pool = make_pool(browsers, tmp_path)
    browsers.urls, browsers.fallback = iter(["unreachable"]), "socket"
    assert pool.open_lane(slot="a", timeout_s=1).id == "1"
    assert browsers.ended == []


def test_lanes_on_a_node_that_drains_say_so_and_their_browser_gets_no_new_ones(
    browsers: FakeBrowsers, tmp_path: Path
) -> None:
    pool = make_pool(browsers, tmp_path)
    lane = pool.open_lane(slot="a", timeout_s=1)
    pool.note_draining({"of somebody else"})
    assert (lane.id, lane.is_leaving) == ("1", False)
    pool.note_draining({lane.id})
    assert (lane.id, lane.is_leaving) == ("1", True)
    later = pool.open_lane(slot="b", timeout_s=1)
    assert (later.id, later.is_leaving) == ("2", False)


def test_the_limit_of_sockets_of_a_node_is_named_where_it_is_met(
    browsers: FakeBrowsers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = LanePool(
        hub="h",
        opener=browsers.open,
        per_browser=12,
        settings=VisitSettings(),
        store=EvidenceStore(run_folder=tmp_path),
        most_sockets=10,
    )
    for number in range(10):
        pool.open_lane(slot=str(number), timeout_s=1)
    monkeypatch.setattr(FakeConnection, "is_full", True)
    with pytest.raises(SessionNotCreated) as caught:
        pool.open_lane(slot="11", timeout_s=1)
    assert "takes 10 sockets per session, and --contexts-per-session 12 asks for more" in str(caught.value)
    assert "--connection-limit-per-session" in str(caught.value)
