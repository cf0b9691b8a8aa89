"""Why things went wrong, in groups that people can act on. Pure. The invariant: each site that is not green falls into
exactly one group, and the groups come in the order in which somebody should look at them.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from gridrunner.model import Outcome, Verdict
from gridrunner.results.verdicts.cases import CaseVerdict, SiteVerdict

_GREEN = frozenset({Verdict.PASSED, Verdict.SKIPPED, Verdict.FLAKY})

_ORDER = {Verdict.FAILED: 0, Verdict.ERROR: 1, Verdict.NOT_RUN: 2}

_OUTCOME_TITLES = {
    Outcome.OBSERVED: "",
    Outcome.UNREACHABLE: "Site unreachable",
    Outcome.HTTP_ERROR: "Site answered with an HTTP error",
    Outcome.BLOCKED: "Blocked by a bot challenge",
    Outcome.AUTH_REQUIRED: "HTTP authentication asked for",
    Outcome.REDIRECT_LOOP: "Redirect loop",
    Outcome.DOWNLOAD: "A download instead of a page",
    Outcome.NAVIGATED_AWAY: "The page left while it was probed",
    Outcome.STEP_FAILED: "A step of the site list failed",
    Outcome.TIMED_OUT: "Timed out",
    Outcome.CRASHED: "The page crashed its renderer",
}


class CauseGroup(Struct, frozen=True, kw_only=True):
    """Sites that went wrong for the same reason, one case each; `key` is stable and fit for `failure@type`, `title` is for
    people. `is_known`: they fail in the baseline as well.
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
            outcome = case.observation.outcome if case.observation is not None else None
            if outcome not in {None, Outcome.OBSERVED, case.site.expect.outcome}:
                return f"site.{outcome}"
            return f"check.{function_of(case.check)}"
        case Verdict.ERROR:
            return f"fault.{case.fault.kind}" if case.fault is not None else f"error.{function_of(case.check)}"
        case Verdict.NOT_RUN:
            return "fault.not-run"
        case _:
            return ""


def title_of(case: CaseVerdict) -> str:
    """The cause of a case in a few words."""
    key = key_of(case)
    kind, _, name = key.partition(".")
    if kind == "site":
        return _OUTCOME_TITLES[Outcome(name)]
    if kind == "check":
        return f"Check failed: {describe_check(case.check)}"
    if key == "fault.not-run":
        return "Not run"
    if kind == "fault":
        return f"Fault of ours: {name.replace('-', ' ')}"
    return f"Check broken: {describe_check(case.check)}" if kind == "error" else ""


def find_culprit(site: SiteVerdict) -> CaseVerdict | None:
    """The case that stands for a site that is not simply green: the first check, in plan order, with the site's own
    verdict, what is new before what the baseline knows. Later checks mostly fail of the same cause; None for a site that
    passed.
    """
    if site.verdict is Verdict.PASSED:
        return None
    held = [case for case in site.cases if case.held is not None] if site.verdict is Verdict.SKIPPED else []
    culprits = held or [case for case in site.cases if case.verdict is site.verdict]
    return next((case for case in culprits if not case.is_known), culprits[0] if culprits else None)


def group_causes(sites: Iterable[SiteVerdict]) -> tuple[CauseGroup, ...]:
    """The sites that are failed, in error or not run, each once, by the cause of its culprit (see `group_culprits`)."""
    return group_culprits(case for case in map(find_culprit, sites) if case is not None)


def group_culprits(culprits: Iterable[CaseVerdict]) -> tuple[CauseGroup, ...]:
    """Those of `culprits` that are failed, in error or not run: failures first, then by size, then by key; last those
    that fail in the baseline as well.
    """
    groups: dict[tuple[bool, Verdict, str], list[CaseVerdict]] = {}
    for case in culprits:
        if case.verdict not in _GREEN:
            groups.setdefault((case.is_known, case.verdict, key_of(case)), []).append(case)
    ordered = sorted(groups.items(), key=lambda item: (item[0][0], _ORDER[item[0][1]], -len(item[1]), item[0][2]))
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
