"""A small recorded run and observations for the tests of judging, and pytest started on it as a user would."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path

import gridrunner
from gridrunner import codec
from gridrunner.model import (
    Box,
    Detection,
    Element,
    Expectation,
    ExpectedLogin,
    Fault,
    FaultKind,
    Form,
    FormKind,
    InsertionPoint,
    Observation,
    Outcome,
    Site,
)
from gridrunner.planning.plan import make_plan
from gridrunner.results.journal.events import JournalHeader, Observed
from gridrunner.results.journal.lines import JOURNAL_NAME, JournalWriter
from gridrunner.results.journal.planfile import PLAN_NAME, write_plan

ROOT = Path(gridrunner.__file__).parents[1]
BOX = Box(x=10, y=20, width=200, height=30)
PYTEST_TIMEOUT_S = 60.0


def make_element(selector: str, *, box: Box | None = BOX, label: str = "") -> Element:
    return Element(selector=selector, box=box, label=label)


def make_form(*, kind: FormKind = FormKind.LOGIN, username: str = "#user", box: Box | None = BOX) -> Form:
    return Form(
        kind=kind,
        score=0.97,
        login_score=0.97 if kind is FormKind.LOGIN else 0.05,
        username=make_element(username, box=box, label="E-mail"),
        password_current=make_element("#pass", box=box),
        submit=make_element("#go", box=box),
        evidence=("one password field", "button says 'Sign in'"),
    )


def make_point(**changes: object) -> InsertionPoint:
    return codec.convert(
        {**codec.to_plain(InsertionPoint(anchor=make_element("#user"), side="below", box=BOX)), **changes},
        InsertionPoint,
    )


def make_detection(
    *forms: Form, present: bool | None = True, point: InsertionPoint | None = None, hidden: Sequence[str] = ()
) -> Detection:
    return Detection(
        login_present=present,
        confidence=0.9,
        forms=forms,
        insertion_point=point,
        hidden=tuple(hidden),
        evidence=("the address has /login",),
    )


FOUND = make_detection(make_form(), point=make_point())


def make_site(site_id: str, **expect: object) -> Site:
    return Site(
        id=site_id,
        url=f"https://{site_id}.example/login",
        expect=codec.convert(expect or {"login": "yes"}, Expectation),
    )


def make_observation(site_id: str, *, attempt: int = 1, detection: Detection | None = FOUND) -> Observation:
    return Observation(site=site_id, attempt=attempt, outcome=Outcome.OBSERVED, detection=detection)


def make_fault(site_id: str, *, attempt: int = 1) -> Observation:
    fault = Fault(kind=FaultKind.SESSION_LOST, message="the session ended under us")
    return Observation(site=site_id, attempt=attempt, fault=fault)


def make_unreachable(site_id: str) -> Observation:
    return Observation(site=site_id, attempt=1, outcome=Outcome.UNREACHABLE, detail="net::ERR_NAME_NOT_RESOLVED")


def write_run(
    folder: Path,
    sites: Sequence[Site],
    observations: Sequence[Observation],
    *,
    checks: Sequence[str] = ("a.py::test_a",),
) -> Path:
    """A run folder with plan and journal."""
    plan = make_plan(sites, checks, {})
    folder.mkdir(parents=True, exist_ok=True)
    write_plan(folder / PLAN_NAME, plan)
    header = JournalHeader(run=folder.name, plan=plan.hash, started="2026-11-24T00:00:00+00:00")
    with JournalWriter(folder / JOURNAL_NAME, header) as journal:
        for observation in observations:
            journal.write(Observed(observation=observation))
    return folder


def write_facts(folder: Path, site_id: str, facts: Mapping[str, object]) -> str:
    """Facts in a run folder, as a visit stores them; returns the path for the observation."""
    path = folder / "evidence" / site_id / "facts.json.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(codec.encode(facts)))
    return str(path.relative_to(folder))


THREE_SITES = (make_site("bank"), make_site("forum-nl"), make_site("shop", login=ExpectedLogin.NO.value))


def write_three(folder: Path) -> Path:
    """Three sites in the plan: one with a fault before it was observed, one that failed the other way round, one not
    visited.
    """
    observations = [make_fault("bank"), make_observation("bank", attempt=2), make_fault("forum-nl")]
    return write_run(folder, THREE_SITES, observations)


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs pytest with the plugin and pytest-xdist, in `folder`; every warning is an error."""
    is_installed = any(entry.name == "gridrunner" for entry in entry_points(group="pytest11"))
    plugin = "gridrunner" if is_installed else "gridrunner.pytest_plugin"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", plugin, "-p", "xdist", "-W", "error", "-rA", "--color=no", *arguments],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=PYTEST_TIMEOUT_S,
        check=False,
    )


def outcomes_of(run: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Test name -> outcome from pytest's short summary (-rA)."""
    words = ("PASSED", "FAILED", "ERROR", "SKIPPED", "XFAIL", "XPASS")
    lines = [
        line.split(" ", 2) for line in run.stdout.splitlines() if line.startswith(tuple(f"{word} " for word in words))
    ]
    return {line[1].partition("::")[2]: line[0] for line in lines}
