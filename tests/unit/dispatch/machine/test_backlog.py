"""The order in which visits wait."""

from __future__ import annotations

from msgspec.structs import replace

from gridrunner.dispatch.machine.backlog import Backlog, Work
from gridrunner.model import Site


def work(name: str, expected_s: float = 1.0, *, needs_fresh: bool = False) -> Work:
    return Work(site=Site(id=name, url=f"https://{name}.example/"), expected_s=expected_s, needs_fresh=needs_fresh)


def names(works: tuple[Work, ...]) -> list[str]:
    return [each.site.id for each in works]


def test_chunks_are_cut_from_the_front() -> None:
    backlog = Backlog([work("long", 20.0), *(work(f"s{number}") for number in range(12))])
    assert names(backlog.take_chunk(slots=2, session_start_s=1.5)) == ["long"]
    assert names(backlog.take_chunk(slots=2, session_start_s=1.5)) == ["s0", "s1", "s2"]
    assert len(backlog) == 9
    assert backlog.work_left_s == 9.0


def test_what_is_put_back_comes_first_and_in_order() -> None:
    backlog = Backlog([work("a"), work("b"), work("c"), work("d")])
    taken = backlog.take_chunk(slots=1, session_start_s=1.5)
    assert names(taken) == ["a", "b"]
    backlog.put_back(taken)
    assert backlog.work_left_s == 4.0
    site = backlog.peek_site()
    assert site is not None
    assert site.id == "a"
    assert names(backlog.take_chunk(slots=1, session_start_s=1.5)) == ["a", "b"]


def test_retries_wait_apart() -> None:
    backlog = Backlog([])
    backlog.add_retry(work("a", needs_fresh=True))
    assert (len(backlog), backlog.retry_count, backlog.peek_site()) == (1, 1, None)
    assert backlog.take_chunk(slots=1, session_start_s=1.5) == ()
    assert backlog.take_shortest() == ()
    retry = backlog.take_retry(hub="hub", may_repeat=False)
    assert names(retry) == ["a"]
    assert backlog.take_retry(hub="hub", may_repeat=False) == ()
    backlog.put_back(retry)
    assert backlog.retry_count == 1


def test_a_retry_goes_to_another_hub_where_there_is_one() -> None:
    backlog = Backlog([])
    backlog.add_retry(replace(work("a"), avoid_hub="x"))
    backlog.add_retry(replace(work("b"), avoid_hub="y"))
    assert backlog.retry_avoid_hub == "x"
    assert names(backlog.take_retry(hub="x", may_repeat=False)) == ["b"]
    assert backlog.take_retry(hub="x", may_repeat=False) == ()
    assert names(backlog.take_retry(hub="x", may_repeat=True)) == ["a"]


def test_a_slow_hub_takes_from_the_short_end() -> None:
    backlog = Backlog([work("long", 9.0), work("short", 1.0)])
    assert backlog.shortest_s() == 1.0
    assert names(backlog.take_shortest()) == ["short"]
    assert names(backlog.take_shortest()) == ["long"]
    assert backlog.shortest_s() is None
    backlog.put_back((work("again"),))
    assert names(backlog.take_shortest()) == ["again"]
