"""What is read of the events that come by the dozen: the rest of their parameters, headers and timings, is skipped
while decoding. An event that is not named here comes with all of its parameters.

The fields are those of the DevTools protocol (Network domain); handlers are in `gridrunner.browser.devtools.page`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

import msgspec


class _Request(TypedDict, total=False):
    requestId: Any
    type: Any


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
    "Network.loadingFinished": msgspec.json.Decoder(_Request),
}


def decode_params(method: str, params: msgspec.Raw) -> dict[str, Any]:
    """The parameters of an event, or as much of them as is read."""
    decoded: dict[str, Any] = _FIELDS.get(method, _ALL).decode(params)
    return decoded
