"""The few lines after a run that say what failed, why, and where to look. Owns nothing but their form; the invariant:
no character from a page reaches the terminal as markup, as a control sequence or as a CI command.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import assert_never

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gridrunner.errors import ExitCode
from gridrunner.model import Verdict
from gridrunner.results.baseline import Comparison, describe_comparison
from gridrunner.results.record import RunRecord, exit_code_of, explain_burnt
from gridrunner.results.reports.again import list_kept_options
from gridrunner.results.reports.protocol import Report, ReportRequest
from gridrunner.results.verdicts.cases import CaseVerdict
from gridrunner.results.verdicts.causes import CauseGroup, Quarantined, describe_check
from gridrunner.results.verdicts.cost import describe_cost
from gridrunner.results.verdicts.scores import Scores, describe_score
from gridrunner.results.verdicts.shortfalls import describe_shortfalls
from gridrunner.text import count_of, format_seconds, make_log_line

ROWS_LIMIT = 12
"""Rows of failures in all: a screen of 24 lines shows them with the totals; the report has the rest."""


def print_run_summary(
    record: RunRecord, folder: Path, console: Console, *, comparison: Comparison | None = None
) -> None:
    """Print what failed and why, the totals, and where the report is, readable without colour and at 80 columns."""
    digest = record.digest()
    groups = digest.groups
    if groups:
        console.print(_make_table(groups))
    for warning in (*record.warnings, *record.header.damaged):
        console.print(Text("warning: ", style="yellow") + Text(make_log_line(warning)))
    console.print(_make_totals(record))
    _print_scores(digest.scores, console)
    if exit_code_of(record) is ExitCode.INCOMPLETE:
        for reason in describe_shortfalls(digest.shortfalls, record.header.damaged):
            console.print(Text("exit 3   ", style="magenta") + Text(make_log_line(reason, 240)), soft_wrap=True)
    cost = record.cost()
    if cost is not None:
        console.print(Text("cost     ") + Text(make_log_line(describe_cost(cost), 1000)), soft_wrap=True)
    _print_quarantine(digest.quarantined, console)
    if comparison is not None:
        line = Text("baseline ") + Text(make_log_line(describe_comparison(comparison)))
        console.print(line, soft_wrap=True)
    report = folder / "report.html"
    if report.exists():
        console.print(Text("report   ") + Text(str(report), style="bold"), soft_wrap=True)
    if any(group.verdict is Verdict.FAILED for group in groups) and record.header.command[:1] == ("run",):
        words = ("gridrunner", "run", "--last-failed", *list_kept_options(record.header.command))
        console.print(Text("again    ") + Text(make_log_line(shlex.join(words), 400), style="bold"), soft_wrap=True)
    if any(group.verdict is not Verdict.FAILED for group in groups):
        command = f"gridrunner run --resume {shlex.quote(str(folder))}"
        console.print(Text("resume   ") + Text(command, style="bold"), soft_wrap=True)


def _print_scores(scores: Scores, console: Console) -> None:
    for score in scores.detectors:
        said = make_log_line(f"{score.name}: {describe_score(score)}", 400)
        console.print(Text("detector ", style="cyan") + Text(said), soft_wrap=True)
    if len(scores.detectors) > 1:
        named = ", ".join(difference.site for difference in scores.differences[:ROWS_LIMIT])
        more = ", …" if scores.differing > ROWS_LIMIT else ""
        differ = f"they differ on {count_of(scores.differing, 'site')}" + (f": {named}{more}" if named else "")
        console.print(Text("         ") + Text(make_log_line(differ, 1000)), soft_wrap=True)


class TerminalReport(Report):
    """Says on the terminal what a run came to."""

    def __init__(self, request: ReportRequest, console: Console) -> None:
        self._request = request
        self._console = console

    def finish(self) -> None:
        """Print it."""
        request = self._request
        print_run_summary(request.record, request.folder, self._console, comparison=request.comparison)


def make_terminal_report(request: ReportRequest, _stack: ExitStack) -> Report | None:
    """The lines after a run; None where no one reads them."""
    return TerminalReport(request, request.console) if request.console is not None else None


def _print_quarantine(quarantined: Quarantined, console: Console) -> None:
    if quarantined.held:
        what = f"{count_of(len(quarantined.held), 'failure')} skipped, see report.html"
        console.print(Text("quarantine ", style="yellow") + Text(what), soft_wrap=True)
    if quarantined.passing:
        names = ", ".join(_name_with_place(case) for case in quarantined.passing[:ROWS_LIMIT])
        more = f" and {len(quarantined.passing) - ROWS_LIMIT} more" if len(quarantined.passing) > ROWS_LIMIT else ""
        what = f"no longer needed by {names}{more}"
        console.print(Text("quarantine ", style="yellow") + Text(make_log_line(what, 1000)), soft_wrap=True)


def _name_with_place(case: CaseVerdict) -> str:
    source = case.site.source
    return f"{case.site.id} ({source.file}:{source.line})" if source is not None else case.site.id


def _make_table(groups: tuple[CauseGroup, ...]) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="dim")
    table.add_column("verdict", no_wrap=True)
    table.add_column("site", overflow="fold", max_width=32)
    table.add_column("why", overflow="fold", ratio=1)
    left = ROWS_LIMIT
    for group in groups:
        # Each cause shows at least one row: a big one must not hide a small one.
        count = max(1, min(len(group.cases), left))
        for case in islice(group.cases, count):
            table.add_row(*_make_row(case))
        left -= count
        if len(group.cases) > count:
            more = f"and {len(group.cases) - count} more: {make_log_line(group.title, 80)}"
            table.add_row("", "", Text(more, style="dim"))
    return table


def _make_row(case: CaseVerdict) -> tuple[Text, Text, Text]:
    is_ours = case.fault is not None or case.verdict is Verdict.NOT_RUN  # no check had a say
    why = case.reason if is_ours else f"{describe_check(case.check)}: {case.reason}"
    return (
        Text("known", style="dim") if case.is_known else Text(case.verdict.value, style=_style_of(case.verdict)),
        Text(make_log_line(case.site.id, 64)),
        Text(make_log_line(why, 160)),
    )


def _make_totals(record: RunRecord) -> Text:
    totals = record.totals()
    count = sum(totals.sites.values())
    line = Text().append(count_of(count, "site"), style="bold")
    line.append_text(_join_counts(totals.sites))
    line.append(f" in {format_seconds(totals.wall_s)}")
    if totals.utilisation is not None:
        line.append(f", {count_of(totals.slots, 'slot')} {totals.utilisation:.0%} busy")
    if totals.blocked:
        line.append(f", {totals.blocked} blocked", style="yellow")
    line.append(f" (exit {exit_code_of(record)})", style="dim")
    if burnt := explain_burnt(record):
        line.append(f"\n{burnt}", style="yellow")
    return line


def _join_counts(counts: Mapping[Verdict, int]) -> Text:
    line = Text(":")
    for verdict in Verdict:
        if counts[verdict]:
            line.append(" ").append(f"{counts[verdict]} {verdict.value}", style=_style_of(verdict))
    return line


def _style_of(verdict: Verdict) -> str:
    match verdict:
        case Verdict.PASSED:
            return "green"
        case Verdict.FLAKY:
            return "yellow"
        case Verdict.FAILED:
            return "red"
        case Verdict.ERROR | Verdict.NOT_RUN:
            return "magenta"
        case Verdict.SKIPPED:
            return "dim"
        case _:
            assert_never(verdict)
