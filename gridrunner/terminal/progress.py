"""What a person sees while a run goes on: a live display on a terminal, plain lines everywhere else.

Both are fed by the dispatcher's records and keep no more than what they show. Texts from pages and hubs are stripped of
control characters and never read as markup.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from gridrunner.dispatch.records import (
    Decision,
    DispatchRecord,
    FaultSeen,
    RunStopping,
    SessionEnded,
    SessionOpened,
    SessionOpening,
    SiteFinished,
    VisitBegan,
    VisitObserved,
    WaitChanged,
)
from gridrunner.dispatch.summary import StoppedBy
from gridrunner.model import Result, Status
from gridrunner.text import count_of, format_seconds, make_log_line

REFRESHES_A_SECOND = 8
"""Smooth to the eye, and under 1 % of a core with 8 slots (rich 15, 2026-11-24)."""

PACE_SHARE = 0.1
"""Of the expected work this much is done before a time left is told: the first sites wait for their sessions."""

SLOT_ROWS = 12
"""Slots listed one by one; with more, the rest is one line."""

WAIT_LENGTH = 400
"""Of the line that says what a run waits for, or ended for: it names the error and what to look at."""

PLAIN_INTERVAL_S = 5.0
"""A CI log gets a progress line this often at most, and one for every failure."""


class Progress(Protocol):
    """Takes every record of a run; `close` once at the end."""

    def record(self, record: DispatchRecord) -> None:
        """Show what this changes."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


def clean(text: str, limit: int = 200) -> str:
    """`text` on one line; from a page, so nothing of it may steer a terminal or be a command of CI."""
    return make_log_line(text, limit)


@dataclass(slots=True)
class Tally:
    """Sites by how far they are and how they ended, and the seconds of work that are left.

    Verdicts come in rounds (`DispatchSettings.judge_interval_s`), so `visited` runs ahead of `done`; it is what moves.
    `excused` are (check, site) in quarantine, whose failures count as skipped.
    """

    total: int
    expected_s: dict[str, float]
    visited: set[str] = field(default_factory=set)
    excused: frozenset[tuple[str, str]] = frozenset()
    done: int = 0
    failed: int = 0
    errors: int = 0
    flaky: int = 0
    slots: dict[str, str] = field(default_factory=dict)
    left_s: float = 0.0
    told_hubs: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.left_s = sum(self.expected_s.values())

    def note_visit(self, site: str) -> None:
        """A site was visited; a further attempt is no further progress."""
        if site not in self.visited:
            self.visited.add(site)
            self.left_s = max(0.0, self.left_s - self.expected_s.get(site, 0.0))

    def finish(self, record: SiteFinished) -> Status:
        """Count a finished site; returns the worst status of its checks."""
        worst = worst_status(
            tuple(result for result in record.results if (result.check, result.site) not in self.excused)
        )
        self.note_visit(record.site)  # one that never could be visited is over as well
        self.done += 1
        self.failed += worst is Status.FAILED
        self.errors += worst is Status.ERROR
        self.flaky += worst in {Status.PASSED, Status.SKIPPED} and record.attempts > 1
        return worst

    def explain_fault(self, record: FaultSeen) -> str | None:
        """The line for a fault of a hub that hit no site, the first time it is of its kind; None otherwise."""
        known = (record.hub, record.fault.kind)
        if record.site is not None or known in self.told_hubs:
            return None
        self.told_hubs.add(known)
        return f"{record.fault.kind}: {record.hub}: {clean(record.fault.message)}"

    def estimate_left_s(self, elapsed_s: float) -> float | None:
        """Seconds until the end at the pace so far, by expected work; None before there is a pace."""
        total_s = sum(self.expected_s.values())
        done_s = total_s - self.left_s
        return elapsed_s * self.left_s / done_s if done_s >= PACE_SHARE * total_s else None


def worst_status(results: tuple[Result, ...]) -> Status:
    """The status that a reader should see first: failed before error before passed."""
    statuses = {result.status for result in results}
    for status in (Status.FAILED, Status.ERROR, Status.PASSED):
        if status in statuses:
            return status
    return Status.SKIPPED


def first_message(results: tuple[Result, ...]) -> str:
    """What the first check that did not pass says."""
    return next((result.message for result in results if result.status in {Status.FAILED, Status.ERROR}), "")


class LiveProgress:
    """The display on a terminal: a bar, what failed so far, one line per slot."""

    def __init__(self, console: Console, tally: Tally, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._tally, self._clock = console, tally, clock
        self._started = clock()
        self._last_at_s = 0.0
        self._live = Live(
            get_renderable=self._render, console=console, refresh_per_second=REFRESHES_A_SECOND, transient=True
        )
        self._live.start()

    def record(self, record: DispatchRecord) -> None:
        """Show what this changes."""
        slots = self._tally.slots
        self._last_at_s = record.at_s
        match record:
            case SessionOpening():
                slots[record.slot] = f"opens a session on {record.hub}"
            case SessionOpened():
                slots[record.slot] = "ready"
            case SessionEnded():
                slots[record.slot] = f"session ended: {record.reason}"
            case VisitBegan():
                again = f" (attempt {record.attempt})" if record.attempt > 1 else ""
                slots[record.slot] = f"visits {record.site}{again}"
            case VisitObserved():
                slots[record.observation.slot] = "ready"
                self._tally.note_visit(record.observation.site)
            case SiteFinished():
                worst = self._tally.finish(record)
                if worst in {Status.FAILED, Status.ERROR}:
                    style = "red" if worst is Status.FAILED else "yellow"
                    line = Text.assemble(
                        (f"{worst:<6} ", style), f"{record.site}  ", (clean(first_message(record.results)), "dim")
                    )
                    self._console.print(line, overflow="ellipsis", no_wrap=True)
            case FaultSeen() if explained := self._tally.explain_fault(record):
                self._console.print(Text(explained, style="yellow"))
            case RunStopping() if record.stopped_by is not StoppedBy.FINISHED:
                self._console.print(Text(clean(record.text, WAIT_LENGTH), style="yellow"))
            case WaitChanged():
                self._console.print(Text(clean(record.text, WAIT_LENGTH), style="yellow"))
            case _:
                pass

    def _render(self) -> RenderableType:
        tally = self._tally
        elapsed_s = self._clock() - self._started
        left_s = tally.estimate_left_s(elapsed_s)
        head = Table.grid(padding=(0, 2))
        head.add_row(
            ProgressBar(total=max(1, tally.total), completed=len(tally.visited), width=24),
            Text(f"{len(tally.visited)}/{tally.total} visited"),
            Text(f"{tally.done} judged"),
            Text(f"{tally.failed} failed", style="red" if tally.failed else "dim"),
            Text(f"{tally.errors} errors", style="yellow") if tally.errors else Text(""),
            Text(
                f"{format_seconds(elapsed_s, is_rough=True)}"
                + (f", {format_seconds(left_s, is_rough=True)} left" if left_s is not None else "")
            ),
        )
        rows = Table.grid(padding=(0, 2))
        shown = sorted(tally.slots.items())
        for slot, state in shown[:SLOT_ROWS]:
            rows.add_row(Text(slot, style="dim"), Text(clean(state, 90)))
        if len(shown) > SLOT_ROWS:
            rows.add_row(Text("…", style="dim"), Text(count_of(len(shown) - SLOT_ROWS, "more slot"), style="dim"))
        return Group(head, rows)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._live.stop()


class PlainProgress:
    """Lines for CI logs and files: one for each failure and one now and then; with `verbose` every decision."""

    def __init__(self, console: Console, tally: Tally, *, quiet: bool = False, verbose: bool = False) -> None:
        self._console, self._tally = console, tally
        self._quiet, self._verbose = quiet, verbose
        self._last_line_s = 0.0

    def record(self, record: DispatchRecord) -> None:
        """Print what a reader of a log should know."""
        match record:
            case SiteFinished():
                worst = self._tally.finish(record)
                if worst not in {Status.FAILED, Status.ERROR}:
                    self._say_progress(record.at_s)
                elif not self._quiet:  # whose reader is told once, at the end
                    self._say(f"{worst}: {record.site}: {clean(first_message(record.results))}")
            case VisitObserved():
                self._tally.note_visit(record.observation.site)
                self._say_progress(record.at_s)
            case RunStopping() if record.stopped_by is not StoppedBy.FINISHED:
                self._say(clean(record.text, WAIT_LENGTH))
            case WaitChanged():
                self._say(clean(record.text, WAIT_LENGTH))
            case FaultSeen() if self._verbose:
                self._say(f"fault: slot={record.slot} hub={record.hub} {clean(record.fault.message)}")
            case FaultSeen() if line := self._tally.explain_fault(record):
                self._say(line)
            case Decision() if self._verbose:
                self._say(clean(record.text))
            case SessionOpened() if self._verbose:
                self._say(f"session: slot={record.slot} hub={record.hub} node={record.node} took={record.took_s:.2f}s")
            case VisitBegan() if self._verbose:
                self._say(f"visit: slot={record.slot} site={record.site} attempt={record.attempt}")
            case _:
                pass

    def _say_progress(self, at_s: float) -> None:
        if self._quiet or at_s - self._last_line_s < PLAIN_INTERVAL_S:
            return
        self._last_line_s = at_s
        tally = self._tally
        left_s = tally.estimate_left_s(at_s)
        left = f", about {format_seconds(left_s, is_rough=True)} left" if left_s is not None else ""
        so_far = f"{len(tally.visited)}/{tally.total} visited, {tally.done} judged"
        self._say(f"{so_far}, {tally.failed} failed, {tally.errors} errors{left}")

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Nothing to put back."""


def make_progress(console: Console, tally: Tally, *, quiet: bool, verbose: bool) -> Progress:
    """The live display on a terminal, plain lines elsewhere and with --quiet or --verbose."""
    is_watched = console.is_terminal and console.file.isatty()  # FORCE_COLOR and --color always speak of colours alone
    if is_watched and not quiet and not verbose:
        return LiveProgress(console, tally)
    return PlainProgress(console, tally, quiet=quiet, verbose=verbose)
