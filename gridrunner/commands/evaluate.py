"""`gridrunner evaluate`: every page of a labelled corpus through the same visit and detection as a run."""

from __future__ import annotations

import argparse
import os
import queue
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from dom_probes import read_probe
from gridrunner import codec
from gridrunner.browser.binaries import find_browser
from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.options import SessionOptions
from gridrunner.browser.reach import places_in
from gridrunner.browser.session import BrowserSession
from gridrunner.browser.user_probes import UserProbe
from gridrunner.browser.visit import VisitSettings
from gridrunner.commands.parsing import Command
from gridrunner.detection.calibration import calibrate
from gridrunner.detection.corrections import Correction, parse_corrections
from gridrunner.detection.predictions import to_prediction
from gridrunner.errors import ExitCode, GridFault, UsageError
from gridrunner.evaluation.corpus import LABEL_ROLES, Corpus, CorpusServer, LabelledPage
from gridrunner.evaluation.known import compare_misses, read_known, write_known
from gridrunner.evaluation.saved import read_facts
from gridrunner.evaluation.scores import Figure, ScoredPage, find_misses, score_pages, verdicts_of
from gridrunner.grid.hubs.local import LocalHub
from gridrunner.grid.hubs.processes import drivers_ended
from gridrunner.model import Observation, Site
from gridrunner.planning.constants import SESSION_TIMEOUT_S
from gridrunner.settings.visits import Screenshots
from gridrunner.terminal.console import make_printer

NO_OTHER_HOST = ("MAP * ~NOTFOUND",)
"""Corpus pages name hosts of their own; a look-up that fails at once holds up nothing."""

VISITS_PER_SESSION = 200
ATTEMPTS = 2

_LABELS = "labels"


class _Visited(Struct, frozen=True, kw_only=True):
    page: LabelledPage
    observation: Observation


class EvaluateOptions(Struct, frozen=True, kw_only=True):
    """What `gridrunner evaluate` was asked for. Exactly one of `corpus` (visited) and `from_facts` (scored again)."""

    corpus: Path | None = None
    from_facts: Path | None = None
    predictions: Path | None = None
    facts: Path | None = None
    known: Path | None = None
    write_known: Path | None = None
    corrections: Path | None = None
    jobs: int = 1


def execute_evaluate(options: EvaluateOptions, env: Mapping[str, str]) -> int:
    """Judge all pages, print the scores, write predictions, facts and known failures where asked for.

    Returns 0; 1 when the failures are not exactly those of `known`; 3 when pages could not be visited (they are named,
    and count as nothing found).
    """
    if options.jobs < 1:
        raise UsageError(f"--jobs {options.jobs}: takes a whole number of 1 or more")
    known = None if options.known is None else read_known(options.known)
    corrections = _read_corrections(options.corrections)
    console = make_printer(stderr=True)
    if options.from_facts is not None:
        if options.facts is not None:
            raise UsageError("--facts keeps the facts of visits, and --from-facts visits nothing: leave one out")
        scored = list(read_facts(options.from_facts))
    else:
        assert options.corpus is not None
        scored = _visit_corpus(options.corpus, options, console, env)
    scored = [_corrected(each, corrections.get(each.page.id)) for each in scored]
    if options.predictions is not None:
        lines = [
            codec.encode(to_prediction(each.page.id, each.detection)) for each in scored if each.detection is not None
        ]
        options.predictions.write_bytes(b"".join(line + b"\n" for line in lines))
    _print_scores(scored)
    _print_calibration(scored)
    failed = [each.page.id for each in scored if each.detection is None]
    for page_id in failed:
        console.print(f"not visited: {page_id}", markup=False)
    misses = find_misses(scored)
    if options.write_known is not None:
        write_known(options.write_known, misses)
    is_changed = False
    if known is not None and options.known is not None:
        for line in compare_misses(known, misses).describe(options.known):
            is_changed = True
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    return ExitCode.INCOMPLETE if failed else ExitCode.FAILED if is_changed else ExitCode.OK


def _read_corrections(path: Path | None) -> Mapping[str, Correction]:
    if path is None:
        return {}
    try:
        return parse_corrections(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: no corrections of labels: {error}") from error


def _corrected(scored: ScoredPage, right: Correction | None) -> ScoredPage:
    """A page with its label as it should be."""
    if right is None:
        return scored
    page = msgspec.structs.replace(scored.page, kind=right.kind, login_present=right.login_present)
    return msgspec.structs.replace(scored, page=page)


def _visit_corpus(path: Path, options: EvaluateOptions, console: Console, env: Mapping[str, str]) -> list[ScoredPage]:
    corpus = Corpus(path)
    with tempfile.TemporaryDirectory(prefix="gridrunner-evaluate-") as folder, CorpusServer(corpus) as server:
        store = EvidenceStore(run_folder=Path(folder))
        hub = LocalHub(
            browser=find_browser(None, env),
            browsers=options.jobs,
            options=SessionOptions(
                name="evaluate", host_rules=NO_OTHER_HOST, places=places_in([server.url(corpus.pages[0])])
            ),
            settings=VisitSettings(screenshots=Screenshots.NONE),
            store=store,
        )
        visited = _visit_all(corpus, server, hub, options.jobs, console)
        if options.facts is not None:
            _write_facts(options.facts, visited, store)
    return [_score(found) for found in visited]


def _visit_all(corpus: Corpus, server: CorpusServer, hub: LocalHub, jobs: int, console: Console) -> list[_Visited]:
    waiting: queue.SimpleQueue[LabelledPage] = queue.SimpleQueue()
    for page in corpus.pages:
        waiting.put(page)
    done: dict[str, Observation] = {}
    columns = (TextColumn("pages"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("pages", total=len(corpus.pages))

        def work(slot: str) -> None:
            visitor = _Visitor(hub, slot, server)
            try:
                while True:
                    page = waiting.get_nowait()
                    done[page.id] = visitor.visit(page)
                    progress.advance(task)
            except queue.Empty:
                pass
            finally:
                visitor.close()

        # Daemons: an interrupt ends their browsers, and nobody waits for what they are still about to find out.
        threads = [threading.Thread(target=work, args=(str(number),), daemon=True) for number in range(1, jobs + 1)]
        with drivers_ended():
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    lost = Observation(site="", attempt=1)
    return [_Visited(page=page, observation=done.get(page.id, lost)) for page in corpus.pages]


class _Visitor:
    """Visits with one session, replaced after a fault and after VISITS_PER_SESSION pages."""

    def __init__(self, hub: LocalHub, slot: str, server: CorpusServer) -> None:
        self._hub, self._slot, self._server = hub, slot, server
        self._session: BrowserSession | None = None
        self._visits = 0

    def visit(self, page: LabelledPage) -> Observation:
        site = Site(id=page.id, url=self._server.url(page))
        labels = UserProbe(name=_LABELS, source=read_probe("resolve_labels.js"), options={"labels": page.labels})
        observation = Observation(site=site.id, attempt=1)
        for attempt in range(1, ATTEMPTS + 1):
            if self._session is None or self._visits >= VISITS_PER_SESSION:
                self.close()
                try:
                    self._session = self._hub.open_session(slot=self._slot, timeout_s=SESSION_TIMEOUT_S)
                except GridFault:
                    continue
            self._visits += 1
            observation = self._session.visit(site, attempt=attempt, upcoming=site, probes=(labels,))
            if observation.detection is not None:
                break
            self.close()
        return observation

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
        self._session, self._visits = None, 0


def _score(found: _Visited) -> ScoredPage:
    resolved: dict[str, Any] = found.observation.probes.get(_LABELS, {}).get("value") or {}
    labels = {role: frozenset(resolved.get(role, ())) for role in LABEL_ROLES}
    return ScoredPage(page=found.page, detection=found.observation.detection, labels=labels)


def _write_facts(path: Path, visited: list[_Visited], store: EvidenceStore) -> None:
    with path.open("wb") as out:
        for found in visited:
            if found.observation.facts_path is None:
                continue
            line = {
                "id": found.page.id,
                "site": found.page.site,
                "language": found.page.language,
                "kind": found.page.kind,
                "login_present": found.page.login_present,
                "labels": {role: sorted(names) for role, names in _score(found).labels.items()},
                "facts": store.read_facts(found.observation.facts_path),
            }
            out.write(codec.encode(line) + b"\n")


def _print_scores(pages: list[ScoredPage]) -> None:
    groups = {
        "all": pages,
        "English": [page for page in pages if page.page.language == "en"],
        "other languages": [page for page in pages if page.page.language not in {"en", None, "unknown"}],
    }
    scored = {name: score_pages(group) for name, group in groups.items()}
    table = Table("figure", *scored, box=None, pad_edge=False)
    for row in zip(*scored.values(), strict=True):
        table.add_row(row[0].name, *map(_cell, row))
    make_printer().print(table)


def _print_calibration(pages: list[ScoredPage]) -> None:
    """How often verdicts of a confidence are right; "unknown" is none."""
    table = Table("confidence", "verdicts", "mean", "right", box=None, pad_edge=False)
    for row in calibrate(verdicts_of(pages)):
        table.add_row(
            f"{row.low:.2f} to {row.high:.2f}", str(row.count), f"{row.mean:.3f}", f"{row.right / row.count:.3f}"
        )
    make_printer().print(table)


def _cell(figure: Figure) -> str:
    return "-" if figure.value is None else f"{figure.value:.3f} ({figure.hits}/{figure.count})"


def evaluate_command(arguments: argparse.Namespace) -> int:
    """Evaluate, from the command line to the exit code."""
    asked = {name: getattr(arguments, name) for name in EvaluateOptions.__struct_fields__}
    return execute_evaluate(EvaluateOptions(**asked), os.environ)


def _configure(parser: argparse.ArgumentParser) -> None:
    pages = parser.add_mutually_exclusive_group(required=True)
    pages.add_argument("--corpus", type=Path, metavar="DIR|ZIP", help="labelled pages to visit")
    pages.add_argument("--from-facts", type=Path, metavar="FILE", help="score the facts of an earlier --facts again")
    parser.add_argument("--predictions", type=Path, metavar="FILE", help="write one JSON line per page here")
    parser.add_argument("--facts", type=Path, metavar="FILE", help="keep the facts of every page, for training")
    parser.add_argument(
        "--known",
        type=Path,
        metavar="FILE",
        help="declared failures: exit 1 when a page is worse or better than declared",
    )
    parser.add_argument(
        "--corrections", type=Path, metavar="FILE", help="labels that are wrong, by page id, with reasons"
    )
    parser.add_argument("--write-known", type=Path, metavar="FILE", help="declare the present failures in this file")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="browsers at once (default: cores)"
    )


EVALUATE = Command(configure=_configure, execute=evaluate_command)
