"""Where the browsers are, and how many visits go on in them at once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from gridrunner.grid.drivers.table import DEFAULT_GRID_NAME, DRIVER_PLACES, LOCAL
from gridrunner.settings.values import Part, Setting, flag, grid_name, member_of, parse_duration, path_of, whole


class BrowserName(StrEnum):
    """The browsers of --browser."""

    HEADLESS_SHELL = "headless-shell"
    CHROMIUM = "chromium"
    CHROME = "chrome"


class Isolation(StrEnum):
    """What keeps two sites apart: a context of their own in one session, or a session of their own."""

    CONTEXT = "context"
    SESSION = "session"


LOCAL_LANES = 2
"""Visits at once in one browser of this machine: one waits while another works. On hubs a node gives each session one
core, and a page that kills its browser could not be kept apart for want of slots, so there it is one."""


class GridSettings(Struct, frozen=True, kw_only=True):
    """Hubs and browsers. `slots` None: all that the hubs offer. `session_timeout_s` None: what the hubs need.

    Resolved at the door, no settings of their own: `browsers` of this machine at once (--slots, else its cores), and
    the visits at once in one session, here and on hubs.
    """

    places: tuple[str, ...] = (LOCAL,)
    slots: int | None = None
    elastic: bool = False
    session_timeout_s: float | None = None
    browser: BrowserName | None = None
    no_sandbox: bool = False
    isolation: Isolation = Isolation.CONTEXT
    contexts_per_session: int | None = None
    name: str = DEFAULT_GRID_NAME
    hub_image: str | None = None
    node_image: str | None = None
    hub_ca: Path | None = None
    browsers: int = 1
    lanes_here: int = LOCAL_LANES
    lanes_on_hubs: int = 1

    @property
    def visits_at_once(self) -> int:
        """Slots as a run counts them: sessions, times the visits at once in each."""
        return self.browsers * self.lanes(is_local=LOCAL in self.places)

    def lanes(self, *, is_local: bool) -> int:
        """Visits at once in one session of this machine, or of a hub."""
        return self.lanes_here if is_local else self.lanes_on_hubs


ROWS = (
    Setting(
        name="grid",
        field="places",
        parse=str,
        is_list=True,
        metavar="WHERE",
        help=f"{DRIVER_PLACES}, or the URL of a Selenium Grid hub; repeatable",
    ),
    Setting(
        name="slots",
        parse=whole(1),
        metavar="N",
        help="browser sessions at once; default: the machine's cores for local, all slots of the hubs otherwise",
    ),
    Setting(
        name="elastic",
        parse=flag,
        help="the hubs make slots on demand (KEDA, a scaler by the queue): ask for --slots sessions ahead of them",
    ),
    Setting(
        name="session-timeout",
        parse=parse_duration,
        metavar="TIME",
        help="time limit of a new session (default 60s; with --elastic 10m, which is also how long no slot is borne)",
    ),
    Setting(
        name="browser",
        parse=member_of(BrowserName),
        metavar="NAME",
        help="headless-shell (default where there is one: four times as fast), chromium or chrome",
    ),
    Setting(
        name="no-sandbox",
        parse=flag,
        help="browsers of this machine may go without their sandbox: a page that breaks out of one is then you",
    ),
    Setting(
        name="isolation",
        parse=member_of(Isolation),
        metavar="KIND",
        help="context: a fresh browser context per site in a reused session; session: a fresh session per site",
    ),
    Setting(
        name="contexts-per-session",
        parse=whole(1),
        metavar="N",
        help="visits at once in one session, each in a context of its own; default: 2 on this machine, 1 on hubs",
    ),
    Setting(
        name="grid-name",
        field="name",
        parse=grid_name,
        metavar="NAME",
        help="name of the grid in Docker; everything made for it is marked with it (default gridrunner)",
    ),
    Setting(
        name="hub-image",
        parse=str,
        metavar="IMAGE",
        help="image of Docker hubs (default: the one that docker/build.sh makes); selenium/hub works as well",
    ),
    Setting(
        name="node-image",
        parse=str,
        metavar="IMAGE",
        help="image of Docker nodes (default: the one that docker/build.sh makes); selenium/node-chrome works as well",
    ),
    Setting(
        name="hub-ca",
        parse=path_of,
        metavar="FILE",
        help="certificates (PEM) of the authority that signed those of https hubs; default: this machine's",
    ),
)

PART = Part(name="grid", title="where the browsers are", defaults=GridSettings(), rows=ROWS)
