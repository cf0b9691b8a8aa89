"""A page by the DevTools protocol: what `browser.port.Page` asks, in the words of Chromium."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from gridrunner.browser.devtools.connection import Answer, encode_text
from gridrunner.browser.devtools.dom import list_closed_roots
from gridrunner.browser.devtools.events import WORLD, ServedFrame
from gridrunner.browser.devtools.tab import Tab
from gridrunner.browser.installed import MISSING
from gridrunner.browser.options import VIEWPORT
from gridrunner.browser.page_state import PageFrame
from gridrunner.browser.port import ClosedRoot, CommandFailed, InstalledProbe

_KEY_ENTER = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}


class DevToolsNavigation:
    """The answer of `Page.navigate`; it comes before the document."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    @property
    def is_answered(self) -> bool:
        """Whether it is there."""
        return self._answer.is_done

    @property
    def is_download(self) -> bool:
        """Whether a file comes."""
        return bool(self._answer.result.get("isDownload"))

    @property
    def error(self) -> str:
        """`errorText`. Raises CommandFailed."""
        return str(self._answer.value().get("errorText") or "")

    @property
    def brings_document(self) -> bool:
        """Whether there is a `loaderId`."""
        return "loaderId" in self._answer.result


class DevToolsPage(Tab):
    """A tab, and what a visit does in it."""

    _is_in_full = False

    @property
    def has_document(self) -> bool:
        """Whether the document that was navigated to is there, its isolated world announced unless it has none."""
        top = self._events.frames.get(self.main_frame)
        return self.state.documents > 0 and ((top is not None and top.world is not None) or self.state.is_loaded)

    def navigate(self, url: str) -> DevToolsNavigation:
        """See `Page`."""
        return DevToolsNavigation(self._send("Page.navigate", {"url": url}))

    # ------------------------------------------------------------------------------------------------------ JavaScript

    def run(
        self,
        function: str,
        *arguments: Any,
        frame: str | None = None,
        with_closed_roots: bool = False,
        deadline: float,
    ) -> Any:
        """See `Page`."""
        served = self._frame(frame or self.main_frame)
        world = self._world_of(served, deadline=deadline)
        given: list[dict[str, Any]] = [{"value": argument} for argument in arguments]
        if with_closed_roots:
            given += [
                {"objectId": self._resolve(root.node, served, deadline=deadline)}
                for root in self._closed_roots_of(served, deadline=deadline)
            ]
        params = {
            "functionDeclaration": encode_text(function),
            "executionContextId": world,
            "arguments": given,
            "awaitPromise": True,
            "returnByValue": True,
        }
        return _value_of(self._call("Runtime.callFunctionOn", params, target=served.target, deadline=deadline))

    def run_installed(
        self, probe: InstalledProbe, options: Mapping[str, Any], *, frame: str | None = None, deadline: float
    ) -> Any:
        """See `Page`."""
        value = self.run(probe.call, options, frame=frame, deadline=deadline)
        return self.run(probe.source, options, frame=frame, deadline=deadline) if value == MISSING else value

    def run_at_owner(self, function: str, frame: PageFrame, *, deadline: float) -> Any:
        """See `Page`."""
        parent = self._frame(frame.parent or "")
        owner = self._call("DOM.getFrameOwner", {"frameId": frame.id}, target=parent.target, deadline=deadline)
        element = self._resolve(owner["backendNodeId"], parent, deadline=deadline)
        params = {"functionDeclaration": encode_text(function), "objectId": element, "returnByValue": True}
        return _value_of(self._call("Runtime.callFunctionOn", params, target=parent.target, deadline=deadline))

    def find_frame(self, function: str, *, frame: str, deadline: float) -> str:
        """See `Page`."""
        served = self._frame(frame)
        params = {
            "functionDeclaration": encode_text(function),
            "executionContextId": self._world_of(served, deadline=deadline),
        }
        element = self._call("Runtime.callFunctionOn", params, target=served.target, deadline=deadline)["result"]
        if "objectId" not in element:
            raise CommandFailed("the frame is gone")
        question = {"objectId": element["objectId"]}
        node = self._call("DOM.describeNode", question, target=served.target, deadline=deadline)["node"]
        frame_id = str(node.get("frameId", ""))
        if frame_id not in self._events.frames:
            raise CommandFailed("the frame has not come yet")
        return frame_id

    def find_closed_roots(self, *, deadline: float) -> list[ClosedRoot]:
        """See `Page`."""
        return self._closed_roots_of(self._frame(self.main_frame), deadline=deadline)

    def _closed_roots_of(self, frame: ServedFrame, *, deadline: float) -> list[ClosedRoot]:
        whole = {"depth": -1, "pierce": True}
        document = self._call("DOM.getDocument", whole, target=frame.target, deadline=deadline)
        return list_closed_roots(document["root"])

    def _frame(self, frame_id: str) -> ServedFrame:
        frame = self._events.frames.get(frame_id)
        if frame is None:
            raise CommandFailed("the frame is gone")
        return frame

    def _world_of(self, frame: ServedFrame, *, deadline: float) -> int:
        """The execution context of the isolated world in a frame's present document."""
        if frame.world is None:
            params = {"frameId": frame.id, "worldName": WORLD, "grantUniveralAccess": False}
            made = self._call("Page.createIsolatedWorld", params, target=frame.target, deadline=deadline)
            frame.world = int(made["executionContextId"])
        return frame.world

    def _resolve(self, node: int | None, frame: ServedFrame, *, deadline: float) -> str:
        """A node of a frame's document as an object of its isolated world."""
        params = {"backendNodeId": node, "executionContextId": self._world_of(frame, deadline=deadline)}
        resolved = self._call("DOM.resolveNode", params, target=frame.target, deadline=deadline)
        return str(resolved["object"]["objectId"])

    # -------------------------------------------------------------------------------------- looking, the mouse and keys

    def read_resource(self, frame: PageFrame, url: str, *, deadline: float) -> str:
        """See `Page`."""
        params = {"frameId": frame.id, "url": url}
        target = self._frame(frame.id).target
        resource = self._call("Page.getResourceContent", params, target=target, deadline=deadline)
        content = str(resource["content"])
        return base64.b64decode(content).decode("utf-8", "replace") if resource.get("base64Encoded") else content

    def take_picture(self, *, kind: str, quality: int | None, deadline: float) -> bytes:
        """See `Page`."""
        params: dict[str, object] = {"format": kind, "optimizeForSpeed": True}
        if quality is not None:
            params["quality"] = quality
        return base64.b64decode(self._call("Page.captureScreenshot", params, deadline=deadline)["data"])

    def draw_in_full(self, *, deadline: float) -> None:
        """See `Page`."""
        if not self._is_in_full:
            self.resize(*VIEWPORT, deadline=deadline)

    def resize(self, width: int, height: int, *, deadline: float) -> None:
        """See `Page`."""
        self._is_in_full = True
        self._lay_out(width, height, deadline=deadline)

    def click(self, x: float, y: float, *, deadline: float) -> None:
        """See `Page`."""
        self.draw_in_full(deadline=deadline)
        for kind, count in (("mouseMoved", 0), ("mousePressed", 1), ("mouseReleased", 1)):
            params = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": count}
            self._call("Input.dispatchMouseEvent", params, deadline=deadline)

    def insert_text(self, text: str, *, deadline: float) -> None:
        """See `Page`."""
        self._call("Input.insertText", {"text": text}, deadline=deadline)

    def press_enter(self, *, deadline: float) -> None:
        """See `Page`."""
        for kind in ("keyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", {"type": kind, **_KEY_ENTER}, deadline=deadline)


def _value_of(answer: Mapping[str, Any]) -> Any:
    """The JSON value of a Runtime answer. Raises CommandFailed when the JavaScript threw."""
    details = answer.get("exceptionDetails")
    if details is not None:
        text = details.get("exception", {}).get("description") or details.get("text", "it threw")
        raise CommandFailed(f"JavaScript: {text.splitlines()[0]}")
    return answer["result"].get("value")
