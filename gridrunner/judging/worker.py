"""The process that judges: pytest is imported once and run again and again, one pytest run for each batch.

It reads orders from standard input and writes answers to standard output, one JSON object per line; both streams are
taken over at the start, so that whatever pytest or a check prints goes to standard error and never between answers.

Invariant: no line but an answer ever goes to the parent, and the process does not outlive it by more than a grace.
"""

from __future__ import annotations

import functools
import io
import os
import queue
import sys
import threading
from collections.abc import Callable
from contextlib import redirect_stderr
from difflib import get_close_matches
from importlib.metadata import entry_points
from pathlib import Path
from typing import IO

import pytest

from gridrunner import codec
from gridrunner.judging.items import RunPlugin, check_of, is_live, site_of
from gridrunner.judging.protocol import SHIPPED_CHECKS, AnswerKind, JudgeAnswer, Order, OrderKind, Selection
from gridrunner.judging.reports import ResultCollector
from gridrunner.judging.source import RunSource
from gridrunner.model import Site

SHIPPED_SUITE = Path(__file__).resolve().parents[2] / "dom_probes" / "suite"
"""The folder of the checks that come with gridrunner; what is judged when the user names no other."""

EXTRA_CHECKS = SHIPPED_SUITE / "extras"
"""Checks of the suite that are run only when a setting asks for them."""

ORPHAN_GRACE_S = 5.0
"""Seconds that a worker without a parent may still take: Ctrl-C is over within 5 s, as docs promise."""

PLACEHOLDER_SITE = Site(id="", url="http://placeholder.invalid/")
"""Stands for all sites while checks are collected; its empty id leaves the names that -k is matched with alone."""

_LEFT_OUT = (
    *("cacheprovider", "stepwise", "unraisableexception", "threadexception", "pastebin", "warnings"),
    *("freeze_support", "setuponly", "setupplan"),
)
"""pytest's own plugins that judging has no use for: they write files beside the checks, collect garbage at the end of
each run, filter warnings around each phase, and print fixtures. Without the first line's a pytest run costs 37 ms
instead of 87, and 300 checks 0.19 s instead of 0.25 (two cores, pytest 9.2, 2026-11)."""

Send = Callable[[JudgeAnswer], None]


def main() -> None:
    """Carries out orders until standard input ends."""
    orders_in, answers_out = _take_over_streams()
    for name in [name for name in os.environ if name.startswith(("PYTEST_ADDOPTS", "PYTEST_XDIST_"))]:
        del os.environ[name]  # meant for the user's own pytest runs, or set by a pytest that runs gridrunner
    lock = threading.Lock()

    def send(answer: JudgeAnswer) -> None:
        with lock:
            answers_out.write(codec.encode(answer) + b"\n")
            answers_out.flush()

    orders = _read_ahead(orders_in)
    while (line := orders.get()) is not None:
        order = codec.decode(line, Order)
        if not order.selection.paths:
            os.environ.pop("PYTEST_PLUGINS", None)
            os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # the shipped suite needs nothing of what is installed
        if order.kind is OrderKind.COLLECT:
            send(_collect(order))
        else:
            send(JudgeAnswer(kind=AnswerKind.ENDED, problem=_judge(order, send)))


def _take_over_streams() -> tuple[IO[bytes], IO[bytes]]:
    """The pipes to the parent, on descriptors that children do not inherit; 0 is empty and 1 goes where 2 goes."""
    orders_in = os.fdopen(os.dup(0), "rb")
    answers_out = os.fdopen(os.dup(1), "wb")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return orders_in, answers_out


def _read_ahead(orders_in: IO[bytes]) -> queue.SimpleQueue[bytes | None]:
    """Lines of the parent as they come, None at their end. A worker whose parent is gone ends itself, even when a check
    hangs.
    """
    lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def read() -> None:
        for line in orders_in:
            lines.put(line)
        lines.put(None)
        threading.Event().wait(ORPHAN_GRACE_S)
        os._exit(1)

    threading.Thread(target=read, name="orders", daemon=True).start()
    return lines


# ----------------------------------------------------------------------------------------------------------- the runs


def _collect(order: Order) -> JudgeAnswer:
    source = RunSource(folder=Path(order.folder), sites={PLACEHOLDER_SITE.id: PLACEHOLDER_SITE}, observations={})
    census = _Census()
    selection = order.selection
    options = ["--collect-only", "-p", "no:terminal"]  # whose summary makes plugins import all that they have
    options += ["-k", selection.keyword] if selection.keyword else []
    options += ["-m", selection.mark] if selection.mark else []
    with redirect_stderr(io.StringIO()) as complaints:
        code = pytest.main([*_arguments(selection), *options], plugins=[RunPlugin(lambda: source), census])
    sys.stderr.write(complaints.getvalue())
    return census.answer(code, complaints.getvalue())


def _judge(order: Order, send: Send) -> str:
    """Runs the checks of an order; returns why pytest stopped before its end, or an empty text."""
    end = _End()
    collector = ResultCollector(
        on_result=lambda result: send(JudgeAnswer(kind=AnswerKind.RESULT, result=result)),
        on_started=lambda check, site: send(JudgeAnswer(kind=AnswerKind.STARTED, check=check, site=site)),
        on_crashed=lambda node, problem: send(JudgeAnswer(kind=AnswerKind.CRASHED, node=node, problem=problem)),
    )
    plugins: list[object] = [collector, end]
    if order.processes:
        os.environ["PYTHONSAFEPATH"] = "1"  # for its processes, what -P is for this one
        options = [
            "-p",
            "xdist",
            f"--numprocesses={order.processes}",
            "--dist=load",
            "-q",
            "-q",
            "--color=no",
            "--capture=sys",
        ]
        options += [f"--gridrunner-run={order.folder}", f"--gridrunner-batch={order.batch_file}"]
    else:
        options = ["-p", "no:terminal", "--capture=sys"]
        source = _source_of(order)
        plugins.append(RunPlugin(lambda: source))
    return end.explain(pytest.main([*_arguments(order.selection), *options], plugins=plugins))


def _source_of(order: Order) -> RunSource:
    return RunSource(
        folder=Path(order.folder),
        sites={site.id: site for site in order.sites},
        observations={observation.site: observation for observation in order.observations},
        checks=frozenset(order.checks),
        judged=frozenset(order.judged),
        is_rescored=order.is_rescored,
        fails_blocked=order.selection.fails_blocked,
    )


def _arguments(selection: Selection) -> list[str]:
    """What every pytest run of ours is given.

    The shipped suite is judged by its own rules, whatever pytest configuration lies above its folder or above the
    current one; checks of the user's get the configuration that pytest finds for them, without its `addopts`, which are
    written for a person at a terminal.
    """
    arguments = ["-p", _plugin_name(), "-o", "addopts="]
    arguments += [
        "-W",
        "ignore::pytest.PytestAssertRewriteWarning",
    ]  # this process imported the plugin itself, long ago
    for name in _LEFT_OUT:
        arguments += ["-p", f"no:{name}"]
    extras = [str(EXTRA_CHECKS / name) for name in selection.extras]
    suite = [str(path) for path in sorted(SHIPPED_SUITE.glob("test_*.py"))]
    if set(selection.paths) <= {SHIPPED_CHECKS}:
        return [*arguments, "-c", os.devnull, f"--rootdir={SHIPPED_SUITE}", *suite, *extras]
    paths = [path for path in selection.paths if path != SHIPPED_CHECKS]
    shipped = suite if len(paths) < len(selection.paths) else []
    return [*arguments, *shipped, *paths, *extras]


@functools.cache
def _plugin_name() -> str:
    """Ours as pytest knows it: by its entry point, or by its module where gridrunner is not installed. Looked up once:
    that reads the metadata of everything that is installed.
    """
    is_installed = any(entry.name == "gridrunner" for entry in entry_points(group="pytest11"))
    return "gridrunner" if is_installed else "gridrunner.pytest_plugin"


class _Census:
    """A pytest plugin that lists the checks of a collection and what is wrong with it."""

    def __init__(self) -> None:
        self._collected: list[pytest.Item] = []
        self._selected: list[pytest.Item] = []
        self._problems: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_itemcollected(self, item: pytest.Item) -> None:
        self._collected.append(item)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            name = report.nodeid.partition("::")[0] or "the checks"
            self._problems.append(f"{name}: {_essence(report.longreprtext)}")

    def pytest_internalerror(self, excrepr: object) -> None:
        self._problems.append(_name_internal_error(excrepr))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._selected = list(session.items)

    def answer(self, code: int, complaints: str) -> JudgeAnswer:
        """The answer to the order, given pytest's exit code and what it wrote to standard error."""
        problem = "; ".join(self._problems)
        if not problem and code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            problem = _complaint(complaints) or f"pytest ended with exit code {int(code)}"
        stray = [item.nodeid for item in self._selected if site_of(item) is None]
        checks = [
            (check_of(item, site), is_live(item)) for item in self._selected if (site := site_of(item)) is not None
        ]
        ids = [check for check, _ in checks]
        if not problem and stray:
            problem = (
                f"{stray[0]} judges no site: it asks for none of the fixtures site, expect, observation, detection, "
                "facts and driver"
            )
        if not problem and (lacking := next(filter(None, map(_name_unknown_fixture, self._selected)), "")):
            problem = lacking
        if not problem and (twice := next((check for check in ids if ids.count(check) > 1), None)) is not None:
            problem = f"two checks are called {twice}; a check is known by its file name and function"
        return JudgeAnswer(
            kind=AnswerKind.COLLECTED,
            problem=problem,
            collected=len(self._collected),
            checks=tuple(check for check, live in checks if not live),
            live_checks=tuple(check for check, live in checks if live),
        )


def _name_unknown_fixture(item: pytest.Item) -> str:
    """What a check asks for that is not defined anywhere, as a sentence, or nothing. pytest itself would say so once
    per site, when all of them have been visited.
    """
    info = getattr(item, "_fixtureinfo", None)  # since pytest 3; there is no public way to a fixture's definition
    if info is None:
        return ""
    given = {"request", *info.name2fixturedefs, *getattr(getattr(item, "callspec", None), "params", {})}
    unknown = next((name for name in info.names_closure if name not in given), None)
    if unknown is None:
        return ""
    own = sorted(name for name in ("site", "expect", "observation", "detection", "facts", "driver") if name != unknown)
    close = get_close_matches(unknown, [*own, *given], 1)
    meant = f"did you mean {close[0]}?" if close else f"gridrunner's are {', '.join(own)}"
    place = f"{item.location[0]}:{(item.location[1] or 0) + 1}"
    return f"{place}: {item.name.partition('[')[0]} asks for the fixture {unknown!r}, which does not exist; {meant}"


def _essence(text: str) -> str:
    """The exception of a collection error: pytest marks its lines with E."""
    lines = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
    return (lines[-1] if lines else text.strip().splitlines()[-1] if text.strip() else "cannot be collected").strip()


def _name_internal_error(excrepr: object) -> str:
    return f"pytest has an internal error: {str(excrepr).splitlines()[-1]}"


def _complaint(text: str) -> str:
    """What pytest wrote when it refused to start: `ERROR: …`, or the import error of a conftest.py."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    first = lines[0].removeprefix("ERROR: ")
    return f"{first} {_essence(text)}" if first.endswith("'.") and len(lines) > 1 else first


class _End:
    """A pytest plugin that knows why a run stopped before its end."""

    def __init__(self) -> None:
        self._reasons: list[str] = []

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        self._reasons.append(f"a check ended pytest: {excinfo.typename}: {excinfo.value}")

    def pytest_internalerror(self, excrepr: object) -> None:
        self._reasons.append(_name_internal_error(excrepr))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._reasons.append(f"{report.nodeid}: {_essence(report.longreprtext)}")

    def explain(self, code: int) -> str:
        """Empty after a run to the end, whatever the checks said."""
        if self._reasons:
            return "; ".join(self._reasons)
        names = {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED}
        return "" if code in names else f"pytest ended with exit code {int(code)}"
