"""The trouble of the machine that gridrunner runs on is named, and charged to no site."""

from __future__ import annotations

import http.server
import json
import os
import signal
import socket
import threading
import time

import pytest

from tests.support.command_line import CommandLine, wait_until
from tests.support.own_sites import LOGIN, OwnSites
from tests.support.run_folders import faults_of, read_cases

pytestmark = pytest.mark.browser

DEAD_PROXY = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")

AWAY = "version: 1\nsites:\n  - {id: away, url: 'http://away.example/'}\n"


def test_a_proxy_that_does_not_answer_is_no_verdict_on_a_site(project: CommandLine) -> None:
    (project.folder / "away.yaml").write_text(AWAY)
    ended = project.run("run", "--sites", "away.yaml", "--slots", "1", "--outage-limit", "5s", env=DEAD_PROXY)
    assert ended.code == 3, ended.words
    assert "its proxy does not answer; look at HTTP_PROXY" in " ".join(ended.words.split())
    assert set(read_cases(project.run_folder / "junit.xml").values()) == {"error"}
    assert project.left_behind() == []


def test_drivers_and_pages_of_this_machine_are_never_asked_through_a_proxy(
    project: CommandLine, sites: OwnSites
) -> None:
    sites.add_logins("a")
    ended = project.run("run", "--sites", sites.write_list(), "--slots", "1", env=DEAD_PROXY)
    assert ended.code == 0, ended.words


def test_a_machine_that_stands_still_costs_no_verdict(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a")
    gate = sites.add_held("held")
    # One visit at a time: it is this one that stands still, and no other that was about to end.
    one_lane = ("--slots", "1", "--contexts-per-session", "1")
    running = project.start("run", "--sites", sites.write_list(), *one_lane, "--visit-timeout", "4s")
    wait_until(lambda: gate.reached.is_set() or running.is_over(), "the visit has begun")
    frozen = list(project.processes())
    end_s = time.monotonic() + 8.0  # beyond the visit's own limit, and no standstill ends sooner
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: time.monotonic() > end_s, "the limit of the visit has passed")
    gate.open()
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)
    ended = running.wait()
    assert ended.code == 0, ended.words
    assert "flaky" not in ended.words
    assert set(faults_of(project.run_folder)) <= {"held"}
    assert project.left_behind() == []


def test_colours_that_are_forced_bring_no_redraws_into_a_log(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a")
    ended = project.run("run", "--sites", sites.write_list(), "--slots", "1", env={"FORCE_COLOR": "1"})
    assert ended.code == 0, ended.words
    assert "\x1b[2K" not in ended.stderr
    assert "\x1b[?25l" not in ended.stderr


class _LoginProxy(http.server.BaseHTTPRequestHandler):
    """A proxy behind which every site is a login page."""

    def do_GET(self) -> None:
        data = LOGIN.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments: object) -> None:
        pass


def test_a_run_whose_network_is_gone_waits_for_it_and_goes_on(project: CommandLine) -> None:
    entries = [{"id": f"away-{n}", "url": f"http://away-{n}.example/", "expect": {"login": True}} for n in range(4)]
    (project.folder / "away.yaml").write_text(json.dumps({"version": 1, "sites": entries}))
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    proxy = dict.fromkeys(("HTTP_PROXY", "http_proxy"), f"http://127.0.0.1:{port}")
    running = project.start("run", "--sites", "away.yaml", "--slots", "1", "--host-delay", "0", env=proxy)
    try:
        wait_until(lambda: "waiting for it" in running.read_stderr() or running.is_over(), "the run waits")
        assert not running.is_over(), running.wait().words
        with http.server.ThreadingHTTPServer(("127.0.0.1", port), _LoginProxy) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            ended = running.wait()
            server.shutdown()
    finally:
        running.kill()
    assert ended.code == 0, ended.words
    assert "no public site has answered since the run began" in ended.words
    assert "answers again after" in ended.words
    assert set(read_cases(project.run_folder / "junit.xml").values()) <= {"passed", "skipped"}
    assert project.left_behind() == []


def test_root_without_a_sandbox_is_refused_before_anything_is_visited(project: CommandLine, sites: OwnSites) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root is refused")
    sites.add_logins("a")
    here = project.scratch / "bin"  # which another user can look into
    here.mkdir()
    (here / "unshare").write_text("#!/bin/sh\nexit 1\n")  # as in a container without user namespaces
    (here / "unshare").chmod(0o755)
    bare = {"GRIDRUNNER_NO_SANDBOX": "false", "PATH": f"{here}:{project.env['PATH']}"}
    ended = project.run("run", "--sites", sites.write_list(), env=bare)
    assert ended.code == 2, ended.words
    assert "this is root, to whom browsers refuse their sandbox, and no other user can run them here" in ended.words
    assert "run gridrunner as an ordinary user" in ended.words
    assert "--no-sandbox" in ended.words
    assert (sites.visits.total(), project.run_folders()) == (0, [])
    waived = project.run("run", "--sites", sites.write_list(), "--slots", "1", "--no-sandbox", env=bare)
    assert waived.code == 0, waived.words
    assert "browsers run without their sandbox, as --no-sandbox says" in waived.words
