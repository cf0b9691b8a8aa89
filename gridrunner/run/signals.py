"""What signals do: to a command, to visits that go on, and to what must not be interrupted.

CI systems end a job by SIGINT, SIGTERM or SIGHUP and kill it seconds later (GitHub's runner: SIGINT, 7.5 s, SIGTERM,
2.5 s, SIGKILL; actions/runner#1309). All three mean the same here: end in good order, with exit code 130.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], None]

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """A signal that ends us. A kind of its own, because CPython ends `python -m` by SIGINT, and not with our exit code,
    once a plain KeyboardInterrupt has passed through exec'd code, though it was caught (pythonrun.c,
    run_eval_code_obj): making a dataclass is such code, and imports make many.
    """


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """In the block the first ending signal is an `Interrupted` on the main thread. Further ones change nothing, because
    what they ask for is being done; but Ctrl-C from a person who does not want to wait is one again. A signal that is
    ignored, as SIGHUP is under nohup, stays ignored.
    """
    heard: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        is_first = not heard
        heard.append(number)
        if is_first or number == signal.SIGINT:
            raise Interrupted

    with _handled_by(interrupt):
        yield


@contextmanager
def stop_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Ending signals call `stop`; a second Ctrl-C is an `Interrupted`."""

    def end(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, _interrupt)
        stop()

    with _handled_by(end):
        yield


@contextmanager
def signals_held() -> Iterator[Sequence[int]]:
    """For what takes seconds and must come to its end, such as writing reports: ending signals are only noted, in the
    list that the block gets. A second Ctrl-C is an `Interrupted`.
    """
    heard: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, _interrupt)
        heard.append(number)

    with _handled_by(note):
        yield heard


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise Interrupted


@contextmanager
def _handled_by(handler: Handler) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handled = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in handled}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
