"""Open files of this process: as many as it may have, and a word in time where they are too few."""

from __future__ import annotations

import resource

from gridrunner.errors import GridFault
from gridrunner.text import count_of

ENOUGH = 1 << 16
"""No run needs more: some programs that inherit the limit close every number below it one by one."""

OWN_DESCRIPTORS = 48
"""Of a run without sessions, three times what was seen: 20 were open with one slot and 37 with four on the demo list
(2026-12-01), which makes 14 and 6 per slot; hubs, a store and live checks come on top."""

DESCRIPTORS_PER_SLOT = 8
"""A session's DevTools socket, the HTTP connection and pipe of its driver, the two ends of a replica's connections: 6
were seen (above), and a page asks a replica over more than one connection."""


def raise_limit() -> None:
    """Raise the soft limit of open files to the hard one: shells set 1024, or 256, for the sake of old programs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < most:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        except (OSError, ValueError):
            return  # a sandbox forbids it; what there is may do


def require_descriptors(slots: int) -> None:
    """Raise GridFault where so many slots cannot work within the limit."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    needed = OWN_DESCRIPTORS + DESCRIPTORS_PER_SLOT * slots
    if limit != resource.RLIM_INFINITY and limit < needed:
        raise GridFault(
            f"this machine lets a process have {limit} open files, and {count_of(slots, 'slot')} need {needed}",
            hint=f"raise the hard limit (ulimit -Hn {max(1024, needed)}), or lower --slots",
        )
