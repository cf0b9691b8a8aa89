"""What a wall makes of checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridrunner.judging.source import RunSource
from gridrunner.model import Expectation, Observation, Outcome, Site

BLOCKED = "blocked by vercel (header x-vercel-mitigated: challenge)"


@pytest.mark.parametrize(
    ("outcome", "expected", "fails_blocked", "reason"),
    [
        (Outcome.BLOCKED, Outcome.OBSERVED, False, BLOCKED),
        (Outcome.BLOCKED, Outcome.OBSERVED, True, None),
        (Outcome.BLOCKED, Outcome.BLOCKED, False, None),
        (Outcome.REFUSED, Outcome.OBSERVED, False, None),
        (Outcome.OBSERVED, Outcome.OBSERVED, False, None),
    ],
)
def test_a_site_behind_a_wall_is_skipped_with_the_reason(
    outcome: Outcome, expected: Outcome, fails_blocked: bool, reason: str | None
) -> None:
    site = Site(id="s", url="https://s.example/", expect=Expectation(outcome=expected))
    seen = Observation(site="s", attempt=1, outcome=outcome, detail=BLOCKED)
    source = RunSource(folder=Path("run"), sites={"s": site}, observations={"s": seen}, fails_blocked=fails_blocked)
    assert source.explain_wall("s") == reason
