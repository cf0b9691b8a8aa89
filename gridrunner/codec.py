"""The model as JSON and back: one encoder, one decoder a type, no other module calls `msgspec` for the model.

msgspec is a dependency because it validates while it decodes, names the path of what is wrong, and reads 100,000
journal lines in a fraction of a second; the dataclasses of `gridrunner.model` need nothing of it.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

DecodeError = msgspec.ValidationError
"""What `decode` and `convert` raise for JSON of the wrong shape; broken JSON raises its parent `msgspec.DecodeError`."""

BrokenJsonError = msgspec.DecodeError

_ENCODER = msgspec.json.Encoder(order="deterministic")


def encode(value: object) -> bytes:
    """`value` as one line of JSON without a newline; the same value gives the same bytes."""
    return _ENCODER.encode(value)


def decode(data: bytes | str, kind: type[T]) -> T:
    """`data` as a `kind`. Raises DecodeError for the wrong shape, BrokenJsonError for what is not JSON."""
    return msgspec.json.decode(data, type=kind)


def convert(value: Any, kind: type[T]) -> T:
    """Plain JSON values (dict, list, str, …) as a `kind`. Raises DecodeError."""
    return msgspec.convert(value, type=kind)


def to_plain(value: object) -> Any:
    """The model as plain dicts, lists and strings, as JSON would hold it."""
    return msgspec.to_builtins(value)
