"""A fleet on AWS: which, how large, for how long."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

from gridrunner.grid.drivers.table import SCALE_TIMEOUT_S
from gridrunner.settings.values import BadSetting, Part, Setting, parse_duration, path_of

AUTO = "auto"


def _scale(text: str) -> str | int:
    if text == AUTO:
        return AUTO
    if not re.fullmatch(r"\d+", text) or int(text) < 1:
        raise BadSetting("takes auto, or a number of nodes of 1 or more")
    return int(text)


class FleetSettings(Struct, frozen=True, kw_only=True):
    """`scale` is AUTO (what `budget_s` takes) or a number of nodes; None leaves the fleet as it is."""

    file: Path | None = None
    scale: str | int | None = None
    budget_s: float | None = None
    scale_timeout_s: float = SCALE_TIMEOUT_S
    serve_address: str | None = None


ROWS = (
    Setting(
        name="fleet",
        field="file",
        parse=path_of,
        metavar="FILE",
        help="the fleet on AWS: what `terraform output -json gridrunner` printed, or its s3://… (`fleet_url`)",
    ),
    Setting(
        name="scale",
        parse=_scale,
        metavar="auto|N",
        help="with --grid aws: raise the fleet to N nodes for this run, or to what --budget takes, and lower it again",
    ),
    Setting(
        name="budget",
        parse=parse_duration,
        metavar="TIME",
        help="wall time to aim for, such as 10m: `plan` prints the nodes it takes, --scale auto raises a fleet to them",
    ),
    Setting(
        name="scale-timeout",
        parse=parse_duration,
        metavar="TIME",
        help="time limit of the wait for a fleet's nodes (default 10m; an instance takes one to three minutes)",
    ),
    Setting(
        name="serve-address",
        parse=str,
        metavar="ADDRESS",
        help="address of this machine that a fleet's nodes reach, for lists with replica pages (default: none)",
    ),
)

PART = Part(name="fleet", title="a fleet on AWS", defaults=FleetSettings(), rows=ROWS)
