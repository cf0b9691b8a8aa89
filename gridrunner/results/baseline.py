"""What changed since an earlier run. Owns the comparison; pure. The invariant: a failure is excused only when the baseline
shows the same check failing at the same site; whatever the baseline does not know, or did not get as far as, is new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gridrunner.model import Verdict
from gridrunner.results.record import CaseVerdict, RunRecord

_GREEN = frozenset({Verdict.PASSED, Verdict.FLAKY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The verdicts of an earlier run: of each (check, site), where a failure in quarantine counts as the failure that it
    is, and of each site.
    """

    run: str
    cases: Mapping[tuple[str, str], Verdict]
    sites: Mapping[str, Verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A run against the baseline run `baseline`, in plan order. `unknown` counts the (check, site) that the baseline has
    no verdict on, out of `compared`. Failures in quarantine are in none of the lists.
    """

    baseline: str
    newly_broken: tuple[CaseVerdict, ...]
    newly_fixed: tuple[CaseVerdict, ...]
    still_failing: tuple[CaseVerdict, ...]
    unknown: int
    compared: int


def baseline_of(record: RunRecord) -> Baseline:
    """The verdicts of `record` to compare another run with."""
    sites = list(record.site_verdicts())
    return Baseline(
        run=record.header.run,
        cases={
            (case.check, site.site.id): Verdict.FAILED if case.held is not None else case.verdict
            for site in sites
            for case in site.cases
        },
        sites={site.site.id: site.verdict for site in sites},
    )


def excuse_known(record: RunRecord, baseline: Baseline) -> RunRecord:
    """`record`, knowing which of its failures the baseline has as well: they do not make the run fail."""
    known = frozenset(key for key, verdict in baseline.cases.items() if verdict is Verdict.FAILED)
    return replace(record, known_failures=known)


def compare_runs(record: RunRecord, baseline: Baseline) -> Comparison:
    """`record`, which `excuse_known` has been told of `baseline`, against it."""
    broken: list[CaseVerdict] = []
    fixed: list[CaseVerdict] = []
    failing: list[CaseVerdict] = []
    unknown = compared = 0
    for case in record.verdicts():
        before = baseline.cases.get((case.check, case.site.id))
        compared += 1
        unknown += before is None
        if case.verdict is Verdict.FAILED:
            (failing if case.is_known else broken).append(case)
        elif before is Verdict.FAILED and case.verdict in _GREEN:
            fixed.append(case)
    return Comparison(
        baseline=baseline.run,
        newly_broken=tuple(broken),
        newly_fixed=tuple(fixed),
        still_failing=tuple(failing),
        unknown=unknown,
        compared=compared,
    )


def describe_comparison(comparison: Comparison) -> str:
    """One line: `against run-1: 2 newly broken, 1 newly fixed, 3 still failing`; counts are of checks at sites."""
    counts = {
        "newly broken": len(comparison.newly_broken),
        "newly fixed": len(comparison.newly_fixed),
        "still failing": len(comparison.still_failing),
    }
    text = ", ".join(f"{count} {name}" for name, count in counts.items())
    if comparison.unknown == comparison.compared:
        return f"against {comparison.baseline}: {text}; it knows none of these checks and sites"
    new = f"; {comparison.unknown} of {comparison.compared} are new" if comparison.unknown else ""
    return f"against {comparison.baseline}: {text}{new}"
