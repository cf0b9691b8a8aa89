"""A DevTools connection without a browser: each command is answered at once, and events are told by hand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from gridrunner.browser.devtools.connection import Answer, Listener
from gridrunner.browser.port import DeadlinePassed

ANSWERS: Mapping[str, dict[str, Any]] = {
    "Target.createBrowserContext": {"browserContextId": "context"},
    "Target.createTarget": {"targetId": "top"},
    "Target.attachToTarget": {"sessionId": "tab"},
    "Page.createIsolatedWorld": {"executionContextId": 7},
    "DOM.getFrameOwner": {"backendNodeId": 5},
    "DOM.resolveNode": {"object": {"objectId": "element"}},
    "DOM.describeNode": {"node": {"frameId": "inner"}},
    "DOM.getDocument": {
        "root": {
            "children": [{"localName": "x-login", "shadowRoots": [{"shadowRootType": "closed", "backendNodeId": 3}]}]
        }
    },
    "Page.captureScreenshot": {"data": "aW1hZ2U="},
    "Page.getResourceContent": {"content": "Ym9keQ==", "base64Encoded": True},
}


class FakeConnection:
    """Answers each command at once, unless it is among `silent`: by `answers`, with an error for None, else with
    nothing in it. `on_send` is called before.
    """

    def __init__(self) -> None:
        self.answers: dict[str, dict[str, Any] | None] = dict(ANSWERS)
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.listeners: dict[str, Listener] = {}
        self.flushes = 0
        self.silent: set[str] = set()
        self.on_send: Callable[[str, dict[str, Any]], None] = lambda _method, _params: None

    def listen(
        self, target: str, listener: Listener, methods: Collection[str], *, whole: Collection[str] = frozenset()
    ) -> None:
        del methods, whole
        self.listeners[target] = listener

    def unlisten(self, target: str) -> None:
        self.listeners.pop(target, None)

    def send(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        *,
        target: str = "",
        then: Callable[[Answer], None] | None = None,
    ) -> Answer:
        del target
        self.sent.append((method, params or {}))
        self.on_send(method, params or {})
        answer, result = Answer(method), self.answers.get(method, {})
        if method in self.silent:
            return answer
        answer.is_done = True
        if result is None:
            answer.error = "refused"
        else:
            answer.result = result
        if then is not None:
            then(answer)
        return answer

    def read_until(self, is_done: Callable[[], bool], *, deadline: float) -> None:
        del deadline
        if not is_done():
            raise DeadlinePassed

    def tell(self, method: str, target: str = "tab", **params: Any) -> None:
        self.listeners[target](method, params)

    def flush(self) -> None:
        self.flushes += 1

    def methods(self) -> list[str]:
        return [method for method, _ in self.sent]
