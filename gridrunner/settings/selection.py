"""Which sites a run owes, and what of them this machine visits."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from gridrunner.settings.values import Part, Setting, flag, parse_shard, path_of


class SelectionSettings(Struct, frozen=True, kw_only=True):
    """Site lists and what is taken of them. `shard` (2, 8) is the second of eight parts."""

    sites: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    last_failed: bool = False
    shard: tuple[int, int] | None = None
    plan: Path | None = None
    resume: Path | None = None


ROWS = (
    Setting(
        name="sites",
        parse=str,
        is_list=True,
        metavar="LIST",
        help="site list: .yaml, .csv or .txt (one URL per line); repeatable; - is standard input",
    ),
    Setting(
        name="select",
        parse=str,
        is_list=True,
        metavar="EXPR",
        help="only sites that match tag:NAME, locale:CODE or id:GLOB; repeatable (any of them)",
    ),
    Setting(
        name="last-failed",
        parse=flag,
        help="only the sites that failed or were not reached in the newest run under --out that had them; without "
        "--sites those of the newest run's lists",
    ),
    Setting(
        name="shard",
        parse=parse_shard,
        metavar="I/N",
        help="only the I-th of N parts of the plan, cut by expected duration; merge the runs with `gridrunner merge`",
    ),
    Setting(
        name="plan",
        parse=path_of,
        metavar="FILE",
        help="a plan that `gridrunner plan --out` wrote: every machine of a matrix holds the same",
    ),
    Setting(
        name="resume",
        parse=path_of,
        metavar="RUN",
        help="go on with a run that was interrupted: only what it still owes",
    ),
)

PART = Part(name="selection", title="which sites", defaults=SelectionSettings(), rows=ROWS)
