"""What people see of a search: a bar on a terminal, plain lines elsewhere, and a table of ways at the end.

Called from many threads; texts from pages are stripped of control characters and never read as markup.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from gridrunner.discovery.search import Search
from gridrunner.discovery.words import Conclusion
from gridrunner.terminal.console import make_say
from gridrunner.terminal.progress import PLAIN_INTERVAL_S, clean
from gridrunner.text import count_of


class SearchDisplay:
    """Counts what is asked and found, and shows it."""

    def __init__(self, console: Console, searches: Sequence[Search], *, quiet: bool, verbose: bool) -> None:
        self._say, self._console, self._verbose = make_say(console), console, verbose
        self._is_plain = quiet or not console.is_terminal
        self._is_quiet = quiet
        self._total = len(searches)
        self._done = sum(1 for search in searches if search.conclusion is not None)
        self._found = sum(1 for search in searches if search.conclusion is not None and search.conclusion.found)
        self._pages = 0
        self._lock = Lock()
        self._shown_s = time.monotonic()
        columns = (TextColumn("domains"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[found]} found"))
        self._progress = Progress(*columns, TimeRemainingColumn(), console=console, transient=True)
        self._task = self._progress.add_task("domains", total=self._total, completed=self._done, found=self._found)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """The live display, where there is one."""
        if self._is_plain:
            yield
            return
        with self._progress:
            yield

    def asked(self, search: Search) -> None:
        """See `gridrunner.run.discovering.Watcher`."""
        with self._lock:
            self._pages += 1
            if self._verbose and search.ask is not None:
                self._say(f"{search.domain.name}: asks {clean(search.ask.url.partition('?')[0])}")

    def concluded(self, search: Search) -> None:
        """See `gridrunner.run.discovering.Watcher`."""
        conclusion = search.conclusion
        assert conclusion is not None, "a search that came to its end"
        with self._lock:
            self._done += 1
            self._found += conclusion.found is not None
            if self._verbose:
                self._say(clean(describe(conclusion)))
            if not self._is_plain:
                self._progress.update(self._task, completed=self._done, found=self._found)
            elif not self._is_quiet and time.monotonic() - self._shown_s >= PLAIN_INTERVAL_S:
                self._shown_s = time.monotonic()
                self._say(f"{self._done:,} of {count_of(self._total, 'domain', spec=',')}, {self._found:,} found")

    def say(self, text: str) -> None:
        """See `gridrunner.run.discovering.Watcher`."""
        if not self._is_quiet:
            self._say(clean(text))


def describe(conclusion: Conclusion) -> str:
    """A conclusion as one line."""
    if conclusion.found is not None:
        way = conclusion.found.way
        steps = f" and {count_of(len(way.steps), 'step')}" if way.steps else ""
        return f"{conclusion.domain}: {way.by}: {way.url.partition('?')[0]}{steps}"
    return f"{conclusion.domain}: none ({conclusion.why}): {conclusion.detail}"


def print_ways(conclusions: Sequence[Conclusion], console: Console) -> None:
    """By which ways logins were found, and why others were not, with what that cost."""
    pages: dict[str, list[int]] = defaultdict(list)
    order: Counter[str] = Counter()
    for conclusion in conclusions:
        name = str(conclusion.found.way.by) if conclusion.found is not None else f"none: {conclusion.why}"
        pages[name].append(conclusion.pages)
        order[name] += 1
    table = Table("way", box=None, pad_edge=False)
    table.add_column("domains", justify="right")
    table.add_column("pages each", justify="right")
    for name, count in sorted(order.items(), key=lambda item: (item[0].startswith("none"), -item[1])):
        table.add_row(name, f"{count:,}", f"{sum(pages[name]) / count:.1f}")
    console.print(table)
