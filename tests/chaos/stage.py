"""What a harmed run has around it: a project, pages, disks, a clock, hubs; and what is left of it at the end."""

from __future__ import annotations

import http.server
import random
import socket
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.chaos.clock import fake_clock
from tests.chaos.counting import Attempt, Case
from tests.chaos.world import World
from tests.support.command_line import CommandLine, Running, open_project
from tests.support.fake_hub import Behaviour, FakeGrid, open_hub
from tests.support.lying_hub import LyingHub, drip_for_ever, make_head, open_lying_hub, pour, say_nothing
from tests.support.own_sites import OwnSites
from tests.support.run_folders import events_of

DISK_KIB = 8 << 10
SCRATCH_KIB = 96 << 10
"""Of the disks that can be filled: four times what an undisturbed run leaves on them."""

PAGE_S = 0.25
"""A page takes so long to answer, so that there is something to hit."""

HUB_SHARE, LYING_SHARE = 0.3, 0.2
"""Of the runs have a hub that behaves, or one that lies, beside the browsers of this machine."""

RESET_SITE = "resets"
"""Its server resets every connection: the only site that is not well, in the undisturbed run as in all others."""

BALLAST = "ballast"

TEMPORARY = ("gridrunner", "org.chromium", ".org.chromium", "chromium", "scoped_dir", "com.google", ".com.google")
"""How temporary folders of ours and of browsers are called (Chromium 156)."""


class Stage:
    """One run's surroundings. Make it with `open_stage`."""

    def __init__(self, project: CommandLine, own: OwnSites, world: World) -> None:
        self.project, self.own, self.world = project, own, world
        self.hub: FakeGrid | None = None
        self.liar: LyingHub | None = None
        self.grids: list[str] = ["--grid", "local"]
        self.runs_disk: Path | None = None
        self.scratch_disk: Path | None = None
        self._running: Running | None = None
        self._ballast: list[Path] = []

    @property
    def running(self) -> Running:
        """The part of the run that goes on."""
        assert self._running is not None
        return self._running

    @property
    def asked_pages(self) -> int:
        """How many pages were asked for."""
        return sum(self.own.visits.values())

    def start(self, *arguments: str) -> Running:
        """The next part of the run: disks have room again, and the clock is right."""
        for ballast in self._ballast:
            ballast.unlink(missing_ok=True)
        self._ballast.clear()
        self._running = self.project.start(*arguments, env=fake_clock(self.project.folder))
        return self._running

    def fill(self, folder: Path, size: int) -> None:
        """Take `size` bytes of the disk at `folder`."""
        ballast = folder / BALLAST
        self._ballast.append(ballast)
        with suppress(OSError), ballast.open("wb") as file:
            for _ in range(size >> 12):
                file.write(b"\1" * 4096)

    def run_folder(self) -> Path | None:
        """The newest run folder that can be resumed."""
        folders = [folder for folder in self.project.run_folders() if (folder / "plan.json").exists()]
        return folders[-1] if folders else None

    def left_behind(self) -> list[str]:
        """Processes, temporary folders and sessions of hubs that nobody needs any more."""
        folders = [
            path.name for path in self.project.scratch.iterdir() if path.is_dir() and path.name.startswith(TEMPORARY)
        ]
        sessions = [f"{self.hub.sessions} sessions of the hub"] if self.hub is not None and self.hub.sessions else []
        return [*(words[:160] for words in self.project.processes().values()), *folders, *sessions]


@contextmanager
def open_stage(world: World, rng: random.Random, sites: int) -> Iterator[Stage]:
    """A project with `sites` login pages, half of them on public names where there are any; every run of one world and
    number of sites has the same list but for ports.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        folder.chmod(0o755)
        project = stack.enter_context(open_project(folder))
        own = stack.enter_context(OwnSites(folder / "sites.yaml", bind="0.0.0.0" if world.has_network else "127.0.0.1"))
        for number in range(sites):
            host = f"site-{number}.example" if world.has_network and number % 2 else "127.0.0.1"
            own.add(f"login-{number}", before=_take_a_moment, host=host)
        stage = Stage(project, own, world)
        (folder / "runs").mkdir()
        stage.runs_disk = stack.enter_context(world.mount(folder / "runs", DISK_KIB))
        stage.scratch_disk = stack.enter_context(world.mount(project.scratch, SCRATCH_KIB))
        draw = rng.random()
        if draw < HUB_SHARE:
            stage.hub = stack.enter_context(open_hub(Behaviour(slots=2, visit_s=PAGE_S)))
            stage.grids += ["--grid", stage.hub.url]
        elif draw < HUB_SHARE + LYING_SHARE:
            stage.liar = stack.enter_context(open_lying_hub())
            _lie(stage.liar, rng)
            stage.grids += ["--grid", stage.liar.url]
        if stage.hub is None:  # the browsers of that one know no network
            own.add_raw(RESET_SITE, _reset)
        own.write_list()
        yield stage


def _take_a_moment() -> None:
    """As servers do."""
    threading.Event().wait(PAGE_S)


def _reset(handler: http.server.BaseHTTPRequestHandler) -> None:
    """RST instead of an answer (socket(7), SO_LINGER)."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def _lie(hub: LyingHub, rng: random.Random) -> None:
    """One of the ways in which hubs were seen to answer nonsense, or might."""
    slots = [{"stereotype": {"browserName": "chrome"}, "session": None}]
    status = {"value": {"ready": True, "nodes": [{"id": "n", "availability": "UP", "maxSessions": 1, "slots": slots}]}}
    match rng.randrange(6):
        case 0:
            hub.say("GET", "/status", {"value": {"nodes": rng.choice(["many", None, 7, [[]]])}})
        case 1:
            hub.send("GET", "/status", lambda: drip_for_ever(make_head(None)))
        case 2:
            hub.send("GET", "/status", say_nothing)
        case 3:
            hub.send("GET", "/status", lambda: pour(make_head(1 << 30), 1 << 30))
        case 4:
            hub.say("GET", "/status", status)
            hub.say("POST", "/session", rng.choice([[], "no", {"value": {"sessionId": 7}}, {"value": None}]))
        case _:
            hub.say("GET", "/status", status)
            hub.send("POST", "/session", say_nothing)


def read_report(folder: Path) -> list[tuple[Case, str]]:
    """Every case of junit.xml with its verdict, as often as it stands there; none where there is no report."""
    path = folder / "junit.xml"
    if not path.exists():
        return []
    cases = []
    for element in ET.parse(path).iter("testcase"):
        check, _, site = element.get("name", "").removesuffix("]").partition("[")
        tags = [child.tag for child in element if child.tag in {"failure", "error", "skipped"}]
        cases.append(((check, site), tags[0] if tags else "passed"))
    return cases


def read_results(folder: Path) -> list[tuple[Attempt, str]]:
    """The results of the journal with their statuses, but for errors of ours: what is judged again comes to more."""
    results = (event["result"] for event in events_of(folder, "result"))
    return [
        ((result["check"].rpartition("::")[2], result["site"], result["attempt"]), result["status"])
        for result in results
        if result["status"] != "error"
    ]
