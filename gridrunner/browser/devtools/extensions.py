"""What Chromium says of the extensions of a session: which it loaded, and what they write to their own consoles.

Extensions live beside the pages: their service workers are targets of the browser, and what their content scripts throw
comes with the page's events (`devtools.events`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from gridrunner.browser.devtools.connection import Connection
from gridrunner.browser.port import CommandFailed, DeadlinePassed, LoadedExtension

SCHEME = "chrome-extension://"

_EVENTS = frozenset({"Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"})

_SERVICE_WORKERS = {
    "autoAttach": True,
    "waitForDebuggerOnStart": False,
    "flatten": True,
    "filter": [{"type": "service_worker"}],
}


def list_extensions(connection: Connection, *, deadline: float) -> tuple[LoadedExtension, ...] | None:
    """The unpacked extensions that this browser has loaded; None where it does not tell (Chromium 156 does). Raises
    SessionLost.
    """
    try:
        answer = connection.call("Extensions.getExtensions", deadline=deadline)
    except (CommandFailed, DeadlinePassed):
        return None
    return tuple(
        LoadedExtension(name=str(entry.get("name", "")), path=str(entry.get("path", "")))
        for entry in answer.get("extensions", [])
        if entry.get("enabled", True)
    )


class ExtensionConsole:
    """Hands on what the service workers of extensions throw, or write as errors, from their start on."""

    def __init__(self, connection: Connection, note: Callable[[str], None]) -> None:
        self._connection, self._note = connection, note

    def open(self) -> None:
        """Ask for the workers that run and those that will; returns at once."""
        self._connection.send("Target.setAutoAttach", _SERVICE_WORKERS)

    def take_target(self, params: dict[str, Any]) -> None:
        """A target was attached to the browser's own session."""
        info = params.get("targetInfo", {})
        if info.get("type") != "service_worker" or not str(info.get("url", "")).startswith(SCHEME):
            return
        worker = str(params.get("sessionId", ""))
        self._connection.listen(worker, self._on_event, _EVENTS)
        for method in ("Runtime.enable", "Log.enable"):  # what it wrote before is told again
            self._connection.send(method, target=worker)

    def _on_event(self, method: str, params: dict[str, Any]) -> None:
        text = describe_error(method, params)
        if text:
            self._note(f"service worker: {text}")


def describe_error(method: str, params: dict[str, Any]) -> str:
    """An error in its author's words; "" for what is not an error."""
    match method:
        case "Runtime.exceptionThrown":
            details = params.get("exceptionDetails", {})
            return str(details.get("exception", {}).get("description") or details.get("text", ""))
        case "Runtime.consoleAPICalled" if params.get("type") in {"error", "assert"}:
            return " ".join(str(part.get("value", part.get("description", ""))) for part in params.get("args", []))
        case "Log.entryAdded" if params.get("entry", {}).get("level") == "error":
            return str(params["entry"].get("text", ""))
        case _:
            return ""


def is_of_extension(place: dict[str, Any], *, url: object = "") -> bool:
    """Whether an error came out of an extension's script, by the address of its script or of the call that wrote it."""
    frames = (place.get("stackTrace") or {}).get("callFrames") or [{}]
    return any(str(address).startswith(SCHEME) for address in (url, frames[0].get("url", "")))


def ask_until_loaded(
    connection: Connection, is_enough: Callable[[tuple[LoadedExtension, ...]], bool], *, deadline: float
) -> tuple[LoadedExtension, ...] | None:
    """As `list_extensions`, once `is_enough` of it or at the deadline: Chromium loads them while it starts."""
    while True:
        loaded = list_extensions(connection, deadline=deadline)
        if loaded is None or is_enough(loaded) or time.monotonic() + _LOOK_AGAIN_S > deadline:
            return loaded
        time.sleep(_LOOK_AGAIN_S)


_LOOK_AGAIN_S = 0.1
