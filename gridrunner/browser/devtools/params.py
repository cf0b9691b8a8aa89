"""What is read of the events that come by the dozen: the rest of their parameters, headers and timings, is skipped
while decoding. An event that is not named here comes with all of its parameters.

The fields are those of the DevTools protocol (Network domain); handlers are in `gridrunner.browser.devtools.page`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

import msgspec


class _Asked(TypedDict, total=False):
    url: str


class _Request(TypedDict, total=False):
    requestId: Any
    type: Any
    frameId: Any
    loaderId: Any
    request: _Asked


class _Paused(TypedDict, total=False):
    requestId: Any
    request: _Asked


class _Finished(TypedDict, total=False):
    requestId: Any


class _Response(TypedDict, total=False):
    status: Any
    headers: dict[str, Any]


class _ResponseReceived(TypedDict, total=False):
    requestId: Any
    type: Any
    frameId: Any
    response: _Response


_ALL: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict[str, Any])

_FIELDS: Mapping[str, msgspec.json.Decoder[Any]] = {
    "Network.requestWillBeSent": msgspec.json.Decoder(_Request),
    "Network.responseReceived": msgspec.json.Decoder(_ResponseReceived),
    "Network.loadingFinished": msgspec.json.Decoder(_Finished),
    "Fetch.requestPaused": msgspec.json.Decoder(_Paused),
}


class _World(TypedDict):
    executionContextId: int


class _Object(TypedDict):
    objectId: str


class _Resolved(TypedDict):
    object: _Object


class _Root(TypedDict):
    root: dict[str, Any]


class _Described(TypedDict):
    node: dict[str, Any]


class _Owner(TypedDict):
    backendNodeId: int


class _Evaluated(TypedDict):
    result: dict[str, Any]


class _Content(TypedDict):
    content: str


class _Picture(TypedDict):
    data: str


_NEEDED: Mapping[str, Any] = {
    "Page.createIsolatedWorld": _World,
    "Page.captureScreenshot": _Picture,
    "Page.getResourceContent": _Content,
    "DOM.resolveNode": _Resolved,
    "DOM.getDocument": _Root,
    "DOM.describeNode": _Described,
    "DOM.getFrameOwner": _Owner,
    "Runtime.evaluate": _Evaluated,
    "Runtime.callFunctionOn": _Evaluated,
}
"""What the caller reads of a result without asking whether it is there. What listeners read is checked
by their connection."""


def decode_params(method: str, params: msgspec.Raw, *, is_whole: bool = False) -> dict[str, Any]:
    """The parameters of an event, or as much of them as is read unless they are wanted whole. Raises
    msgspec.DecodeError for what no browser sends.
    """
    decoder = _ALL if is_whole else _FIELDS.get(method, _ALL)
    decoded: dict[str, Any] = decoder.decode(params)
    return decoded


def decode_result(method: str, result: msgspec.Raw) -> dict[str, Any]:
    """The result of a command. Raises msgspec.DecodeError for what no browser answers."""
    decoded = _ALL.decode(result)
    needed = _NEEDED.get(method)
    if needed is not None:
        msgspec.convert(decoded, needed)
    return decoded
