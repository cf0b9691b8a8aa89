"""Why things went wrong, in groups that people can act on. Pure. The invariant: each site that is not green falls into
a group, once at most into each, and the groups come in the order in which they should be looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from msgspec import Struct

from gridrunner.model import Outcome, Verdict
from gridrunner.results.verdicts.cases import CaseVerdict, SiteVerdict
from gridrunner.results.verdicts.settling import is_red, rank_of


class CauseGroup(Struct, frozen=True, kw_only=True):
    """Sites that went wrong for the same reason, one case each; `key` is stable and fit for `failure@type`, `title` is
    for people. `is_known`: they fail in the baseline as well.
    """

    key: str
    title: str
    verdict: Verdict
    cases: tuple[CaseVerdict, ...]
    is_known: bool = False


def key_of(case: CaseVerdict) -> str:
    """The cause of a case in one word: `check.<function>`, `site.<outcome>`, `fault.<kind>`, `fault.not-run` or
    `error.<function>`; empty for a green one.
    """
    match case.verdict:
        case Verdict.FAILED | Verdict.FLAKY:
            outcome = _unexpected_outcome(case)
            return f"site.{outcome}" if outcome is not None else f"check.{function_of(case.check)}"
        case Verdict.ERROR:
            return f"fault.{case.fault.kind}" if case.fault is not None else f"error.{function_of(case.check)}"
        case Verdict.NOT_RUN:
            return "fault.not-run"
        case Verdict.PASSED | Verdict.SKIPPED:
            return ""
        case _:
            assert_never(case.verdict)


def title_of(case: CaseVerdict) -> str:
    """The cause of a case in a few words."""
    match case.verdict:
        case Verdict.FAILED | Verdict.FLAKY:
            outcome = _unexpected_outcome(case)
            return _title_of(outcome) if outcome is not None else f"Check failed: {describe_check(case.check)}"
        case Verdict.ERROR if case.fault is not None:
            return f"Fault of ours: {case.fault.kind.replace('-', ' ')}"
        case Verdict.ERROR:
            return f"Check broken: {describe_check(case.check)}"
        case Verdict.NOT_RUN:
            return "Not run"
        case Verdict.PASSED | Verdict.SKIPPED:
            return ""
        case _:
            assert_never(case.verdict)


def _unexpected_outcome(case: CaseVerdict) -> Outcome | None:
    """How the visit ended, where that is neither a page that was observed nor what the site list expects."""
    outcome = case.observation.outcome if case.observation is not None else None
    return None if outcome in {Outcome.OBSERVED, case.site.expect.outcome} else outcome


def _title_of(outcome: Outcome) -> str:
    match outcome:
        case Outcome.OBSERVED:
            return ""
        case Outcome.UNREACHABLE:
            return "Site unreachable"
        case Outcome.HTTP_ERROR:
            return "Site answered with an HTTP error"
        case Outcome.BLOCKED:
            return "Blocked by a wall against bots"
        case Outcome.REFUSED:
            return "Refused by the server"
        case Outcome.AUTH_REQUIRED:
            return "HTTP authentication asked for"
        case Outcome.REDIRECT_LOOP:
            return "Redirect loop"
        case Outcome.DOWNLOAD:
            return "A download instead of a page"
        case Outcome.NAVIGATED_AWAY:
            return "The page left while it was probed"
        case Outcome.STEP_FAILED:
            return "A step of the site list failed"
        case Outcome.TIMED_OUT:
            return "Timed out"
        case Outcome.CRASHED:
            return "The page crashed its renderer"
        case _:
            assert_never(outcome)


def find_culprit(site: SiteVerdict) -> CaseVerdict | None:
    """The case that stands for a site that is not simply green: the first check, in plan order, with the site's own
    verdict, what is new before what the baseline knows. Later checks mostly fail of the same cause; None for a site
    that passed.
    """
    if site.verdict is Verdict.PASSED:
        return None
    held = [case for case in site.cases if case.held is not None] if site.verdict is Verdict.SKIPPED else []
    culprits = held or [case for case in site.cases if case.verdict is site.verdict]
    return next((case for case in culprits if not case.is_known), culprits[0] if culprits else None)


DETECTOR_CHECK_FILE = "test_your_detector.py"
"""The shipped check of the user's own detector."""

SHIPPED_FILES = frozenset({"test_login_form.py", "test_insertion.py", DETECTOR_CHECK_FILE})


def list_culprits(site: SiteVerdict) -> tuple[CaseVerdict, ...]:
    """The cases that are told of a site that is not simply green: its culprit, and every other check that went wrong by
    itself. The shipped checks ask one after another about one form, and a site that was not reached fails them all:
    these follow from the culprit. Broken checks and checks of the user's own do not.
    """
    culprit = find_culprit(site)
    if culprit is None:
        return ()
    if key_of(culprit).startswith(("site.", "fault.")):
        return (culprit,)
    others = [
        case
        for case in site.cases
        if case is not culprit and (is_red(case.verdict) or case.verdict is Verdict.FLAKY) and _stands_alone(case)
    ]
    return (culprit, *others)


def _stands_alone(case: CaseVerdict) -> bool:
    is_broken = case.verdict is Verdict.ERROR and case.fault is None
    return is_broken or case.check.partition("::")[0] not in SHIPPED_FILES - {DETECTOR_CHECK_FILE}


def group_culprits(culprits: Iterable[CaseVerdict]) -> tuple[CauseGroup, ...]:
    """Those of `culprits` that are failed, in error or not run: failures first, then by size, then by key; last those
    that fail in the baseline as well.
    """
    groups: dict[tuple[bool, Verdict, str], list[CaseVerdict]] = {}
    for case in culprits:
        if is_red(case.verdict):
            groups.setdefault((case.is_known, case.verdict, key_of(case)), []).append(case)
    ordered = sorted(groups.items(), key=lambda item: (item[0][0], rank_of(item[0][1]), -len(item[1]), item[0][2]))
    return tuple(
        CauseGroup(
            key=key,
            title=("Still failing: " if is_known else "") + title_of(members[0]),
            verdict=verdict,
            cases=tuple(members),
            is_known=is_known,
        )
        for (is_known, verdict, key), members in ordered
    )


class Quarantined(Struct, frozen=True, kw_only=True):
    """What became of sites in quarantine: the failures that it holds, and the sites that no longer need it."""

    held: tuple[CaseVerdict, ...]
    passing: tuple[CaseVerdict, ...]


def list_quarantined(sites: Iterable[SiteVerdict]) -> Quarantined:
    """Every held failure, and one case of each site in quarantine that passed all the checks it is in quarantine for;
    a flaky site, or one that was not judged in full, still needs it.
    """
    held: list[CaseVerdict] = []
    passing: list[CaseVerdict] = []
    for site in sites:
        if site.site.quarantine is None:
            continue
        covered = [case for case in site.cases if case.quarantine is not None]
        failing = [case for case in covered if case.held is not None]
        passed = [case for case in covered if case.verdict is Verdict.PASSED]
        held += failing
        if passed and not failing and all(case.verdict in {Verdict.PASSED, Verdict.SKIPPED} for case in covered):
            passing.append(passed[0])
    return Quarantined(held=tuple(held), passing=tuple(passing))


def function_of(check: str) -> str:
    """The part of a check's id that names the function: `test_form.py::TestLogin::test_found` gives
    `TestLogin.test_found`.
    """
    _, _, function = check.partition("::")
    return function.replace("::", ".") or check


def describe_check(check: str) -> str:
    """A check's function in words: `test_login_is_found` gives `login is found`."""
    return function_of(check).rpartition(".")[2].removeprefix("test_").replace("_", " ").strip() or check
