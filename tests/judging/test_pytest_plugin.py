from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gridrunner import codec
from gridrunner.model import Observation, Outcome
from tests.support.judging_samples import (
    FOUND,
    ROOT,
    THREE_SITES,
    make_observation,
    make_site,
    outcomes_of,
    run_pytest,
    write_facts,
    write_run,
    write_three,
)

CHECKS = """
import pytest

def test_site(site, expect):
    assert site.expect is expect

def test_attempt(observation):
    assert observation.attempt == 2, f"attempt {observation.attempt} was judged"

@pytest.mark.xfail(reason="a known gap")
def test_xfail(observation):
    assert not observation.site

class TestGroup:
    @pytest.mark.parametrize("wanted", ["a", "b"])
    def test_twice(self, wanted, detection):
        assert detection.login_present

def test_of_the_project():
    pass
"""


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    folder = tmp_path_factory.mktemp("judged")
    (folder / "test_mine.py").write_text(CHECKS)
    write_three(folder / "run")
    return run_pytest(folder, "--gridrunner-run", "run", "test_mine.py")


def test_checks_run_for_each_site_and_site_by_site(judged: subprocess.CompletedProcess[str]) -> None:
    verbose = [line for line in judged.stdout.splitlines() if line.startswith("test_mine.py")]
    assert len(verbose) == 1
    ids = list(outcomes_of(judged))
    assert {name for name in ids if name.endswith(("[bank]", "-bank]"))} == {
        "test_site[bank]",
        "test_attempt[bank]",
        "test_xfail[bank]",
        "TestGroup::test_twice[a-bank]",
        "TestGroup::test_twice[b-bank]",
    }
    assert len(ids) == 3 * 5 + 1


def test_latest_attempt_is_judged(judged: subprocess.CompletedProcess[str]) -> None:
    assert outcomes_of(judged)["test_attempt[bank]"] == "PASSED"


def test_unobserved_site_is_an_error_even_where_a_failure_is_expected(judged: subprocess.CompletedProcess[str]) -> None:
    outcomes = outcomes_of(judged)
    assert {outcomes[f"test_{name}[forum-nl]"] for name in ("attempt", "xfail", "site")} == {"ERROR"}
    assert "not observed: session-lost: the session ended under us" in judged.stdout
    assert outcomes["test_attempt[shop]"] == "ERROR"
    assert "not observed: the run has no visit of shop" in judged.stdout


def test_other_tests_are_left_as_they_are(judged: subprocess.CompletedProcess[str]) -> None:
    assert outcomes_of(judged)["test_of_the_project"] == "PASSED"


def test_without_a_run_the_check_says_what_to_pass(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text("def test_a(observation):\n    pass\n\ndef test_b():\n    pass\n")
    run = run_pytest(tmp_path)
    assert outcomes_of(run) == {"test_a": "ERROR", "test_b": "PASSED"}
    assert "pass --gridrunner-run RUN" in run.stdout


def test_fixtures_of_the_same_name_elsewhere_are_not_ours(tmp_path: Path) -> None:
    write_three(tmp_path / "run")
    (tmp_path / "conftest.py").write_text("import pytest\n@pytest.fixture\ndef site():\n    return 'mine'\n")
    (tmp_path / "test_mine.py").write_text("def test_a(site):\n    assert site == 'mine'\n")
    assert outcomes_of(run_pytest(tmp_path, "--gridrunner-run", "run")) == {"test_a": "PASSED"}


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda run: None, "is not a folder"),
        (lambda run: run.mkdir(), "plan.json"),
    ],
)
def test_bad_run_folder_is_one_line(tmp_path: Path, prepare: object, message: str) -> None:
    assert callable(prepare)
    prepare(tmp_path / "run")
    (tmp_path / "test_mine.py").write_text("def test_a(observation):\n    pass\n")
    run = run_pytest(tmp_path, "--gridrunner-run", "run")
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert message in run.stderr
    assert "Traceback" not in run.stdout + run.stderr


def test_selection_and_last_failed_work_by_hand(tmp_path: Path) -> None:
    write_run(tmp_path / "run", THREE_SITES, [make_observation(site.id) for site in THREE_SITES])
    (tmp_path / "test_mine.py").write_text(
        "def test_a(site):\n    assert site.id != 'shop'\n\ndef test_b(site):\n    pass\n"
    )
    by_keyword = run_pytest(tmp_path, "--gridrunner-run", "run", "-k", "forum and test_a")
    assert outcomes_of(by_keyword) == {"test_a[forum-nl]": "PASSED"}
    run_pytest(tmp_path, "--gridrunner-run", "run")
    assert outcomes_of(run_pytest(tmp_path, "--gridrunner-run", "run", "--lf")) == {"test_a[shop]": "FAILED"}


def test_processes_of_xdist_judge_the_same(tmp_path: Path) -> None:
    write_three(tmp_path / "run")
    (tmp_path / "test_mine.py").write_text(CHECKS)
    alone = run_pytest(tmp_path, "--gridrunner-run", "run")
    shared = run_pytest(tmp_path, "--gridrunner-run", "run", "-n", "2")
    assert outcomes_of(shared) == outcomes_of(alone)
    assert len(outcomes_of(shared)) == 16


def test_facts_are_read_and_scored_again(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    path = write_facts(folder, "bank", {"forms": 3})
    stored = codec.convert({**codec.to_plain(make_observation("bank")), "facts_path": path}, Observation)
    unreachable = Observation(site="shop", attempt=1, outcome=Outcome.UNREACHABLE)
    write_run(
        folder,
        [make_site("bank"), make_site("forum"), make_site("shop")],
        [stored, make_observation("forum"), unreachable],
    )
    (tmp_path / "conftest.py").write_text(
        "import dataclasses, gridrunner.detection\n"
        "from gridrunner.model import Detection\n"
        "gridrunner.detection.detect = lambda facts: Detection(login_present=False, confidence=facts['forms'] / 10)\n"
    )
    (tmp_path / "test_mine.py").write_text(
        "def test_facts(site, facts):\n"
        "    assert facts == ({'forms': 3} if site.id == 'bank' else None)\n"
        "def test_detection(site, detection):\n"
        f"    wanted = {{'bank': 0.3, 'forum': {FOUND.confidence}, 'shop': None}}\n"
        "    assert (detection and detection.confidence) == wanted[site.id]\n"
    )
    run = run_pytest(tmp_path, "--gridrunner-run", "run")
    assert set(outcomes_of(run).values()) == {"PASSED"}, run.stdout


FAKE_GRID = """
import sys, types, pytest
from selenium.common.exceptions import InvalidSessionIdException, TimeoutException, WebDriverException

class Driver:
    opened = []
    def __init__(self, number):
        self.number, self.window_handles, self.switch_to = number, ["one", "two"], self
    def get(self, url):
        if self.number == 1 and "shop" in url:
            raise InvalidSessionIdException("gone")
        if "broken" in url:
            raise WebDriverException("unknown error: net::ERR_CONNECTION_REFUSED")
        self.current_url = url
    def delete_all_cookies(self): pass
    def window(self, handle): pass
    def close(self): self.window_handles.pop()
    def quit(self): pass

def open_driver(file):
    assert file is None  # outside of a batch, nobody said how sessions are opened
    Driver.opened.append(Driver(len(Driver.opened) + 1))
    return Driver.opened[-1]

module = types.ModuleType("gridrunner.grid.hubs.live")
module.FILE_NAME = "live.json"
module.open_driver = open_driver
sys.modules["gridrunner.grid.hubs.live"] = module
"""


def test_live_checks_share_a_session_and_replace_a_lost_one(tmp_path: Path) -> None:
    sites = [make_site("bank"), make_site("forum"), make_site("shop"), make_site("broken")]
    write_run(tmp_path / "run", sites, [make_observation("bank")])
    (tmp_path / "conftest.py").write_text(FAKE_GRID)
    (tmp_path / "test_mine.py").write_text(
        "import pytest\n"
        "@pytest.mark.live\n"
        "def test_open(driver, site):\n"
        "    assert driver.current_url == site.url\n"
        "    assert driver.number == (2 if site.id == 'shop' else 1)\n"
        "    assert len(driver.window_handles) == (2 if site.id in ('bank', 'shop') else 1)\n"
        "@pytest.mark.live\n"
        "def test_both(driver, observation):\n"
        "    pass\n"
    )
    run = run_pytest(tmp_path, "--gridrunner-run", "run", "--strict-markers")
    assert outcomes_of(run) == {
        "test_open[bank]": "PASSED",
        "test_both[bank]": "PASSED",
        "test_open[forum]": "PASSED",
        "test_both[forum]": "ERROR",
        "test_open[shop]": "PASSED",
        "test_both[shop]": "ERROR",
        "test_open[broken]": "ERROR",
        "test_both[broken]": "ERROR",
    }, run.stdout


def test_import_is_light() -> None:
    code = (
        "import sys, pytest; sys.path.append(sys.argv[1]); before = set(sys.modules); import gridrunner.pytest_plugin;"
        "print(*sorted(name for name in set(sys.modules) - before))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(ROOT)], capture_output=True, text=True, timeout=60, check=True
    )
    assert run.stdout.split() == ["gridrunner", "gridrunner.pytest_plugin"]
