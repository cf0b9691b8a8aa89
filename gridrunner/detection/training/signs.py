"""Which way a piece of evidence may count: the signs of weights, reviewed like code.

A few pages decide about features that are rare, and pages are labelled by people and by scripts: without a sign, "login
password" as a label spoke for a new password, and a one-time code for a user name. A sign is given only where a careful
reader would be surprised by the other one; everything else is free. Measured on the development half (2026-11-30): the
same pages right, and weights that say what they mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatch
from typing import Final

FOR, AGAINST, FREE = 1, -1, 0

_OTHER_PURPOSES: Final = (
    "newsletter",
    "search",
    "payment",
    "contact",
    "change",
    "new_password",
    "confirm",
    "otp",
    "guest",
    "order",
    "network",
)
_PERSON: Final = ("name", "address", "birth", "contact", "profile", "payment", "search")

_LOGIN: Final[Mapping[str, int]] = {
    "link.login": FREE,
    "context.*": FREE,
    "context.login": FOR,
    "context.signup": AGAINST,
    "context.newsletter": AGAINST,
    "context.forgot": AGAINST,
    "context.payment": AGAINST,
    "context.contact": AGAINST,
    "link.signup": FOR,
    "link.forgot": FOR,
    "inside.forgot": FOR,
    "*.no_account": FOR,
    "*.have_account": AGAINST,
    "link.terms": AGAINST,
    "inside.terms": AGAINST,
    "box.terms": AGAINST,
    "box.newsletter": AGAINST,
    "*.remember": FOR,
    "text.otp": AGAINST,
    "text.captcha": FREE,
    "text.tenant": FREE,
    "text.username": FOR,
    "text.phone": FOR,
    "text.customer": FOR,
    **{f"text.{name}": AGAINST for name in _PERSON},
    "*.login": FOR,
    "*.signup": AGAINST,
    "*.forgot": AGAINST,
    **{f"*.{name}": AGAINST for name in _OTHER_PURPOSES},
    "ac.username": FOR,
    "ac.current-password": FOR,
    "ac.webauthn": FOR,
    "ac.new-password": AGAINST,
    "ac.one-time-code": AGAINST,
    "ac.address": AGAINST,
    "n.login_pair": FOR,
    "n.identifier_step": FOR,
    "n.password_step": FOR,
    "n.new_pair": AGAINST,
    "n.signup_words": AGAINST,
    "n.other_purpose": AGAINST,
    "n.step_elsewhere": AGAINST,
    "n.step_have_account": AGAINST,
    "n.pw_behind": FOR,
    "n.pw3": AGAINST,
    "n.search_type": AGAINST,
    "n.text4": AGAINST,
    "n.textarea": AGAINST,
}
_USERNAME: Final[Mapping[str, int]] = {
    **{
        f"{source}.{name}": FOR
        for source in ("own", "id", "near")
        for name in ("username", "email", "phone", "customer", "login")
    },
    **{
        f"{source}.{name}": AGAINST
        for source in ("own", "id", "near")
        for name in (
            "search",
            "captcha",
            "otp",
            "contact",
            "address",
            "birth",
            "payment",
            "newsletter",
            "password",
            "new_password",
            "confirm",
            "profile",
            "tenant",
        )
    },
    "ac.username": FOR,
    "ac.email": FOR,
    "ac.webauthn": FOR,
    "ac.one-time-code": AGAINST,
    "type.search": AGAINST,
    "type.email": FOR,
    "short": AGAINST,
    "prefilled": AGAINST,
    "covered": AGAINST,
    "names": FOR,
    "other_names": AGAINST,
    "place.nearest": FOR,
    "place.far": AGAINST,
    "place.gap": AGAINST,
}
_NEW_PASSWORD: Final[Mapping[str, int]] = {
    **{
        f"{source}.{name}": FOR
        for source in ("own", "id", "near")
        for name in ("new_password", "confirm", "signup", "captcha", "otp", "payment")
    },
    **{f"{source}.{name}": AGAINST for source in ("own", "id", "near") for name in ("login", "current")},
    "ac.new-password": FOR,
    "ac.current-password": AGAINST,
    "ac.one-time-code": FOR,
    "follows_password": FOR,
    "submit.login": AGAINST,
    "heading.login": AGAINST,
    "form.login": AGAINST,
    "submit.signup": FOR,
    "heading.signup": FOR,
    "form.signup": FOR,
    "submit.change": FOR,
    "heading.change": FOR,
    "form.change": FOR,
    "*.have_account": FOR,
    "*.no_account": AGAINST,
    "group.inside.forgot": AGAINST,
    "group.link.forgot": AGAINST,
    "group.box.remember": AGAINST,
    "group.box.terms": FOR,
    "group.text.name": FOR,
    "group.text.birth": FOR,
    "group.n.login_pair": AGAINST,
    "group.n.password_step": AGAINST,
    "group.ac.username": AGAINST,
}

SIGNS: Final[Mapping[str, Mapping[str, int]]] = {
    "login": _LOGIN,
    "step": _LOGIN,
    "username": _USERNAME,
    "password_new": _NEW_PASSWORD,
}
"""By scorer: feature, or pattern with `*`, and its sign. Whole names go before patterns, patterns in their order."""


def sign_of(scorer: str, feature: str) -> int:
    """The sign that the weight of a feature may have: FOR, AGAINST, or FREE."""
    table = SIGNS.get(scorer, {})
    if feature in table:
        return table[feature]
    return next((sign for pattern, sign in table.items() if "*" in pattern and fnmatch(feature, pattern)), FREE)
