"""A judge process as its owner sees it: started, given orders, heard, and ended.

The first one can be started ahead (`started_ahead`), so that it imports pytest while its owner imports the rest of
gridrunner: on two cores that takes 0.2 s of the time until the first visit. Only what that needs is imported here.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from gridrunner import codec
from gridrunner.host.steady import SteadyClock
from gridrunner.judging.protocol import JudgeAnswer, Order

CLOSE_TIMEOUT_S = 2.0
"""For an idle judge to end by itself; a process that does nothing needs milliseconds."""

LOOK_S = 0.5
"""How long it is waited at a time, so that a standstill of the machine is told from a judge that hangs."""

_LOG_TAIL = 4096  # bytes of the worker's standard error that explain a crash


class Loss(Struct, frozen=True, kw_only=True):
    """A worker that was given up: why, in words, and the end of what it wrote."""

    reason: str
    log: str


class Worker:
    """One process of `gridrunner.judging.worker`, in a process group of its own (Ctrl-C is its owner's business).

    What it writes to standard error goes to an unnamed file that is emptied before each order.
    """

    def __init__(self) -> None:
        root = str(Path(__file__).resolve().parents[2])
        start = f"import sys; sys.path.append({root!r}); from gridrunner.judging.worker import main; main()"
        self._log = tempfile.TemporaryFile("ab+", prefix="gridrunner-judge-")  # noqa: SIM115 - closed by `kill`
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", start],  # no module of the folder that one stands in
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
        )
        self._rest = b""
        self._lines: list[bytes] = []
        self._selector = selectors.DefaultSelector()
        assert self._process.stdout is not None
        self._selector.register(self._process.stdout, selectors.EVENT_READ)

    def send(self, order: Order) -> None:
        """Hands over an order. A worker that is gone shows when its answer is read."""
        self._log.truncate(0)
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(codec.encode(order) + b"\n")
            self._process.stdin.flush()

    def read(self, timeout_s: float) -> JudgeAnswer | Loss:
        """The next answer, or the loss of the worker after `timeout_s` of silence or at its end."""
        clock = SteadyClock(time.monotonic, step_s=LOOK_S)
        while not self._lines:
            left_s = timeout_s - clock.now_s()
            if not self._selector.select(min(LOOK_S, max(0.0, left_s))):
                if left_s > 0:
                    continue
                return self._give_up(f"nothing was heard for {timeout_s:g} s")
            assert self._process.stdout is not None
            data = os.read(self._process.stdout.fileno(), 1 << 16)
            if not data:
                return self._give_up(self._describe_end())
            *complete, self._rest = (self._rest + data).split(b"\n")
            self._lines = complete[::-1]
        return codec.decode(self._lines.pop(), JudgeAnswer)

    def _describe_end(self) -> str:
        try:
            code = self._process.wait(CLOSE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return "its output was closed"
        if code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
            return f"it was ended by {name}"
        return f"it ended with exit code {code}"

    def _give_up(self, reason: str) -> Loss:
        self._log.flush()
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - _LOG_TAIL))
        log = self._log.read().decode("utf-8", "replace").strip()
        self.kill()
        return Loss(reason=reason, log=log)

    def end(self) -> None:
        """Ends an idle worker; kills it when it does not go."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(CLOSE_TIMEOUT_S)
        self.kill()

    def kill(self) -> None:
        """Ends the worker's whole process group now. May be called again, and from another thread."""
        self.stop()
        self._selector.close()
        for pipe in (self._process.stdin, self._process.stdout, self._log):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    def stop(self) -> None:
        """Kills the group and leaves the pipes to the thread that reads them."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


# ------------------------------------------------------------------------------------------------------ ahead of need

_ahead: list[Worker] = []


@contextmanager
def started_ahead() -> Iterator[None]:
    """A worker starts now, for the next user of one; it is ended with the block when there was none."""
    _ahead.append(Worker())
    try:
        yield
    finally:
        while _ahead:
            _ahead.pop().kill()


def take_worker() -> Worker:
    """The worker that was started ahead, or else a new one."""
    return _ahead.pop() if _ahead else Worker()
