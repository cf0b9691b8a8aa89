"""The shape of a request's body: which fields it has, never what was typed into them; pure.

Of JSON the paths of its keys, of forms the names of their fields. What names an operation (GraphQL, RPC) is told apart
by a digest: such words are the program's, and one address takes them all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qsl

OPERATIONS: Final = frozenset({"operationname", "query", "method", "action", "operation", "op", "event", "type"})
"""Names of fields whose value says what is asked for (GraphQL over HTTP; JSON-RPC 2.0; forms of WordPress)."""

MOST_BODY: Final = 1 << 18
"""Characters that are looked at: a body that is larger uploads something."""

_MOST_KEYS: Final = 400
_DEEPEST: Final = 12


def shape_of(body: str | None, content_type: str = "") -> str:
    """A short word for the shape of a body; "" for none. The same fields give the same word."""
    if body is None:
        return ""
    parts = sorted(set(_list_parts(body[:MOST_BODY], content_type.lower())))[:_MOST_KEYS]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


def _list_parts(body: str, content_type: str) -> Iterator[str]:
    text = body.lstrip()
    if text[:1] in {"{", "["}:
        try:
            yield from _walk(json.loads(text), "")
        except (ValueError, RecursionError):
            yield "unreadable"
        return
    if "multipart/" in content_type or text.startswith("--"):
        yield from ("part " + piece.partition('"')[0] for piece in text.split(' name="')[1:])
        return
    if "urlencoded" in content_type or ("=" in text and "\n" not in text):
        for name, value in parse_qsl(text, keep_blank_values=True):
            yield f"field {name}{_operation(name, value)}"
        return
    yield "text" if text else "nothing"


def _walk(value: Any, path: str, depth: int = 0) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{path}.{name}{_operation(name, inner)}"
            yield from _walk(inner, f"{path}.{name}", depth + 1)
    elif isinstance(value, list):
        for inner in value[:20]:
            yield from _walk(inner, f"{path}[]", depth + 1)


def _operation(name: str, value: Any) -> str:
    if name.lower() not in OPERATIONS or not isinstance(value, str):
        return ""
    return " " + hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()[:12]
