"""Which checks judge what was observed."""

from __future__ import annotations

from msgspec import Struct

from gridrunner.settings.values import Part, Setting


class CheckSettings(Struct, frozen=True, kw_only=True):
    """pytest paths (none: the shipped suite) and pytest's own selections over names and marks ("": all)."""

    paths: tuple[str, ...] = ()
    keyword: str = ""
    mark: str = ""


ROWS = (
    Setting(
        name="checks",
        field="paths",
        parse=str,
        is_list=True,
        metavar="PATH",
        help="pytest files or folders with checks, in place of the shipped login-form detection suite; repeatable",
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
)

PART = Part(name="checks", title="which checks", defaults=CheckSettings(), rows=ROWS)
