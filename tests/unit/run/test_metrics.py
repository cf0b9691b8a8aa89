from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gridrunner.dispatch.records import FaultSeen, SessionEnded, SessionOpened, SiteFinished, VisitObserved
from gridrunner.errors import UsageError
from gridrunner.model import Fault, FaultKind, Observation, Outcome, Result, Status, Timings
from gridrunner.run.metrics import MetricsPort, Observer, RunMetrics, open_metrics

RECORDS = (
    SessionOpened(at_s=1.0, slot="slot-1", hub="hub-a", node="n", session="s1", took_s=0.7),
    VisitObserved(
        at_s=3.0,
        observation=Observation(
            site="a", attempt=1, slot="slot-1", outcome=Outcome.OBSERVED, timings=Timings(total_s=1.5)
        ),
    ),
    FaultSeen(
        at_s=4.0, fault=Fault(kind=FaultKind.SESSION_LOST, message="https://secret.example"), slot="slot-1", hub="hub-a"
    ),
    SiteFinished(
        at_s=5.0,
        site="a",
        attempts=1,
        results=(Result(check="c", site="a", attempt=1, status=Status.FAILED),),
    ),
    SessionEnded(at_s=6.0, slot="slot-1", hub="hub-a", session="s1", visits=1, reason="done"),
)
EXPECTED = {
    "gridrunner_sites_owed": 2.0,
    "gridrunner_sites_total{verdict=failed}": 1.0,
    "gridrunner_visits_total{hub=hub-a,outcome=observed}": 1.0,
    "gridrunner_visit_seconds_sum{hub=hub-a}": 1.5,
    "gridrunner_faults_total{hub=hub-a,kind=session-lost}": 1.0,
    "gridrunner_sessions{hub=hub-a}": 0.0,
    "gridrunner_session_start_seconds_count{hub=hub-a}": 1.0,
}


def read_samples(text: str) -> dict[str, float]:
    """Figures by name and labels; what Prometheus' own parser makes of them."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def feed(observer: Observer) -> None:
    for record in RECORDS:
        observer.record(record)


def make_metrics() -> RunMetrics:
    return RunMetrics(run="run-1", sites=3)


def test_a_file_for_the_node_exporter_has_the_figures_of_the_run_and_nothing_of_a_page(tmp_path: Path) -> None:
    place = tmp_path / "collector" / "gridrunner.prom"
    observer = open_metrics(str(place), make_metrics)
    assert read_samples(place.read_text())["gridrunner_sites_owed"] == 3.0
    feed(observer)
    observer.close()
    text = place.read_text()
    samples = read_samples(text)
    assert {name: samples.get(name) for name in EXPECTED} == EXPECTED
    assert "secret" not in text
    assert list(place.parent.iterdir()) == [place]


def test_a_port_serves_the_same_to_this_machine_alone() -> None:
    observer = open_metrics("0", make_metrics)
    assert isinstance(observer, MetricsPort)
    try:
        feed(observer)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{observer.port}/metrics", timeout=10) as answer:
            samples = read_samples(answer.read().decode())
        assert {name: samples.get(name) for name in EXPECTED} == EXPECTED
        with pytest.raises(UsageError, match="cannot be served"):
            open_metrics(f"127.0.0.1:{observer.port}", make_metrics)
    finally:
        observer.close()


def test_a_file_that_cannot_be_written_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        open_metrics(str(tmp_path / "file" / "gridrunner.prom"), make_metrics)
