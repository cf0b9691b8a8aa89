"""The words of a search as data: what is asked of a domain, what was seen there, what is said of it in the end.

All of it is what the journal of a search keeps, so that a search can be taken up again from its answers alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from gridrunner.model import ExpectedLogin, Outcome, Step


class By(StrEnum):
    """The way that leads to a page, in the words of the list."""

    HINT = "hint"  # of the list that was given
    HOME = "home page"
    LINK = "link"
    NEW_TAB = "new tab"
    MENU = "menu"
    OVERLAY = "button"
    ACCOUNT = "account page"
    CHANGE_PASSWORD = "change-password"
    PATH = "well-known path"
    ROBOTS = "robots.txt"
    SITEMAP = "sitemap"


class Why(StrEnum):
    """Why no login is said of a domain."""

    NO_ACCOUNT = "no account"
    WALL = "wall"
    APP_ONLY = "app only"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


class Domain(Struct, frozen=True, kw_only=True):
    """What is searched. `name` is unique; `starts` are addresses of its home page, tried in order; `hints` are pages
    that somebody else took for its login, each a way of its own.
    """

    name: str
    starts: tuple[str, ...]
    hints: tuple[Candidate, ...] = ()
    locale: str | None = None


class Candidate(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="visit"):
    """A page that may be the login, with the whole way to it: an address, then steps. `says` is what led there."""

    by: By
    url: str
    steps: tuple[Step, ...] = ()
    says: str = ""
    score: float = 0.0
    depth: int = 0


class LookUp(Struct, frozen=True, kw_only=True, tag="look-up"):
    """Questions to a site's server, asked from its robots.txt: `groups` of paths, the first of each one that nobody
    has; `texts` are addresses of sitemaps.
    """

    url: str
    groups: tuple[tuple[str, ...], ...] = ()
    texts: tuple[str, ...] = ()

    @property
    def most_requests(self) -> int:
        """How many requests it takes at the most, redirects that are asked for twice left out."""
        return 1 + sum(map(len, self.groups)) + len(self.texts)


Ask = Candidate | LookUp


class WayKind(StrEnum):
    """What a control of a page does, as far as can be told."""

    LINK = "link"
    BUTTON = "button"
    MENU = "menu"


class Way(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A control that may lead to the login: a link by its `url`, anything else (and a link whose address may be good
    once) by its `selector`.
    """

    kind: WayKind
    score: float
    says: str = ""
    url: str = ""
    selector: str = ""
    is_hidden: bool = False
    is_account: bool = False
    opens_tab: bool = False


class Login(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the detector makes of a page, as far as a list says it."""

    present: ExpectedLogin
    confidence: float = 0.0
    fields: Mapping[str, str] = field(default_factory=dict)
    sso: tuple[str, ...] = ()
    asks: str = ""
    is_aside: bool = False
    is_put_away: bool = False


class Seen(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="seen"):
    """What one visit saw. `url` is where it ended; `follows` what the step `{follow: login-link}` would press there,
    `opener` what opens a form that is in the page; `stores` are links to shops of apps, `says_account` that something
    speaks of accounts.
    """

    outcome: Outcome
    detail: str = ""
    url: str = ""
    language: str = ""
    login: Login | None = None
    ways: tuple[Way, ...] = ()
    tabs: tuple[str, ...] = ()
    follows: str = ""
    opener: str = ""
    stores: tuple[str, ...] = ()
    says_account: str = ""
    has_cookie_wall: bool = False


class Place(Struct, frozen=True, kw_only=True):
    """What the server said to one path; `elsewhere`: it leads to another origin, which only a visit can follow."""

    path: str
    status: int | None = None
    address: str = ""
    elsewhere: bool = False


class Looked(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="looked"):
    """What a look-up brought: `requests` as they were made, `sitemap` the addresses of a sitemap that are worth it."""

    requests: int
    robots: str = ""
    places: tuple[Place, ...] = ()
    sitemap: tuple[str, ...] = ()


Answer = Seen | Looked


class Found(Struct, frozen=True, kw_only=True):
    """A login, and the way to it."""

    way: Candidate
    login: Login
    ended_at: str = ""
    language: str = ""


class Conclusion(Struct, frozen=True, kw_only=True):
    """What is said of a domain: a login, or why not in `why` and `detail`. `pages` is what was asked of it; `tried`
    are the ways that were gone, one line each.
    """

    domain: str
    found: Found | None = None
    why: Why | None = None
    detail: str = ""
    pages: int = 0
    tried: tuple[str, ...] = ()
    leads_to: str = ""
