"""A run folder as its readers have it: JUnit through junitparser, the journal line by line."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from junitparser import Error, Failure, JUnitXml, Skipped

Case = tuple[str, str]
"""(check, site)."""


def read_journal(folder: Path) -> list[dict[str, Any]]:
    """Every event but a half-written last one; empty before there is a journal."""
    path = folder / "journal.jsonl"
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)[1:]
    return [json.loads(line) for line in lines if line.endswith("\n")]


def events_of(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [event for event in read_journal(folder) if event["event"] == kind]


def journalled_exit_code(folder: Path) -> int:
    """What the last end of the run says of its exit code."""
    return int(events_of(folder, "run-ended")[-1]["exit_code"])


def visits_of(folder: Path) -> Counter[str]:
    """Visits that were started, by site."""
    return Counter(event["site"] for event in events_of(folder, "visit-started"))


def observed_sites(folder: Path) -> set[str]:
    """Sites whose visit was over and had an outcome."""
    seen = (event["observation"] for event in events_of(folder, "observation"))
    return {observation["site"] for observation in seen if observation["outcome"] is not None}


def faults_of(folder: Path) -> Counter[str]:
    """Sites by how often a fault of ours ended a visit."""
    seen = (event["observation"] for event in events_of(folder, "observation"))
    return Counter(observation["site"] for observation in seen if observation["fault"] is not None)


def read_plan(folder: Path) -> dict[str, Any]:
    plan: dict[str, Any] = json.loads((folder / "plan.json").read_text(encoding="utf-8"))["plan"]
    return plan


def owed_cases(folder: Path) -> set[Case]:
    """What plan.json owes, the checks by their functions."""
    plan = read_plan(folder)
    sites = plan.get("shard_sites") or [planned["site"]["id"] for planned in plan["sites"]]
    return {(check.rpartition("::")[2], site) for check in plan["checks"] for site in sites}


def read_cases(junit: Path) -> dict[Case, str]:
    """(check, site) to passed, failure, error or skipped. Fails when a case is there twice."""
    found: dict[Case, str] = {}
    for suite in JUnitXml.fromfile(str(junit)):
        for case in suite:
            check, _, site = case.name.removesuffix("]").partition("[")
            words = {Failure: "failure", Error: "error", Skipped: "skipped"}
            verdicts = [word for result in case.result for kind, word in words.items() if type(result) is kind]
            assert (check, site) not in found, f"{case.name} twice"
            found[check, site] = verdicts[0] if verdicts else "passed"
    return found


def sites_with(junit: Path, verdict: str) -> set[str]:
    return {site for (_, site), found in read_cases(junit).items() if found == verdict}


def failure_messages(junit: Path) -> dict[Case, str]:
    """The message of every <failure> and <error>."""
    found = {}
    for suite in JUnitXml.fromfile(str(junit)):
        for case in suite:
            check, _, site = case.name.removesuffix("]").partition("[")
            for result in case.result:
                if type(result) in {Failure, Error}:
                    found[check, site] = result.message
    return found
