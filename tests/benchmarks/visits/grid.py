"""A real Selenium hub and a node of this machine for the benchmark: the server from npm, the browser that all drivers
use.

What it costs to start is not measured; the hub and the node are no part of gridrunner's process tree.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

JAVA_OPTIONS = {"hub": (), "node": ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")}
SERVER_OPTIONS = ("--tracing", "false")
"""What the images in docker/ start their servers with."""

START_TIMEOUT_S = 90.0
LOOK_EVERY_S = 0.25


@contextmanager
def open_grid(jar: Path, *, browser: Path, chromedriver: Path, slots: int) -> Iterator[str]:
    """Start a hub and a node with `slots` slots of `browser`; the hub's URL."""
    ports = [_free_port() for _ in range(4)]
    with tempfile.TemporaryDirectory(prefix="gridrunner-bench-grid-") as scratch:
        folder = Path(scratch)
        wrapper = folder / "browser"  # the node starts it as root here, which Chromium allows without its sandbox only
        wrapper.write_text(f'#!/bin/sh\nexec "{browser}" --no-sandbox "$@"\n')
        wrapper.chmod(0o755)
        stereotype = {"browserName": "chrome", "goog:chromeOptions": {"binary": str(wrapper)}}
        (folder / "node.toml").write_text(
            "[node]\n"
            "detect-drivers = false\n"
            "override-max-sessions = true\n"
            f"max-sessions = {slots}\n"
            "[[node.driver-configuration]]\n"
            'display-name = "the browser of the benchmark"\n'
            f"webdriver-executable = {json.dumps(str(chromedriver))}\n"
            f"max-sessions = {slots}\n"
            f"stereotype = {json.dumps(json.dumps(stereotype))}\n"
        )
        bus = ["--publish-events", f"tcp://127.0.0.1:{ports[1]}", "--subscribe-events", f"tcp://127.0.0.1:{ports[2]}"]
        commands = (
            ["hub", "--host", "127.0.0.1", "--port", str(ports[0]), *bus],
            ["node", "--host", "127.0.0.1", "--port", str(ports[3]), "--config", str(folder / "node.toml"), *bus],
        )
        processes = []
        try:
            for name, *words in commands:
                with (folder / f"{name}.log").open("wb") as log:
                    command = ["java", *JAVA_OPTIONS[name], "-jar", str(jar), name, *words, *SERVER_OPTIONS]
                    processes.append(
                        subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
                    )
            url = f"http://127.0.0.1:{ports[0]}"
            _wait_until_ready(url, folder, processes)
            yield url
        finally:
            for process in processes:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait_until_ready(url: str, folder: Path, processes: list[subprocess.Popen[bytes]]) -> None:
    end_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end_s and all(process.poll() is None for process in processes):
        try:
            with urllib.request.urlopen(f"{url}/status", timeout=5) as answer:
                if json.load(answer)["value"]["ready"]:
                    return
        except (urllib.error.URLError, OSError, ValueError, KeyError):
            pass
        time.sleep(LOOK_EVERY_S)
    logs = "\n".join(f"{log.name}: {log.read_text(errors='replace')[-1500:]}" for log in folder.glob("*.log"))
    sys.exit(f"the hub and its node did not come up:\n{logs}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
