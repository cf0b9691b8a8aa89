"""Messages to a receiver of our own; whatever it does, the run's end stays what it is."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import apprise
import pytest
from msgspec.structs import replace

from gridrunner.errors import ExitCode, UsageError
from gridrunner.results.history.entries import RunEntry
from gridrunner.run import notifying
from gridrunner.run.notifying import explain_incomplete, list_links, make_notifier
from tests.support.planted_histories import plant_history
from tests.support.sample_runs import every_record

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # in one of Apprise's services

PLANTING = plant_history(60, 30, each=1)


@contextmanager
def open_receiver(status: int = 200, *, is_silent: bool = False) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A webhook on loopback: its URL for Apprise, and what it got."""
    got: list[dict[str, Any]] = []
    release = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            if is_silent:
                release.wait(30)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"json://user:hunter2@127.0.0.1:{server.server_port}/hook", got
    finally:
        release.set()
        server.shutdown()
        server.server_close()


def tell(url: str, run: RunEntry = PLANTING.runs[-1], code: ExitCode = ExitCode.FAILED) -> list[str]:
    said: list[str] = []
    notifier = make_notifier([url], {"CI_PIPELINE_URL": "https://ci.example/7"})
    notifier.tell(PLANTING.runs, run, every_record(), code, Path("runs/x"), said.append)
    return said


def test_what_is_new_is_told_in_one_message_with_links() -> None:
    with open_receiver() as (url, got):
        assert tell(url) == ["notify: sent"]
    (message,) = got
    assert message["title"] == "gridrunner: 1 newly broken, 1 newly blocked, 1 newly mended"
    assert message["message"].endswith("https://ci.example/7\nruns/x/report.html")


def test_nothing_new_is_not_told() -> None:
    again = replace(PLANTING.runs[-1], run="again", started="2026-12-30T01:30:00+00:00")
    with open_receiver() as (url, got):
        assert tell(url, again) == ["notify: nothing is new, so nothing was sent"]
        assert tell(url, again, ExitCode.INCOMPLETE) == ["notify: sent"]
    (message,) = got
    assert message["title"] == "gridrunner: incomplete"
    assert "incomplete: " in message["message"]


@pytest.mark.parametrize("status", [403, 500])
def test_a_receiver_that_refuses_is_said_and_nothing_else(status: int, capfd: pytest.CaptureFixture[str]) -> None:
    with open_receiver(status) as (url, _):
        assert tell(url) == ["warning: notify: a receiver did not take the message"]
    assert "hunter2" not in "".join(capfd.readouterr())


def test_a_receiver_that_is_not_there_or_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tell("json://127.0.0.1:1/hook") == ["warning: notify: a receiver did not take the message"]
    monkeypatch.setattr(notifying, "PATIENCE_S", 0.2)
    with open_receiver(is_silent=True) as (url, _):
        assert tell(url) == ["warning: notify: a receiver did not answer within 0 s"]


def test_code_of_a_service_that_breaks_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*given: object, **named: object) -> None:
        raise RuntimeError("hunter2")

    monkeypatch.setattr(apprise.Apprise, "notify", explode)
    assert tell("json://127.0.0.1:1/") == ["warning: notify: could not be sent: RuntimeError"]


def test_a_url_that_means_nothing_is_refused_without_being_shown() -> None:
    with pytest.raises(UsageError, match=r"URL 2 \(nonsense://…\)") as refused:
        make_notifier(["json://127.0.0.1/", "nonsense://hunter2"], {})
    assert "hunter2" not in str(refused.value)
    assert not make_notifier([], {}).is_wanted


def test_why_a_run_is_incomplete_is_told() -> None:
    assert "the first: " in explain_incomplete(every_record(), ExitCode.INCOMPLETE)
    assert explain_incomplete(every_record(), ExitCode.FAILED) == ""


def test_links_lead_to_the_job_and_to_the_report() -> None:
    github = {"GITHUB_RUN_ID": "7", "GITHUB_REPOSITORY": "a/b"}
    assert list_links(github, Path("runs/x"), "s3://bucket/runs/x") == [
        "https://github.com/a/b/actions/runs/7",
        "s3://bucket/runs/x/report.html",
    ]
