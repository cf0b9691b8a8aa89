"""Driver processes: what is started is ended, with everything it started, also after a crash of ours."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gridrunner.errors import SessionNotCreated
from gridrunner.grid.hubs.folders import OWNER_FILE, remove_folder
from gridrunner.grid.hubs.owners import owner_token
from gridrunner.grid.hubs.processes import (
    OWNER_VARIABLE,
    drivers_ended,
    end_group,
    reap_orphans,
    start_chromedriver,
    start_trial,
)
from tests.support.command_line import wait_until

ECHO_DRIVER = """#!{python}
import json, os, sys, time
open(r"{folder}/started", "w").write(json.dumps([sys.argv[1:], dict(os.environ)]))
print("ChromeDriver was started successfully on port 45678.", flush=True)
time.sleep(600)
"""

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
    assert process.url.startswith("http://127.0.0.1:45678/")
    assert is_running(process.pid)
    assert is_running(child)
    process.end()
    process.end()
    wait_until(lambda: not is_running(process.pid), "the kernel has ended it", timeout_s=60)
    wait_until(lambda: not is_running(child), "the kernel has ended it", timeout_s=60)


def start_echo(folder: Path) -> tuple[str, list[str], dict[str, str]]:
    """The URL of a driver, its arguments and its environment."""
    process = start_chromedriver(write_driver(folder, ECHO_DRIVER))
    process.end()
    arguments, environment = json.loads((folder / "started").read_text())
    return process.url, arguments, environment


def test_each_driver_answers_under_a_path_of_its_own(tmp_path: Path) -> None:
    paths = []
    for _ in range(2):
        url, arguments, _ = start_echo(tmp_path)
        path = urlsplit(url).path
        assert arguments == ["--port=0", f"--url-base={path}"]
        assert len(path) > 32
        paths.append(path)
    assert paths[0] != paths[1]


def test_a_driver_gets_what_a_browser_needs_and_no_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "GITHUB_TOKEN",
        "CI_JOB_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "GRIDRUNNER_GRID",
        "SSH_AUTH_SOCK",
        "LC_",
        "MY_PATH",
    ):
        monkeypatch.setenv(name, "secret")
    needed = {
        "LANG": "de_DE.UTF-8",
        "LC_ALL": "C",
        "DISPLAY": ":99",
        "XDG_RUNTIME_DIR": "/run/x",
        "https_proxy": "http://p:1",
    }
    for name, value in needed.items():
        monkeypatch.setenv(name, value)
    _, _, environment = start_echo(tmp_path)
    assert "secret" not in environment.values()
    assert environment.items() >= {**needed, "PATH": os.environ["PATH"], OWNER_VARIABLE: owner_token()}.items()
    assert Path(environment["TMPDIR"]).name.startswith("gridrunner-")


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
    machine = owner_token().partition(":")[0]
    dead_owner = f"{machine}:{os.getpid()}:1"  # our pid, but a process that started at another time
    orphan = subprocess.Popen(
        [str(driver)], env={**os.environ, OWNER_VARIABLE: dead_owner}, start_new_session=True, stdout=subprocess.PIPE
    )
    assert orphan.stdout is not None
    try:
        orphan.stdout.readline()
        reap_orphans()  # how many is not asserted: a gridrunner beside this one ends orphans too
        orphan.wait(timeout=60)
        assert is_running(living.pid)
    finally:
        orphan.stdout.close()
        living.end()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
def test_an_owner_that_nobody_has_waited_for_counts_as_gone(tmp_path: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    machine = owner_token().partition(":")[0]
    started = Path(f"/proc/{owner.pid}/stat").read_text().rpartition(")")[2].split()[19]
    orphan = subprocess.Popen(
        [str(write_driver(tmp_path, FAKE_DRIVER))],
        env={**os.environ, OWNER_VARIABLE: f"{machine}:{owner.pid}:{started}"},
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
    once = (
        "#!/bin/sh\nif [ ! -e {folder}/tried ]; then "
        'touch {folder}/tried; echo "IPv4 port not available. Exiting..."; exit 1; fi\n'
    )
    driver = write_driver(
        tmp_path, once + 'echo "ChromeDriver was started successfully on port 45678."; exec sleep 600\n'
    )
    process = start_chromedriver(driver)
    assert (tmp_path / "tried").exists()
    assert process.port == 45678
    process.end()


def test_what_is_started_belongs_to_the_process_from_its_first_moment(tmp_path: Path) -> None:
    silent = write_driver(tmp_path, f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 600\n")
    refused: list[SessionNotCreated] = []

    def start() -> None:
        try:
            start_chromedriver(silent)
        except SessionNotCreated as error:
            refused.append(error)

    opener = threading.Thread(target=start, daemon=True)
    with drivers_ended():
        opener.start()
        wait_until(lambda: (tmp_path / "pid").is_file() and (tmp_path / "pid").read_text(), "it started", timeout_s=60)
    assert not is_running(int((tmp_path / "pid").read_text()))
    opener.join(60)
    assert [str(error) for error in refused] == ["chromedriver ended at once: it said nothing"]


STARTS_LATE = """
import sys, threading
from pathlib import Path
from gridrunner.errors import SessionNotCreated
from gridrunner.grid.hubs import processes

processes._HOUSEHOLD.end(for_good=True)
try:
    processes.start_chromedriver(Path(sys.argv[1]))
except SessionNotCreated as error:
    print(error)
"""


def test_nothing_is_started_once_the_process_ends(tmp_path: Path) -> None:
    driver = write_driver(tmp_path, FAKE_DRIVER)
    ended = subprocess.run([sys.executable, "-c", STARTS_LATE, str(driver)], capture_output=True, text=True, check=True)
    assert ended.stdout == "this gridrunner is ending\n"


def test_a_process_that_ends_ends_its_drivers(tmp_path: Path) -> None:
    driver = write_driver(tmp_path, FAKE_DRIVER)
    code = (
        "import sys; from pathlib import Path; from gridrunner.grid.hubs.processes import start_chromedriver\n"
        "print(start_chromedriver(Path(sys.argv[1])).pid)"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(driver)], capture_output=True, text=True, check=True)
    assert not is_running(int(ended.stdout))


def test_a_temporary_folder_with_too_long_a_name_is_not_the_browsers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("long-" * 12)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    process = start_chromedriver(write_driver(tmp_path, ECHO_DRIVER))
    wait_until(lambda: (tmp_path / "started").exists() and (tmp_path / "started").read_text(), "it has started")
    folder = Path(json.loads((tmp_path / "started").read_text())[1]["TMPDIR"])
    assert len(f"{folder}/org.chromium.Chromium.xxxxxx/SingletonSocket") < 108  # unix(7), sun_path
    process.end()
    assert not folder.exists()
    assert list(long.iterdir()) == []


def test_a_folder_goes_also_when_no_file_can_be_opened_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.setattr("shutil.rmtree", lambda *_arguments, **_more: None)  # as with EMFILE, whose errors it ignores
    remove_folder(tmp_path / "deep")
    assert not (tmp_path / "deep").exists()


def test_a_browser_that_is_only_tried_is_ended_with_all_others(tmp_path: Path) -> None:
    program = tmp_path / "browser"
    program.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/tried\nexec sleep 600\n")
    program.chmod(0o755)
    with ThreadPoolExecutor(1) as pool:
        said = pool.submit(start_trial, program, (), {"PATH": os.environ["PATH"]}, None, timeout_s=600)
        wait_until(lambda: (tmp_path / "tried").exists() and (tmp_path / "tried").read_text(), "it has started")
        with drivers_ended():
            pass
        assert said.result(60) == ""
    wait_until(lambda: not is_running(int((tmp_path / "tried").read_text())), "the kernel has ended it")


def test_a_browser_whose_driver_and_gridrunner_are_gone_is_reaped(tmp_path: Path) -> None:
    folder = tmp_path / "gridrunner-orphaned"
    folder.mkdir()
    owner = f"{owner_token().partition(':')[0]}:999999999:1"  # beyond the highest number of a process
    browser = subprocess.Popen(
        ["sleep", "600"], env={OWNER_VARIABLE: owner, "TMPDIR": str(folder)}, start_new_session=True
    )
    reap_orphans()
    assert browser.wait(60) == -signal.SIGKILL
    assert not folder.exists()


def test_a_folder_whose_gridrunner_left_nothing_else_goes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    machine = owner_token().partition(":")[0]
    owners = {"gone": f"{machine}:999999999:1", "here": owner_token(), "elsewhere": "another-machine:1:1", "said": ""}
    for name, owner in owners.items():
        (tmp_path / f"gridrunner-{name}").mkdir()
        (tmp_path / f"gridrunner-{name}" / OWNER_FILE).write_text(owner)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / OWNER_FILE).write_text(owners["gone"])
    (tmp_path / "gridrunner-link").symlink_to(tmp_path / "kept")
    (tmp_path / "gridrunner-nobody's").mkdir()
    reap_orphans()
    names = {"gridrunner-here", "gridrunner-elsewhere", "gridrunner-said", "gridrunner-link", "gridrunner-nobody's"}
    assert {path.name for path in tmp_path.iterdir()} == {*names, "kept"}
