"""A run as a Chrome trace (chrome://tracing, ui.perfetto.dev): one process per hub, one lane per slot. Owns
timeline.json. The invariant: visits come in plan order, so that the same record gives the same bytes, and memory does
not grow with them.

Format: "Trace Event Format", Google, 2016; `X` is a complete event, `M` metadata, times in microseconds. Events need no
order there; lanes are put in theirs by `thread_sort_index`.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from gridrunner import codec
from gridrunner.model import PHASES, Observation
from gridrunner.planning.plan import owed_sites
from gridrunner.results.journal.events import SessionChange
from gridrunner.results.journal.files import open_atomically
from gridrunner.results.record import RunRecord
from gridrunner.results.reports.protocol import Report, ReportRequest
from gridrunner.results.verdicts.cases import SiteVerdict, name_outcome
from gridrunner.text import make_line, natural_key

TIMELINE_NAME = "timeline.json"

PHASES_LIMIT = 20_000
"""Sites; of a larger run the phases inside a visit are left out: with them 100,000 sites take 120 MB (measured
2026-11-26), which no viewer opens with pleasure."""


class TimelineReport(Report):
    """Writes the trace from the sites of a run, as they come; the file is there when it is finished."""

    def __init__(self, request: ReportRequest, stack: ExitStack) -> None:
        """Raises RunFolderError when the file cannot be written."""
        self._record = request.record
        self._lanes = _Lanes()
        self._has_phases = len(owed_sites(self._record.plan)) <= PHASES_LIMIT
        self._open_file = stack.enter_context(ExitStack())
        self._file = self._open_file.enter_context(open_atomically(request.folder / TIMELINE_NAME))
        notes = {} if self._has_phases else {"phases": f"left out of runs with more than {PHASES_LIMIT} sites"}
        head = b'{"displayTimeUnit":"ms","otherData":%s,"traceEvents":[' % codec.encode(notes)
        self._separator = head + b"\n"

    def add(self, site: SiteVerdict) -> None:
        """Write the visits of the next site, in plan order."""
        for visit in site.observations:
            self._write(_list_visit(visit, self._lanes, has_phases=self._has_phases))

    def finish(self) -> None:
        """Write what belongs to no site, and the names of the lanes."""
        self._write(_list_sessions(self._record, self._lanes))
        self._write(self._lanes.describe())
        self._file.write((self._separator if self._separator != b",\n" else b"\n") + b"]}\n")
        self._open_file.close()

    def _write(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            self._file.write(self._separator + codec.encode(event))
            self._separator = b",\n"


def make_timeline(request: ReportRequest, stack: ExitStack) -> Report:
    """The run as a trace, in its folder."""
    return TimelineReport(request, stack)


class _Lanes:
    """Numbers hubs and slots in the order in which they appear."""

    def __init__(self) -> None:
        self._hubs: dict[str, int] = {}
        self._slots: dict[tuple[str, str], int] = {}

    def find(self, hub: str, slot: str) -> dict[str, int]:
        process = self._hubs.setdefault(hub, len(self._hubs) + 1)
        return {"pid": process, "tid": self._slots.setdefault((hub, slot), len(self._slots) + 1)}

    def describe(self) -> list[dict[str, Any]]:
        rows = [_name("process_name", hub or "hub", process, 0) for hub, process in self._hubs.items()]
        for place, (hub, slot) in enumerate(sorted(self._slots, key=lambda lane: (lane[0], natural_key(lane[1])))):
            process, lane = self._hubs[hub], self._slots[hub, slot]
            rows.append(_name("thread_name", slot or "slot", process, lane))
            order = {"name": "thread_sort_index", "ph": "M", "pid": process, "tid": lane, "args": {"sort_index": place}}
            rows.append(order)
        return rows


def _name(kind: str, name: str, process: int, lane: int) -> dict[str, Any]:
    return {"name": kind, "ph": "M", "pid": process, "tid": lane, "args": {"name": make_line(name, 80)}}


def _list_sessions(record: RunRecord, lanes: _Lanes) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    for session in record.sessions:
        if session.change is SessionChange.OPENED:
            start_s = max(0.0, session.at_s - session.duration_s)
            lane = lanes.find(session.hub, session.slot)
            events.append(_span("session opens", start_s, session.duration_s, lane, {"session": session.session}))
    for fault in record.faults:
        lane = lanes.find(fault.hub, fault.slot)
        events.append(_span(f"fault: {fault.fault.kind}", fault.at_s, 0.001, lane, {"message": fault.fault.message}))
    return events


def _list_visit(visit: Observation, lanes: _Lanes, *, has_phases: bool) -> list[dict[str, Any]]:
    lane = lanes.find(visit.hub, visit.slot)
    about = {"attempt": visit.attempt, "outcome": name_outcome(visit), "node": visit.node, "session": visit.session}
    events = [_span(visit.site, visit.started_s, visit.timings.total_s, lane, about)]
    at_s = visit.started_s
    for phase in PHASES if has_phases else ():
        lasted_s: float = getattr(visit.timings, f"{phase}_s")
        if lasted_s > 0:
            events.append(_span(phase, at_s, lasted_s, lane, {}))
            at_s += lasted_s
    return events


def _span(name: str, start_s: float, lasted_s: float, lane: dict[str, int], about: dict[str, Any]) -> dict[str, Any]:
    args = {key: make_line(value) if isinstance(value, str) else value for key, value in about.items()}
    span = {"name": make_line(name, 80), "ph": "X", "ts": round(start_s * 1e6), "dur": max(1, round(lasted_s * 1e6))}
    return {**span, **lane, "args": args}
