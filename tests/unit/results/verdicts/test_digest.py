"""A run in a few figures."""

from __future__ import annotations

import pytest

from gridrunner.errors import ExitCode
from gridrunner.model import Expectation, Observation, Outcome, Plan, PlannedSite, Result, Site, Status, Verdict
from gridrunner.results.journal.events import Event, JournalHeader, Judged, Observed
from gridrunner.results.record import RunRecord, build_record, exit_code_of, explain_burnt
from gridrunner.results.verdicts.cases import SiteVerdict
from gridrunner.results.verdicts.digest import Digester, DomainVisits

CHECK = "test_x.py::test_x"


def visited(url: str, visits: int) -> SiteVerdict:
    site = Site(id=url, url=url)
    observations = tuple(
        Observation(site=site.id, attempt=attempt, outcome=Outcome.OBSERVED) for attempt in range(1, visits + 1)
    )
    return SiteVerdict(site=site, verdict=Verdict.PASSED, cases=(), observations=observations, busy_s=0.0)


def test_domains_are_told_by_their_visits() -> None:
    digester = Digester()
    for url, visits in (
        ("https://a.example.com/", 1),
        ("https://b.example.com/", 2),
        ("https://once.org/", 1),
        ("https://never.net/", 0),
        ("https://twice.org/", 2),
        ("http://replica.localhost/", 5),
    ):
        digester.add(visited(url, visits))
    digest = digester.finish(wall_s=1.0, slots=1, sessions=1, faults=0)
    assert digest.domains == (
        DomainVisits(domain="example.com", sites=2, visits=3),
        DomainVisits(domain="twice.org", sites=1, visits=2),
    )


def run_with(walls: int, *, sites: int = 100, limit: float | None = 0.05, expected: bool = False) -> RunRecord:
    """A run of which the first `walls` sites ended at a wall."""
    expect = Expectation(outcome=Outcome.BLOCKED) if expected else Expectation()
    planned = [Site(id=f"s{number}", url=f"https://s{number}.example/", expect=expect) for number in range(sites)]
    plan = Plan(hash="0" * 64, sites=tuple(PlannedSite(site=site, expected_s=1.0) for site in planned), checks=(CHECK,))
    events: list[Event] = []
    for number, site in enumerate(planned):
        is_wall = number < walls
        outcome = Outcome.BLOCKED if is_wall else Outcome.OBSERVED
        status = Status.SKIPPED if is_wall and not expected else Status.PASSED
        events.append(Observed(observation=Observation(site=site.id, attempt=1, outcome=outcome)))
        events.append(Judged(result=Result(check=CHECK, site=site.id, attempt=1, status=status, message="blocked")))
    header = JournalHeader(run="r", plan=plan.hash, started="2026-11-30T21:00:00+00:00", max_blocked=limit)
    return build_record(plan, header, events)


@pytest.mark.parametrize(
    ("walls", "limit", "code"),
    [
        (0, 0.05, ExitCode.OK),
        (4, 0.05, ExitCode.OK),
        (5, 0.05, ExitCode.OK),
        (6, 0.05, ExitCode.INCOMPLETE),
        (6, 0.2, ExitCode.OK),
        (1, 0.0, ExitCode.INCOMPLETE),
        (60, None, ExitCode.OK),
    ],
)
def test_too_many_walls_are_not_green(walls: int, limit: float | None, code: ExitCode) -> None:
    record = run_with(walls, limit=limit)
    assert exit_code_of(record) is code
    assert record.totals().blocked == walls
    assert bool(explain_burnt(record)) is (code is ExitCode.INCOMPLETE)


def test_it_is_said_how_many() -> None:
    assert explain_burnt(run_with(6)).startswith(
        "6 of 100 sites (6.0%) stood behind walls against bots, more than --max-blocked 5%"
    )


def test_a_wall_that_the_list_expects_is_none() -> None:
    record = run_with(60, expected=True)
    assert (record.totals().blocked, exit_code_of(record)) == (0, ExitCode.OK)
