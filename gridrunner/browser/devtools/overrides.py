"""Who visits, in the words of the DevTools protocol: what a page, its frames and its workers are told."""

from __future__ import annotations

from typing import Any

from gridrunner.browser.identity import Visitor

FRAME = "iframe"

WORKERS = ("worker", "shared_worker", "service_worker")
"""What else asks servers by itself. Without a visitor to be they are left alone: attaching to one costs a command."""


def attach_to(*, is_paused: bool) -> dict[str, Any]:
    """Frames of other processes become targets of their own; with `is_paused` workers as well, and each waits for
    `Runtime.runIfWaitingForDebugger` before its first request.
    """
    kinds = (FRAME, *WORKERS) if is_paused else (FRAME,)
    return {
        "autoAttach": True,
        "waitForDebuggerOnStart": is_paused,
        "flatten": True,
        "filter": [{"type": kind} for kind in kinds],
    }


def pause_documents(*, everywhere: bool) -> dict[str, Any]:
    """Documents wait for a word of ours: those over plain HTTP, for where they lead, or all of them, for a proxy that
    wants a password. It is asked for once: the context remembers it for whatever else the page fetches.
    """
    return {
        "patterns": [{"urlPattern": "*" if everywhere else "http://*", "resourceType": "Document"}],
        "handleAuthRequests": everywhere,
    }


def list_overrides(visitor: Visitor, *, is_page: bool) -> list[tuple[str, dict[str, Any]]]:
    """The commands that make one target that visitor's. A process has one locale and one time zone: where several
    targets share it, the later ones are refused, and no answer is waited for.
    """
    commands: list[tuple[str, dict[str, Any]]] = []
    if visitor.user_agent:
        agent: dict[str, Any] = {"userAgent": visitor.user_agent}
        if visitor.languages:
            agent["acceptLanguage"] = ",".join(visitor.languages)
        if visitor.hints is not None:
            agent["userAgentMetadata"] = dict(visitor.hints)
        commands.append(("Emulation.setUserAgentOverride", agent))
    if visitor.locale:
        commands.append(("Emulation.setLocaleOverride", {"locale": visitor.locale}))
    if visitor.time_zone:
        commands.append(("Emulation.setTimezoneOverride", {"timezoneId": visitor.time_zone}))
    if visitor.location is not None and is_page:
        latitude, longitude = visitor.location
        place = {"latitude": latitude, "longitude": longitude, "accuracy": ACCURACY_M}
        commands.append(("Emulation.setGeolocationOverride", place))
    return commands


ACCURACY_M = 1000
"""A city, not a house: what the network alone knows of a place."""
