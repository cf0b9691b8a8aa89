"""How often a site is tried, and when a run stops."""

from __future__ import annotations

from msgspec import Struct

from gridrunner.planning.domains import HOST_DELAY_S
from gridrunner.settings.values import Part, Setting, parse_duration, parse_pause, whole


class DispatchOptions(Struct, frozen=True, kw_only=True):
    """Attempts and limits of a run. None: no limit."""

    retries: int = 1
    deadline_s: float | None = None
    max_failures: int | None = None
    host_delay_s: float = HOST_DELAY_S
    outage_limit_s: float | None = None


ROWS = (
    Setting(
        name="retries",
        parse=whole(0),
        metavar="N",
        help="further attempts at a site that failed, each in a fresh session (default 1)",
    ),
    Setting(
        name="deadline",
        parse=parse_duration,
        metavar="TIME",
        help="time limit of the whole run; what is not reached by then is owed (exit 3); default: none",
    ),
    Setting(
        name="max-failures",
        short="-x",
        short_value="1",
        parse=whole(1),
        metavar="N",
        help="stop after this many failed sites (exit 1); -x stands for 1; default: none",
    ),
    Setting(
        name="host-delay",
        field="host_delay_s",
        parse=parse_pause,
        metavar="TIME",
        help="pause between two visits of a public domain, which get one at a time (default 1s; 0: no pause)",
    ),
    Setting(
        name="outage-limit",
        parse=parse_duration,
        metavar="TIME",
        help="how long a run waits when no site or no hub can be reached, before it ends with 3 (default 2m; aws: 5m)",
    ),
)

PART = Part(name="dispatch", title="attempts and limits", defaults=DispatchOptions(), rows=ROWS)
