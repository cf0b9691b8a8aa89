"""From attempts to one verdict. Owns the rule; pure. The invariant: a fault of ours never turns what a site showed into
something else, and nothing that failed becomes a pass without a later pass of the same check.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import assert_never

from gridrunner.errors import ExitCode
from gridrunner.model import Status, Verdict


def settle(attempts: Sequence[tuple[Status, bool]]) -> Verdict:
    """The verdict over all attempts at one (check, site), in order; each is the status and whether a fault of ours, and
    not the site, ended that visit.

    The last attempt without a fault decides. A pass after a failure is FLAKY; a skip after a failure stays FAILED; an
    ERROR stays only when no attempt got as far as the site, or when the check itself is broken. None at all: NOT_RUN.
    """
    if not attempts:
        return Verdict.NOT_RUN
    reached = [status for status, is_faulted in attempts if not (is_faulted and status is Status.ERROR)]
    if not reached:
        return Verdict.ERROR
    last = reached[-1]
    if Status.FAILED in reached[:-1]:
        if last is Status.PASSED:
            return Verdict.FLAKY
        if last is Status.SKIPPED:
            return Verdict.FAILED
    return _verdict_of(last)


def _verdict_of(status: Status) -> Verdict:
    match status:
        case Status.PASSED:
            return Verdict.PASSED
        case Status.FAILED:
            return Verdict.FAILED
        case Status.ERROR:
            return Verdict.ERROR
        case Status.SKIPPED:
            return Verdict.SKIPPED
        case _:
            assert_never(status)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """What a site's line shows for all its checks: the first that occurs of failed, error, not-run, flaky, passed,
    skipped. No check at all: NOT_RUN.
    """
    return min(set(verdicts), key=rank_of, default=Verdict.NOT_RUN)


def rank_of(verdict: Verdict) -> int:
    """Where a verdict stands when the worst come first, from 0."""
    match verdict:
        case Verdict.FAILED:
            return 0
        case Verdict.ERROR:
            return 1
        case Verdict.NOT_RUN:
            return 2
        case Verdict.FLAKY:
            return 3
        case Verdict.PASSED:
            return 4
        case Verdict.SKIPPED:
            return 5
        case _:
            assert_never(verdict)


def is_red(verdict: Verdict) -> bool:
    """Whether a verdict needs a look: a failure, a fault of ours, or something owed."""
    match verdict:
        case Verdict.FAILED | Verdict.ERROR | Verdict.NOT_RUN:
            return True
        case Verdict.FLAKY | Verdict.PASSED | Verdict.SKIPPED:
            return False
        case _:
            assert_never(verdict)


def exit_code_for(
    verdicts: Iterable[Verdict],
    *,
    was_interrupted: bool = False,
    is_damaged: bool = False,
    was_limited: bool = False,
    took_part: bool = True,
) -> ExitCode:
    """The exit code for the verdicts that occur: 3 (owed, ours, or a part that could not be read) beats 1; 130 says
    that what is owed was left by an interruption; 4: there was nothing to judge, or all is well because nothing that
    could have failed took part. `was_limited`: the limit of failures was reached, and what it left is not owed.
    """
    if was_limited:
        verdicts = {verdict for verdict in verdicts if verdict is not Verdict.NOT_RUN}
    code = _code_of_verdicts(set(verdicts), was_interrupted=was_interrupted)
    if is_damaged and code in {ExitCode.OK, ExitCode.FAILED}:
        return ExitCode.INCOMPLETE
    return ExitCode.NOTHING if code is ExitCode.OK and not took_part else code


def _code_of_verdicts(present: set[Verdict], *, was_interrupted: bool) -> ExitCode:
    if not present:
        return ExitCode.INTERRUPTED if was_interrupted else ExitCode.NOTHING
    if Verdict.NOT_RUN in present and was_interrupted:
        return ExitCode.INTERRUPTED
    if Verdict.NOT_RUN in present or Verdict.ERROR in present:
        return ExitCode.INCOMPLETE
    return ExitCode.FAILED if Verdict.FAILED in present else ExitCode.OK
