"""`gridrunner run` against Selenium hubs that fail as real ones do: nothing is lost, and nobody is charged for it.

No browser is needed: the hubs are fakes on loopback, and gridrunner is the real command.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from gridrunner.run.shelf import list_runs
from tests.support.command_line import CommandLine, Ended, Running, wait_until
from tests.support.fake_hub import FakeGrid, NewSession, open_hub
from tests.support.run_folders import (
    events_of,
    failure_messages,
    faults_of,
    journalled_exit_code,
    observed_sites,
    owed_cases,
    read_cases,
    read_plan,
    visits_of,
)
from tests.support.small_proxy import open_proxy

ONE_LANE = ("--contexts-per-session", "1")
DEAD_HUB = "http://127.0.0.1:9"  # the port of the discard service: nobody listens there


def write_list(project: CommandLine, count: int) -> Path:
    """A text list of login pages, one URL per line."""
    path = project.folder / "sites.txt"
    path.write_text("".join(f"https://site-{number}.example/login\n" for number in range(1, count + 1)))
    return path


def write_mixed_list(project: CommandLine, count: int) -> Path:
    """A list of which every third site has no login form, and every sixth is wrongly said to have one."""
    entries = [
        {
            "id": f"site-{number}",
            "url": f"https://site-{number}.example/{'garden' if number % 3 == 0 else 'login'}",
            "expect": {"login": number % 6 != 3},
        }
        for number in range(1, count + 1)
    ]
    path = project.folder / "sites.yaml"
    path.write_text(json.dumps({"version": 1, "sites": entries}))
    return path


def reach(*hubs: FakeGrid) -> list[str]:
    return [word for hub in hubs for word in ("--grid", hub.url)]


def require_all_passed(project: CommandLine, ended: Ended) -> None:
    """Every planned (check, site) is there once, and none failed."""
    assert ended.code == 0, ended.stderr
    found = read_cases(project.run_folder / "junit.xml")
    assert set(found) == owed_cases(project.run_folder)
    assert set(found.values()) <= {"passed", "skipped"}
    assert "passed" in found.values()


def urls_of(folder: Path) -> dict[str, str]:
    return {planned["site"]["id"]: planned["site"]["url"] for planned in read_plan(folder)["sites"]}


def decisions_of(folder: Path) -> str:
    return "\n".join(event["text"] for event in events_of(folder, "decision"))


def test_every_site_is_visited_once_and_every_session_is_given_back(project: CommandLine) -> None:
    with open_hub(slots=4) as hub:
        ended = project.run("run", "--sites", write_list(project, 24), *reach(hub))
        require_all_passed(project, ended)
        assert set(hub.figures.visits.values()) == {1}
        assert len(hub.figures.visits) == 24
        assert hub.figures.most_sessions <= 4
        assert hub.sessions == 0
    run = project.run_folder.name
    assert all(name.startswith(f"gridrunner {run} slot-") for name in hub.figures.names)
    assert {event["hub"] for event in events_of(project.run_folder, "visit-started")} == {hub.url}


def test_socket_that_drops_in_the_middle_of_visits_costs_no_verdict(project: CommandLine) -> None:
    with open_hub(slots=3, drops={"site-2.": 1, "site-5.": 1}) as hub:
        ended = project.run("run", "--sites", write_list(project, 12), *ONE_LANE, *reach(hub))
        require_all_passed(project, ended)
        assert hub.figures.sockets_dropped == 2
        assert hub.sessions == 0
        urls = urls_of(project.run_folder)
        lost = {site for site, url in urls.items() if "site-2." in url or "site-5." in url}
        assert set(faults_of(project.run_folder)) == lost
        assert hub.figures.visits == {url: 2 if site in lost else 1 for site, url in urls.items()}
    results = events_of(project.run_folder, "result")
    assert {event["result"]["status"] for event in results} <= {"passed", "skipped"}


def test_many_sockets_drop_and_nothing_is_lost(project: CommandLine) -> None:
    with open_hub(slots=4, drop_share=0.1, visit_s=0.01) as hub:
        ended = project.run("run", "--sites", write_list(project, 40), *ONE_LANE, *reach(hub))
        assert hub.figures.sockets_dropped > 0
        require_all_passed(project, ended)


def test_sessions_are_refused_for_a_while(project: CommandLine) -> None:
    with open_hub(slots=2, refusals=2) as hub:
        ended = project.run("run", "--sites", write_list(project, 6), *ONE_LANE, *reach(hub))
        require_all_passed(project, ended)
        assert hub.figures.sessions_refused == 2
    faults = events_of(project.run_folder, "fault")
    assert {fault["fault"]["kind"] for fault in faults} == {"session-not-created"}
    assert {fault["site"] for fault in faults} == {None}


def test_hub_that_answers_with_the_page_of_a_proxy_recovers(project: CommandLine) -> None:
    with open_hub(slots=2, new_session=NewSession.BROKEN) as hub:
        running = project.start("run", "--sites", write_list(project, 4), *ONE_LANE, *reach(hub))
        wait_until(lambda: hub.figures.sessions_refused > 0 or running.is_over(), "a session was refused")
        hub.change(new_session=NewSession.CREATED)
        require_all_passed(project, running.wait())


def test_site_that_always_loses_its_session_is_an_error_of_ours(project: CommandLine) -> None:
    with open_hub(slots=2, drops={"site-3.": 99}) as hub:
        ended = project.run("run", "--sites", write_list(project, 6), *ONE_LANE, *reach(hub))
        assert ended.code == 3, ended.stderr
        assert hub.sessions == 0
    assert journalled_exit_code(project.run_folder) == 3
    junit = project.run_folder / "junit.xml"
    assert set(read_cases(junit)) == owed_cases(project.run_folder)
    ours = {site for _, site in failure_messages(junit)}
    assert {urls_of(project.run_folder)[site] for site in ours} == {"https://site-3.example/login"}
    assert "failure" not in read_cases(junit).values()


def test_unreachable_hub_beside_a_good_one(project: CommandLine) -> None:
    with open_hub(slots=2) as hub:
        ended = project.run("run", "--sites", write_list(project, 8), "--grid", DEAD_HUB, *reach(hub))
        require_all_passed(project, ended)
    assert {event["hub"] for event in events_of(project.run_folder, "visit-started")} == {hub.url}
    assert DEAD_HUB in {event["hub"] for event in events_of(project.run_folder, "fault")}


def test_full_hub_is_waited_for(project: CommandLine) -> None:
    """Somebody else holds both slots and gives them back while the run waits in the hub's queue."""
    with open_hub(slots=2) as hub:
        others = [hub.take_slot() for _ in range(2)]
        running = project.start("run", "--sites", write_list(project, 4), *ONE_LANE, *reach(hub))
        wait_until(lambda: hub.waiting > 0 or running.is_over(), "the run waits in the queue")
        assert hub.figures.visits == {}
        for session in others:
            hub.end_session(session)
        require_all_passed(project, running.wait())
        assert hub.figures.most_sessions == 2


def test_hub_whose_queue_times_out_is_asked_again(project: CommandLine) -> None:
    with open_hub(slots=1, queue_s=0.05) as hub:
        other = hub.take_slot()
        running = project.start("run", "--sites", write_list(project, 3), *ONE_LANE, *reach(hub))
        wait_until(lambda: hub.figures.sessions_refused > 0 or running.is_over(), "the queue has timed out once")
        hub.end_session(other)
        require_all_passed(project, running.wait())


def test_three_hubs_one_slowed_and_one_killed_and_revived(project: CommandLine) -> None:
    sites = 150
    with ExitStack() as stack:
        steady, slowing, dying = (stack.enter_context(open_hub(slots=4, visit_s=0.2, seed=seed)) for seed in (1, 2, 3))
        running = project.start("run", "--sites", write_list(project, sites), *ONE_LANE, *reach(steady, slowing, dying))
        reaches(running, dying, 6)
        slowing.change(slowness=10.0)
        dying.kill()
        before = Counter({hub.url: len(hub.figures.begun) for hub in (steady, slowing, dying)})
        reaches(running, steady, before[steady.url] + 20)
        dying.revive()
        require_all_passed(project, running.wait())
        after = {hub.url: len(hub.figures.begun) - before[hub.url] for hub in (steady, slowing, dying)}
        assert after[steady.url] > 2 * after[slowing.url]
        assert after[dying.url] > 0, "the revived hub gets its share back"
    started = events_of(project.run_folder, "visit-started")
    assert {event["hub"] for event in started} == {steady.url, slowing.url, dying.url}
    told = decisions_of(project.run_folder)
    assert dying.url in told
    assert "trial" in told or "slots (had 0)" in told
    lost = faults_of(project.run_folder)
    assert max(lost.values(), default=0) <= 2
    assert visits_of(project.run_folder).total() <= sites + lost.total() + 12  # a hedge a slot at most


def reaches(running: Running, hub: FakeGrid, visits: int) -> None:
    wait_until(lambda: len(hub.figures.begun) >= visits or running.is_over(), f"{visits} visits begun on a hub")
    assert not running.is_over(), running.wait().stderr


def test_killed_run_is_resumed_and_nothing_that_was_done_is_visited_again(project: CommandLine) -> None:
    with open_hub(slots=4, visit_s=0.1, session_timeout_s=1.0) as hub:
        running = project.start("run", "--sites", write_list(project, 60), *ONE_LANE, *reach(hub))
        reaches(running, hub, 20)
        running.kill()
        assert running.wait().code == -9
        folder = project.run_folder
        done = observed_sites(folder)
        in_flight = set(visits_of(folder)) - done
        assert done
        assert len(in_flight) <= 4
        ended = project.run("run", "--resume", folder, *ONE_LANE, *reach(hub))
        require_all_passed(project, ended)
        urls = urls_of(folder)
        twice = {site for site, url in urls.items() if hub.figures.visits[url] > 1}
        assert twice <= in_flight
        assert observed_sites(folder) == set(urls)
        wait_until(lambda: hub.sessions == 0, "the sessions that the killed run left are over")


def test_hub_that_is_killed_under_a_killed_run_is_revived_for_its_resume(project: CommandLine) -> None:
    with open_hub(slots=2, visit_s=0.1) as hub:
        running = project.start("run", "--sites", write_list(project, 20), *ONE_LANE, *reach(hub))
        reaches(running, hub, 5)
        hub.kill()
        running.kill()
        running.wait()
        hub.revive()
        require_all_passed(project, project.run("run", "--resume", project.run_folder, *ONE_LANE, *reach(hub)))


def test_eight_shards_merged_are_the_unsharded_run(project: CommandLine) -> None:
    """Eight machines hold one plan; every process sees a part, and the merge proves that nothing is missing."""
    sites, shards = write_mixed_list(project, 40), 8
    with open_hub(slots=8, visit_s=0.01) as hub:
        assert project.run("plan", "--sites", sites, "--out", "plan.json").code == 0
        common: tuple[str | Path, ...] = ("--sites", sites, "--plan", "plan.json", "--retries", "0", *reach(hub))
        whole = project.run("run", *common, "--out", "whole")
        assert whole.code == 1, whole.stderr
        for first in range(1, shards, 2):
            pair = [
                project.start("run", *common, "--slots", "2", "--shard", f"{shard}/{shards}", "--out", f"shard-{shard}")
                for shard in (first, first + 1)
            ]
            for running in pair:
                ended = running.wait()
                assert ended.code in {0, 1}, ended.stderr
    parts = [project.folder / f"shard-{shard}" for shard in range(1, shards + 1)]
    merged = project.run("merge", *parts, "--out", "merged")
    assert merged.code == whole.code, merged.stderr
    (whole_folder,) = list_runs(project.folder / "whole")
    assert journalled_exit_code(whole_folder) == 1
    found = read_cases(project.folder / "merged" / "junit.xml")
    assert found == read_cases(whole_folder / "junit.xml")
    assert set(found) == owed_cases(whole_folder)
    assert Counter(found.values())["failure"] > 0

    incomplete = project.run("merge", *parts[1:], "--out", "incomplete")
    assert incomplete.code == 3, incomplete.stderr
    assert "1/8" in incomplete.words


@pytest.mark.parametrize("isolation", ["context", "session"])
def test_isolation_decides_how_many_sessions_there_are(project: CommandLine, isolation: str) -> None:
    with open_hub(slots=2) as hub:
        ended = project.run("run", "--sites", write_list(project, 6), "--isolation", isolation, *reach(hub))
        require_all_passed(project, ended)
        assert hub.sessions == 0
        assert (hub.figures.sessions_made == 6) is (isolation == "session")


def test_a_hub_that_only_a_proxy_reaches_is_used_through_it(project: CommandLine) -> None:
    with open_hub(slots=2) as hub, open_proxy(int(hub.url.rpartition(":")[2])) as proxy:
        sites = write_list(project, 3)
        through = {"http_proxy": proxy.url, "HTTP_PROXY": proxy.url}
        ended = project.run("run", "--sites", sites, "--grid", "http://hub.example:4444", env=through)
        require_all_passed(project, ended)
        assert hub.sessions == 0
    lines = proxy.asked
    assert any(line.startswith("GET http://hub.example:4444/status ") for line in lines)
    assert any(line.startswith("POST http://hub.example:4444/session ") for line in lines)
    assert any(line.startswith("CONNECT hub.example:4444 ") for line in lines)  # the sessions' sockets
