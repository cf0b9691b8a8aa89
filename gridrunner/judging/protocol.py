"""What a judge process is told and what it answers: one JSON object per line each way, and the file for pytest-xdist.

Invariant: between an order and its ENDED, each check that was started is answered by a result, or the process is gone;
the other side can always tell which check it was busy with.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from gridrunner.model import Observation, Result, Site

SHIPPED_CHECKS = "default"
"""Among the paths of a selection: the shipped suite, beside the user's own."""


class OrderKind(StrEnum):
    """What the worker is told to do."""

    COLLECT = "collect"
    JUDGE = "judge"


class AnswerKind(StrEnum):
    """What the worker says."""

    COLLECTED = "collected"  # checks and live_checks; with problem, the checks cannot be used
    STARTED = "started"  # check on site
    RESULT = "result"
    CRASHED = "crashed"  # a process of pytest-xdist died in node; problem says how
    ENDED = "ended"  # the pytest run of an order is over; problem is empty or says why it stopped early


class Selection(Struct, frozen=True, kw_only=True):
    """Which checks: pytest paths (empty: the shipped suite), `extras` of the suite beside them (file names), and
    pytest's -k and -m expressions over checks. With `fails_blocked` checks judge visits that a wall ended; they skip
    them otherwise.
    """

    paths: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    keyword: str = ""
    mark: str = ""
    fails_blocked: bool = False


class Order(Struct, frozen=True, kw_only=True):
    """One pytest run. JUDGE takes sites and observations from the order itself, or, with `processes` above 0, has
    pytest-xdist's processes read the run folder and `batch_file`.
    """

    kind: OrderKind
    folder: str
    selection: Selection
    sites: tuple[Site, ...] = ()
    observations: tuple[Observation, ...] = ()
    checks: tuple[str, ...] = ()
    judged: tuple[tuple[str, str], ...] = ()
    is_rescored: bool = False
    processes: int = 0
    batch_file: str = ""


class JudgeAnswer(Struct, frozen=True, kw_only=True):
    """One line of the worker's; which fields are set follows from `kind`. Of `collected` tests, -k and -m left
    `checks` and `live_checks`.
    """

    kind: AnswerKind
    check: str = ""
    site: str = ""
    result: Result | None = None
    node: str = ""
    problem: str = ""
    checks: tuple[str, ...] = ()
    live_checks: tuple[str, ...] = ()
    collected: int = 0


class Batch(Struct, frozen=True, kw_only=True):
    """A part of a recorded run for several processes, as a JSON file: which attempt of which sites, and which checks.
    Live checks may run on a site without an observation; their results then belong to the attempt named here.
    """

    attempts: Mapping[str, int]
    checks: tuple[str, ...]
    fails_blocked: bool = False
