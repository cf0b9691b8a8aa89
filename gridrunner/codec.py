"""The model as JSON and back: one encoder, one decoder a type; no other module reads or writes JSON of the model.

msgspec is a dependency because it validates while it decodes, names the path of what is wrong, and reads 100,000
journal lines in a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

DecodeError = msgspec.ValidationError
"""What `decode` and `convert` raise for JSON of the wrong shape; broken JSON raises its parent."""

BrokenJsonError = msgspec.DecodeError


def _write_path(value: object) -> str:
    """Msgspec's hook for types that it does not know (`enc_hook`)."""
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _read_path(kind: type, value: object) -> object:
    """The way back (`dec_hook`); what it raises becomes a DecodeError that names the place."""
    if kind is not Path:
        raise TypeError(f"{kind.__name__} has no form in JSON")
    if not isinstance(value, str):
        message = f"Expected `str` for a path, got `{type(value).__name__}`"
        raise ValueError(message)  # noqa: TRY004 - bad data, no defect
    return Path(value)


_ENCODER = msgspec.json.Encoder(order="deterministic", enc_hook=_write_path)

_DECODERS: dict[Any, Callable[[bytes | str], Any]] = {}
"""One per type, made when it is first asked for: a line of a journal is then read in two thirds of the time (measured
2026-11-26)."""


def encode(value: object) -> bytes:
    """`value` as one line of JSON without a newline; the same value gives the same bytes. Half of a surrogate pair,
    which UTF-8 cannot hold, becomes U+FFFD: a page may have one in its title, and a file's name need not be UTF-8.
    """
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        return _ENCODER.encode(_replace_surrogates(to_plain(value)))


def decode(data: bytes | str, kind: type[T]) -> T:
    """`data` as a `kind`. Raises DecodeError for the wrong shape, BrokenJsonError for what is not JSON, is no UTF-8, or
    is nested more deeply than it can be read.
    """
    try:
        return find_decoder(kind)(data)
    except RecursionError as error:
        raise BrokenJsonError("nested too deeply") from error
    except UnicodeDecodeError as error:
        raise BrokenJsonError(f"not UTF-8: {error.reason} at byte {error.start}") from error


def find_decoder(kind: type[T]) -> Callable[[bytes | str], T]:
    """What `decode` calls for one type. Here, too deep raises RecursionError and bad UTF-8 UnicodeDecodeError."""
    decode_kind = _DECODERS.get(kind)
    if decode_kind is None:
        decode_kind = _DECODERS[kind] = msgspec.json.Decoder(kind, dec_hook=_read_path).decode
    return decode_kind


class _FormatOnly(msgspec.Struct, frozen=True, kw_only=True):
    format: int


def read_format(data: bytes | str) -> int:
    """The number under `format` of a document, the rest of which may well look different. Raises as `decode`."""
    return decode(data, _FormatOnly).format


def convert(value: Any, kind: type[T]) -> T:
    """Plain JSON values (dict, list, str, …) as a `kind`. Raises DecodeError."""
    return msgspec.convert(value, type=kind, dec_hook=_read_path)


def to_plain(value: object) -> Any:
    """The model as plain dicts, lists and strings, as JSON would hold it."""
    return msgspec.to_builtins(value, enc_hook=_write_path)


def _replace_surrogates(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        case list() | tuple():
            return [_replace_surrogates(item) for item in value]
        case dict():
            return {_replace_surrogates(key): _replace_surrogates(item) for key, item in value.items()}
        case _:
            return value
