"""Who else hears of a run while it goes on: Prometheus (--metrics) and OpenTelemetry (its own variables)."""

from __future__ import annotations

from gridrunner.planning.plan import owed_sites
from gridrunner.run.metrics import Observer, RunMetrics, open_metrics
from gridrunner.run.opening import Run
from gridrunner.run.prepare import Work
from gridrunner.run.tracing import RunTraces, wants_traces


def open_observers(run: Run, work: Work) -> tuple[Observer, ...]:
    """Those that were asked for. Raises UsageError for a file or port that cannot be had."""
    observers: list[Observer] = []
    place = run.settings.output.metrics
    if place is not None:
        sites = len(owed_sites(work.rest))
        observers.append(open_metrics(place, lambda: RunMetrics(run=work.run, sites=sites)))
    if wants_traces(run.env):
        try:
            observers.append(RunTraces(run=work.run))
        except ImportError:
            run.warn('a collector is named, and OpenTelemetry is not installed: pip install "gridrunner[otel]"')
    return tuple(observers)
