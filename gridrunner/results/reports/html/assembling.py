"""Pages of one file: style, code and data put into a template. Owns how; the invariant: no byte of the data can end the
element it stands in, and only the code that we ship may run, by its hash in the page's policy.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

from gridrunner import codec

_ESCAPES = (
    (b"<", b"\\u003c"),  # </script> and <!-- end or change the element: HTML, section 4.12.1.3
    (b">", b"\\u003e"),
    (b"&", b"\\u0026"),
    ("\u2028".encode(), b"\\u2028"),  # line ends in JavaScript before ES2019
    ("\u2029".encode(), b"\\u2029"),
)


def assemble_page(
    template: str, styles: Sequence[str], scripts: Sequence[str], blocks: Mapping[bytes, Iterable[bytes]]
) -> Iterator[bytes]:
    """The page of `template`, piece by piece: assets by name, and `blocks` of embedded data in the template's order."""
    assets = files("gridrunner.results.reports.html").joinpath("assets")
    style = b"".join([assets.joinpath(name).read_bytes() for name in styles])
    code = b"".join(
        [b'(() => {\n"use strict";\n', *(assets.joinpath(name).read_bytes() for name in scripts), b"})();\n"]
    )
    all_blocks = {b"@POLICY@": [_make_policy(code).encode()], b"@STYLE@": [style], **blocks, b"@CODE@": [code]}
    rest = assets.joinpath(template).read_bytes()
    # In one pass and in the template's order: data that looks like a placeholder is never looked at again.
    for mark, block in all_blocks.items():
        before, placeholder, rest = rest.partition(mark)
        assert placeholder, f"{template} lacks {mark.decode()}"
        yield before
        yield from block
    yield rest


def embed_list(first: bytes, items: Iterable[bytes], last: bytes) -> Iterator[bytes]:
    """A list or an object of JSON, piece by piece, as `embed_json` would."""
    yield first
    comma = b""
    for item in items:
        yield comma + _escape(item)
        comma = b","
    yield last


def embed_json(value: Any) -> bytes:
    """`value` as JSON that may stand in a `script` element of type application/json, whatever it holds."""
    return _escape(codec.encode(value))


def _escape(data: bytes) -> bytes:
    for character, escape in _ESCAPES:
        data = data.replace(character, escape)
    return data


def _make_policy(code: bytes) -> str:
    digest = base64.b64encode(hashlib.sha256(code).digest()).decode()
    return (
        "default-src 'none'; img-src data: 'self' file:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
