"""What changed since an earlier run. Owns the comparison; pure. The invariant: a failure is excused only when the
baseline shows the same check failing at the same site; whatever the baseline does not know, or did not get as far as,
is new.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from gridrunner.model import Verdict
from gridrunner.results.record import RunRecord
from gridrunner.results.verdicts.cases import CaseVerdict, SiteVerdict, slim_case

_GREEN = frozenset({Verdict.PASSED, Verdict.FLAKY})


class Baseline(Struct, frozen=True, kw_only=True):
    """The verdicts of an earlier run: of each (check, site), where a failure in quarantine counts as the failure that
    it is, and of each site.
    """

    run: str
    cases: Mapping[tuple[str, str], Verdict]
    sites: Mapping[str, Verdict]


class Comparison(Struct, frozen=True, kw_only=True):
    """A run against the baseline run `baseline`, in plan order. `unknown` counts the (check, site) that the baseline
    has no verdict on, out of `compared`. Failures in quarantine are in none of the lists.
    """

    baseline: str
    newly_broken: tuple[CaseVerdict, ...]
    newly_fixed: tuple[CaseVerdict, ...]
    still_failing: tuple[CaseVerdict, ...]
    unknown: int
    compared: int


def baseline_of(record: RunRecord) -> Baseline:
    """The verdicts of `record` to compare another run with."""
    cases: dict[tuple[str, str], Verdict] = {}
    sites: dict[str, Verdict] = {}
    for site in record.site_verdicts():
        sites[site.site.id] = site.verdict
        for case in site.cases:
            cases[case.check, site.site.id] = Verdict.FAILED if case.held is not None else case.verdict
    return Baseline(run=record.header.run, cases=cases, sites=sites)


def excuse_known(record: RunRecord, baseline: Baseline) -> RunRecord:
    """`record`, knowing which of its failures the baseline has as well: they do not make the run fail."""
    known = frozenset(key for key, verdict in baseline.cases.items() if verdict is Verdict.FAILED)
    return record.knowing(known)


class Comparer:
    """Compares a run, which `excuse_known` has been told of the baseline, with it, one site at a time."""

    def __init__(self, baseline: Baseline) -> None:
        self.baseline = baseline
        self._broken: list[CaseVerdict] = []
        self._fixed: list[CaseVerdict] = []
        self._failing: list[CaseVerdict] = []
        self._unknown = self._compared = 0

    def add(self, site: SiteVerdict) -> None:
        """Take the next site, in plan order."""
        for case in site.cases:
            before = self.baseline.cases.get((case.check, site.site.id))
            self._compared += 1
            self._unknown += before is None
            if case.verdict is Verdict.FAILED:
                (self._failing if case.is_known else self._broken).append(slim_case(case))
            elif before is Verdict.FAILED and case.verdict in _GREEN:
                self._fixed.append(slim_case(case))

    def finish(self) -> Comparison:
        """The comparison of the sites taken."""
        return Comparison(
            baseline=self.baseline.run,
            newly_broken=tuple(self._broken),
            newly_fixed=tuple(self._fixed),
            still_failing=tuple(self._failing),
            unknown=self._unknown,
            compared=self._compared,
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
