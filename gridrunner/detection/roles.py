"""Roles of the fields that no trained score is needed for: e-mail, phone, one-time code, remember-me, show-password.

Strong evidence only (autocomplete, type, own words); everything else stays OTHER and is left out. Scores are fixed by
hand, not measured: 0.95 for what markup states, 0.8 for what words say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gridrunner.detection.snapshot import TEXT_TYPES, Control, Group, is_of_card
from gridrunner.detection.words import bit_of
from gridrunner.model import Field, Role

STATED: Final = 0.95
SAID: Final = 0.8


def other_fields(group: Group, passwords: list[Control]) -> Iterator[Field]:
    """The fields and buttons of a group that have one of these roles, in document order."""
    named = {id(field) for field in passwords}
    for control in (*group.fields, *group.buttons):
        if not control.is_visible or id(control) in named:
            continue
        found = _role_of(control)
        if found is not None:
            yield Field(role=found[0], score=found[1], element=control.element)


def _role_of(control: Control) -> tuple[Role, float] | None:
    tokens = control.autocomplete
    says = control.bits | control.ids | (control.near_bits if not control.bits else 0)
    if control.type == "checkbox":
        if says & bit_of("remember"):
            return Role.REMEMBER_ME, SAID
        return (Role.SHOW_PASSWORD, SAID) if says & bit_of("show") and says & bit_of("password") else None
    if control.type in {"button", "submit", ""}:
        is_show = control.bits & bit_of("show") and (control.bits | control.ids) & bit_of("password")
        return (Role.SHOW_PASSWORD, SAID) if is_show or control.ids & bit_of("show") else None
    if control.type not in TEXT_TYPES or is_of_card(control):
        return None
    if "one-time-code" in tokens:
        return Role.OTP, STATED
    if control.type == "email" or "email" in tokens:
        return Role.EMAIL, STATED
    if control.type == "tel" or any(token.startswith("tel") for token in tokens):
        return Role.PHONE, STATED
    for concept, role in (("otp", Role.OTP), ("email", Role.EMAIL), ("phone", Role.PHONE)):
        if says & bit_of(concept):
            return role, SAID
    return None
