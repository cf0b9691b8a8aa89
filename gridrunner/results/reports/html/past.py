"""What history.html knows of many runs, as plain JSON. Pure. The invariant: a cell is one character, so that 5,000
sites over 60 runs are read at once; what is said of cells is kept apart, newest first, until NOTES_BYTES are spent.

The names of the keys are read by `assets/past-*.js`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from gridrunner import codec
from gridrunner.results.history.entries import RunEntry
from gridrunner.results.history.rates import LATELY, Rate, RunFigures, count_runs, list_rates
from gridrunner.results.history.standing import SiteStanding, Standing, judge_trails
from gridrunner.results.history.trails import Cell, State, Trail, make_trails
from gridrunner.text import make_line

NOTES_BYTES = 12 << 20
"""Bytes of JSON for reasons and pictures: read when the first site is opened, and not before."""

ABSENT = " "
"""The cell of a run in which a site took no part."""

FIRST_STATE = 0x30
"""The character of the first state. From here on every one may stand in JSON and in HTML but for those left out."""

LEFT_OUT = frozenset('<>&\\"\u2028\u2029')

SECONDS_LEVELS = 64 * 64
LEAST_S, MOST_S = 0.01, 1000.0
"""Two characters of base 64 for the logarithm of seconds: 0.3% from one level to the next."""

BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

RATES_LIMIT = 60
"""Rows of one table of rates: locales and tags beyond that are read in the filters."""


class PastRun(Struct, frozen=True, kw_only=True):
    """Where a run's own report is, from where the page will be: `report` and `shots` are URLs, "" where they are not to
    be had; `place` is for people.
    """

    report: str = ""
    shots: str = ""
    place: str = ""


class PastData(Struct, frozen=True, kw_only=True):
    """The JSON of a page: `rows` are encoded, and so are `notes`, by the site's place in them."""

    about: Mapping[str, Any]
    rows: Sequence[bytes]
    notes: Mapping[str, bytes]


def describe_past(runs: Sequence[RunEntry], places: Sequence[PastRun]) -> PastData:
    """What the page shows of `runs`, oldest first, whose reports are at `places`."""
    trails = make_trails(runs)
    stood = judge_trails(trails, len(runs))
    letters = _Letters()
    rows = [
        codec.encode(_describe_row(trail, standing, len(runs), letters))
        for trail, standing in zip(trails, stood, strict=True)
    ]
    figures = count_runs(trails, runs)
    about = {
        "runs": [_describe_run(run, figure, place) for run, figure, place in zip(runs, figures, places, strict=True)],
        "states": letters.states,
        "rates": _describe_rates(trails, runs),
        "lately": min(LATELY, len(runs)),
    }
    return PastData(about=about, rows=rows, notes=_describe_notes(trails, stood))


class _Letters:
    """A character for each state that occurs."""

    def __init__(self) -> None:
        self._letter_of: dict[State, str] = {}
        self._next = FIRST_STATE
        self.states: dict[str, list[Any]] = {}

    def find(self, state: State) -> str:
        letter = self._letter_of.get(state)
        if letter is None:
            while chr(self._next) in LEFT_OUT or not chr(self._next).isprintable():
                self._next += 1
            letter = self._letter_of[state] = chr(self._next)
            self._next += 1
            self.states[letter] = [_name_look(state), state.verdict, state.outcome, state.first, state.wall]
        return letter


def _name_look(state: State) -> str:
    """How a cell is drawn."""
    if state.is_walled:
        return "blocked"
    if state.is_held:
        return "held"
    return str(state.verdict)


def _describe_row(trail: Trail, stood: SiteStanding, runs: int, letters: _Letters) -> dict[str, Any]:
    cells, seconds = [ABSENT] * runs, ["AA"] * runs
    for cell in trail.cells:
        cells[cell.run] = letters.find(cell.state)
        seconds[cell.run] = encode_seconds(cell.seconds)
    newest = trail.newest
    row: dict[str, Any] = {
        "id": make_line(trail.site, 200),
        "url": make_line(newest.url),
        "verdict": stood.standing,
        "says": stood.says,
        "cells": "".join(cells),
        "seconds": "".join(seconds),
        "judged": stood.judged,
        "failed": stood.failed_first,
        "low": round(stood.low, 4),
        "high": round(stood.high, 4),
    }
    optional: dict[str, Any] = {
        "since": stood.since,
        "locale": newest.locale,
        "tags": list(newest.tags),
        "wall": trail.cells[-1].state.wall,
        "factor": round(stood.factor, 2) if stood.is_slower else None,
        "held": newest.is_quarantined,
        "why": newest.why,
    }
    return row | {key: value for key, value in optional.items() if value or (value == 0 and value is not False)}


def encode_seconds(seconds: float | None) -> str:
    """Seconds as two characters; AA for none."""
    if seconds is None:
        return "AA"
    share = math.log(min(MOST_S, max(LEAST_S, seconds)) / LEAST_S) / math.log(MOST_S / LEAST_S)
    level = 1 + round(share * (SECONDS_LEVELS - 2))
    return BASE64[level // 64] + BASE64[level % 64]


def _describe_run(run: RunEntry, figures: RunFigures, place: PastRun) -> dict[str, Any]:
    return {
        "id": make_line(run.run, 100),
        "started": make_line(run.started, 40),
        "version": make_line(run.version, 40),
        "detector": make_line(run.detector, 40),
        "wall": run.wall_s,
        "exit": run.exit_code,
        "missing": run.missing,
        "verdicts": figures.verdicts,
        "judged": figures.judged,
        "passed": figures.passed,
        "failedFirst": figures.failed_first,
        "flaky": figures.flaky,
        "walled": figures.walled,
        "median": figures.median_s,
        "p90": figures.p90_s,
        "report": place.report,
        "shots": place.shots,
        "place": make_line(place.place),
    }


def _describe_rates(trails: Sequence[Trail], runs: Sequence[RunEntry]) -> list[dict[str, Any]]:
    lately = max(0, len(runs) - LATELY)
    names: list[tuple[str, str, Callable[[Trail, Cell], Sequence[str]], int]] = [
        ("locale", "By locale", lambda trail, _: [trail.newest.locale or "none"], lately),
        ("tag", "By tag", lambda trail, _: trail.newest.tags or ("none",), lately),
        ("wall", "By the vendor of a wall", lambda _, cell: _name_wall(cell), lately),
        ("", "By version of the detector", lambda _, cell: [runs[cell.run].detector or "unknown"], 0),
        ("", "By version of gridrunner", lambda _, cell: [runs[cell.run].version or "unknown"], 0),
    ]
    return [
        {"filter": key, "title": title, "rows": [_describe_rate(rate) for rate in rates[:RATES_LIMIT]], "since": since}
        for key, title, name_cell, since in names
        if (rates := list_rates(trails, name_cell, since=since))
    ]


def _name_wall(cell: Cell) -> Sequence[str]:
    return [cell.state.wall or "unknown"] if cell.state.is_walled else []


def _describe_rate(rate: Rate) -> dict[str, Any]:
    return {
        "name": make_line(rate.name, 60),
        "sites": rate.sites,
        "visits": rate.visits,
        "judged": rate.judged,
        "passed": rate.passed,
        "failedFirst": rate.failed_first,
        "walled": rate.walled,
        "median": rate.median_s,
        "low": round(rate.low, 4),
        "high": round(rate.high, 4),
    }


_STANDINGS = tuple(Standing)


def _describe_notes(trails: Sequence[Trail], stood: Sequence[SiteStanding]) -> dict[str, bytes]:
    """What is said of cells, for the sites that stand worst first."""
    order = sorted(range(len(trails)), key=lambda place: (_STANDINGS.index(stood[place].standing), place))
    notes: dict[str, bytes] = {}
    room = NOTES_BYTES
    for place in order:
        said = trails[place].notes
        if not said:
            continue
        data = codec.encode({str(run): [note.cause, note.why, note.shot] for run, note in said.items()})
        room -= len(data)
        if room < 0:
            break
        notes[str(place)] = data
    return notes
