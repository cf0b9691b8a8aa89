"""A run as Markdown, for a step summary or a comment on a change. Owns summary.md; the invariant: it stays under
`SIZE_LIMIT` bytes, says what it left out, and text from pages shows as it is, whatever it holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import assert_never

from dom_probes.suite.comparison import KNOWN
from gridrunner.errors import ExitCode
from gridrunner.model import Verdict
from gridrunner.results.baseline import Comparison, describe_comparison
from gridrunner.results.journal.files import write_atomically
from gridrunner.results.record import RunRecord, exit_code_of, explain_burnt
from gridrunner.results.reports.protocol import Report, ReportRequest
from gridrunner.results.verdicts.cases import CaseVerdict
from gridrunner.results.verdicts.causes import Quarantined, describe_check
from gridrunner.results.verdicts.cost import describe_cost
from gridrunner.results.verdicts.digest import DomainVisits, RunTotals, SlowSite
from gridrunner.results.verdicts.quarantine import describe_quarantine
from gridrunner.results.verdicts.scores import RoleScore, Scores
from gridrunner.results.verdicts.shortfalls import describe_shortfalls
from gridrunner.text import count_of, escape_markdown, format_seconds, quote_code

SUMMARY_NAME = "summary.md"

SIZE_LIMIT = 900 * 1024
"""Bytes. GitHub loses a step summary over 1 MiB whole (docs.github.com, workflow commands); the rest is for what a step
adds itself."""

GROUPS_SHOWN = 12  # locales and tags: two lines

ROWS_PER_CAUSE = 200
"""Sites; a reader scrolls no further; the report has all."""


class SummaryReport(Report):
    """Writes summary.md."""

    def __init__(self, request: ReportRequest) -> None:
        self._request = request

    def finish(self) -> None:
        """Write it. Raises RunFolderError when that cannot be."""
        text = render_summary(self._request.record, comparison=self._request.comparison)
        write_atomically(self._request.folder / SUMMARY_NAME, text.encode())


def make_summary(request: ReportRequest, _stack: ExitStack) -> Report:
    """The run as Markdown, in its folder."""
    return SummaryReport(request)


def render_summary(record: RunRecord, size_limit: int = SIZE_LIMIT, *, comparison: Comparison | None = None) -> str:
    """`record` as GitHub-flavoured Markdown of at most `size_limit` bytes of UTF-8; a note says what was left out.
    `comparison` is that with the baseline.
    """
    blocks = list(_list_blocks(record, comparison))
    note = "\n_{} further sections are left out here to stay under the size limit: see report.html._\n"
    room = size_limit - len(note.encode()) - 8
    kept: list[str] = []
    for index, block in enumerate(blocks):
        room -= len(block.encode())
        if room < 0:
            return "".join(kept) + note.format(len(blocks) - index)
        kept.append(block)
    return "".join(kept)


def _list_blocks(record: RunRecord, comparison: Comparison | None) -> Iterator[str]:
    digest = record.digest()
    totals = digest.totals
    yield f"## {_headline(exit_code_of(record), comparison)} · gridrunner {escape_markdown(record.header.run)}\n\n"
    yield _render_totals(totals)
    burnt = explain_burnt(record)
    if burnt:
        yield f"\n> {escape_markdown(burnt)}\n"
    if exit_code_of(record) is ExitCode.INCOMPLETE:
        for line in describe_shortfalls(digest.shortfalls, record.header.damaged):
            yield f"\nExit 3: {escape_markdown(line, 1000)}\n"
    yield from _render_scores(digest.scores)
    cost = record.cost()
    if cost is not None:
        yield f"\nCost: {escape_markdown(describe_cost(cost), 1000)}\n"
    if comparison is not None:
        yield f"\nChecks at sites {escape_markdown(describe_comparison(comparison))}\n"
    for warning in record.warnings:
        yield f"\n> {escape_markdown(warning)}\n"
    for damage in record.header.damaged:
        yield f"\n> Not read in full: {escape_markdown(damage)}\n"
    for group in digest.groups:
        yield f"\n### {escape_markdown(group.title)} ({len(group.cases)})\n\n"
        if group.verdict is Verdict.NOT_RUN:
            yield _render_missing(group.cases, totals.cases[Verdict.NOT_RUN])
        else:
            yield from _render_cases(group.cases)
    if comparison is not None and comparison.newly_fixed:
        yield f"\n### Newly fixed ({len(comparison.newly_fixed)})\n\n"
        yield from _render_cases(comparison.newly_fixed)
    yield from _render_quarantine(digest.quarantined)
    if digest.flaky:
        yield f"\n### Flaky ({len(digest.flaky)})\n\nPassed after a failure of the same check in this run.\n\n"
        yield from _render_cases(digest.flaky)
    yield _render_slowest(digest.slowest)
    yield _render_domains(digest.domains)


def _headline(code: ExitCode, comparison: Comparison | None) -> str:
    match code:
        case ExitCode.OK:
            is_failing = comparison is not None and comparison.still_failing
            return "✅ Nothing newly broken" if is_failing else "✅ All passed"
        case ExitCode.FAILED:
            return "❌ Failed"
        case ExitCode.INCOMPLETE:
            return "⚠️ Incomplete"
        case ExitCode.NOTHING:
            return "Nothing was run"
        case ExitCode.INTERRUPTED:
            return "⏸️ Interrupted"
        case ExitCode.USAGE:
            return "Ended"
        case _:
            assert_never(code)


def _render_totals(totals: RunTotals) -> str:
    names = [verdict for verdict in Verdict if totals.sites[verdict] or totals.cases[verdict]]
    head = "| | " + " | ".join(verdict.value for verdict in names) + " | all |\n"
    rule = "|---|" + "---:|" * (len(names) + 1) + "\n"
    rows = "".join(
        f"| {name} | " + " | ".join(str(counts[verdict]) for verdict in names) + f" | {sum(counts.values())} |\n"
        for name, counts in (("sites", totals.sites), ("checks × sites", totals.cases))
    )
    figures = [f"{format_seconds(totals.wall_s)} wall time", f"{format_seconds(totals.busy_s)} of visits"]
    if totals.slots:
        figures.append(count_of(totals.slots, "slot"))
    if totals.utilisation is not None:
        figures.append(f"{totals.utilisation:.0%} busy")
    if totals.blocked:
        figures.append(f"{count_of(totals.blocked, 'site')} blocked")
    if totals.faults:
        figures.append(f"{count_of(totals.faults, 'fault')} of the grid")
    return f"{head}{rule}{rows}\n{' · '.join(figures)}\n"


def _render_scores(scores: Scores) -> Iterator[str]:
    if not scores.detectors:
        return
    roles = [role for role in KNOWN if any(role in score.roles for score in scores.detectors)]
    yield "\n### Your detectors\n\n" if len(scores.detectors) > 1 else "\n### Your detector\n\n"
    yield f"| | sites right | {' | '.join(roles)} | answered |\n|---|---:|{'---:|' * len(roles)}---:|\n"
    for score in scores.detectors:
        cells = [quote_code(score.name), f"{score.right}/{score.compared}"]
        cells += [_render_role(score.roles.get(role)) for role in roles]
        yield f"| {' | '.join(cells)} | {score.answered}/{score.asked} |\n"
    groups = [group for group in scores.detectors[-1].groups if group.right < group.sites]
    if groups:
        named = ", ".join(f"{group.kind} {group.name} {group.right}/{group.sites}" for group in groups[:GROUPS_SHOWN])
        yield f"\nNot all right of {quote_code(scores.detectors[-1].name)}: {escape_markdown(named, 1000)}\n"
    if len(scores.detectors) > 1:
        yield f"\nThey differ on {count_of(scores.differing, 'site')}.\n"
    if scores.differences:
        yield f"\n| site | {' | '.join(quote_code(score.name) for score in scores.detectors)} |\n"
        yield f"|---|{'---|' * len(scores.detectors)}\n"
        for difference in scores.differences[:ROWS_PER_CAUSE]:
            words = " | ".join(escape_markdown(text, 200) for text in difference.words)
            yield f"| {quote_code(difference.site)} | {words} |\n"


def _render_role(score: RoleScore | None) -> str:
    if score is None:
        return ""
    off = [f"{count} {word}" for count, word in ((score.wrong, "wrong"), (score.missed, "missed")) if count]
    return f"{score.right}/{score.compared}" + (f" ({', '.join(off)})" if off else "")


def _render_cases(cases: Sequence[CaseVerdict]) -> Iterator[str]:
    yield "| site | check | why | where |\n|---|---|---|---|\n"
    for case in cases[:ROWS_PER_CAUSE]:
        cells = (
            quote_code(case.site.id),
            escape_markdown(describe_check(case.check)) if case.fault is None else "",
            escape_markdown(case.reason, 200),
            quote_code(_name_place(case)),
        )
        yield f"| {' | '.join(cells)} |\n"
    if len(cases) > ROWS_PER_CAUSE:
        yield f"\n_and {len(cases) - ROWS_PER_CAUSE} more_\n"


def _name_place(case: CaseVerdict) -> str:
    return f"{case.site.source.file}:{case.site.source.line}" if case.site.source is not None else ""


def _render_quarantine(quarantined: Quarantined) -> Iterator[str]:
    if quarantined.held:
        yield f"\n### In quarantine ({len(quarantined.held)})\n\n"
        yield "Failures that their owners know of; they count as skipped.\n\n"
        yield from _render_cases([case._replace(reason=f"{case.reason} ({case.held})") for case in quarantined.held])
    if quarantined.passing:
        yield f"\n### In quarantine, but passing ({len(quarantined.passing)})\n\n"
        yield "Take the quarantine out of the site list.\n\n"
        for case in quarantined.passing[:ROWS_PER_CAUSE]:
            until = escape_markdown(describe_quarantine(case.quarantine)) if case.quarantine is not None else ""
            yield f"- {quote_code(case.site.id)} {quote_code(_name_place(case))} {until}\n"


def _render_missing(cases: Sequence[CaseVerdict], owed: int) -> str:
    named = ", ".join(quote_code(case.site.id) for case in cases[:ROWS_PER_CAUSE])
    more = f" and {len(cases) - ROWS_PER_CAUSE} more" if len(cases) > ROWS_PER_CAUSE else ""
    return f"{count_of(owed, 'result', 'are')} owed in all. Nothing is known of: {named}{more}\n"


def _render_slowest(slowest: Sequence[SlowSite]) -> str:
    if not slowest:
        return ""
    rows = "".join(
        f"| {quote_code(slow.site)} | {format_seconds(slow.busy_s)} | {slow.visits} | {slow.verdict.value} |\n"
        for slow in slowest
    )
    head = "| site | busy | visits | verdict |\n|---|---:|---:|---|"
    return f"\n<details><summary>Slowest sites</summary>\n\n{head}\n{rows}\n</details>\n"


def _render_domains(domains: Sequence[DomainVisits]) -> str:
    if not domains:
        return ""
    rows = "".join(f"| {quote_code(entry.domain)} | {entry.sites} | {entry.visits} |\n" for entry in domains)
    head = "| domain | sites | visits |\n|---|---:|---:|"
    return f"\n<details><summary>Visits per domain</summary>\n\n{head}\n{rows}\n</details>\n"
