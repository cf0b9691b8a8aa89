"""chromedriver processes of this machine: started, found again, and ended with everything that they started.

Each chromedriver leads a process group of its own in which its browser stays, and a temporary folder of its own that
holds the browser's profile; ending it ends the group and removes the folder. Each carries the id of the gridrunner
process that owns it in its environment, so that what a killed gridrunner left behind is found and ended by the next.

Each chromedriver answers under a path that no other process knows: it starts whatever program a session's options name,
takes requests without an Origin from anywhere, and those of pages on `localhost`, `*.localhost` and 127.x as well
(`RequestIsSafeToServe` in Chromium's chrome/test/chromedriver/server; `--allowed-origins` only adds to them; 156).
"""

from __future__ import annotations

import os
import re
import secrets
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from gridrunner.errors import SessionNotCreated

OWNER_VARIABLE = "GRIDRUNNER_OWNER"
"""Names the owning process as `<pid>:<start time in clock ticks>`; the start time tells a reused pid apart."""

START_ATTEMPTS = 4
"""The port was taken about once in 200 starts on a machine with many browsers (2026-11-24)."""

START_TIMEOUT_S = 20.0
"""chromedriver listened after 0.01 to 0.04 s (156, 2026-11-24); a machine that swaps takes longer."""

SECRET_BYTES = 24
"""Of the path that chromedriver answers under: RFC 6749, 10.10, asks for a chance of 2^-160 that a secret is
guessed."""

PASSED_ON = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR"  # POSIX.1-2024, XBD 8, and gettext's
    r"|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|XDG_[A-Z_]+"  # with a window, and the folders of fonts and caches
    r"|(?:http|https|ftp|all|no|auto)_proxy|(?:HTTP|HTTPS|FTP|ALL|NO|AUTO)_PROXY|SOCKS_SERVER|SOCKS_VERSION"
    r"|LD_LIBRARY_PATH|FONTCONFIG_(?:FILE|PATH)|CHROME_DEVEL_SANDBOX"  # browsers that are not the system's own
)
"""The variables that chromedriver and its browser get; the proxies' are those of net/proxy_resolution's
`ProxyConfigServiceLinux`. All others stay here: a CI job's environment is full of tokens."""

_LISTENING = re.compile(rb"started successfully on port (\d+)")


class DriverProcess:
    """One running chromedriver. Make it with `start_chromedriver`."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, secret: str, folder: Path) -> None:
        self._process, self.port, self._secret, self._folder = process, port, secret, folder

    @property
    def url(self) -> str:
        """Where its WebDriver interface answers. Its path is a secret: it belongs in no log and no page."""
        return f"http://127.0.0.1:{self.port}/{self._secret}"

    @property
    def pid(self) -> int:
        """The process id, which is the id of its group as well."""
        return self._process.pid

    def end(self) -> None:
        """End chromedriver, its browser and whatever they started; safe from any thread, and twice."""
        end_group(self._process.pid)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        remove_folder(self._folder)


def start_chromedriver(chromedriver: Path) -> DriverProcess:
    """Start chromedriver on a free port. Raises SessionNotCreated with its own words when it does not listen.

    Asked for any free port, chromedriver takes one for IPv6 and then the same for IPv4, which another process may have
    by then ("IPv4 port not available", seen on a busy machine): it is started again, START_ATTEMPTS times.
    """
    for _ in range(START_ATTEMPTS - 1):
        try:
            return _start_once(chromedriver)
        except SessionNotCreated as error:
            if "port not available" not in str(error):
                raise
    return _start_once(chromedriver)


def _start_once(chromedriver: Path) -> DriverProcess:
    folder = Path(tempfile.mkdtemp(prefix="gridrunner-"))
    environment = {**trim_environment(os.environ), OWNER_VARIABLE: own_token(), "TMPDIR": str(folder)}
    secret = secrets.token_urlsafe(SECRET_BYTES)
    try:
        process = subprocess.Popen(
            [str(chromedriver), "--port=0", f"--url-base=/{secret}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=environment,
        )
    except OSError as error:
        remove_folder(folder)
        raise SessionNotCreated(f"{chromedriver} cannot be started: {error}") from error
    try:
        port = _read_port(process)
    except SessionNotCreated:
        DriverProcess(process, 0, secret, folder).end()
        raise
    return DriverProcess(process, port, secret, folder)


def trim_environment(env: Mapping[str, str]) -> dict[str, str]:
    """What of `env` strangers' pages may be near to: the variables that a browser needs."""
    return {name: value for name, value in env.items() if PASSED_ON.fullmatch(name)}


def _read_port(process: subprocess.Popen[bytes]) -> int:
    assert process.stdout is not None
    deadline, heard = time.monotonic() + START_TIMEOUT_S, b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while (left_s := deadline - time.monotonic()) > 0 and selector.select(left_s):
            data = os.read(process.stdout.fileno(), 4096)
            heard += data
            if match := _LISTENING.search(heard):
                return int(match[1])
            if not data:
                words = heard.decode(errors="replace").strip()
                raise SessionNotCreated(f"chromedriver ended at once: {words or 'it said nothing'}")
    raise SessionNotCreated(f"chromedriver did not listen within {START_TIMEOUT_S:g} s")


def end_group(group: int) -> None:
    """Kill every process of a group; one that is gone already is fine."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def remove_folder(folder: Path) -> None:
    """Remove a temporary folder that a dying browser may still be writing to."""
    for _ in range(3):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return


def own_token() -> str:
    """This process in OWNER_VARIABLE."""
    return f"{os.getpid()}:{_start_time(os.getpid())}"


class FoundDriver(Struct, frozen=True, kw_only=True):
    """A chromedriver that some gridrunner started. `folder` is its temporary folder, None where it has none."""

    pid: int
    owner: str
    folder: Path | None

    @property
    def is_orphan(self) -> bool:
        """Whether the gridrunner that started it is gone."""
        return not is_alive(self.owner)


def list_drivers() -> list[FoundDriver]:
    """The chromedrivers of this machine that a gridrunner started; none where there is no /proc."""
    processes = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if b"chromedriver" not in (entry / "cmdline").read_bytes():
                continue
            lines = (entry / "environ").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue  # it ended, or belongs to another user
        variables = dict(line.split("=", 1) for line in lines if "=" in line)
        if OWNER_VARIABLE in variables:
            folder = Path(variables.get("TMPDIR", ""))
            is_ours = folder.name.startswith("gridrunner-")
            processes.append(
                FoundDriver(pid=int(entry.name), owner=variables[OWNER_VARIABLE], folder=folder if is_ours else None)
            )
    return processes


def reap_orphans() -> int:
    """End the chromedrivers whose gridrunner is gone; returns how many. Does nothing where there is no /proc."""
    orphans = [driver for driver in list_drivers() if driver.is_orphan]
    for driver in orphans:
        end_group(driver.pid)
        if driver.folder is not None:
            remove_folder(driver.folder)
    return len(orphans)


def is_alive(token: str) -> bool:
    """Whether the process that OWNER_VARIABLE's value `token` names still runs on this machine."""
    pid, _, started = token.partition(":")
    return pid.isdigit() and started != "" and _start_time(int(pid)) == started


def _start_time(pid: int) -> str:
    """Field 22 of /proc/<pid>/stat (proc(5)): clock ticks after boot; "" where that cannot be read, and for a process
    that has ended and only waits for its parent to notice (field 3 is Z or X).
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] in {"Z", "X"} else fields[19]
    except (OSError, IndexError):
        return ""
