"""Preflights (CORS): browsers keep their answers for a while, so that a recording may lack one that a replay asks for.
Pure.
"""

from __future__ import annotations

from typing import Final

from gridrunner.archive.traffic import Answer, Asked

_ASKS: Final = "access-control-request-"


def is_preflight(asked: Asked) -> bool:
    """Whether a request only asks whether another is allowed."""
    return asked.method == "OPTIONS" and any(name.lower() == f"{_ASKS}method" for name in asked.headers)


def answer_preflight(asked: Asked) -> Answer:
    """Yes, to what it asks for: the request itself is in the archive, so it was allowed."""
    headers = {name.lower(): text for name, text in asked.headers.items()}
    return Answer(
        204,
        (
            ("access-control-allow-origin", headers.get("origin", "*")),
            ("access-control-allow-methods", headers.get(f"{_ASKS}method", "*")),
            ("access-control-allow-headers", headers.get(f"{_ASKS}headers", "*")),
            ("access-control-allow-credentials", "true"),
        ),
        b"",
    )
