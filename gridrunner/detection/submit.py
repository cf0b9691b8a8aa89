"""Which button sends a group of fields. Points are small whole numbers; the one with the most is it.

A real submit button after the last field is it on most pages; words decide among several; what opens another way in is
never it. Points were set by hand and checked on the development corpus: the first choice is right on 93 of 100 labelled
logins (2026-11-24).
"""

from __future__ import annotations

from functools import cache
from typing import Final

from gridrunner.detection.snapshot import CODE_TYPES, Control, Group
from gridrunner.detection.words import bit_of

_TYPE_POINTS: Final = {"submit": 4.0, "image": 3.5, "button": 2.0, "": 1.0, "a": 0.0, "reset": -9.0}

_CONCEPT_POINTS: Final = {
    "login": 3.0, "signup": 1.0, "next": 1.5, "submit": 1.0, "change": 1.0, "sso": -4.0, "forgot": -3.0,
    "have_account": -4.0, "no_account": -4.0, "show": -5.0, "guest": -4.0, "search": -1.0, "captcha": -1.5,
}  # fmt: skip


@cache
def _points_of_bits() -> tuple[tuple[int, float], ...]:
    return tuple((bit_of(concept), points) for concept, points in _CONCEPT_POINTS.items())


def find_submit(group: Group) -> Control | None:
    """The button that sends the group, or None. Links count only where they look like buttons."""
    anchor = next((field for field in group.fields if field.is_visible and field.type == "password"), None)
    if anchor is None:
        anchor = next((field for field in group.fields if field.is_visible and field.type in CODE_TYPES), None)
    buttons = [button for button in group.buttons if button.is_visible]
    makes_account, asks_password = _makes_account(group), anchor is not None and anchor.type == "password"
    buttons += [link for link in group.links_inside if link.is_visible and looks_like_button(link)]
    best, best_points = None, 0.0
    for button in buttons:
        points = _points(button, anchor) - SWITCH_COST * (makes_account and _only_logs_in(button))
        points -= SWITCH_COST * bool(asks_password and button.bits & bit_of("forgot"))
        if points > best_points:
            best, best_points = button, points
    return best


SWITCH_COST: Final = 6.0
"""Points that a button for logging in loses among fields that make an account, where it leads to the other form, and
one for forgotten passwords among those that ask for one."""


def _makes_account(group: Group) -> bool:
    """Whether the fields of a group make an account or a password, whatever its buttons say."""
    passwords = [field for field in group.fields if field.is_visible and field.type == "password"]
    if any("current-password" in field.autocomplete for field in passwords):
        return False
    new = bit_of("new_password") | bit_of("confirm")
    repeats = len(passwords) == 2 and any((field.bits | field.ids) & bit_of("confirm") for field in passwords)
    stated = len(passwords) > 1 and any("new-password" in field.autocomplete for field in passwords)
    return repeats or stated or (len(passwords) == 2 and all((field.bits | field.ids) & new for field in passwords))


def _only_logs_in(button: Control) -> bool:
    return bool(button.bits & bit_of("login")) and not button.bits & bit_of("signup")


def _points(button: Control, anchor: Control | None) -> float:
    points = _TYPE_POINTS.get(button.type, 1.0)
    bits = button.bits | button.ids
    if bits:
        points = sum((value for bit, value in _points_of_bits() if bits & bit), points)
    if anchor is not None:
        points += 2.0 - min((button.order - anchor.order) / 12.0, 1.5) if button.order > anchor.order else -1.5
    if not button.text and not button.identifiers.strip() and button.type not in {"submit", "image"}:
        points -= 3.0
    return points


def looks_like_button(link: Control) -> bool:
    """Whether a link is made to be pressed: by its class or id, or because it leads nowhere."""
    words = f"{link.raw.get('class') or ''} {link.raw.get('id') or ''}".lower()
    return any(part in words for part in ("btn", "button", "submit", "login")) or str(
        link.raw.get("href") or ""
    ).lower().startswith(("javascript:", "#"))
