"""Forms that look like a login or its first step and are something else, made from labelled logins: made-up negatives.

The corpus has none of the first steps of sign-ups, checkouts, quotes and codes, and no Wi-Fi or broker settings, so
that a lone address with "Continue" learnt to be a login wherever it stands. A login's own fields and button are told
here to be about another errand: heading, title, words above, button. One language is enough, because features are
concepts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from gridrunner.detection.snapshot import Control, Frame, Group
from gridrunner.detection.submit import find_submit
from gridrunner.detection.training.steps import TELLING, identifier_steps
from gridrunner.detection.words import bit_of, read_text


class Errand(Struct, frozen=True):
    """What a page is about: heading and title, words above the field, button; `label` "" keeps the field's."""

    heading: str
    above: str
    button: str
    label: str = ""
    password: str = ""


FIRST_STEPS: Final = (
    Errand("Create your account", "Already have an account? Log in", "Continue"),
    Errand("Sign up", "Already registered? Sign in", "Next"),
    Errand("Start your free trial", "Have an account? Log in", "Continue"),
    Errand("Checkout", "Guest checkout. Have an account? Sign in", "Continue as guest"),
    Errand("Checkout", "Contact details. Already have an account? Log in", "Continue"),
    Errand("Get a quote", "Already a customer? Log in", "Continue"),
    Errand("Track your order", "Order number and e-mail. Sign in to see all orders", "Continue"),
    Errand("Forgot your password?", "Enter your address. Back to login", "Continue"),
    Errand("Two-step verification", "Enter the security code that we sent", "Continue", "Verification code"),
    Errand("Security check", "Enter the code to finish signing in", "Sign in", "One-time code"),
)
"""Kinds that were reported as wrong (public trackers of password managers and autofill, 2017 to 2026), in words of our
own."""

WHOLE: Final = (
    Errand("Wi-Fi network", "Choose the network to join", "Connect", "Network name (SSID)", "Wi-Fi password"),
    Errand("Broker settings", "MQTT server", "Save", "User name", "Password"),
    Errand("Proxy server", "Connection settings", "Save", "Proxy user", "Proxy password"),
    Errand("Add user", "New user", "Save", "User name", "Password"),
)

BOTH: Final = Errand("Sign in or create an account", "", "Continue")
"""The first step of both: it is a login's."""

ERRAND_WEIGHT: Final = 0.06
"""Weight of each made-up negative: those of one login together weigh about half a labelled example."""


def other_steps(group: Group) -> Iterator[Group]:
    """First steps of something else, with the field and the button of a login."""
    step = next(identifier_steps(group), None)
    if step is not None and find_submit(step) is not None:
        for errand in FIRST_STEPS:
            yield _told(step, errand)


def step_of_both(group: Group) -> Group | None:
    """The first step in which people log in or make an account."""
    step = next(identifier_steps(group), None)
    return _told(step, BOTH) if step is not None and find_submit(step) is not None else None


def other_pairs(group: Group) -> Iterator[Group]:
    """Settings and other forms that ask for a name and a password, and log nobody in."""
    if len(group.passwords) == 1 and len(group.texts) == 1 and find_submit(group) is not None:
        for errand in WHOLE:
            yield _told(group, errand)


def _told(group: Group, errand: Errand) -> Group:
    submit = find_submit(group)
    fields = tuple(_renamed(field, errand) for field in group.fields if field.is_visible)
    page: dict[str, Any] = dict(
        group.frame.page, title=errand.heading, og_title="", address=[], url="https://example.org/"
    )
    frame: Frame = replace(group.frame, page=page, language="en")
    said = bit_of("login") | bit_of("signup") | bit_of("forgot")
    return replace(
        group,
        frame=frame,
        fields=fields,
        buttons=tuple(_spoken(each, errand.button) for each in group.buttons if each is submit),
        links_inside=tuple(each for each in group.links_inside if not (each.bits | each.ids) & said),
        links_near=(),
        heading=errand.heading,
        heading_distance=1,
        raw=dict(group.raw, above=errand.above, text="", hidden_inputs=[], aria_label="", **TELLING),
    )


def _renamed(field: Control, errand: Errand) -> Control:
    plain = tuple(token for token in field.autocomplete if token not in {"username", "current-password", "webauthn"})
    label = errand.password if field.type == "password" else errand.label
    if not label or field.type in {"checkbox", "radio"}:
        return replace(field, autocomplete=plain)
    return replace(_spoken(field, label), autocomplete=plain, near="", near_bits=0)


def _spoken(control: Control, text: str) -> Control:
    return replace(control, text=text, bits=read_text(text, "en"), ids=0, raw=dict(control.raw, text=text))
