"""Public domains are asked one visit at a time, with pauses; ours are not held up."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridrunner.dispatch.machine.backlog import Work
from gridrunner.dispatch.machine.balancer import Balancer
from gridrunner.dispatch.machine.courtesy import FIRST_BACKOFF_S, LONGEST_BACKOFF_S, Answer, Courtesy
from gridrunner.dispatch.machine.machine import Machine
from gridrunner.dispatch.records import Decision, FaultSeen, SiteFinished, VisitBegan, VisitObserved
from gridrunner.dispatch.settings import DispatchSettings
from gridrunner.dispatch.summary import StoppedBy
from gridrunner.model import Fault, FaultKind, Observation, Outcome, Plan, PlannedSite, Result, Site, Status
from gridrunner.planning.domains import find_domain
from tests.support.virtual_grid import Judges, VirtualGrid, Visiting, pass_all

CHECKS = ("login-found",)
DELAY_S = 1.0
LOST = Fault(kind=FaultKind.SESSION_LOST, message="died")


def make_plan(urls: Sequence[str], expected_s: float = 4.0) -> Plan:
    sites = (Site(id=f"s{number}", url=url) for number, url in enumerate(urls))
    return Plan(
        hash="0" * 64, sites=tuple(PlannedSite(site=site, expected_s=expected_s) for site in sites), checks=CHECKS
    )


def fail_all(observations: Sequence[Observation]) -> tuple[Sequence[Result], str | None]:
    return [
        Result(check=CHECKS[0], site=seen.site, attempt=seen.attempt, status=Status.FAILED) for seen in observations
    ], None


def play(
    urls: Sequence[str],
    *,
    slots: int = 4,
    visits: Sequence[Visiting] = (Visiting(took_s=2.0),),
    judges: Judges | None = None,
    run_settings: DispatchSettings | None = None,
) -> VirtualGrid:
    """The run of these addresses; visits go as `visits` say in turn."""
    machine = Machine(
        plan=make_plan(urls),
        settings=run_settings or DispatchSettings(host_delay_s=DELAY_S, judge_batch=3),
        balancer=Balancer(["hub"], rng=random.Random(1)),
    )
    turns = iter(range(1_000_000))
    return VirtualGrid(
        machine=machine,
        capacities={"hub": slots},
        visits=lambda _site, _attempt, _hub, _at_s: visits[next(turns) % len(visits)],
        judges=judges or pass_all(CHECKS),
    )


def spans_by_domain(grid: VirtualGrid, urls: Sequence[str]) -> dict[str, list[tuple[float, float]]]:
    """When visits of each public domain began and ended, in order of their beginnings."""
    url_of = {f"s{number}": url for number, url in enumerate(urls)}
    begun: dict[tuple[str, int], float] = {}
    spans: dict[str, list[tuple[float, float]]] = {}
    for record in grid.records:
        visit: tuple[str | None, int | None] = ("", 0)
        match record:
            case VisitBegan():
                begun[record.site, record.attempt] = record.at_s
            case VisitObserved():
                visit = record.observation.site, record.observation.attempt
            case FaultSeen():
                visit = record.site, record.attempt
            case _:
                pass
        site, attempt = visit
        if site is not None and attempt is not None and (site, attempt) in begun:
            began_s = begun.pop((site, attempt))
            domain = find_domain(url_of[site])
            if domain is not None:
                spans.setdefault(domain, []).append((began_s, record.at_s))
    return {domain: sorted(ends) for domain, ends in spans.items()}


hosts = st.sampled_from(
    [
        *("https://one.example.com/", "https://two.example.com/", "https://example.com/"),
        *("https://a.shop.co.uk/", "https://b.shop.co.uk/", "https://alone.org/"),
        *("http://replica.localhost/", "http://10.0.0.7/"),
    ]
)
ENDS = (
    Visiting(took_s=1.0),
    Visiting(took_s=4.0),
    Visiting(took_s=30.0, outcome=Outcome.TIMED_OUT),
    Visiting(took_s=0.5, outcome=Outcome.HTTP_ERROR, status=429),
    Visiting(took_s=0.5, outcome=Outcome.HTTP_ERROR, status=503, retry_after_s=40.0),
    Visiting(took_s=2.0, outcome=Outcome.CRASHED),
    Visiting(took_s=1.0, address="203.0.113.9"),
    Visiting(took_s=0.5, fault=LOST),
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    urls=st.lists(hosts, min_size=1, max_size=14),
    slots=st.integers(1, 6),
    ends=st.lists(st.sampled_from(ENDS), min_size=1, max_size=20),
    fails=st.booleans(),
    hedge=st.booleans(),
    per_session=st.sampled_from([1, 3, 50]),
)
def test_never_two_of_a_domain_and_nobody_starves(
    urls: list[str], slots: int, ends: list[Visiting], fails: bool, hedge: bool, per_session: int
) -> None:
    run_settings = DispatchSettings(
        host_delay_s=DELAY_S, judge_batch=3, hedge=hedge, hedge_min_s=0.5, visits_per_session=per_session
    )
    grid = play(
        urls,
        slots=slots,
        visits=ends,
        judges=fail_all if fails else None,
        run_settings=run_settings,
    )

    summary = grid.run()  # the run ends

    for spans in spans_by_domain(grid, urls).values():
        for (_, ended_s), (began_s, _) in pairwise(spans):
            assert began_s >= ended_s + DELAY_S - 1e-9
    if summary.stopped_by is StoppedBy.FINISHED:
        assert not summary.missing
        finished = Counter(record.site for record in grid.records if isinstance(record, SiteFinished))
        assert finished == Counter(f"s{number}" for number in range(len(urls)))
    else:
        # more sessions died than visits made up for, or no public site ever answered
        assert summary.stopped_by in {StoppedBy.CRASH_LOOP, StoppedBy.GRID_LOST}


def test_a_straggler_of_a_public_host_is_not_visited_twice() -> None:
    urls = ["https://one.example.com/", "http://replica.localhost/"]
    grid = play(
        urls,
        visits=[Visiting(took_s=25.0)],
        run_settings=DispatchSettings(host_delay_s=DELAY_S, hedge=True, hedge_min_s=1.0),
    )
    grid.run()
    hedged = [record.site for record in grid.records if isinstance(record, VisitBegan) and record.is_hedge]
    assert hedged == ["s1"]


def test_a_further_visit_goes_to_the_back() -> None:
    urls = [f"https://s{number}.example/" for number in range(12)]
    grid = play(urls, slots=2, judges=fail_all)
    grid.run()
    begun = [record.attempt for record in grid.records if isinstance(record, VisitBegan)]
    assert begun == [1] * 12 + [2] * 12


def test_hosts_of_ours_are_retried_first_as_before() -> None:
    urls = [f"http://s{number}.localhost/" for number in range(12)]
    grid = play(urls, slots=2, judges=fail_all)
    grid.run()
    begun = [record.attempt for record in grid.records if isinstance(record, VisitBegan)]
    assert begun[:12] != [1] * 12


def test_sessions_that_no_turn_needs_are_given_back() -> None:
    urls = [*(f"https://s{number}.example.com/" for number in range(40)), *(f"https://w{n}.org/" for n in range(8))]
    grid = play(urls, slots=8)
    summary = grid.run()
    assert summary.wall_s == pytest.approx(40 * 2.0 + 39 * DELAY_S + 1.5, abs=1.5)
    assert summary.sessions_opened == 8


def test_it_is_told_why_a_domain_is_left_alone() -> None:
    urls = ["https://a.example.com/", "https://b.example.com/"]
    grid = play(urls, visits=[Visiting(took_s=1.0, outcome=Outcome.HTTP_ERROR, status=429, retry_after_s=30.0)])
    grid.run()
    told = [record.text for record in grid.records if isinstance(record, Decision) and "left alone" in record.text]
    assert told[0] == "example.com answered 429, and asked for 30 s: it is left alone for 30 s"


def work(name: str, *, needs_fresh: bool = False) -> Work:
    return Work(site=Site(id=name, url=f"https://{name}.example/"), expected_s=1.0, needs_fresh=needs_fresh)


def names(works: Sequence[Work]) -> list[str]:
    return [waiting.site.id for waiting in works]


def test_the_longest_domain_begins_first() -> None:
    courtesy = Courtesy({"a1": "a", "a2": "a", "b1": "b", "b2": "b", "b3": "b", "c": "c"}, DELAY_S)
    admitted = courtesy.admit([work(name) for name in ("own", "a1", "a2", "b1", "b2", "b3", "c")])
    assert names(admitted) == ["b1", "a1", "own", "c"]
    assert (len(courtesy), courtesy.waiting_domains) == (3, 2)


def test_the_next_turn_comes_after_the_pause() -> None:
    courtesy = Courtesy({"a1": "a", "a2": "a"}, DELAY_S)
    courtesy.admit([work("a1"), work("a2")])
    assert courtesy.release(100.0, is_idle=True) == []
    assert courtesy.end("a1", 5.0, Answer(status=200)) == ""
    assert courtesy.next_s == 6.0
    assert courtesy.release(5.9, is_idle=False) == []
    assert names(courtesy.release(6.0, is_idle=False)) == ["a2"]


def test_back_offs_double_end_and_are_forgotten() -> None:
    courtesy = Courtesy({f"a{number}": "a" for number in range(10)}, DELAY_S)
    courtesy.admit([work(f"a{number}") for number in range(10)])
    pauses, now_s = [], 0.0
    for number, status in enumerate([429, 503, 429, 429, 429, 429, 429, 200, 429]):
        courtesy.end(f"a{number}", now_s, Answer(status=status))
        due_s = courtesy.next_s
        assert due_s is not None
        pauses.append(due_s - now_s)
        now_s = due_s
        assert names(courtesy.release(now_s, is_idle=True)) == [f"a{number + 1}"]
    assert pauses == [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, LONGEST_BACKOFF_S, DELAY_S, FIRST_BACKOFF_S]


@pytest.mark.parametrize(("asked_s", "pause_s"), [(0.0, 1.0), (30.0, 30.0), (86_400.0, LONGEST_BACKOFF_S)])
def test_retry_after_is_kept_within_bounds(asked_s: float, pause_s: float) -> None:
    courtesy = Courtesy({"a1": "a", "a2": "a"}, DELAY_S)
    courtesy.admit([work("a1"), work("a2")])
    courtesy.end("a1", 0.0, Answer(status=503, retry_after_s=asked_s))
    assert courtesy.next_s == pause_s


def test_a_lost_visit_of_no_sites_doing_keeps_its_place_and_a_further_one_does_not() -> None:
    courtesy = Courtesy({"a1": "a", "a2": "a"}, DELAY_S)
    courtesy.admit([work("a1"), work("a2")])
    courtesy.end("a1", 0.0, Answer())
    courtesy.hold(work("a1"))
    assert names(courtesy.release(1.0, is_idle=False)) == ["a1"]
    courtesy.end("a1", 2.0, Answer(status=200))
    courtesy.hold(work("a1", needs_fresh=True))
    assert names(courtesy.release(3.0, is_idle=False)) == ["a2"]
    courtesy.end("a2", 4.0, Answer(status=200))
    assert courtesy.release(9.0, is_idle=False) == []
    assert names(courtesy.release(9.0, is_idle=True)) == ["a1"]


def test_two_domains_of_one_server_take_turns_once_that_is_known() -> None:
    courtesy = Courtesy({"a1": "a", "a2": "a", "b1": "b", "b2": "b"}, DELAY_S)
    courtesy.admit([work(name) for name in ("a1", "a2", "b1", "b2")])
    courtesy.end("a1", 0.0, Answer(status=200, address="203.0.113.9"))
    courtesy.end("b1", 0.0, Answer(status=200, address="203.0.113.9"))
    assert names(courtesy.release(1.0, is_idle=False)) == ["a2"]
    assert courtesy.release(50.0, is_idle=True) == []
    courtesy.end("a2", 60.0, Answer(status=200, address="203.0.113.9"))
    assert names(courtesy.release(61.0, is_idle=False)) == ["b2"]
