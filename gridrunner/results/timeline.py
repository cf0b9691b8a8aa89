"""A run as a Chrome trace (chrome://tracing, ui.perfetto.dev): one process a hub, one lane a slot. Owns timeline.json.
The invariant: events are sorted, so that the same record gives the same bytes.

Format: "Trace Event Format", Google, 2016; `X` is a complete event, `M` metadata, times in microseconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gridrunner import codec
from gridrunner.model import Observation
from gridrunner.results.events import SessionChange
from gridrunner.results.files import open_atomically
from gridrunner.results.record import RunRecord, name_outcome
from gridrunner.results.text import make_line

TIMELINE_NAME = "timeline.json"

_PHASES = ("context", "navigate", "ready", "steps", "probe", "detect", "evidence")


def write_timeline(record: RunRecord, path: Path) -> None:
    """Write `record` to `path` as a Chrome trace. Raises RunFolderError when it cannot be written."""
    lanes = _Lanes()
    events = _list_events(record, lanes)
    events.sort(key=lambda event: (event["ts"], event["pid"], event["tid"], -event["dur"], event["name"]))
    with open_atomically(path) as file:
        file.write(b'{"displayTimeUnit":"ms","traceEvents":[\n')
        rows = [*lanes.describe(), *events]
        for row in rows[:-1]:
            file.write(codec.encode(row) + b",\n")
        file.write(b"".join(codec.encode(row) + b"\n" for row in rows[-1:]) + b"]}\n")


class _Lanes:
    """Numbers hubs and slots in the order in which they appear."""

    def __init__(self) -> None:
        self._hubs: dict[str, int] = {}
        self._slots: dict[tuple[str, str], int] = {}

    def find(self, hub: str, slot: str) -> dict[str, int]:
        process = self._hubs.setdefault(hub, len(self._hubs) + 1)
        return {"pid": process, "tid": self._slots.setdefault((hub, slot), len(self._slots) + 1)}

    def describe(self) -> list[dict[str, Any]]:
        hubs = [_name("process_name", hub or "hub", self._hubs[hub], 0) for hub in self._hubs]
        slots = [
            _name("thread_name", slot or "slot", self._hubs[hub], lane) for (hub, slot), lane in self._slots.items()
        ]
        return [*hubs, *slots]


def _name(kind: str, name: str, process: int, lane: int) -> dict[str, Any]:
    return {"name": kind, "ph": "M", "pid": process, "tid": lane, "args": {"name": make_line(name, 80)}}


def _list_events(record: RunRecord, lanes: _Lanes) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    for tries in record.observations.values():
        for seen in tries:
            events.extend(_list_visit(seen, lanes))
    for session in record.sessions:
        if session.change is SessionChange.OPENED:
            start_s = max(0.0, session.at_s - session.duration_s)
            lane = lanes.find(session.hub, session.slot)
            events.append(_span("session opens", start_s, session.duration_s, lane, {"session": session.session}))
    for fault in record.faults:
        lane = lanes.find(fault.hub, fault.slot)
        events.append(_span(f"fault: {fault.fault.kind}", fault.at_s, 0.001, lane, {"message": fault.fault.message}))
    return events


def _list_visit(seen: Observation, lanes: _Lanes) -> list[dict[str, Any]]:
    lane = lanes.find(seen.hub, seen.slot)
    about = {"attempt": seen.attempt, "outcome": name_outcome(seen), "node": seen.node, "session": seen.session}
    events = [_span(seen.site, seen.started_s, seen.timings.total_s, lane, about)]
    at_s = seen.started_s
    for phase in _PHASES:
        lasted_s: float = getattr(seen.timings, f"{phase}_s")
        if lasted_s > 0:
            events.append(_span(phase, at_s, lasted_s, lane, {}))
            at_s += lasted_s
    return events


def _span(name: str, start_s: float, lasted_s: float, lane: dict[str, int], about: dict[str, Any]) -> dict[str, Any]:
    args = {key: make_line(value) if isinstance(value, str) else value for key, value in about.items()}
    span = {"name": make_line(name, 80), "ph": "X", "ts": round(start_s * 1e6), "dur": max(1, round(lasted_s * 1e6))}
    return {**span, **lane, "args": args}
