from __future__ import annotations

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gridrunner.dispatch.records import FaultSeen, SessionEnded, SessionOpened, VisitBegan, VisitObserved
from gridrunner.model import Fault, FaultKind, Observation, Outcome
from gridrunner.run.tracing import RunTraces, wants_traces

START_NS = 1_000_000_000_000


def begin(at_s: float, site: str, attempt: int = 1) -> VisitBegan:
    return VisitBegan(
        at_s=at_s, site=site, attempt=attempt, slot="slot-1", hub="hub", session="s1", chunk=1, expected_s=1.0
    )


def trace() -> dict[str, ReadableSpan]:
    """The spans of a run with a session, a visit that went well, and one whose session was lost."""
    exporter = InMemorySpanExporter()
    traces = RunTraces(run="run-1", exporter=exporter, clock_ns=lambda: START_NS)
    for record in (
        SessionOpened(at_s=2.0, slot="slot-1", hub="hub", node="node-1", session="s1", took_s=1.5),
        begin(2.0, "a"),
        VisitObserved(at_s=3.0, observation=Observation(site="a", attempt=1, outcome=Outcome.OBSERVED)),
        begin(3.0, "b"),
        FaultSeen(
            at_s=4.0,
            fault=Fault(kind=FaultKind.SESSION_LOST, message="gone"),
            slot="slot-1",
            hub="hub",
            site="b",
            attempt=1,
        ),
        SessionEnded(at_s=4.5, slot="slot-1", hub="hub", session="s1", visits=2, reason="lost"),
    ):
        traces.record(record)
    traces.close()
    spans = exporter.get_finished_spans()
    return {str((span.attributes or {}).get("gridrunner.site", span.name)): span for span in spans}


def test_visits_are_in_their_session_and_that_is_in_the_run_at_the_times_of_the_records() -> None:
    spans = trace()
    assert set(spans) == {"run", "session", "a", "b"}
    run, session, visit = spans["run"], spans["session"], spans["a"]
    assert session.parent is not None
    assert visit.parent is not None
    assert session.parent.span_id == run.context.span_id
    assert visit.parent.span_id == session.context.span_id
    assert (session.start_time, session.end_time) == (START_NS + 500_000_000, START_NS + 4_500_000_000)
    assert (visit.start_time, visit.end_time) == (START_NS + 2_000_000_000, START_NS + 3_000_000_000)
    assert run.attributes == {"gridrunner.run": "run-1"}


def test_a_fault_makes_an_error_of_its_visit_and_of_no_other() -> None:
    spans = trace()
    assert (spans["a"].status.is_ok, spans["b"].status.is_ok) == (True, False)
    assert spans["b"].status.description == "session-lost"


def test_traces_are_made_where_a_collector_is_named() -> None:
    named = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
    assert [wants_traces(env) for env in (named, {}, named | {"OTEL_SDK_DISABLED": "true"})] == [True, False, False]
