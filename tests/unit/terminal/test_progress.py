"""What a person sees while a run goes on."""

from __future__ import annotations

import io

from rich.console import Console
from rich.text import Text

from gridrunner.dispatch.records import SiteFinished, VisitBegan, VisitObserved
from gridrunner.model import Observation, Outcome, Result, Status
from gridrunner.terminal.progress import LiveProgress, PlainProgress, Tally


def tally(*sites: str) -> Tally:
    return Tally(total=len(sites), expected_s=dict.fromkeys(sites, 2.0))


def observed(site: str, at_s: float, attempt: int = 1) -> VisitObserved:
    found = Observation(site=site, attempt=attempt, outcome=Outcome.OBSERVED, slot="slot-1")
    return VisitObserved(at_s=at_s, observation=found)


def finished(site: str, at_s: float, status: Status, attempts: int = 1, message: str = "") -> SiteFinished:
    result = Result(check="c", site=site, attempt=attempts, status=status, message=message)
    return SiteFinished(at_s=at_s, site=site, results=(result,), attempts=attempts)


def test_progress_moves_with_visits_and_verdicts_follow() -> None:
    out = io.StringIO()
    plain = PlainProgress(Console(file=out, width=80), tally("a", "b", "c", "d"))
    plain.record(observed("a", 6.0))
    plain.record(observed("b", 7.0))  # too soon after the last line
    plain.record(observed("b", 12.0, attempt=2))  # a further attempt is no further site
    plain.record(finished("a", 18.0, Status.PASSED))
    assert out.getvalue().splitlines() == [
        "1/4 visited, 0 judged, 0 failed, 0 errors, about 18 s left",
        "2/4 visited, 0 judged, 0 failed, 0 errors, about 12 s left",
        "2/4 visited, 1 judged, 0 failed, 0 errors, about 18 s left",
    ]


def test_quiet_leaves_failures_to_the_end() -> None:
    out = io.StringIO()
    plain = PlainProgress(Console(file=out, width=80), tally("a", "b"), quiet=True)
    plain.record(observed("a", 6.0))
    plain.record(finished("a", 12.0, Status.FAILED, message="no login\x1b[31m found"))
    assert out.getvalue() == ""
    loud = PlainProgress(Console(file=out, width=80), tally("a", "b"))
    loud.record(finished("a", 12.0, Status.FAILED, message="no login\x1b[31m found"))
    assert out.getvalue().startswith("failed: a: no login")
    assert "\x1b" not in out.getvalue()


def test_a_site_that_never_could_be_visited_is_over_as_well() -> None:
    counted = tally("a", "b")
    counted.finish(finished("a", 1.0, Status.ERROR))
    assert (len(counted.visited), counted.done, counted.errors, counted.left_s) == (1, 1, 1, 2.0)


def test_live_display_fits_80_columns() -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    live = LiveProgress(console, tally("a", "b"), clock=lambda: 0.0)
    try:
        live.record(
            VisitBegan(at_s=0.0, slot="slot-1", hub="local", session="s", site="a", attempt=2, chunk=1, expected_s=1.0)
        )
        live.record(observed("b", 1.0))
        with console.capture() as captured:
            console.print(live._render())
    finally:
        live.close()
    plain = Text.from_ansi(captured.get()).plain
    assert "1/2 visited" in plain
    assert "0 judged" in plain
    assert all(len(line) <= 80 for line in plain.splitlines())
