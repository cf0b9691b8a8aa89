"""Guided chunk sizes: half the even share, not more than a session's start deserves, one at the end."""

from __future__ import annotations

import pytest

from gridrunner.planning.chunks import choose_chunk_size
from gridrunner.planning.constants import VISITS_PER_SESSION


@pytest.mark.parametrize(
    ("upcoming_s", "slots", "session_start_s", "size"),
    [
        ([1.0] * 100, 4, 1.5, 10),  # capped: 1.5 s are 15 % of 10 s
        ([1.0] * 100, 4, 0.3, 2),  # a cheap start needs no long chunk
        ([1.0] * 16, 4, 1.5, 2),  # 16 / (2 x 4)
        ([1.0] * 7, 4, 1.5, 1),
        ([30.0, 1.0, 1.0], 2, 1.5, 1),  # a long site is a chunk of its own
        ([1.0], 500, 1.5, 1),
        ([0.0] * 500, 2, 1.5, VISITS_PER_SESSION),
        ([], 2, 1.5, 1),
    ],
)
def test_sizes(upcoming_s: list[float], slots: int, session_start_s: float, size: int) -> None:
    chosen = choose_chunk_size(upcoming_s, work_left_s=sum(upcoming_s), slots=slots, session_start_s=session_start_s)
    assert chosen == size


def test_sizes_shrink_to_one_at_the_end() -> None:
    left, sizes = [1.0] * 60, []
    while left:
        size = choose_chunk_size(left, work_left_s=sum(left), slots=3, session_start_s=1.5)
        sizes.append(size)
        left = left[size:]
    assert sizes[0] > sizes[-1] == 1
    assert sizes == sorted(sizes, reverse=True)
