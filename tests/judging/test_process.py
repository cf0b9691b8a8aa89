from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from gridrunner import codec
from gridrunner.errors import NothingToRun, UsageError
from gridrunner.judging.process import CollectedChecks, JudgeProcess, collect_checks, judge_run, run_live_checks
from gridrunner.judging.protocol import Selection
from gridrunner.model import Observation, Result, Site, Status
from gridrunner.text import DETAILS_LIMIT, MESSAGE_LIMIT
from tests.support.judging_samples import (
    make_detection,
    make_fault,
    make_form,
    make_observation,
    make_site,
    make_unreachable,
    write_facts,
    write_run,
)

WAIT_S = 60.0
SITES = (make_site("a"), make_site("b"), make_site("a-b"), make_site("c", login="no"))


@pytest.fixture(autouse=True, scope="module")
def _no_further_plugins() -> Iterator[None]:
    """The judge loads no other plugin of this environment (hypothesis alone takes 0.8 s, in each of 40 processes)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        yield


class Judged:
    """A judge of checks written in a test, and what it delivered."""

    def __init__(
        self,
        folder: Path,
        code: str = "",
        *,
        keyword: str = "",
        mark: str = "",
        sites: Sequence[Site] = SITES,
        timeout_s: float = 30.0,
    ) -> None:
        paths: tuple[str, ...] = ()
        if code:
            path = folder / "test_mine.py"
            path.write_text("import os, pytest\n" + code)
            paths = (str(path),)
        self.batches: list[list[Result]] = []
        self._folder, self._sites, self._timeout_s = folder, sites, timeout_s
        self._selection = Selection(paths=paths, keyword=keyword, mark=mark)

    def collect(self) -> CollectedChecks:
        return collect_checks(self._folder, self._selection, check_timeout_s=self._timeout_s)

    def start(self) -> JudgeProcess:
        return JudgeProcess(self.collect(), sites=self._sites, on_results=self.batches.append)

    def judge(self, *observations: Observation) -> list[Result]:
        with self.start() as process:
            process.submit(observations)
        return self.results

    @property
    def results(self) -> list[Result]:
        return [result for batch in self.batches for result in batch]


def brief(results: Sequence[Result]) -> dict[tuple[str, str], str]:
    return {(result.check.partition("::")[2], result.site): result.status.value for result in results}


# ---------------------------------------------------------------------------------------------------------- collecting


def test_shipped_suite_is_collected_whatever_configuration_surrounds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    checks = Judged(tmp_path).collect()
    checks.abort()
    assert checks.recorded == tuple(
        f"test_login_form.py::test_{name}"
        for name in (
            "visit_ended_as_expected",
            "login_form_is_found_or_rightly_absent",
            "expected_fields_are_found",
            "insertion_point_is_usable",
            "sso_providers_are_found",
            "nothing_is_broken_on_the_page",
        )
    )
    assert checks.live == ()


SEVERAL = """
@pytest.mark.slow
def test_slow(site): pass

@pytest.mark.live
def test_live(driver): pass

class TestForm:
    @pytest.mark.parametrize("field", ["user", "pass"])
    def test_field(self, field, detection): pass
"""


@pytest.mark.parametrize(
    ("keyword", "mark", "recorded", "live"),
    [
        ("", "", ("test_slow", "TestForm::test_field[user]", "TestForm::test_field[pass]"), ("test_live",)),
        ("user", "", ("TestForm::test_field[user]",), ()),
        ("not user", "not live", ("test_slow", "TestForm::test_field[pass]"), ()),
        ("", "live", (), ("test_live",)),
    ],
)
def test_keyword_and_mark_select_checks(
    tmp_path: Path, keyword: str, mark: str, recorded: tuple[str, ...], live: tuple[str, ...]
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    slow: takes long\naddopts = --strict-markers -n 3\n")
    checks = Judged(tmp_path, SEVERAL, keyword=keyword, mark=mark).collect()
    checks.abort()
    assert checks.recorded == tuple(f"test_mine.py::{name}" for name in recorded)
    assert checks.live == tuple(f"test_mine.py::{name}" for name in live)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def test_a(site) pass", "SyntaxError: expected ':'"),
        ("import no_such_module", "No module named 'no_such_module'"),
        ("VALUE = 1", "pytest finds no checks in "),
        ("def test_a(): pass", "test_mine.py::test_a judges no site"),
        (
            "def test_a(site, obervation): pass",
            "test_a asks for the fixture 'obervation', .*; did you mean observation",
        ),
        (
            "def test_a(site, zzz): pass",
            r"test_mine\.py:\d+: test_a asks for the fixture 'zzz', .*; gridrunner's are det",
        ),
        ("print('x')\nraise SystemExit(3)", "pytest did not survive collecting|SystemExit"),
        ("os._exit(7)", "it ended with exit code 7"),
    ],
)
def test_checks_that_cannot_be_used_are_the_users_mistake(tmp_path: Path, code: str, message: str) -> None:
    judged = Judged(tmp_path, code)
    with pytest.raises(UsageError, match=message) as caught:
        judged.collect()
    assert "\n" not in str(caught.value)
    assert caught.value.hint is not None


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        (Selection(paths=("no_such_file.py",)), "file or directory not found: no_such_file.py"),
        (Selection(keyword="and and"), "Wrong expression passed to '-k'"),
    ],
)
def test_wrong_option_is_told_in_pytests_words(tmp_path: Path, selection: Selection, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        collect_checks(tmp_path, selection)


def test_broken_conftest_is_told(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("import no_such_module\n")
    judged = Judged(tmp_path, "def test_a(site): pass")
    with pytest.raises(UsageError, match=r"conftest.*No module named 'no_such_module'"):
        judged.collect()


def test_selection_that_leaves_no_check_is_nothing_to_run(tmp_path: Path) -> None:
    judged = Judged(tmp_path, keyword="no_such_check")
    with pytest.raises(NothingToRun, match="-k 'no_such_check' leaves none of the 6 checks"):
        judged.collect()


def test_two_checks_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        (tmp_path / name / "test_a.py").write_text("def test_a(site): pass\n")
    selection = Selection(paths=(str(tmp_path / "one"), str(tmp_path / "two")))
    with pytest.raises(UsageError, match=r"two checks are called test_a\.py::test_a"):
        collect_checks(tmp_path, selection)


# ------------------------------------------------------------------------------------------------------------- results

KINDS = """
def test_passes(observation, record_property):
    record_property("note", "seen at the deadline")
    record_property("links", 7)

def test_asserts(observation):
    assert observation.attempt == 9, "expected attempt 9\\nand more"

def test_fails(observation):
    pytest.fail("expected \\x1b[31mred\\ud800", pytrace=False)

def test_breaks(observation):
    {}["missing"]

@pytest.fixture
def broken():
    assert False, "a fixture"

def test_setup_breaks(observation, broken): pass

@pytest.fixture
def breaks_later():
    yield
    raise OSError("too late")

def test_teardown_breaks(observation, breaks_later): pass

def test_fails_and_teardown_breaks(observation, breaks_later):
    assert False, "first"

def test_skips(observation):
    pytest.skip("nothing expected")

@pytest.mark.xfail(reason="issue 7")
def test_expected_failure(observation):
    assert False

@pytest.mark.xfail(reason="issue 7", strict=True)
def test_passes_unexpectedly(observation): pass

def test_prints(observation):
    print("what the check saw")
    os.write(1, b"not an answer\\n")
    assert False, "x" * 40000

def test_exits(observation):
    raise SystemExit(0)
"""


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    results = Judged(tmp_path_factory.mktemp("kinds"), KINDS).judge(make_observation("a", attempt=2))
    assert {result.site for result in results} == {"a"}
    assert {result.attempt for result in results} == {2}
    return {result.check.removeprefix("test_mine.py::test_"): result for result in results}


@pytest.mark.parametrize(
    ("check", "status", "message"),
    [
        ("passes", Status.PASSED, "seen at the deadline"),
        ("asserts", Status.FAILED, "expected attempt 9"),
        ("fails", Status.FAILED, "expected red"),
        ("breaks", Status.ERROR, "KeyError: 'missing'"),
        ("setup_breaks", Status.ERROR, "a fixture"),
        ("teardown_breaks", Status.ERROR, "OSError: too late"),
        ("fails_and_teardown_breaks", Status.FAILED, "first"),
        ("skips", Status.SKIPPED, "nothing expected"),
        ("expected_failure", Status.SKIPPED, "expected to fail: issue 7"),
        ("passes_unexpectedly", Status.FAILED, "[XPASS(strict)] issue 7"),
        ("exits", Status.ERROR, "SystemExit: 0"),
    ],
)
def test_reports_become_results(kinds: dict[str, Result], check: str, status: Status, message: str) -> None:
    assert (kinds[check].status, kinds[check].message) == (status, message)
    assert bool(kinds[check].details) is (status in {Status.FAILED, Status.ERROR})


def test_properties_of_a_check_are_kept(kinds: dict[str, Result]) -> None:
    assert kinds["passes"].properties == (("links", "7"),)


def test_details_hold_the_traceback_and_what_was_printed_within_a_limit(kinds: dict[str, Result]) -> None:
    assert "assert observation.attempt == 9" in kinds["asserts"].details
    assert "too late" in kinds["fails_and_teardown_breaks"].details
    assert "what the check saw" in kinds["prints"].details
    assert len(kinds["prints"].details) < DETAILS_LIMIT + 100
    assert len(kinds["prints"].message) <= MESSAGE_LIMIT


def test_results_are_in_order_of_submission_then_of_checks(tmp_path: Path) -> None:
    judged = Judged(tmp_path, "def test_z(site): pass\ndef test_a(site): pass\n")
    results = judged.judge(*(make_observation(site) for site in ("c", "a-b", "a")))
    assert [(result.site, result.check[-1]) for result in results] == [
        (site, check) for site in ("c", "a-b", "a") for check in "za"
    ]


def test_shipped_suite_judges(tmp_path: Path) -> None:
    results = Judged(tmp_path).judge(
        make_observation("a"), make_fault("b"), make_unreachable("a-b"), make_observation("c")
    )
    by_site = {site.id: [result for result in results if result.site == site.id] for site in SITES}
    assert [result.status.value for result in by_site["a"]] == [
        "passed",
        "passed",
        "skipped",
        "passed",
        "skipped",
        "passed",
    ]
    assert {result.status for result in by_site["b"]} == {Status.ERROR}
    assert {result.message for result in by_site["b"]} == {"not observed: session-lost: the session ended under us"}
    assert by_site["a-b"][0].message == (
        "expected the visit to end observed, it ended unreachable (net::ERR_NAME_NOT_RESOLVED)"
    )
    assert by_site["a-b"][1].message == "not judged: the visit ended unreachable (net::ERR_NAME_NOT_RESOLVED)"
    assert by_site["c"][1].status is Status.FAILED
    assert by_site["c"][1].message.startswith("expected no login form, found a login form: login 0.97 [username #user")


def test_further_attempt_at_a_site_is_judged_by_itself(tmp_path: Path) -> None:
    judged = Judged(tmp_path, "def test_a(observation): assert observation.attempt == 2\n")
    results = judged.judge(make_observation("a"), make_observation("b"), make_observation("a", attempt=2))
    assert [(result.site, result.attempt, result.status.value) for result in results] == [
        ("a", 1, "failed"),
        ("b", 1, "failed"),
        ("a", 2, "passed"),
    ]


def test_detection_of_the_visit_is_not_made_again(tmp_path: Path) -> None:
    seen = codec.convert({**codec.to_plain(make_observation("a")), "facts_path": "missing.json.gz"}, Observation)
    assert brief(Judged(tmp_path, "def test_a(detection): assert detection.login_present\n").judge(seen)) == {
        ("test_a", "a"): "passed"
    }


# -------------------------------------------------------------------------------------------------- crashes and limits


def test_crash_is_blamed_on_the_check_that_ran_and_the_rest_is_judged(tmp_path: Path) -> None:
    code = "def test_a(site):\n    if site.id == 'b': os.kill(os.getpid(), 11)\n\ndef test_z(site): pass\n"
    results = Judged(tmp_path, code).judge(*(make_observation(site.id) for site in SITES))
    assert brief(results) == {
        (check, site.id): "error" if (check, site.id) == ("test_a", "b") else "passed"
        for site in SITES
        for check in ("test_a", "test_z")
    }
    blamed = next(result for result in results if result.status is Status.ERROR)
    assert blamed.message == ("internal: the judge was lost in test_mine.py::test_a on b: it was ended by SIGSEGV")
    assert "Fatal Python error: Segmentation fault" in blamed.details


def test_restarts_have_a_ceiling(tmp_path: Path) -> None:
    sites = [make_site(f"s{number}") for number in range(8)]
    judged = Judged(tmp_path, "def test_a(site): os._exit(3)\n", sites=sites)
    results = judged.judge(*(make_observation(site.id) for site in sites))
    assert [result.status for result in results] == [Status.ERROR] * 8
    assert [result.message for result in results].count(
        "internal: not judged: the judge was lost 4 times, the last time: it ended with exit code 3"
    ) == 4


def test_hanging_check_is_ended_after_its_limit(tmp_path: Path) -> None:
    code = "import threading\ndef test_a(site):\n    if site.id == 'a': threading.Event().wait()\n"
    judged = Judged(tmp_path, code, timeout_s=10.0)  # the next process has to start in it, on a loaded machine too
    results = judged.judge(make_observation("a"), make_observation("b"))
    assert brief(results) == {("test_a", "a"): "error", ("test_a", "b"): "passed"}
    assert results[0].message.endswith("nothing was heard for 10 s")


def test_check_that_ends_pytest_is_blamed(tmp_path: Path) -> None:
    code = "def test_a(site):\n    if site.id == 'a': pytest.exit('enough')\n"
    results = Judged(tmp_path, code).judge(make_observation("a"), make_observation("b"))
    assert brief(results) == {("test_a", "a"): "error", ("test_a", "b"): "passed"}
    assert "enough" in results[0].message


def test_error_of_the_receiver_reaches_whoever_waits(tmp_path: Path) -> None:
    def refuse(results: list[Result]) -> None:
        raise RuntimeError("no room")

    process = JudgeProcess(collect_checks(tmp_path, Selection()), sites=SITES, on_results=refuse)
    process.submit([make_observation("a")])
    with pytest.raises(RuntimeError, match="no room"):
        process.wait()
    process.close()


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[tuple[Judged, JudgeProcess, int]]:
    """A judge that is busy with a check that never ends, and the id of its process."""
    code = (
        "import pathlib, threading\n"
        "def test_a(site):\n"
        f"    os.write(os.open({str(tmp_path / 'fifo')!r}, os.O_WRONLY), str(os.getpid()).encode())\n"
        "    threading.Event().wait()\n"
    )
    os.mkfifo(tmp_path / "fifo")
    judged = Judged(tmp_path, code)
    process = judged.start()
    process.submit([make_observation("a")])
    yield judged, process, _read_pid(tmp_path / "fifo")
    process.abort()


def _read_pid(fifo: Path) -> int:
    descriptor = os.open(fifo, os.O_RDONLY)
    try:
        return int(os.read(descriptor, 32))
    finally:
        os.close(descriptor)


def test_abort_ends_the_process_at_once_and_invents_no_result(
    hanging: tuple[Judged, JudgeProcess, int],
) -> None:
    judged, process, pid = hanging
    process.abort()
    assert judged.results == []
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_nothing_of_the_judge_is_left_behind(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    Judged(tmp_path, "def test_a(site): pass\n").judge(make_observation("a"))
    assert set(threading.enumerate()) == before


# ------------------------------------------------------------------------------------------------------- recorded runs


def test_recorded_run_is_judged_again_from_its_facts(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    path = write_facts(folder, "b", {"present": False})
    scored = codec.convert({**codec.to_plain(make_observation("b")), "facts_path": path}, Observation)
    write_run(folder, SITES, [make_observation("a-b"), scored, make_fault("a"), make_observation("a", attempt=2)])
    (tmp_path / "conftest.py").write_text(
        "import gridrunner.detection\n"
        "from gridrunner.model import Detection\n"
        "gridrunner.detection.detect = lambda facts: Detection(login_present=facts['present'], confidence=1.0)\n"
    )
    checks = tmp_path / "test_mine.py"
    checks.write_text("def test_a(detection): assert detection.login_present\n")
    results = judge_run(folder, selection=Selection(paths=(str(checks),)))
    assert [(result.site, result.attempt, result.status.value) for result in results] == [
        ("a", 2, "passed"),
        ("b", 1, "failed"),
        ("a-b", 1, "passed"),
    ]


def test_processes_judge_a_recorded_run_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridrunner.judging.process.BATCH_SITES", 1)
    other = make_detection(make_form(username="#other"), present=False)
    observations = [make_observation(site.id, detection=other) for site in SITES[:2]] + [make_fault("c")]
    folder = write_run(tmp_path / "run", SITES, observations)
    alone = judge_run(folder, processes=1)
    parts: list[list[Result]] = []
    shared = judge_run(folder, processes=2, on_results=parts.append)

    def essence(results: list[Result]) -> list[tuple[str, ...]]:
        return [(each.check, each.site, each.status.value, each.message, each.details) for each in results]

    assert essence(shared) == essence(alone)
    assert [result for part in parts for result in part] == shared
    assert len(parts) == 3
    assert len(shared) == 3 * 6


def test_receiver_that_fails_ends_all_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridrunner.judging.process.BATCH_SITES", 1)
    folder = write_run(tmp_path / "run", SITES, [make_observation(site.id) for site in SITES])
    before = set(threading.enumerate())

    def refuse(results: list[Result]) -> None:
        raise RuntimeError("no room")

    with pytest.raises(RuntimeError, match="no room"):
        judge_run(folder, processes=2, on_results=refuse)
    assert set(threading.enumerate()) == before


def test_run_without_an_observation_is_nothing_to_judge(tmp_path: Path) -> None:
    with pytest.raises(NothingToRun, match="holds no observation"):
        judge_run(write_run(tmp_path / "run", SITES, []))


LIVE = """
import sys, types

class Driver:
    window_handles = ["one"]
    def __init__(self): self.switch_to = self
    def get(self, url):
        if "//c." in url:
            from selenium.common.exceptions import WebDriverException
            raise WebDriverException("unknown error: net::ERR_CONNECTION_REFUSED")
        self.current_url = url
    def delete_all_cookies(self): pass
    def window(self, handle): pass
    def quit(self): pass

module = types.ModuleType("gridrunner.grid.hubs.live")
module.FILE_NAME = "live.json"
module.open_driver = lambda file: Driver()
sys.modules["gridrunner.grid.hubs.live"] = module
"""


def test_live_checks_run_in_processes_and_lose_none(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", SITES, [make_observation("a"), make_fault("b")])
    (tmp_path / "conftest.py").write_text(LIVE)
    path = tmp_path / "test_mine.py"
    path.write_text(
        "import os, pytest\n"
        "def test_recorded(observation): pass\n"
        "@pytest.mark.live\n"
        "@pytest.mark.parametrize('size', ['s', 'l'])\n"
        "def test_live(driver, site, size):\n"
        "    if (site.id, size) == ('a', 'l'): os._exit(1)\n"
        "    assert driver.current_url == site.url\n"
    )
    selection = Selection(paths=(str(path),))
    checks = tuple(f"test_mine.py::test_live[{size}]" for size in "sl")
    attempts = {"a": 1, "b": 2, "a-b": 1, "c": 1}
    results = run_live_checks(folder, attempts, checks=checks, selection=selection, processes=2, secrets={})
    assert [(result.check[-2], result.site, result.attempt, result.status.value) for result in results] == [
        ("s", "a", 1, "passed"),
        ("l", "a", 1, "error"),
        ("s", "b", 2, "passed"),
        ("l", "b", 2, "passed"),
        ("s", "a-b", 1, "passed"),
        ("l", "a-b", 1, "passed"),
        ("s", "c", 1, "failed"),
        ("l", "c", 1, "failed"),
    ]
    assert "crashed while running" in results[1].message
    assert results[-1].message == "the page did not open: unknown error: net::ERR_CONNECTION_REFUSED"


def test_no_live_checks_start_no_process(tmp_path: Path) -> None:
    assert run_live_checks(tmp_path, {"a": 1}, checks=(), processes=2, secrets={}) == []
