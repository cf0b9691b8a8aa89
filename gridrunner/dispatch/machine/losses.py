"""Whose doing a dead session is. Owns the memory of recent losses; the invariant: a crash loop ends.

One browser that dies blames the site that it was visiting. Several that die on one hub within seconds, with no visit
ending well in between, blame the hub: the sites charged for it get their charge back.
"""

from __future__ import annotations

from msgspec import Struct

OUTAGE_WINDOW_S = 5.0
"""Sessions of a dead node or hub fail within 0.1 s of their next command (docs/design/grid.md), and a visit sends one
every second or so; 5 s gathers them all."""

OUTAGE_LOSSES = 3
"""Two sites that kill browsers may well meet; three in 5 s without one good visit on the same hub are its doing."""

EASE = 0.5
"""A good visit takes back half a loss, so every second visit may lose its session before it counts as a loop."""


class Blame(Struct, frozen=True, kw_only=True):
    """Who is charged for a loss: the site, if `is_charged`; `refunds` are sites charged just before for the same."""

    is_charged: bool
    refunds: tuple[str, ...] = ()


class _Loss(Struct, frozen=True):
    at_s: float
    site: str
    is_charged: bool


class Losses:
    """The recent losses by hub, and how far the run is from a crash loop."""

    def __init__(self) -> None:
        self._recent: dict[str, list[_Loss]] = {}
        self.level = 0.0
        """Losses that good visits have not made up for."""

    def note_good_visit(self, hub: str) -> None:
        """A visit on `hub` ended without a fault: what was lost there before was not an outage."""
        self._recent.pop(hub, None)
        self.level = max(0.0, self.level - EASE)

    def note_ended_by_us(self) -> Blame:
        """We ended a session because its visit passed its bound, or we have a defect: that of one site, however many
        coincide (visits that begin together pass their bounds together).
        """
        self.level += 1.0
        return Blame(is_charged=True)

    def note_loss(self, hub: str, site: str, *, at_s: float, can_charge: bool) -> Blame:
        """A session of `hub` died under `site`; `can_charge` False: its fault says that it was the hub."""
        self.level += 1.0
        recent = [loss for loss in self._recent.get(hub, ()) if at_s - loss.at_s <= OUTAGE_WINDOW_S]
        self._recent[hub] = recent
        if len(recent) + 1 < OUTAGE_LOSSES or len({loss.site for loss in recent} | {site}) < OUTAGE_LOSSES:
            recent.append(_Loss(at_s, site, can_charge))
            return Blame(is_charged=can_charge)
        refunds = tuple(loss.site for loss in recent if loss.is_charged)
        self._recent[hub] = [_Loss(loss.at_s, loss.site, is_charged=False) for loss in recent]
        self._recent[hub].append(_Loss(at_s, site, is_charged=False))
        return Blame(is_charged=False, refunds=refunds)
