"""Driver processes: what is started is ended, with everything it started, also after a crash of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gridrunner.errors import SessionNotCreated
from gridrunner.grid.hubs.processes import OWNER_VARIABLE, end_group, own_token, reap_orphans, start_chromedriver
from tests.support.command_line import wait_until

FAKE_DRIVER = """#!{python}
import subprocess, sys, time
child = subprocess.Popen(["sleep", "600"])
open(r"{folder}/child", "w").write(str(child.pid))
print("Starting ChromeDriver on port 0", flush=True)
print("ChromeDriver was started successfully on port 45678.", flush=True)
time.sleep(600)
"""


def write_driver(folder: Path, text: str) -> Path:
    path = folder / "chromedriver"
    path.write_text(text.format(python=sys.executable, folder=folder))
    path.chmod(0o755)
    return path


def is_running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_ends_the_driver_and_what_it_started(tmp_path: Path) -> None:
    process = start_chromedriver(write_driver(tmp_path, FAKE_DRIVER))
    child = int((tmp_path / "child").read_text())
    assert process.url == "http://127.0.0.1:45678"
    assert is_running(process.pid)
    assert is_running(child)
    process.end()
    process.end()
    wait_until(lambda: not is_running(process.pid), "the kernel has ended it", timeout_s=60)
    wait_until(lambda: not is_running(child), "the kernel has ended it", timeout_s=60)


def test_driver_that_ends_at_once_says_why(tmp_path: Path) -> None:
    driver = write_driver(tmp_path, "#!/bin/sh\necho 'cannot open shared object file'; exit 127\n")
    with pytest.raises(SessionNotCreated, match="chromedriver ended at once: cannot open shared object file"):
        start_chromedriver(driver)


def test_what_cannot_be_started_is_named(tmp_path: Path) -> None:
    with pytest.raises(SessionNotCreated, match="cannot be started"):
        start_chromedriver(tmp_path / "missing")


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
def test_reaps_only_the_drivers_of_a_gridrunner_that_is_gone(tmp_path: Path) -> None:
    driver = write_driver(tmp_path, FAKE_DRIVER)
    living = start_chromedriver(driver)
    dead_owner = f"{os.getpid()}:1"  # our pid, but a process that started at another time
    orphan = subprocess.Popen(
        [str(driver)], env={**os.environ, OWNER_VARIABLE: dead_owner}, start_new_session=True, stdout=subprocess.PIPE
    )
    assert orphan.stdout is not None
    try:
        orphan.stdout.readline()
        reap_orphans()  # how many is not asserted: a gridrunner beside this one ends orphans too
        orphan.wait(timeout=60)
        assert is_running(living.pid)
        assert own_token().startswith(f"{os.getpid()}:")
    finally:
        orphan.stdout.close()
        living.end()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
def test_an_owner_that_nobody_has_waited_for_counts_as_gone(tmp_path: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    started = Path(f"/proc/{owner.pid}/stat").read_text().rpartition(")")[2].split()[19]
    orphan = subprocess.Popen(
        [str(write_driver(tmp_path, FAKE_DRIVER))],
        env={**os.environ, OWNER_VARIABLE: f"{owner.pid}:{started}"},
        start_new_session=True,
        stdout=subprocess.PIPE,
    )
    assert orphan.stdout is not None
    try:
        orphan.stdout.readline()
        reap_orphans()
        assert orphan.poll() is None
        owner.kill()
        wait_until(lambda: not is_running(owner.pid), "the owner is a zombie", timeout_s=60)
        reap_orphans()
        orphan.wait(timeout=60)
    finally:
        end_group(orphan.pid)
        orphan.wait(timeout=60)
        orphan.stdout.close()
        owner.communicate()


def test_a_taken_port_is_tried_again(tmp_path: Path) -> None:
    once = '#!/bin/sh\nif [ ! -e {folder}/tried ]; then touch {folder}/tried; echo "IPv4 port not available. Exiting..."; exit 1; fi\n'
    driver = write_driver(
        tmp_path, once + 'echo "ChromeDriver was started successfully on port 45678."; exec sleep 600\n'
    )
    process = start_chromedriver(driver)
    assert (tmp_path / "tried").exists()
    assert process.port == 45678
    process.end()
