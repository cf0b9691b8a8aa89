"""A product's own detector on the page: as a probe, and as an extension in full Chromium."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridrunner.browser.binaries import Browser, find_browser
from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.options import SessionOptions
from gridrunner.browser.session import BrowserSession
from gridrunner.browser.user_probes import UserProbe
from gridrunner.browser.visit import VisitSettings
from gridrunner.cli import main
from gridrunner.errors import UsageError
from gridrunner.grid.hubs.local import LocalHub
from gridrunner.model import Outcome, Site
from gridrunner.run.choosing import choose_grid
from gridrunner.run.selecting import read_user_probes
from gridrunner.settings.grid import BrowserName, Isolation
from gridrunner.settings.loading import load_settings
from tests.browser.conftest import CLOSED_NETWORK, OpenSession
from tests.support.command_line import wait_until
from tests.support.devtools import tabs_of
from tests.support.page_server import PageServer

pytestmark = pytest.mark.browser

EXTENSION = Path(__file__).parents[2] / "sites" / "extension-demo"
LOGIN = (
    "<!doctype html><title>Log in</title><form><input name=email type=email aria-label=E-mail>"
    "<input type=password aria-label=Password><button>Log in</button></form>"
)
PAGES = {
    "/login": LOGIN,
    "/late": "<!doctype html><title>x</title><p id=p></p>"
    f"<script>setTimeout(() => p.outerHTML = {json.dumps(LOGIN)}, 300)"
    "</script>",
    "/garden": "<!doctype html><title>Garden</title><h1>Roses</h1><p>" + "Roses need sun. " * 40,
    "/remember": "<!doctype html><title>x</title><script>localStorage.a = 1; document.cookie = 'b=2'</script>" + LOGIN,
    "/popup": "<!doctype html><script>window.open('/garden')</script>" + LOGIN,
}


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with PageServer(PAGES) as served:
        yield served


def full_chromium() -> Browser:
    for name in (BrowserName.CHROMIUM, BrowserName.CHROME):
        try:
            return find_browser(name, os.environ)
        except UsageError:
            continue
    pytest.skip("needs full Chromium: headless-shell has no extensions")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[BrowserSession]:
    hub = LocalHub(
        browser=full_chromium(),
        browsers=1,
        options=SessionOptions(name="test", host_rules=CLOSED_NETWORK, extensions=(EXTENSION,)),
        settings=VisitSettings(probes=read_user_probes((), (EXTENSION,)), has_own_context=False, visit_timeout_s=20.0),
        store=EvidenceStore(run_folder=tmp_path),
    )
    opened = hub.open_session(slot="1", timeout_s=60)
    yield opened
    opened.kill()


def test_extension_runs_and_its_marks_are_in_the_observation(session: BrowserSession, server: PageServer) -> None:
    for path, is_login in (("/login", True), ("/late", True), ("/garden", False)):
        observation = session.visit(Site(id="s", url=server.url(path)), attempt=1, upcoming=None)
        assert observation.outcome is Outcome.OBSERVED, observation.detail or observation.fault
        marks = observation.probes["extension-demo"]
        assert marks["value"]["login"] is is_login, path
        assert observation.detection is not None
        login = observation.detection.login
        if is_login:
            assert login is not None
            assert marks["matches"] == {
                "username": login.username and login.username.selector,
                "password": login.password_current and login.password_current.selector,
            }


def test_popups_are_closed_in_the_first_context_and_nothing_else(session: BrowserSession, server: PageServer) -> None:
    def count_pages() -> int:
        answer = tabs_of(session).connection.call("Target.getTargets", deadline=time.monotonic() + 5)
        return [info["type"] for info in answer["targetInfos"]].count("page")

    before = count_pages()
    observation = session.visit(Site(id="s", url=server.url("/popup")), attempt=1, upcoming=None)
    assert [event.kind for event in observation.events].count("popup") == 1
    wait_until(lambda: count_pages() == before, "the popup and the tab are closed, the session's own is not")
    assert session.visit(Site(id="s", url=server.url("/login")), attempt=1, upcoming=None).outcome is Outcome.OBSERVED


BROKEN = {
    "manifest.json": json.dumps(
        {
            "manifest_version": 3,
            "name": "broken",
            "version": "1",
            "content_scripts": [{"matches": ["<all_urls>"], "js": ["content.js"], "run_at": "document_start"}],
            "background": {"service_worker": "worker.js"},
        }
    ),
    "content.js": "throw new Error('my content script is broken')",
    "worker.js": "console.error('my worker is unhappy')",
}


def write_extension(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_errors_of_an_extension_are_told_and_not_charged_to_the_site(
    tmp_path: Path, server: PageServer, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    full_chromium()
    monkeypatch.chdir(tmp_path)
    extension = write_extension(tmp_path / "broken", BROKEN)
    sites = tmp_path / "sites.yaml"
    sites.write_text(f"version: 1\nsites:\n  - {{id: a, url: '{server.url('/login')}', expect: {{login: true}}}}\n")
    run = ["run", "--sites", str(sites), "--slots", "1", "--retries", "0"]
    assert main([*run, "--extension", str(extension)]) == 0
    said = " ".join(capfd.readouterr().err.split())
    assert "it has no gridrunner-probe.js, so nothing of it is compared with the list" in said
    assert "the extension wrote errors on 1 of 1 site, which are not the sites'" in said
    (journal,) = tmp_path.glob("runs/2*/journal.jsonl")
    (seen,) = [
        line["observation"] for line in map(json.loads, journal.read_text().splitlines()) if "observation" in line
    ]
    errors = {event["text"].partition("\n")[0] for event in seen["events"] if event["kind"] == "extension-error"}
    assert errors == {"Error: my content script is broken", "service worker: my worker is unhappy"}
    assert [event for event in seen["events"] if event["kind"] == "console-error"] == []


def test_an_extension_that_chromium_does_not_load_is_refused(
    tmp_path: Path, server: PageServer, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    full_chromium()
    monkeypatch.chdir(tmp_path)
    manifest = json.loads(BROKEN["manifest.json"]) | {
        "content_scripts": [{"matches": ["no pattern"], "js": ["content.js"]}]
    }
    extension = write_extension(tmp_path / "refused", {**BROKEN, "manifest.json": json.dumps(manifest)})
    sites = tmp_path / "sites.yaml"
    sites.write_text(f"version: 1\nsites:\n  - {{id: a, url: '{server.url('/login')}'}}\n")
    assert main(["run", "--sites", str(sites), "--extension", str(extension)]) == 2
    assert "Chromium did not load it, though its manifest can be read" in " ".join(capfd.readouterr().err.split())
    assert not list(tmp_path.glob("runs/*/*"))


def test_run_with_an_extension_compares_it(
    tmp_path: Path, server: PageServer, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    full_chromium()
    monkeypatch.chdir(tmp_path)
    sites = tmp_path / "sites.yaml"
    sites.write_text(
        "version: 1\nsites:\n"
        f"  - {{id: right, url: '{server.url('/login')}', expect: {{login: true, username: 'input[type=email]'}}}}\n"
        f"  - {{id: wrong, url: '{server.url('/remember')}', expect: {{login: false}}}}\n"
        f"  - {{id: silent, url: '{server.url('/garden')}'}}\n"
    )
    code = main(
        [
            "run",
            "--sites",
            str(sites),
            "--extension",
            str(EXTENSION),
            "--slots",
            "1",
            "--retries",
            "0",
            "-k",
            "detector",
        ]
    )
    said = capfd.readouterr().err
    assert code == 1, said
    assert "--extension: a session for each site" in said
    (folder,) = (path.parent for path in tmp_path.glob("runs/2*/journal.jsonl"))
    results = {
        event["result"]["site"]: (event["result"]["status"], event["result"]["message"])
        for event in map(json.loads, (folder / "journal.jsonl").read_text().splitlines())
        if event.get("event") == "result"
    }
    assert results == {
        "right": (
            "passed",
            "extension-demo agrees with the site list on login and username, with gridrunner on password",
        ),
        "wrong": ("failed", "extension-demo disagrees: the site list says no login form, it says a login form"),
        "silent": ("passed", "extension-demo agrees with gridrunner on login"),
    }
    assert main(["judge", str(folder), "-k", "detector"]) == 1


def test_answer_of_a_probe_is_resolved(open_session: OpenSession, server: PageServer) -> None:
    probe = UserProbe(
        name="mine.js", source="() => ({login: true, username: 'form :first-child', password: '#nobody', score: 0.7})"
    )
    bad = UserProbe(name="bad.js", source="() => ({login: true, username: '((', password: null})")
    observation = open_session().visit(
        Site(id="s", url=server.url("/login")), attempt=1, upcoming=None, probes=(probe, bad)
    )
    assert observation.probes["mine.js"]["matches"] == {"username": 'input[name="email"]', "password": None}
    x, y, width, height = observation.probes["mine.js"]["boxes"]["username"]
    assert observation.detection is not None
    assert observation.detection.login is not None
    ours = observation.detection.login.username
    assert ours is not None
    assert ours.box is not None
    assert (x, y, width, height) == pytest.approx((ours.box.x, ours.box.y, ours.box.width, ours.box.height), abs=1)
    assert 0 < observation.probes["mine.js"]["took_s"] < 10
    assert observation.probes["bad.js"]["matches"] == {"username": None}


def test_extension_chooses_browser_and_isolation_by_itself(tmp_path: Path) -> None:
    full_chromium()
    settings = load_settings({"extension": [str(EXTENSION)]}, {}, tmp_path)
    choice = choose_grid(settings, os.environ)
    assert choice.browser is not None
    assert choice.browser.name is BrowserName.CHROMIUM
    assert (settings.grid.isolation, settings.grid.lanes_here) == (Isolation.SESSION, 1)
    with pytest.raises(UsageError, match="do not run in browser contexts"):
        load_settings({"extension": [str(EXTENSION)], "isolation": "context"}, {}, tmp_path)
