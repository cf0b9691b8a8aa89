"""Open files: as many as may be, and a word where they are too few."""

from __future__ import annotations

import resource

import pytest

from gridrunner.errors import GridFault
from gridrunner.host.descriptors import ENOUGH, raise_limit, require_descriptors


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((1024, 4096), (4096, 4096)),
        ((256, resource.RLIM_INFINITY), (ENOUGH, resource.RLIM_INFINITY)),
        ((1024, 1 << 20), (ENOUGH, 1 << 20)),
        ((4096, 4096), None),
        ((1 << 20, 1 << 20), None),
    ],
)
def test_the_soft_limit_is_raised_and_never_lowered(
    monkeypatch: pytest.MonkeyPatch, before: tuple[int, int], after: tuple[int, int] | None
) -> None:
    was_set: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _which: before)
    monkeypatch.setattr(resource, "setrlimit", lambda _which, limits: was_set.append(limits))
    raise_limit()
    assert was_set == ([] if after is None else [after])


def test_too_few_are_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (64, 64))
    with pytest.raises(GridFault, match="64 open files, and 4 slots need 80") as refused:
        require_descriptors(4)
    assert "ulimit -Hn" in str(refused.value.hint)
    require_descriptors(1)
