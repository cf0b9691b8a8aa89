"""OpenTelemetry traces of a run, where OTEL_EXPORTER_OTLP_ENDPOINT names a collector: run, sessions, visits.

Spans are made from the dispatcher's records, at the times that those name; which collector, with what headers and which
sampling are the standard's own variables. A collector that fails costs the run nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from gridrunner.dispatch.records import (
    DispatchRecord,
    FaultSeen,
    SessionEnded,
    SessionOpened,
    VisitBegan,
    VisitObserved,
)

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""OpenTelemetry, "OTLP Exporter Configuration"."""

FLUSH_MS = 3_000
"""At the end: what the collector has not taken by then is dropped."""


def wants_traces(env: Mapping[str, str]) -> bool:
    """Whether somebody named a collector."""
    return any(env.get(name) for name in ENDPOINTS) and env.get("OTEL_SDK_DISABLED", "").lower() != "true"


class RunTraces:
    """The spans of one run. Sites are named by their ids; no URL is in a span."""

    def __init__(self, *, run: str, exporter: Any = None, clock_ns: Callable[[], int] = time.time_ns) -> None:
        """`exporter` None: the one of the environment. Raises ImportError where OpenTelemetry is not installed."""
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        if exporter is None:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

            exporter = OTLPSpanExporter()
        self._provider = TracerProvider(resource=Resource.create({"service.name": "gridrunner"}))
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("gridrunner")
        self._started_ns, self._clock_ns = clock_ns(), clock_ns
        self._run: Any = self._start("run", 0.0, None, {"gridrunner.run": run})
        self._sessions: dict[str, Any] = {}
        self._visits: dict[tuple[str, int], Any] = {}

    def record(self, record: DispatchRecord) -> None:
        """Begin or end a span."""
        match record:
            case SessionOpened():
                places = {"gridrunner.slot": record.slot, "gridrunner.hub": record.hub, "gridrunner.node": record.node}
                span = self._start("session", record.at_s - record.took_s, self._run, places)
                span.add_event("opened", timestamp=self._ns(record.at_s))
                self._sessions[record.session] = span
            case SessionEnded():
                span = self._sessions.pop(record.session, None)
                if span is not None:
                    span.set_attributes({"gridrunner.visits": record.visits, "gridrunner.reason": record.reason})
                    span.end(self._ns(record.at_s))
            case VisitBegan():
                names: dict[str, Any] = {"gridrunner.site": record.site, "gridrunner.attempt": record.attempt}
                parent = self._sessions.get(record.session, self._run)
                self._visits[record.site, record.attempt] = self._start("visit", record.at_s, parent, names)
            case VisitObserved():
                seen = record.observation
                outcome = seen.outcome.value if seen.outcome is not None else ""
                self._end_visit((seen.site, seen.attempt), record.at_s, {"gridrunner.outcome": outcome})
            case FaultSeen() if record.site is not None and record.attempt is not None:
                self._end_visit((record.site, record.attempt), record.at_s, {}, fault=record.fault.kind.value)
            case FaultSeen():
                self._run.add_event(
                    "fault",
                    {"gridrunner.hub": record.hub, "gridrunner.fault": record.fault.kind.value},
                    timestamp=self._ns(record.at_s),
                )
            case _:
                pass

    def close(self) -> None:
        """End what is open, and hand everything over."""
        for span in [*self._visits.values(), *self._sessions.values(), self._run]:
            span.end(self._clock_ns())
        self._provider.force_flush(FLUSH_MS)
        self._provider.shutdown()

    def _start(self, name: str, at_s: float, parent: Any, attributes: Mapping[str, Any]) -> Any:
        from opentelemetry.trace import set_span_in_context  # noqa: PLC0415 - an extra

        context = set_span_in_context(parent) if parent is not None else None
        return self._tracer.start_span(name, context=context, start_time=self._ns(at_s), attributes=dict(attributes))

    def _end_visit(self, key: tuple[str, int], at_s: float, attributes: Mapping[str, str], *, fault: str = "") -> None:
        from opentelemetry.trace import StatusCode  # noqa: PLC0415 - an extra

        span = self._visits.pop(key, None)
        if span is None:
            return
        span.set_attributes(dict(attributes))
        if fault:
            span.set_status(StatusCode.ERROR, fault)
        span.end(self._ns(at_s))

    def _ns(self, at_s: float) -> int:
        return self._started_ns + int(at_s * 1e9)
