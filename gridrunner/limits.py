"""Numbers as a file may state them: JSON holds 1e308 and a thousand digits, which no clock, calendar or array takes."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

MOST_S = 1e9
"""Seconds that anything may last, and the bound of each time in a run: 31 years."""

MOST_ATTEMPTS = 65_535
"""At one site: what 16 bits hold. Retries are a handful."""

Seconds = Annotated[float, Meta(ge=-MOST_S, le=MOST_S)]
"""A duration, or a time since a run began."""

AttemptNumber = Annotated[int, Meta(ge=0, le=MOST_ATTEMPTS)]
"""Of a visit; counts from 1."""

Count = Annotated[int, Meta(ge=-1_000_000_000, le=1_000_000_000)]
"""Of things."""

Amount = Annotated[float, Meta(ge=-1e9, le=1e9)]
"""Minutes or dollars."""
