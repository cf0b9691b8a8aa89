"""What a run says to Prometheus while it goes on: a file for the node exporter's text-file collector, or a port.

Owns the names of the metrics. The invariant: nothing of a page is a label, and neither is a site: what grows with the
list belongs into the journal.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gridrunner.dispatch.records import (
    DispatchRecord,
    FaultSeen,
    SessionEnded,
    SessionOpened,
    SiteFinished,
    VisitObserved,
)
from gridrunner.errors import UsageError
from gridrunner.terminal.progress import worst_status

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

WRITE_S = 10.0
"""How often the file is written: the node exporter reads it at each scrape, which is every 15 to 60 s."""

VISIT_BUCKETS_S = (0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0, 30.0, 60.0)
"""A visit takes one to three seconds and ends at 30 (--visit-timeout) unless a site's own limit is longer."""

SESSION_BUCKETS_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""From a node that is idle (half a second) to one that has to be made first (--elastic)."""


class Observer(Protocol):
    """Takes every record of a run; `close` once at the end. Neither raises."""

    def record(self, record: DispatchRecord) -> None: ...

    def close(self) -> None: ...


class RunMetrics:
    """The figures of one run in a registry of its own."""

    def __init__(self, *, run: str, sites: int) -> None:
        """Raises UsageError where prometheus_client is not installed."""
        try:
            from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise UsageError("--metrics needs a package", hint='pip install "gridrunner[metrics]"') from error
        self.registry: CollectorRegistry = CollectorRegistry()
        Info("gridrunner_run", "The run that these figures are of", registry=self.registry).info({"run": run})
        self._owed = Gauge("gridrunner_sites_owed", "Sites that have no verdict yet", registry=self.registry)
        self._owed.set(sites)
        self._sites = Counter("gridrunner_sites", "Sites with a verdict", ["verdict"], registry=self.registry)
        self._visits = Counter(
            "gridrunner_visits", "Visits that ended without a fault", ["hub", "outcome"], registry=self.registry
        )
        self._visit_s = Histogram(
            "gridrunner_visit_seconds", "Seconds of a visit", ["hub"], buckets=VISIT_BUCKETS_S, registry=self.registry
        )
        self._faults = Counter(
            "gridrunner_faults", "Faults, which are never a site's", ["hub", "kind"], registry=self.registry
        )
        self._sessions = Gauge("gridrunner_sessions", "Browser sessions now", ["hub"], registry=self.registry)
        self._session_s = Histogram(
            "gridrunner_session_start_seconds",
            "Seconds from asking for a session until it is there",
            ["hub"],
            buckets=SESSION_BUCKETS_S,
            registry=self.registry,
        )
        self._hub_of_slot: dict[str, str] = {}

    def record(self, record: DispatchRecord) -> None:
        """Count it."""
        match record:
            case SessionOpened():
                self._hub_of_slot[record.slot] = record.hub
                self._sessions.labels(record.hub).inc()
                self._session_s.labels(record.hub).observe(record.took_s)
            case SessionEnded():
                self._sessions.labels(record.hub).dec()
            case VisitObserved():
                seen = record.observation
                hub = self._hub_of_slot.get(seen.slot, "")
                self._visits.labels(hub, seen.outcome.value if seen.outcome is not None else "").inc()
                self._visit_s.labels(hub).observe(seen.timings.total_s)
            case FaultSeen():
                self._faults.labels(record.hub, record.fault.kind.value).inc()
            case SiteFinished():
                self._owed.dec()
                self._sites.labels(worst_status(record.results).value).inc()
            case _:
                pass


class MetricsFile:
    """Writes the figures every few seconds and at the end, each time whole (a file beside it, moved into its place)."""

    def __init__(self, path: Path, metrics: RunMetrics) -> None:
        """Raises UsageError for a place that cannot be written to."""
        self._path, self._metrics = path, metrics
        self._stop = threading.Event()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._write()
        except OSError as error:
            raise UsageError(f"--metrics {path}: cannot be written: {error.strerror or error}") from error
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
        self._thread.start()

    def record(self, record: DispatchRecord) -> None:
        """Count it; the file follows."""
        self._metrics.record(record)

    def close(self) -> None:
        """Write the last figures. A disk that is full decides nothing."""
        self._stop.set()
        self._thread.join(timeout=1.0)
        self._try_to_write()

    def _run(self) -> None:
        while not self._stop.wait(WRITE_S):
            self._try_to_write()

    def _try_to_write(self) -> None:
        try:
            self._write()
        except OSError:
            return

    def _write(self) -> None:
        from prometheus_client import write_to_textfile  # noqa: PLC0415 - an extra

        write_to_textfile(str(self._path), self._metrics.registry)


class MetricsPort:
    """Serves the figures while the run lasts."""

    def __init__(self, host: str, port: int, metrics: RunMetrics) -> None:
        """Raises UsageError for a port that cannot be had."""
        from prometheus_client import start_http_server  # noqa: PLC0415 - an extra

        self._metrics = metrics
        try:
            self._server, _ = start_http_server(port, addr=host, registry=metrics.registry)
        except OSError as error:
            raise UsageError(f"--metrics {host}:{port}: cannot be served: {error.strerror or error}") from error

    @property
    def port(self) -> int:
        """The port, also where any was asked for (0)."""
        return int(self._server.server_port)

    def record(self, record: DispatchRecord) -> None:
        """Count it."""
        self._metrics.record(record)

    def close(self) -> None:
        """Nobody is served any more."""
        self._server.shutdown()
        self._server.server_close()


def open_metrics(place: str, make: Callable[[], RunMetrics]) -> Observer:
    """What --metrics asks for: PORT (on this machine alone), HOST:PORT, or a file. Raises UsageError."""
    host, _, port = place.rpartition(":")
    if port.isdecimal() and "/" not in host:
        return MetricsPort(host.strip("[]") or "127.0.0.1", int(port), make())
    return MetricsFile(Path(place), make())
