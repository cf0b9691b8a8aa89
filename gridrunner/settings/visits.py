"""What a visit does: how long it may take, what runs on the page, what is kept of it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from gridrunner.planning.constants import VISIT_TIMEOUT_S
from gridrunner.settings.values import BadSetting, Part, Setting, flag, grid_name, member_of, parse_duration, path_of


class Screenshots(StrEnum):
    """Of which visits a screenshot, or a copy of the page, is kept. FAILED: where what was found is not what the list
    expects, and of every further attempt.
    """

    FAILED = "failed"
    ALL = "all"
    NONE = "none"


class Fetch(StrEnum):
    """What first attempts fetch: no media, fonts and known trackers, or everything."""

    LEAN = "lean"
    ALL = "all"


class VisitorKind(StrEnum):
    """Who visits a site. AUTO: somebody whose languages and time zone follow from the site's locale, with a browser
    that does not call itself headless; PLAIN: whoever the browser is by itself.
    """

    AUTO = "auto"
    PLAIN = "plain"


class Robots(StrEnum):
    """Whether robots.txt of public sites decides which of them are visited."""

    IGNORE = "ignore"
    RESPECT = "respect"


def parse_agent(text: str) -> str:
    """A name of a browser, or a part of one, as a header takes it."""
    if not text.strip() or not all(" " <= char <= "~" for char in text):  # RFC 9110, section 5.5, less obs-text
        raise BadSetting("takes printable ASCII, such as gridrunner (+https://example.org/bot)")
    return text.strip()


class VisitOptions(Struct, frozen=True, kw_only=True):
    """What the user wants of each visit; `gridrunner.browser.visit.VisitSettings` adds what a run makes of it.

    `capture`: of which pages a copy for replay is kept. With `dismiss_walls` a cookie wall is answered before the page
    is judged, with `try_insertion` a button is put at the insertion point and clicked after everything else.
    """

    probe_files: tuple[Path, ...] = ()
    extensions: tuple[Path, ...] = ()
    allow_private: tuple[str, ...] = ()
    visitor: VisitorKind = VisitorKind.AUTO
    user_agent: str = ""
    user_agent_suffix: str = ""
    egress: str = ""
    robots: Robots = Robots.IGNORE
    visit_timeout_s: float = VISIT_TIMEOUT_S
    try_insertion: bool = False
    dismiss_walls: bool = False
    fetch: Fetch = Fetch.LEAN
    screenshots: Screenshots = Screenshots.FAILED
    capture: Screenshots = Screenshots.NONE


ROWS = (
    Setting(
        name="probe",
        field="probe_files",
        parse=path_of,
        is_list=True,
        metavar="FILE.js",
        help="a probe of your own: a JavaScript function run on every page after the built-in ones; repeatable",
    ),
    Setting(
        name="extension",
        field="extensions",
        parse=path_of,
        is_list=True,
        metavar="DIR",
        help="an unpacked browser extension, loaded into every session (full Chromium is chosen for it); repeatable",
    ),
    Setting(
        name="allow-private",
        parse=str,
        is_list=True,
        metavar="HOST",
        help="private hosts, addresses or networks that pages may reach; default: those that a list names; repeatable",
    ),
    Setting(
        name="visitor",
        parse=member_of(VisitorKind),
        metavar="WHO",
        help="auto (default): languages, time zone and place by the site's locale, no 'Headless' in the name; plain",
    ),
    Setting(
        name="user-agent",
        parse=parse_agent,
        metavar="TEXT",
        help="what browsers call themselves (default: the name of their true version); no client hints go with it",
    ),
    Setting(
        name="user-agent-suffix",
        parse=parse_agent,
        metavar="TEXT",
        help="what is added to the browser's name, such as 'ourbot (+https://example.org/bot)'",
    ),
    Setting(
        name="egress",
        parse=grid_name,
        metavar="NAME",
        help="all sites leave by this proxy: an [egress.NAME] of gridrunner.toml, whose rules choose otherwise",
    ),
    Setting(
        name="robots",
        parse=member_of(Robots),
        metavar="WHAT",
        help="ignore (default: a person's browser does not ask it), respect: public pages that it forbids are skipped",
    ),
    Setting(
        name="visit-timeout",
        parse=parse_duration,
        metavar="TIME",
        help="time limit of one visit (default 30s)",
    ),
    Setting(
        name="try-insertion",
        parse=flag,
        help="put a button at each insertion point, click it, look at it at a phone's width, remove it; adds a check",
    ),
    Setting(
        name="dismiss-walls",
        parse=flag,
        help="answer cookie walls before a page is judged, refusing where possible (default: see past them)",
    ),
    Setting(
        name="fetch",
        parse=member_of(Fetch),
        metavar="WHAT",
        help="lean (default): first attempts fetch no media, fonts and known trackers; all: everything",
    ),
    Setting(
        name="screenshots",
        parse=member_of(Screenshots),
        metavar="WHICH",
        help="keep screenshots of failed sites (default), of all, or none",
    ),
    Setting(
        name="capture",
        parse=member_of(Screenshots),
        metavar="WHICH",
        help="keep the pages of failed sites, or of all, for replay: RUN/captured.yaml (default: none)",
    ),
)

VISITOR_KEYS = ("visitor", "user_agent", "user_agent_suffix")
"""Who visits, for commands that take a few settings."""

PART = Part(name="visits", title="what a visit does", defaults=VisitOptions(), rows=ROWS)
