"""`python -m tests.benchmarks.visits.readiness CORPUS`: what visits of a labelled corpus wait for, foreign hosts dead.

Ends with 1 where a visit reached its deadline or the 99th percentile of readiness is not below MOST_P99_S. With
`--json` each visit is written as a line, to be compared with those of another revision (`--before`): pages whose
detection differs are named.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from gridrunner.browser.binaries import find_browser
from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.options import SessionOptions
from gridrunner.browser.visit import VisitSettings
from gridrunner.detection.predictions import to_prediction
from gridrunner.evaluation.corpus import Corpus, CorpusServer, LabelledPage
from gridrunner.grid.hubs.local import LocalHub
from gridrunner.model import Observation, ReadyBy, Site
from gridrunner.settings.visits import Screenshots
from tests.benchmarks.visits.blocking import name_differences

DEAD = ("MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1")
MOST_P99_S = 2.0
VISITS_PER_SESSION = 200
SESSION_TIMEOUT_S = 60.0


def visit_all(corpus: Corpus, jobs: int, limit: int | None) -> list[Observation]:
    """Visit every page once, `jobs` at once, in as many browsers."""
    waiting: queue.SimpleQueue[LabelledPage] = queue.SimpleQueue()
    for page in corpus.pages[:limit]:
        waiting.put(page)
    observations: list[Observation] = []
    with CorpusServer(corpus) as server, tempfile.TemporaryDirectory(prefix="gridrunner-readiness-") as folder:
        hub = LocalHub(
            browser=find_browser(None, os.environ),
            browsers=jobs,
            options=SessionOptions(name="readiness", host_rules=DEAD),
            settings=VisitSettings(screenshots=Screenshots.NONE, is_lean=True),
            store=EvidenceStore(run_folder=Path(folder)),
        )

        def work(slot: str) -> None:
            session = None
            for number in range(len(corpus.pages)):
                try:
                    page = waiting.get_nowait()
                except queue.Empty:
                    break
                if session is None or number % VISITS_PER_SESSION == 0:
                    if session is not None:
                        session.close()
                    session = hub.open_session(slot=slot, timeout_s=SESSION_TIMEOUT_S)
                site = Site(id=page.id, url=server.url(page))
                observations.append(session.visit(site, attempt=1, upcoming=site))
            if session is not None:
                session.close()

        threads = [threading.Thread(target=work, args=(str(number),)) for number in range(jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return observations


def describe(observation: Observation) -> dict[str, Any]:
    """A visit as a line of JSON."""
    detection = observation.detection
    return {
        "id": observation.site,
        "ready_by": observation.ready_by,
        "ready_s": observation.timings.ready_s,
        "total_s": observation.timings.total_s,
        "waits": dict(observation.timings.waits),
        "detail": observation.detail,
        "prediction": None if detection is None else to_prediction(observation.site, detection),
    }


def percentile(figures: list[float], share: float) -> float:
    return sorted(figures)[min(len(figures) - 1, int(len(figures) * share))]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.visits.readiness", description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--limit", type=int, help="only so many pages")
    parser.add_argument("--json", type=Path, help="write each visit here, a line of JSON")
    parser.add_argument("--before", type=Path, help="such a file of another revision")
    options = parser.parse_args()
    visits = [describe(observation) for observation in visit_all(Corpus(options.corpus), options.jobs, options.limit)]
    if options.json:
        options.json.write_text("".join(json.dumps(visit) + "\n" for visit in visits))
    ready_s = [visit["ready_s"] for visit in visits]
    at_deadline = [visit for visit in visits if visit["ready_by"] is ReadyBy.DEADLINE]
    p99_s = percentile(ready_s, 0.99)
    print(f"{len(visits)} visits: {dict(Counter(str(visit['ready_by']) for visit in visits))}")
    print(f"ready: median {percentile(ready_s, 0.5):.2f} s, p99 {p99_s:.2f} s, slowest {max(ready_s):.2f} s")
    print(f"slowest visit: {max(visit['total_s'] for visit in visits):.2f} s")
    waits: Counter[str] = Counter()
    for visit in visits:
        for cause, seconds in visit["waits"].items():
            waits[cause.partition(" ")[0]] += seconds
    print("waited for: " + ", ".join(f"{cause} {seconds:.1f} s" for cause, seconds in waits.most_common()))
    for visit in at_deadline:
        print(f"{visit['id']}: {visit['detail']}")
    if options.before:
        print_differences(options.before, visits)
    sys.exit(1 if at_deadline or p99_s >= MOST_P99_S else 0)


def print_differences(before: Path, visits: list[dict[str, Any]]) -> None:
    """The pages whose detection differs from that of another revision."""
    old = {visit["id"]: visit["prediction"] for visit in map(json.loads, before.read_text().splitlines())}
    differences = {
        visit["id"]: name_differences(old[visit["id"]], visit["prediction"]) for visit in visits if visit["id"] in old
    }
    for page, words in differences.items():
        if words:
            print(f"{page}: {', '.join(words)}")
    print(f"{sum(map(bool, differences.values()))} of {len(differences)} pages are detected otherwise")


if __name__ == "__main__":
    main()
