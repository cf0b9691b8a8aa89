"""A run as one JSON document for machines (`--json`): totals, the verdict on every (check, site), timings, exit code.
Owns that format; the invariant: a reader of format 1 reads every later file of format 1, whatever keys were added.

docs/ci.md describes it for users. Texts are cleaned of control characters, URLs lose user and query.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from msgspec import Struct, field
from msgspec.structs import replace

from gridrunner import codec
from gridrunner.errors import UsageError, refuse_newer
from gridrunner.foreign import MOST_FILE_BYTES, read_file
from gridrunner.model import Verdict
from gridrunner.results.baseline import Baseline, Comparison, baseline_of
from gridrunner.results.journal.files import open_atomically
from gridrunner.results.record import RunRecord, exit_code_of, load_run
from gridrunner.results.reports.protocol import Report, ReportRequest
from gridrunner.results.verdicts.cases import CaseVerdict, SiteVerdict
from gridrunner.results.verdicts.causes import key_of
from gridrunner.results.verdicts.cost import RunCost
from gridrunner.results.verdicts.digest import DomainVisits, RunTotals
from gridrunner.results.verdicts.scores import DetectorScore, answers_of, describe_answer
from gridrunner.text import MESSAGE_LIMIT, make_line, redact_url

FIGURES_FORMAT = 1
"""The newest format that this version reads, and the one it writes."""

STDOUT = "-"

_SPOOL_BYTES = 1 << 20  # of sites are kept in memory

_NO_SITES = b'"sites":[]'


class CaseFigures(Struct, frozen=True, kw_only=True):
    """One check at one site. `cause` is the key of `causes.key_of`; `quarantined` tells who holds a failure back and
    until when (empty: not quarantined), `known` that the baseline has it too.
    """

    check: str
    verdict: Verdict
    reason: str = ""
    cause: str = ""
    attempts: int = 0
    seconds: float = 0.0
    quarantined: str = ""
    known: bool = False


class SiteFigures(Struct, frozen=True, kw_only=True):
    """One site with all its checks; `seconds` is what slots spent on it in `visits` visits, `source` file:line;
    `detectors` is what the user's own came to there, in a few words.
    """

    id: str
    url: str
    verdict: Verdict
    checks: tuple[CaseFigures, ...]
    visits: int = 0
    seconds: float = 0.0
    locale: str | None = None
    tags: tuple[str, ...] = ()
    source: str = ""
    detectors: Mapping[str, str] = field(default_factory=dict)


class Pair(Struct, frozen=True, kw_only=True):
    """A (check, site)."""

    check: str
    site: str


class BaselineFigures(Struct, frozen=True, kw_only=True):
    """What changed against the baseline `run`; `unknown` counts the (check, site) that it has no verdict on."""

    run: str
    newly_broken: tuple[Pair, ...]
    newly_fixed: tuple[Pair, ...]
    still_failing: tuple[Pair, ...]
    unknown: int


class RunFigures(Struct, frozen=True, kw_only=True):
    """The document. `baseline` None: the run was compared with nothing; `cost` None: it used no fleet in the cloud;
    `domains` are the public ones that were visited most, `detectors` the scores of the user's own.
    """

    run: str
    plan: str
    started: str
    exit_code: int
    totals: RunTotals
    sites: tuple[SiteFigures, ...]
    format: int = FIGURES_FORMAT
    version: str = ""
    ended: str = ""
    shard: tuple[int, int] | None = None
    merged_from: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    baseline: BaselineFigures | None = None
    cost: RunCost | None = None
    domains: tuple[DomainVisits, ...] = ()
    detectors: tuple[DetectorScore, ...] = ()


class JsonReport(Report):
    """Writes the document as one line, in memory that does not grow with the run: sites wait in a file without a name,
    since the totals stand before them. The same record gives the same bytes.
    """

    def __init__(self, request: ReportRequest, stack: ExitStack) -> None:
        self._request = request
        self._sites = stack.enter_context(SpooledTemporaryFile(_SPOOL_BYTES))  # noqa: SIM115 - closed with the stack
        self._comma = b""

    def add(self, site: SiteVerdict) -> None:
        """Write the next site."""
        self._sites.write(self._comma + codec.encode(_collect_site(site)))
        self._comma = b","

    def finish(self) -> None:
        """Put the document together. Raises RunFolderError when it cannot be written."""
        path, stdout = self._request.json, self._request.stdout
        if str(path) == STDOUT and stdout is not None:
            self._write_to(stdout)
            stdout.flush()
        elif path is not None:
            with open_atomically(path) as file:
                self._write_to(file)

    def _write_to(self, file: IO[bytes]) -> None:
        document = codec.encode(_collect_run(self._request.record, self._request.comparison))
        head, mark, tail = document.partition(_NO_SITES)
        assert mark, "a text cannot hold it: its quotes are escaped"
        self._sites.seek(0)
        file.write(head + _NO_SITES[:-1])
        shutil.copyfileobj(self._sites, file, _SPOOL_BYTES)
        file.write(_NO_SITES[-1:] + tail + b"\n")


def make_json_report(request: ReportRequest, stack: ExitStack) -> Report | None:
    """The run as JSON; None when it was not asked for."""
    return JsonReport(request, stack) if request.json is not None else None


def _collect_run(record: RunRecord, comparison: Comparison | None) -> RunFigures:
    header, totals = record.header, record.totals()
    return RunFigures(
        run=header.run,
        plan=header.plan,
        started=header.started,
        version=header.version,
        exit_code=exit_code_of(record),
        ended=make_line(record.ended.reason) if record.ended is not None else "",
        shard=record.plan.shard,
        merged_from=header.merged_from,
        warnings=tuple(make_line(text, MESSAGE_LIMIT) for text in (*record.warnings, *header.damaged)),
        totals=replace(
            totals,
            wall_s=round(totals.wall_s, 3),
            busy_s=round(totals.busy_s, 3),
            utilisation=round(totals.utilisation, 4) if totals.utilisation is not None else None,
        ),
        cost=record.cost(),
        domains=record.digest().domains,
        detectors=record.digest().scores.detectors,
        baseline=_collect_comparison(comparison) if comparison is not None else None,
        sites=(),
    )


def _collect_comparison(comparison: Comparison) -> BaselineFigures:
    def pairs(cases: tuple[CaseVerdict, ...]) -> tuple[Pair, ...]:
        return tuple(Pair(check=case.check, site=case.site.id) for case in cases)

    return BaselineFigures(
        run=comparison.baseline,
        newly_broken=pairs(comparison.newly_broken),
        newly_fixed=pairs(comparison.newly_fixed),
        still_failing=pairs(comparison.still_failing),
        unknown=comparison.unknown,
    )


def _collect_site(site: SiteVerdict) -> SiteFigures:
    source = site.site.source
    return SiteFigures(
        id=site.site.id,
        url=redact_url(site.site.url),
        verdict=site.verdict,
        visits=len(site.observations),
        seconds=round(site.busy_s, 3),
        locale=site.site.locale,
        tags=site.site.tags,
        source=f"{source.file}:{source.line}" if source is not None else "",
        checks=tuple(_collect_case(case) for case in site.cases),
        detectors={answer.name: describe_answer(answer) for answer in answers_of(site)},
    )


def _collect_case(case: CaseVerdict) -> CaseFigures:
    is_held = case.held is not None
    reason = case.held if case.held is not None else case.reason
    return CaseFigures(
        check=case.check,
        verdict=case.verdict,
        reason=make_line(reason, MESSAGE_LIMIT),
        cause=key_of(case),
        attempts=len(case.attempts),
        seconds=round(sum(result.duration_s for result in case.attempts), 6),
        quarantined=make_line(case.reason, MESSAGE_LIMIT) if is_held else "",
        known=case.is_known,
    )


def read_figures(path: Path) -> RunFigures:
    """What `--json` wrote to `path`. Raises UsageError when it is something else, or of a newer format."""
    try:
        data = read_file(path, most_bytes=MOST_FILE_BYTES)
        refuse_newer(UsageError, f"{path} has format", codec.read_format(data), FIGURES_FORMAT)
        return codec.decode(data, RunFigures)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    except (codec.BrokenJsonError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is no JSON of a run: {error}", hint="write it with `--json FILE`") from error


def read_baseline(path: Path) -> Baseline:
    """The baseline in `path`: a run folder, or what `--json` wrote. Raises UsageError, RunFolderError."""
    if path.is_dir():
        return baseline_of(load_run(path))
    if not path.exists():
        raise UsageError(
            f"--baseline {path}: there is no such run or file", hint="name a run folder, or what `--json FILE` wrote"
        )
    figures = read_figures(path)
    return Baseline(
        run=figures.run,
        cases={
            (case.check, site.id): Verdict.FAILED if case.quarantined else case.verdict
            for site in figures.sites
            for case in site.checks
        },
        sites={site.id: site.verdict for site in figures.sites},
    )
