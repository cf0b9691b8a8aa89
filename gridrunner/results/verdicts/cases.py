"""From what a journal holds of one site to its verdicts. Pure; the invariant: each check of the site has exactly one
verdict, in the plan's order, and a reason wherever it is not a plain pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from gridrunner.model import Fault, FaultKind, Observation, Outcome, Quarantine, Result, Site, Status, Verdict
from gridrunner.results.verdicts.quarantine import describe_quarantine, find_quarantine
from gridrunner.results.verdicts.settling import settle, worst


class CaseVerdict(NamedTuple):
    """The verdict on one (check, site); a tuple, because a million of them are made. `attempts` are its results in
    order; `observation` is the visit that decided, or the last one; `fault` is set where ours is the cause; `reason` is
    one line, empty for a pass.

    `quarantine` is set where one covers the check: a failure is then SKIPPED, and `held` its own reason. `is_known`: it
    failed in the baseline as well.
    """

    check: str
    site: Site
    verdict: Verdict
    attempts: tuple[Result, ...] = ()
    observation: Observation | None = None
    fault: Fault | None = None
    reason: str = ""
    quarantine: Quarantine | None = None
    held: str | None = None
    is_known: bool = False


class SiteVerdict(Struct, frozen=True, kw_only=True):
    """A site with all its checks: `verdict` is the worst of them, `observations` are all attempts in order, `busy_s`
    the seconds that a slot spent on it.
    """

    site: Site
    verdict: Verdict
    cases: tuple[CaseVerdict, ...]
    observations: tuple[Observation, ...]
    busy_s: float


class SiteState(Struct, frozen=True, kw_only=True):
    """What is known of a site: for each check its results in the order of attempts, every visit, a fault that kept it
    from being visited, and whether a visit of it never ended.
    """

    row: Sequence[tuple[Result, ...]]
    observations: tuple[Observation, ...] = ()
    fault: Fault | None = None
    is_unfinished: bool = False


def judge_site(
    site: Site, checks: Sequence[str], state: SiteState, known_failures: frozenset[tuple[str, str]]
) -> SiteVerdict:
    """The verdicts of `checks` on `site`; `known_failures` are (check, site) that failed in the baseline."""
    by_attempt = {observation.attempt: observation for observation in state.observations}
    cases = tuple(
        [
            _judge_case(check, site, attempts, state, by_attempt, known_failures)
            for check, attempts in zip(checks, state.row, strict=True)
        ]
    )
    return SiteVerdict(
        site=site,
        verdict=_worst_of(site, cases),
        cases=cases,
        observations=state.observations,
        busy_s=sum([observation.timings.total_s for observation in state.observations]),
    )


def slim_case(case: CaseVerdict) -> CaseVerdict:
    """`case` without what is large: its attempts, and what its visit found. A list of many stays small with it."""
    observation = case.observation
    if observation is not None:
        observation = replace(observation, detection=None, events=(), probes={})
    return case._replace(attempts=(), observation=observation)


def name_outcome(observation: Observation | None) -> str:
    """The word for how a visit ended: its outcome, or the kind of its fault; empty without a visit."""
    if observation is None:
        return ""
    if observation.fault is not None:
        return observation.fault.kind.value
    return (observation.outcome or Outcome.OBSERVED).value


def _judge_case(
    check: str,
    site: Site,
    attempts: tuple[Result, ...],
    state: SiteState,
    by_attempt: Mapping[int, Observation],
    known_failures: frozenset[tuple[str, str]],
) -> CaseVerdict:
    observations = state.observations
    if len(attempts) == 1 and attempts[0].status is Status.PASSED and site.quarantine is None:
        # Nearly all there is: what follows would come to the same.
        observation = by_attempt.get(attempts[0].attempt) or (observations[-1] if observations else None)
        return CaseVerdict(check, site, Verdict.PASSED, attempts, observation)
    if not attempts:
        return _explain_unjudged(check, site, state)
    steps = [(result.status, _is_faulted(by_attempt.get(result.attempt))) for result in attempts]
    verdict = settle(steps)
    reached = [
        result for result, (status, faulted) in zip(attempts, steps, strict=True) if not _is_lost(status, faulted)
    ]
    decisive = (reached or attempts)[-1]
    observation = by_attempt.get(decisive.attempt) or (observations[-1] if observations else None)
    reason = _find_reason(verdict, attempts, decisive)
    quarantine = find_quarantine(site, check)
    is_held = quarantine is not None and verdict is Verdict.FAILED
    return CaseVerdict(
        check=check,
        site=site,
        verdict=Verdict.SKIPPED if is_held else verdict,
        attempts=attempts,
        observation=observation,
        fault=observation.fault if observation is not None and verdict is Verdict.ERROR else None,
        reason=describe_quarantine(quarantine) if quarantine is not None and is_held else reason,
        quarantine=quarantine,
        held=reason if is_held else None,
        is_known=verdict is Verdict.FAILED and not is_held and (check, site.id) in known_failures,
    )


def _explain_unjudged(check: str, site: Site, state: SiteState) -> CaseVerdict:
    last = state.observations[-1] if state.observations else None
    fault = last.fault if last is not None and last.fault is not None else state.fault
    if fault is not None and fault.kind is not FaultKind.INTERRUPTED:
        verdict, reason = Verdict.ERROR, fault.message
    elif fault is not None or state.is_unfinished:
        verdict, reason = Verdict.NOT_RUN, "the run ended while the site was being visited"
    elif last is not None:
        verdict, reason = Verdict.NOT_RUN, "visited, but the run ended before this check judged it"
    else:
        verdict, reason = Verdict.NOT_RUN, "planned, but never visited"
    quarantine = find_quarantine(site, check)
    return CaseVerdict(
        check=check, site=site, verdict=verdict, observation=last, fault=fault, reason=reason, quarantine=quarantine
    )


def _is_faulted(observation: Observation | None) -> bool:
    return observation is not None and observation.fault is not None


def _is_lost(status: Status, is_faulted: bool) -> bool:
    return is_faulted and status is Status.ERROR


def _worst_of(site: Site, cases: Sequence[CaseVerdict]) -> Verdict:
    """As `worst`, but a failure in quarantine keeps a site from counting as passed."""
    verdict = worst([case.verdict for case in cases])
    if verdict is Verdict.PASSED and site.quarantine is not None and any(case.held is not None for case in cases):
        return Verdict.SKIPPED
    return verdict


def _find_reason(verdict: Verdict, attempts: tuple[Result, ...], decisive: Result) -> str:
    if verdict is Verdict.FLAKY:
        return next(result.message for result in attempts if result.status is Status.FAILED)
    if verdict is Verdict.FAILED and decisive.status is not Status.FAILED:
        return [result.message for result in attempts if result.status is Status.FAILED][-1]
    return "" if verdict is Verdict.PASSED else decisive.message
