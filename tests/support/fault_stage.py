"""The stage of the fault matrix: one real grid (two hubs, four nodes of one slot), a short list of replica pages, and
runs of the command line on it, into which faults are thrown at a known moment.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
from msgspec.structs import replace

from gridrunner.grid.drivers.choosing import DriverSettings
from gridrunner.grid.drivers.docker.driver import DockerDriver
from gridrunner.grid.drivers.protocol import GridSize
from gridrunner.grid.status import NodeState
from tests.support.command_line import CommandLine, Ended, Running, open_project, wait_until
from tests.support.engine import Images
from tests.support.own_sites import LOGIN
from tests.support.run_folders import Case, events_of, owed_cases, read_cases, read_journal

SIZE = GridSize(hubs=2, nodes=4, slots_per_node=1)
QUICK_SITES, SLOW_SITES = 12, 6
SLOW_S = 3.0
"""What a slow page's server takes: long enough to be hit in the middle, short enough for CI."""

RUN_TIMEOUT_S = 240.0
UP_TIMEOUT_S = 240.0
BACK_TIMEOUT_S = 150.0
"""Longer than anything that the grid takes to forget a node or to end a session: heartbeats, the session timeout (60
s)."""


def ignore(_text: str) -> None:
    """What a driver says of its progress is not looked at here."""


@dataclass(slots=True)
class Visit:
    """A visit that goes on: where."""

    site: str
    slot: str
    hub: str
    node: str
    session: str


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a run came to."""

    ended: Ended
    folder: Path
    cases: dict[Case, str]
    owed: set[Case]
    results: int
    distinct_results: int

    @property
    def lost(self) -> int:
        """Owed results that are not there."""
        return len(self.owed - set(self.cases))

    @property
    def doubled(self) -> int:
        """Results of one check on one attempt that were written twice."""
        return self.results - self.distinct_results


@dataclass(slots=True, kw_only=True)
class Stage:
    """The grid and the project in which runs are started."""

    project: CommandLine
    driver: DockerDriver
    client: docker.DockerClient
    list_path: Path
    runs: int = 0
    notes: list[str] = field(default_factory=list)

    # ------------------------------------------------------------------------------------------------------------- runs

    def start(self, *more: str, env: Mapping[str, str] | None = None) -> Running:
        """A run of the list on the grid, in a folder of its own; `env` goes over the project's environment."""
        self.runs += 1
        out = f"out-{self.runs}"
        return self.project.start(
            *("run", "--sites", self.list_path, "--grid", "docker", "--grid-name", self.driver.grid.name),
            *("--out", out, "--history", f"{out}/history.sqlite", "--verbose", *more),
            env=env,
        )

    def gridrunner(self, *arguments: str) -> Ended:
        """A command of `gridrunner grid` on this grid."""
        command, *rest = arguments
        return self.project.run("grid", command, "--grid-name", self.driver.grid.name, *rest, timeout_s=RUN_TIMEOUT_S)

    @property
    def folder(self) -> Path | None:
        """The folder of the newest run, once there is one."""
        found = sorted((self.project.folder / f"out-{self.runs}").glob("2*/journal.jsonl"))
        return found[-1].parent if found else None

    def finish(self, running: Running) -> Outcome:
        """Wait for the end of a run, and read what came out."""
        ended = running.wait(RUN_TIMEOUT_S)
        folder = self.folder
        assert folder is not None, ended.stderr
        results = [event["result"] for event in events_of(folder, "result")]
        keys = {(found["check"], found["site"], found["attempt"]) for found in results}
        return Outcome(
            ended=ended,
            folder=folder,
            cases=read_cases(folder / "junit.xml"),
            owed=owed_cases(folder),
            results=len(results),
            distinct_results=len(keys),
        )

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The journal so far."""
        return [] if self.folder is None else events_of(self.folder, kind)

    def header(self) -> dict[str, Any]:
        """The first line of the newest run's journal."""
        assert self.folder is not None
        found: dict[str, Any] = json.loads((self.folder / "journal.jsonl").read_text().partition("\n")[0])
        return found

    def await_busy(self, running: Running, *, hub: str = "") -> Visit:
        """Wait until a slow page is being visited (on `hub`, if one is named) and some sites are done; where."""
        found: list[Visit] = []

        def look() -> bool:
            visits = [visit for visit in self.open_visits() if visit.hub.startswith(hub)]
            found[:] = visits[:1]
            return bool(visits and len(self.events("observation")) >= 3) or running.is_over()

        wait_until(look, "a slow page is being visited", timeout_s=RUN_TIMEOUT_S)
        assert found, f"the run was over before the fault: {running.wait().stderr}"
        return found[0]

    def open_visits(self) -> list[Visit]:
        """Visits of slow pages that go on."""
        if self.folder is None:
            return []
        journal = read_journal(self.folder)  # once: a later look would know of visits whose session the first did not
        sessions = {
            event["slot"]: event for event in journal if event["event"] == "session" and event["change"] == "opened"
        }
        observed = [event["observation"] for event in journal if event["event"] == "observation"]
        done = {(observation["site"], observation["attempt"]) for observation in observed}
        return [
            Visit(
                site=event["site"],
                slot=event["slot"],
                hub=event["hub"],
                node=sessions[event["slot"]]["node"],
                session=sessions[event["slot"]]["session"],
            )
            for event in journal
            if event["event"] == "visit-started"
            and event["site"].startswith("slow")
            and (event["site"], event["attempt"]) not in done
        ]

    # ------------------------------------------------------------------------------------------------------------- grid

    def container(self, name: str) -> Any:
        """A container of the grid."""
        return self.client.containers.get(name)

    def nodes_of(self, hub: str) -> list[str]:
        """The names of a hub's nodes."""
        (found,) = [status for status in self.driver.status().hubs if status.name == hub]
        return [node.name for node in found.nodes]

    @property
    def hubs(self) -> list[str]:
        """The names of both hubs."""
        return [hub.name for hub in self.driver.status().hubs]

    def is_back(self, slots: int, lost_session: str = "") -> bool:
        """Whether `slots` slots are up and a session that was lost holds none of them."""
        status = self.driver.status()
        return status.slots_up == slots and all(session.id != lost_session for session in status.sessions)

    def heal(self, *broken: str) -> None:
        """Remove containers that a fault left behind, and have the grid whole again."""
        for container in self.driver.grid.containers():
            if container.name in broken or container.status != "running":
                container.remove(force=True, v=True)
        names = {container.name for container in self.driver.grid.containers()}
        if not {f"{self.driver.grid.name}-hub-{number}" for number in (1, 2)} <= names:
            self.driver.down(ignore)
        surplus = [name for name in names if "-node-" in name and int(name.rpartition("-")[2]) > SIZE.nodes]
        for name in surplus:
            self.container(name).remove(force=True, v=True)
        self.driver.up(SIZE, ignore)
        wait_until(self._is_whole, "the grid is whole and empty", timeout_s=BACK_TIMEOUT_S)

    def _is_whole(self) -> bool:
        status = self.driver.status()
        states = [node.state for node in status.nodes]
        return states == [NodeState.UP] * SIZE.nodes and not status.sessions


@contextmanager
def open_stage(client: docker.DockerClient, images: Images, folder: Path, name: str) -> Iterator[Stage]:
    """A grid of its own under `name`, gone at the end with everything that belongs to it."""
    with open_project(folder) as project:
        settings = DriverSettings(
            env=project.env,
            name=name,
            hub_image=images.hub,
            node_image=images.node,
            timeout_s=UP_TIMEOUT_S,
        )
        project.env |= {"GRIDRUNNER_HUB_IMAGE": images.hub, "GRIDRUNNER_NODE_IMAGE": images.node}
        driver = DockerDriver(settings, client)
        driver.down(ignore)  # of a test that was killed
        try:
            driver.up(SIZE, ignore)
            yield Stage(project=project, driver=driver, client=client, list_path=write_sites(folder))
        finally:
            driver.down(ignore)


def write_sites(folder: Path) -> Path:
    """The list and its replica pages: quick ones with a login, one without, and slow ones."""
    pages = folder / "pages"
    slow = [f"slow-{number}" for number in range(SLOW_SITES)]
    quick = [f"quick-{number}" for number in range(QUICK_SITES)]
    for name in (*slow, *quick):
        (pages / name).mkdir(parents=True)
        (pages / name / "index.html").write_text(LOGIN)
    behaviours = "".join(f"  - {{at: {name}/index.html, delay_s: {SLOW_S}}}\n" for name in slow)
    (pages / "behaviours.yaml").write_text(f"version: 1\nbehaviours:\n{behaviours}")
    # Every fourth is slow, so that slow pages are being visited from the beginning to the end.
    mixed = [name for group in zip(slow, quick[0::3], quick[1::3], quick[2::3], strict=False) for name in group]
    mixed += [name for name in (*slow, *quick) if name not in mixed]
    sites = "".join(
        f"  - {{id: {name}, url: 'http://{name}.demo.localhost/', expect: {{login: true, username: '#user'}}}}\n"
        for name in mixed
    )
    path = folder / "sites.yaml"
    path.write_text(f"version: 1\nserve: pages\nsites:\n{sites}")
    return path


def measure_s(is_so: Callable[[], bool], *, timeout_s: float) -> float | None:
    """Seconds until `is_so()`; None when not within `timeout_s`."""
    started_s = time.monotonic()
    while not is_so():
        if time.monotonic() - started_s > timeout_s:
            return None
        time.sleep(0.25)
    return time.monotonic() - started_s


def with_settings(driver: DockerDriver, **changes: Any) -> DockerDriver:
    """The same grid, looked at with other settings."""
    return DockerDriver(replace(driver._settings, **changes), driver._client)
