"""Which checks judge what was observed."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from gridrunner.settings.values import Part, Setting, member_of, parse_share

MAX_BLOCKED = 0.05
"""Of the sites visited. A list of public sites has walls that come and go; a twentieth of it is more than chance, and
an address that is burnt must not be green."""


class Blocked(StrEnum):
    """What becomes of sites that a wall ended the visit of."""

    SKIP = "skip"
    FAIL = "fail"


class CheckSettings(Struct, frozen=True, kw_only=True):
    """pytest paths (none: the shipped suite) and pytest's own selections over names and marks ("": all); what becomes
    of sites behind walls, and which share of them (0 to 1) is too much.
    """

    paths: tuple[str, ...] = ()
    keyword: str = ""
    mark: str = ""
    blocked: Blocked = Blocked.SKIP
    max_blocked: float = MAX_BLOCKED


ROWS = (
    Setting(
        name="checks",
        field="paths",
        parse=str,
        is_list=True,
        metavar="PATH",
        help="pytest files or folders with checks, in place of the shipped login-form detection suite, which is called "
        "`default`; repeatable",
    ),
    Setting(
        name="keyword",
        short="-k",
        parse=str,
        metavar="EXPR",
        help="only checks whose names match, as in pytest",
    ),
    Setting(
        name="mark",
        short="-m",
        parse=str,
        metavar="EXPR",
        help="only checks with matching marks, as in pytest",
    ),
    Setting(
        name="blocked",
        parse=member_of(Blocked),
        metavar="WHAT",
        help="checks of sites behind a wall against bots: skip (default: counted, no failure) or fail",
    ),
    Setting(
        name="max-blocked",
        parse=parse_share,
        metavar="SHARE",
        help="exit 3 when more than this share of the visited sites is behind walls (default 5%)",
    ),
)

PART = Part(name="checks", title="which checks", defaults=CheckSettings(), rows=ROWS)
