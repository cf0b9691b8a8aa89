"""Who visits, in the words of the protocol."""

from __future__ import annotations

from typing import cast

from gridrunner.browser.devtools.connection import Connection
from gridrunner.browser.devtools.overrides import attach_to, list_overrides
from gridrunner.browser.devtools.tabs import DevToolsTabs
from gridrunner.browser.identity import BrowserVersion, Visitor
from gridrunner.browser.tab_settings import TabSettings
from tests.support.fake_connection import FakeConnection

VISITOR = Visitor(
    user_agent="Chrome/156",
    hints={"platform": "Linux"},
    languages=("de-AT", "de"),
    locale="de-AT",
    time_zone="Europe/Vienna",
    location=(48.21, 16.37),
)


def test_a_worker_has_no_place_of_its_own() -> None:
    page = dict(list_overrides(VISITOR, is_page=True))
    worker = dict(list_overrides(VISITOR, is_page=False))
    assert page.pop("Emulation.setGeolocationOverride")["latitude"] == 48.21
    assert page == worker
    assert page == {
        "Emulation.setUserAgentOverride": {
            "userAgent": "Chrome/156",
            "acceptLanguage": "de-AT,de",
            "userAgentMetadata": {"platform": "Linux"},
        },
        "Emulation.setLocaleOverride": {"locale": "de-AT"},
        "Emulation.setTimezoneOverride": {"timezoneId": "Europe/Vienna"},
    }


def test_what_is_left_to_the_browser_is_not_mentioned() -> None:
    assert list_overrides(Visitor(), is_page=True) == []
    assert list_overrides(Visitor(user_agent="bot"), is_page=True) == [
        ("Emulation.setUserAgentOverride", {"userAgent": "bot"})
    ]


def test_without_a_visitor_to_be_nothing_waits_and_workers_are_left_alone() -> None:
    plain, asked = attach_to(is_paused=False), attach_to(is_paused=True)
    assert (plain["waitForDebuggerOnStart"], plain["filter"]) == (False, [{"type": "iframe"}])
    assert asked["waitForDebuggerOnStart"]
    assert {"type": "service_worker"} in asked["filter"]


def test_frames_and_workers_are_told_before_they_go_on() -> None:
    connection = FakeConnection()
    connection.answers["Browser.getVersion"] = {"product": "Chrome/156.0.1.2", "userAgent": "Chrome/156.0.0.0"}
    page = DevToolsTabs(cast("Connection", connection), settings=TabSettings()).take(deadline=0.0)
    assert page.browser == BrowserVersion(product="Chrome/156.0.1.2", user_agent="Chrome/156.0.0.0")
    page.visit_as(VISITOR)
    assert ("Browser.grantPermissions", {"permissions": ["geolocation"], "browserContextId": "context"}) in (
        connection.sent
    )
    for kind, session in (("iframe", "frame"), ("worker", "worker"), ("worker", "nested")):
        connection.sent.clear()
        parent = "worker" if session == "nested" else "tab"
        connection.tell(
            "Target.attachedToTarget", parent, sessionId=session, targetInfo={"targetId": session, "type": kind}
        )
        methods = connection.methods()
        assert "Emulation.setUserAgentOverride" in methods, session
        assert "Target.setAutoAttach" in methods, session
        assert methods[-1] == "Runtime.runIfWaitingForDebugger", session
    assert page.state.frames.keys() == {"top", "frame"}
