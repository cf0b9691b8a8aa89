"""Nothing but the verdict decides about a run: not its streams, not a disk that is full, not the names of its files.
And nothing of this machine is served because a run folder says so. The hub is a fake on loopback.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridrunner.results.record import load_run
from tests.support.command_line import CommandLine
from tests.support.fake_hub import FakeGrid, open_hub
from tests.support.lying_hub import open_lying_hub
from tests.support.run_folders import journalled_exit_code, owed_cases, read_cases

FILES = {"journal.jsonl", "junit.xml", "plan.json", "report.html", "summary.md", "timeline.json"}


@pytest.fixture
def hub() -> Iterator[FakeGrid]:
    with open_hub() as grid:
        yield grid


def write_list(project: CommandLine, count: int, *, failing: int = 0) -> Path:
    """A list of login pages, of which `failing` are wrongly said to have no login."""
    entries = [
        {
            "id": f"site-{number}",
            "url": f"https://site-{number}.example/login",
            "expect": {"login": number > failing},
        }
        for number in range(1, count + 1)
    ]
    path = project.folder / "sites.yaml"
    path.write_text(json.dumps({"version": 1, "sites": entries}))
    return path


def run_shell(project: CommandLine, hub: FakeGrid, options: str, shell: str = "") -> tuple[int, bytes]:
    """A run as a shell starts it; its exit code, and what it said where that can be read."""
    command = (
        f"{sys.executable} -m gridrunner run --grid {hub.url} --retries 0 {options} {shell}; exit ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(
        ["bash", "-c", command], cwd=project.folder, env=project.env, capture_output=True, timeout=120, check=False
    )
    assert b"Traceback" not in done.stderr + done.stdout
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "shell",
    [
        "-v 2>&1 | head -1",
        "-v 2>&1 | true",
        "2>/dev/full",
        "--json - >/dev/full",
        "--json - | true",
        "--json - >&-",
        "<&- >&- 2>&-",
    ],
)
def test_a_run_ends_as_its_sites_do_whatever_becomes_of_its_words(
    project: CommandLine, hub: FakeGrid, shell: str
) -> None:
    code, _ = run_shell(project, hub, f"--sites {write_list(project, 4, failing=1)}", shell)
    assert code == 1
    assert {path.name for path in project.run_folder.iterdir()} >= FILES
    assert journalled_exit_code(project.run_folder) == 1
    assert set(read_cases(project.run_folder / "junit.xml")) == owed_cases(project.run_folder)


def test_names_need_not_be_utf_8(project: CommandLine, hub: FakeGrid) -> None:
    source = write_list(project, 2)
    name = os.fsencode(project.folder) + b"/l\xff.yaml"
    source.rename(os.fsdecode(name))
    code, said = run_shell(project, hub, "--sites $'l\\xff.yaml' --out $'o\\xff'")
    assert (code, rb"o\udcff" in said) == (0, True)


def test_a_disk_that_is_full_in_the_middle_of_a_run_makes_it_3_and_it_goes_on_later(
    project: CommandLine, hub: FakeGrid
) -> None:
    """A limit of the size of files stands in for the disk: the system refuses the write in the same place."""
    sites = write_list(project, 60)
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 80; {sys.executable} -m gridrunner run --grid {hub.url} --sites {sites}"],
        cwd=project.folder,
        env=project.env,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr
    assert b"journal.jsonl cannot be written: File too large" in done.stderr
    assert b"gridrunner run --resume" in done.stderr
    code, _ = run_shell(project, hub, f"--resume {project.run_folder}")
    assert code == 0
    assert set(read_cases(project.run_folder / "junit.xml")) == owed_cases(project.run_folder)
    visited = [name for name, attempts in load_run(project.run_folder).observations.items() if len(attempts) == 1]
    assert len(visited) == 60


def test_a_resumed_run_serves_what_the_user_named_and_nothing_else(project: CommandLine, hub: FakeGrid) -> None:
    code, _ = run_shell(project, hub, f"--sites {write_list(project, 2)}")
    assert code == 0
    journal = project.run_folder / "journal.jsonl"
    header, *lines = journal.read_bytes().splitlines()
    forged = {**json.loads(header), "replays": ["/"], "seal": "0" * 64}
    journal.write_bytes(b"\n".join([json.dumps(forged).encode(), *lines]) + b"\n")
    code, said = run_shell(project, hub, f"--resume {shlex.quote(str(project.run_folder))}")
    assert code == 2
    assert b"wants replica pages served from /" in said
    assert b"--sites LIST" in said


@pytest.mark.parametrize("answer", [{"value": {"nodes": "many"}}, b'{"value":' + b"[" * 1_000_000])
def test_a_hub_that_lies_costs_its_own_slots_and_alone_makes_it_3(
    project: CommandLine, hub: FakeGrid, answer: object
) -> None:
    with open_lying_hub() as liar:
        liar.say("GET", "/status", answer)
        liar.say("POST", "/session", answer)
        options = f"--sites {write_list(project, 3)} --deadline 3s"
        code, said = run_shell(project, hub, f"{options} --grid {liar.url}")
        assert code == 0, said
        command = f"{sys.executable} -m gridrunner run --grid {liar.url} {options}"
        alone = subprocess.run(
            ["bash", "-c", command], cwd=project.folder, env=project.env, capture_output=True, timeout=120, check=False
        )
    assert (alone.returncode, b"Traceback" in alone.stderr) == (3, False)
