"""Which headers an archive keeps: those that a browser acts upon, and those that name walls. A list of what is let
through, for nobody knows all headers that carry a secret; pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from gridrunner.archive.traffic import HeaderList

REQUEST_HEADERS: Final = frozenset(
    {"accept", "accept-language", "content-type", "origin", "range", "upgrade-insecure-requests", "x-requested-with"}
    | {"access-control-request-method", "access-control-request-headers", "user-agent"}
)
"""No referer: it repeats an address of the visit. No `sec-…`: the browser makes them again."""

RESPONSE_HEADERS: Final = frozenset(
    # what becomes of a document and what it may do: HTML, Fetch and CSP, "HTTP header layer" of each (2026-11)
    {"content-type", "content-disposition", "content-language", "content-range", "accept-ranges", "location", "refresh"}
    | {"content-security-policy", "content-security-policy-report-only", "x-frame-options", "x-content-type-options"}
    | {"cross-origin-embedder-policy", "cross-origin-opener-policy", "cross-origin-resource-policy"}
    | {"origin-agent-cluster", "referrer-policy", "permissions-policy", "feature-policy", "document-policy"}
    | {"access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-methods"}
    | {"access-control-allow-headers", "access-control-expose-headers", "access-control-max-age"}
    | {"service-worker-allowed", "sourcemap", "timing-allow-origin", "vary", "link", "speculation-rules"}
    | {
        "last-modified",
        "cache-control",
        "expires",
        "date",
        "allow",
        "retry-after",
        "www-authenticate",
        "supports-loading-mode",
    }
    | {"non-authoritative-reason"}  # of a redirect that the browser made itself (HSTS)
    # what names a wall: browser/data/walls.toml
    | {"server", "cf-mitigated", "x-amzn-waf-action", "x-vercel-mitigated", "x-dd-b", "x-datadome", "x-iinfo"}
    | {"x-kpsdk-ct", "x-sucuri-block"}
)

WITH_ADDRESSES: Final = frozenset(
    {"location", "refresh", "link", "sourcemap", "origin", "speculation-rules"}
    | {"content-security-policy", "content-security-policy-report-only"}
)
"""Of these the addresses are scrubbed."""


def keep_request_headers(headers: Mapping[str, str]) -> HeaderList:
    """What an archive keeps of a request's headers, names in lower case."""
    return tuple((name.lower(), _flat(value)) for name, value in headers.items() if name.lower() in REQUEST_HEADERS)


def keep_response_headers(headers: Iterable[tuple[str, str]], *, text_type: str = "") -> HeaderList:
    """What an archive keeps of a response's headers; DevTools joins those of one name by line ends. `text_type`: the
    media type of a body that DevTools gave as text, which is kept as UTF-8, whatever it came as.
    """
    kept = [
        (name.lower(), part.strip())
        for name, value in headers
        if name.lower() in RESPONSE_HEADERS
        for part in value.splitlines()
        if part.strip()
    ]
    if not text_type:
        return tuple(kept)
    return (
        ("content-type", f"{text_type}; charset=utf-8"),
        *((name, value) for name, value in kept if name != "content-type"),
    )


def _flat(value: str) -> str:
    return " ".join(value.split())
