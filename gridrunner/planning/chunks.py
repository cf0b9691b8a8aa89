"""How many sites a slot is given at once. Owns guided chunk sizes; the invariant: one site or more, one at the end.

A chunk's work is the work left / (2 x slots), never more than what makes a session's start 15 % of it. In the cheap
case a session is kept over many chunks, so its start is not paid for each: then the cap costs nothing and bounds what
is reserved for one slot (and goes back to the queue when its session dies). Where a session serves one chunk only
(`--isolation session`, a hub that recycles), the cap is the chunk that pays for the start and no longer.
"""

from __future__ import annotations

from collections.abc import Iterable

from gridrunner.planning.constants import VISITS_PER_SESSION

MAX_START_SHARE = 0.15
"""A session's start may be this share of its chunk's work (docs/design/decisions.md)."""

GUIDED_DIVISOR = 2
"""Guided self-scheduling with half the even share: what is left after everyone took a chunk still fills a round."""


def chunk_work_s(*, work_left_s: float, slots: int, session_start_s: float) -> float:
    """The seconds of expected work that the next chunk should hold: what is left guides it, the start caps it."""
    guided_s = work_left_s / (GUIDED_DIVISOR * max(1, slots))
    return min(guided_s, session_start_s / MAX_START_SHARE)


def choose_chunk_size(upcoming_s: Iterable[float], *, work_left_s: float, slots: int, session_start_s: float) -> int:
    """How many of the next sites make the next chunk; at least 1.

    `upcoming_s` are the expected seconds of the queue's next sites in their order, `work_left_s` of all of them. A site
    that would lead past the wanted work stays in the queue.
    """
    wanted_s = chunk_work_s(work_left_s=work_left_s, slots=slots, session_start_s=session_start_s)
    size = 0
    work_s = 0.0
    for expected_s in upcoming_s:
        work_s += expected_s
        if size > 0 and work_s > wanted_s:
            break
        size += 1
        if size == VISITS_PER_SESSION:
            break
    return max(1, size)
