"""gridrunner as a user starts it: in a folder of its own, with an environment of its own; and what it leaves behind.

Every command is bounded, and none may ever show a traceback. All processes that a command starts carry the project's
scratch folder in their environment (TMPDIR), by which they are found again wherever they were reparented to.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
COMMAND_TIMEOUT_S = 300.0
POLL_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A command that is over. `words` is standard error on one line, as wrapped lines are hard to compare."""

    code: int
    stdout: str
    stderr: str
    took_s: float

    @property
    def words(self) -> str:
        return " ".join(self.stderr.split())


class Running:
    """A command that goes on, leader of a process group as it is in a shell's foreground."""

    def __init__(self, process: subprocess.Popen[bytes], stdout: IO[bytes], stderr: IO[bytes]) -> None:
        self._process, self._stdout, self._stderr = process, stdout, stderr
        self._started_s = time.monotonic()

    @property
    def pid(self) -> int:
        return self._process.pid

    def interrupt(self) -> None:
        """Ctrl-C as a terminal does it: SIGINT to the whole foreground group."""
        os.killpg(self.pid, signal.SIGINT)

    def terminate(self) -> None:
        """SIGTERM to the command alone, as CI does when a job is cancelled."""
        self._process.terminate()

    def kill(self) -> None:
        """`kill -9` of the command alone."""
        self._process.kill()

    def is_over(self) -> bool:
        return self._process.poll() is not None

    def poll_code(self) -> int:
        """The exit code of a command that is over."""
        code = self._process.poll()
        assert code is not None
        return code

    def read_stdout(self) -> str:
        return _read(self._stdout)

    def read_stderr(self) -> str:
        return _read(self._stderr)

    def wait(self, timeout_s: float = COMMAND_TIMEOUT_S) -> Ended:
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()
            raise AssertionError(f"not over after {timeout_s:g} s; it said:\n{_read(self._stderr)}") from error
        ended = Ended(
            code=code,
            stdout=_read(self._stdout),
            stderr=_read(self._stderr),
            took_s=time.monotonic() - self._started_s,
        )
        assert "Traceback (most recent call last)" not in ended.stderr + ended.stdout, ended.stderr
        return ended


def _read(file: IO[bytes]) -> str:
    return Path(file.name).read_text(encoding="utf-8")


def _take_interrupts() -> None:
    """Ctrl-C reaches the command, also where the tests themselves were started with it ignored (`make test &`)."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class CommandLine:
    """`gridrunner` in the folder `folder`. Make it with `open_project`."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.folder, self.scratch = folder, scratch
        self._started: list[subprocess.Popen[bytes]] = []
        kept = {"PATH", "GRIDRUNNER_BROWSER_BINARY", "GRIDRUNNER_CHROMEDRIVER", "LD_LIBRARY_PATH", "DOCKER_HOST"}
        self.env = {name: value for name, value in os.environ.items() if name in kept} | {
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "LANG": "C.UTF-8",
            "COLUMNS": "100",
            "GRIDRUNNER_NO_SANDBOX": "true",  # root in a container of CI may have none to give
            "PYTHONPATH": str(ROOT),
        }

    def run(
        self,
        *arguments: str | Path,
        stdin: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float = COMMAND_TIMEOUT_S,
    ) -> Ended:
        """Run a command to its end."""
        return self.start(*arguments, stdin=stdin, env=env).wait(timeout_s)

    def start(self, *arguments: str | Path, stdin: str | None = None, env: Mapping[str, str] | None = None) -> Running:
        """Start a command. `env` goes over the project's environment."""
        return self.start_program("-m", "gridrunner", *arguments, stdin=stdin, env=env)

    def start_program(
        self, *arguments: str | Path, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Running:
        """Start this Python with other arguments, such as `-m pytest`."""
        with (
            tempfile.TemporaryFile(dir=self.scratch) as source,
            tempfile.NamedTemporaryFile(dir=self.scratch, prefix="out-", delete=False) as stdout,
            tempfile.NamedTemporaryFile(dir=self.scratch, prefix="err-", delete=False) as stderr,
        ):
            source.write((stdin or "").encode())
            source.seek(0)
            process = subprocess.Popen(
                [sys.executable, *map(str, arguments)],
                cwd=self.folder,
                env={**self.env, **(env or {})},
                stdin=source,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
                preexec_fn=_take_interrupts,  # noqa: PLW1509 - nothing but one system call in the child
            )
            self._started.append(process)
            return Running(process, stdout, stderr)

    def run_folders(self) -> list[Path]:
        """The run folders under runs/, oldest first."""
        folders = (path for path in (self.folder / "runs").glob("[!.]*") if path.is_dir() and not path.is_symlink())
        return sorted(folders)

    @property
    def run_folder(self) -> Path:
        """The only run folder."""
        (folder,) = self.run_folders()
        return folder

    # ------------------------------------------------------------------------------------------------------- processes

    def processes(self) -> dict[int, str]:
        """Everything alive that was started from here: process id to command line."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                is_ours = f"={self.scratch}".encode() in (entry / "environ").read_bytes()
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue  # it ended while we looked, or is somebody else's
            if is_ours and state != "Z":
                found[int(entry.name)] = words
        return found

    def browsers(self) -> list[int]:
        """Browsers (their main processes) that run now."""
        return [
            pid for pid, words in self.processes().items() if "--remote-debugging-p" in words and "--type=" not in words
        ]

    def drivers(self) -> list[int]:
        """The chromedriver processes that run now."""
        return [pid for pid, words in self.processes().items() if "chromedriver" in words.partition(" ")[0]]

    def left_behind(self) -> list[str]:
        """Command lines of what outlived its command, and temporary folders that were not removed."""
        folders = [str(path) for path in self.scratch.iterdir() if path.is_dir() and path.name.startswith("gridrunner")]
        return [*self.processes().values(), *folders]

    def end_all(self) -> None:
        """Kill what is left, so that no test suffers from another."""
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        for process in self._started:
            process.wait(COMMAND_TIMEOUT_S)


@contextmanager
def open_project(folder: Path) -> Iterator[CommandLine]:
    """A project in `folder`, and a scratch folder with a short name: sockets in it may have names of 108 bytes."""
    scratch = Path(tempfile.mkdtemp(prefix="gr-"))
    scratch.chmod(0o711)  # browsers of root run as another user
    project = CommandLine(folder, scratch)
    try:
        yield project
    finally:
        project.end_all()
        shutil.rmtree(scratch, ignore_errors=True)


def wait_until(is_so: Callable[[], object], what: str, *, timeout_s: float = 120.0) -> None:
    """Poll until `is_so()`, at most `timeout_s`."""
    end_s = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < end_s, f"not within {timeout_s:g} s: {what}"
        time.sleep(POLL_S)
