"""Probes of the user's own: run after the built-in ones, each by itself, and none at the cost of the visit.

What a probe returns is kept as it is. An answer of a detector is kept with what its selectors lead to, as the collector
writes it, with the elements' boxes and with the time that it took.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from gridrunner.browser.port import CommandFailed, DeadlinePassed, Page
from gridrunner.browser.selectors import Located, NotThere, locate

ROLES = ("username", "password")

ANSWER_RESERVE_S = 1.0
"""Of a visit's time so much is kept back from the user's probes: one that never answers is an error of its own, and the
page was observed all the same. What follows took 0.1 s (Chromium 156, 2026-11-24)."""

LEAST_ANSWER_S = 0.5
"""A probe has so long in any case: the page may have been ready only at the visit's deadline."""


class UserProbe(Struct, frozen=True, kw_only=True):
    """A probe run after the built-in ones: a JavaScript function of `options` that returns JSON, under its name."""

    name: str
    source: str
    options: Mapping[str, Any] = msgspec.field(default_factory=dict)


def run_user_probes(page: Page, probes: tuple[UserProbe, ...], *, deadline: float) -> dict[str, Any]:
    """What each probe said: `{"value": …}`, of a detector with `matches`, `boxes` and `took_s`, or `{"error": …}`.
    Raises PageGone and SessionLost; DeadlinePassed only where the page answers nothing any more.
    """
    return {probe.name: _run_probe(page, probe, deadline=deadline) for probe in probes}


def _run_probe(page: Page, probe: UserProbe, *, deadline: float) -> dict[str, Any]:
    started = time.monotonic()
    limit = max(started + LEAST_ANSWER_S, deadline - ANSWER_RESERVE_S)
    try:
        value = page.run(probe.source, dict(probe.options), deadline=limit)
    except CommandFailed as error:
        return {"error": str(error), "took_s": _since(started)}
    except DeadlinePassed:
        return {"error": f"no answer within {limit - started:.1f} s", "took_s": _since(started)}
    took_s = _since(started)
    if not isinstance(value, dict) or not isinstance(value.get("login"), bool):
        return {"value": value}
    located = _locate_answer(page, value, deadline=max(limit, time.monotonic() + LEAST_ANSWER_S))
    return {
        "value": value,
        "matches": {role: place.canonical if place is not None else None for role, place in located.items()},
        "boxes": {role: place.box for role, place in located.items() if place is not None},
        "took_s": took_s,
    }


def _locate_answer(page: Page, answer: Mapping[str, Any], *, deadline: float) -> dict[str, Located | None]:
    """The elements that the selectors of a detector lead to: None for what matches nothing."""
    located: dict[str, Located | None] = {}
    for role in ROLES:
        selector = answer.get(role)
        if isinstance(selector, str) and selector:
            try:
                located[role] = locate(page, selector, deadline=deadline)
            except (NotThere, CommandFailed, DeadlinePassed):
                located[role] = None
    return located


def _since(started: float) -> float:
    return round(time.monotonic() - started, 4)
