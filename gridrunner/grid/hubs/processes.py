"""chromedriver processes of this machine: started, found again, and ended with everything that they started.

Each chromedriver leads a process group of its own in which its browser stays, and a temporary folder of its own that
holds the browser's profile; ending it ends the group and removes the folder. Each carries the id of the gridrunner
process that owns it in its environment, so that what a killed gridrunner left behind is found and ended by the next.

Each chromedriver answers under a path that no other process knows: it starts whatever program a session's options name,
takes requests without an Origin from anywhere, and those of pages on `localhost`, `*.localhost` and 127.x as well
(`RequestIsSafeToServe` in Chromium's chrome/test/chromedriver/server; `--allowed-origins` only adds to them; 156).
"""

from __future__ import annotations

import atexit
import os
import re
import secrets
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from gridrunner.errors import SessionNotCreated
from gridrunner.grid.hubs.folders import FOLDER_PREFIX, make_folder, orphaned_folders, remove_folder
from gridrunner.grid.hubs.owners import is_over, owner_token

OWNER_VARIABLE = "GRIDRUNNER_OWNER"
"""Names the owning process (`owners.owner_token`)."""

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

_STARTING = re.compile(rb"Starting ChromeDriver (\d[\d.]*)")
_LISTENING = re.compile(rb"started successfully on port (\d+)")


class _Household:
    """The chromedrivers that this process has started and not ended: each belongs to it from its first moment, whoever
    waits for it, so that all can be ended at once. Once it is closed, nothing more is started.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._members: set[DriverProcess] = set()
        self._is_closed = False

    def start(
        self, command: Sequence[str], env: Mapping[str, str], secret: str, folder: Path, user: int | None
    ) -> DriverProcess:
        """Start a member. Raises OSError, and SessionNotCreated when it is closed."""
        with self._lock:
            if self._is_closed:
                raise SessionNotCreated("this gridrunner is ending")
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=env,
                cwd=None if user is None else folder,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
            )
            member = DriverProcess(process, secret, folder)
            self._members.add(member)
        return member

    def forget(self, member: DriverProcess) -> None:
        with self._lock:
            self._members.discard(member)

    def end(self, *, for_good: bool) -> None:
        """End all members, all at once; with `for_good` none is started any more."""
        with self._lock:
            self._is_closed |= for_good
            members = list(self._members)
        for member in members:
            end_group(member.pid)
        for member in members:
            member.end()


class DriverProcess:
    """One chromedriver, or a browser that is tried. Make it with `start_chromedriver` or `start_trial`."""

    def __init__(self, process: subprocess.Popen[bytes], secret: str, folder: Path) -> None:
        self._process, self._secret, self._folder = process, secret, folder
        self.port, self.version = 0, ""
        self._is_heard = False

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
        reap_group(self._process.pid)
        if self._is_heard and self._process.stdout is not None:
            self._process.stdout.close()  # not under the thread that still reads it: that finds its end and comes here
        remove_folder(self._folder)
        _HOUSEHOLD.forget(self)

    def listen(self, timeout_s: float) -> str:
        """What it says within `timeout_s`, or until it ends, which it has to then."""
        try:
            said, _ = self._process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            end_group(self._process.pid)
            said, _ = self._process.communicate()
        self._is_heard = True
        return said.decode(errors="replace")

    def read_port(self) -> None:
        """Wait until it listens; it says its version before. Raises SessionNotCreated."""
        try:
            self.port, self.version = _read_start(self._process)
        finally:
            self._is_heard = True


_HOUSEHOLD = _Household()


@contextmanager
def drivers_ended() -> Iterator[None]:
    """However the block ends, every chromedriver of this process is ended, opening ones included, with its browser.
    What
    a thread starts later, because it is not waited for, is ended with this process.
    """
    try:
        yield
    finally:
        _HOUSEHOLD.end(for_good=False)


atexit.register(_HOUSEHOLD.end, for_good=True)


def start_chromedriver(chromedriver: Path, *, user: int | None = None) -> DriverProcess:
    """Start chromedriver on a free port, as `user` (None: as we are). Raises SessionNotCreated with its own words when
    it does not listen.

    Asked for any free port, chromedriver takes one for IPv6 and then the same for IPv4, which another process may have
    by then ("IPv4 port not available", seen on a busy machine): it is started again, START_ATTEMPTS times.
    """
    for _ in range(START_ATTEMPTS - 1):
        try:
            return _start_once(chromedriver, user)
        except SessionNotCreated as error:
            if "port not available" not in str(error):
                raise
    return _start_once(chromedriver, user)


def start_trial(
    binary: Path, switches: Sequence[str], env: Mapping[str, str], user: int | None, *, timeout_s: float
) -> str:
    """Start a browser alone, for `timeout_s` at most, and return what it says. Raises OSError where it cannot be."""
    folder = make_folder(user)
    command = [str(binary), *switches, f"--user-data-dir={folder}", "--remote-debugging-port=0", "about:blank"]
    environment = {**env, OWNER_VARIABLE: owner_token(), "TMPDIR": str(folder), "HOME": str(folder)}
    try:
        trial = _HOUSEHOLD.start(command, environment, "", folder, user)
    except BaseException:
        remove_folder(folder)
        raise
    try:
        return trial.listen(timeout_s)
    finally:
        trial.end()


def _start_once(chromedriver: Path, user: int | None) -> DriverProcess:
    try:
        folder = make_folder(user)
    except OSError as error:
        raise SessionNotCreated(f"no temporary folder can be made for {chromedriver}: {error}") from error
    environment = {**trim_environment(os.environ), OWNER_VARIABLE: owner_token(), "TMPDIR": str(folder)}
    if user is not None:
        environment = {name: value for name, value in environment.items() if not name.startswith("XDG_")}
        environment["HOME"] = str(folder)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    try:
        driver = _HOUSEHOLD.start(
            [str(chromedriver), "--port=0", f"--url-base=/{secret}"], environment, secret, folder, user
        )
    except OSError as error:
        remove_folder(folder)
        raise SessionNotCreated(f"{chromedriver} cannot be started: {error}") from error
    except SessionNotCreated:
        remove_folder(folder)
        raise
    try:
        driver.read_port()
    except BaseException:
        driver.end()
        raise
    return driver


def trim_environment(env: Mapping[str, str]) -> dict[str, str]:
    """What of `env` strangers' pages may be near to: the variables that a browser needs."""
    return {name: value for name, value in env.items() if PASSED_ON.fullmatch(name)}


def _read_start(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """The port, and the version ("" where it does not say)."""
    assert process.stdout is not None
    deadline, heard = time.monotonic() + START_TIMEOUT_S, b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while (left_s := deadline - time.monotonic()) > 0 and selector.select(left_s):
            data = os.read(process.stdout.fileno(), 4096)
            heard += data
            if match := _LISTENING.search(heard):
                version = _STARTING.search(heard)
                return int(match[1]), version[1].decode() if version is not None else ""
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


REAP_S = 0.5
"""For the members of a killed group to become children of ours and end: milliseconds each."""


def reap_group(group: int) -> None:
    """Collect the ended members of a group that became children of ours. Only where orphans do, as in a container whose
    first process this is: each would stay as a zombie, and its number taken.
    """
    if os.getpid() != 1:
        return
    deadline = time.monotonic() + REAP_S
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-group, os.WNOHANG) == (0, 0):
                time.sleep(0.005)
        except ChildProcessError:
            return


class FoundDriver(Struct, frozen=True, kw_only=True):
    """A chromedriver that some gridrunner started, or a browser of one. `group` is that of all its processes, `folder`
    its temporary folder, None where it has none.
    """

    pid: int
    group: int
    owner: str
    folder: Path | None

    @property
    def is_orphan(self) -> bool:
        """Whether the gridrunner that started it is known to be gone; one of another container is left to that."""
        return is_over(self.owner)


def list_drivers() -> list[FoundDriver]:
    """The chromedrivers of this machine that a gridrunner started; none where there is no /proc."""
    return _list_owned(b"chromedriver")


def _list_owned(words: bytes) -> list[FoundDriver]:
    """Processes that a gridrunner started, or their children, with `words` in the command."""
    processes = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if words not in (entry / "cmdline").read_bytes():
                continue
            lines = (entry / "environ").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue  # it ended, or belongs to another user
        variables = dict(line.split("=", 1) for line in lines if "=" in line)
        if OWNER_VARIABLE in variables:
            folder = Path(variables.get("TMPDIR", ""))
            is_ours = folder.name.startswith(FOLDER_PREFIX)
            with suppress(ProcessLookupError):
                processes.append(
                    FoundDriver(
                        pid=int(entry.name),
                        group=os.getpgid(int(entry.name)),
                        owner=variables[OWNER_VARIABLE],
                        folder=folder if is_ours else None,
                    )
                )
    return processes


def reap_orphans() -> int:
    """End the chromedrivers whose gridrunner is gone, and browsers whose chromedriver is gone as well; returns how many
    groups of processes it ended. Does nothing where there is no /proc.
    """
    orphans = [found for found in _list_owned(b"") if found.is_orphan]
    groups = {found.group for found in orphans}
    for group in groups:
        end_group(group)
    for folder in {*(found.folder for found in orphans), *orphaned_folders()}:
        if folder is not None:
            remove_folder(folder)
    return len(groups)
