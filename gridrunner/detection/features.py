"""Named features of a group of fields: what the scorer sees of it. Every feature is a number, most are 0 or 1.

Names are `<source>.<what>`: `submit.login` says that the main button speaks of logging in. Sources: `n` counts and
structure, `ac` autocomplete, `submit` main button, `form` ids, class and action, `context` ancestors, `heading`, `link`
links inside and below, `text` visible text fields, `pw` password fields, `box` checkboxes, `hidden` hidden inputs,
`inside` all words of the group, `page` title and addresses. Invariant: the same facts give the same features, in the
same order; nothing here knows a site, a weight or a language.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from gridrunner.detection.fields import find_disguised_passwords, is_too_short
from gridrunner.detection.snapshot import CODE_TYPES, Control, Group
from gridrunner.detection.submit import find_submit
from gridrunner.detection.words import bit_of, read_identifier, read_text

SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "submit": (
        "login",
        "signup",
        "forgot",
        "change",
        "search",
        "newsletter",
        "next",
        "payment",
        "contact",
        "submit",
        "guest",
        "otp",
        "order",
        "network",
    ),
    "form": ("login", "signup", "forgot", "change", "search", "newsletter", "payment", "contact", "account", "otp"),
    "context": ("login", "signup", "forgot", "newsletter", "payment", "contact"),
    "heading": (
        "login",
        "signup",
        "forgot",
        "change",
        "newsletter",
        "payment",
        "contact",
        "account",
        "new_password",
        "otp",
        "guest",
        "order",
        "network",
    ),
    "above": (
        "login",
        "signup",
        "forgot",
        "change",
        "have_account",
        "no_account",
        "new_password",
        "otp",
        "name",
        "guest",
        "order",
        "network",
        "payment",
    ),
    "link": ("forgot", "signup", "login", "have_account", "no_account", "terms"),
    "text": (
        "username",
        "email",
        "phone",
        "customer",
        "name",
        "address",
        "birth",
        "search",
        "payment",
        "otp",
        "captcha",
        "tenant",
        "contact",
        "confirm",
        "profile",
        "password",
        "order",
        "network",
    ),
    "pw": ("password", "new_password", "confirm", "current", "network"),
    "box": ("remember", "terms", "newsletter"),
    "hidden": ("login", "signup", "search", "newsletter", "payment", "forgot"),
    "inside": (
        "login",
        "signup",
        "forgot",
        "remember",
        "terms",
        "have_account",
        "no_account",
        "new_password",
        "guest",
        "order",
    ),
    "page": (
        "login",
        "signup",
        "forgot",
        "change",
        "account",
        "payment",
        "contact",
        "otp",
        "guest",
        "order",
        "network",
    ),
}
"""Which concept is asked of which source: what a reader of the page would look at. Each occurs on five sites or more of
the development corpus (2026-11-24)."""

TOKENS: Final = ("username", "email", "current-password", "new-password", "one-time-code", "webauthn")


def is_first_step(features: Mapping[str, float]) -> bool:
    """Whether a group can only be the first step of a login: it has text fields and no password, no disguised one
    either.
    """
    return bool(features["n.pw0"] and not features["n.text0"])


def measure_group(group: Group) -> dict[str, float]:
    """The features of one group, by name."""
    found: dict[str, float] = {}
    submit = find_submit(group)
    passwords = group.passwords or find_disguised_passwords(group)
    taken = {id(field) for field in passwords}
    texts = [field for field in group.texts if id(field) not in taken]
    _count(group, passwords, texts, found)
    asked = _asked()
    for source, bits in _bits_of(group, submit, passwords, texts).items():
        for name, bit in asked[source]:
            found[name] = 1.0 if bits & bit else 0.0
    tokens = {token for field in group.fields for token in field.autocomplete}
    for token in TOKENS:
        found[f"ac.{token}"] = float(token in tokens)
    found["ac.address"] = float(
        any(token.startswith(("cc-", "address", "street", "postal", "given", "family", "name")) for token in tokens)
    )
    _combine(group, passwords, texts, found)
    found["n.submit_is_button"] = float(submit is not None and submit.type in {"submit", "image"})
    found["n.has_submit"] = float(submit is not None)
    return found


@cache
def _asked() -> Mapping[str, tuple[tuple[str, int], ...]]:
    """SOURCES as names of features and the bits that they ask for."""
    return {
        source: tuple((f"{source}.{concept}", bit_of(concept)) for concept in names)
        for source, names in SOURCES.items()
    }


def _count(group: Group, passwords: list[Control], texts: list[Control], found: dict[str, float]) -> None:
    visible = [field for field in group.fields if field.is_visible]
    hidden_passwords = sum(field.type == "password" and not field.is_visible for field in group.fields)
    hidden_texts = sum(field.type in CODE_TYPES and not field.is_visible for field in group.fields) - hidden_passwords
    first_password = passwords[0].order if passwords else 1 << 30
    before = [field for field in texts if field.order < first_password]
    after = [field for field in texts if field.order > first_password]
    found["n.pw0"] = float(not passwords)
    found["n.pw1"] = float(len(passwords) == 1)
    found["n.pw2"] = float(len(passwords) == 2)
    found["n.pw3"] = float(len(passwords) >= 3)
    found["n.pw_hidden"] = float(hidden_passwords > 0)
    found["n.text0"] = float(not texts)
    found["n.text1"] = float(len(texts) == 1)
    found["n.text2"] = float(len(texts) == 2)
    found["n.text3"] = float(len(texts) == 3)
    found["n.text4"] = float(len(texts) >= 4)
    found["n.texts"] = float(min(len(texts), 12))
    found["n.text_before"] = float(min(len(before), 6)) if passwords else 0.0
    found["n.text_after"] = float(min(len(after), 6)) if passwords else 0.0
    found["n.text_hidden"] = float(min(hidden_texts, 6))
    found["n.select"] = float(min(sum(field.type == "select" for field in visible), 4))
    found["n.radio"] = float(min(sum(field.type == "radio" for field in visible), 4))
    found["n.checkbox"] = float(min(sum(field.type == "checkbox" for field in visible), 4))
    found["n.textarea"] = float(any(field.type == "textarea" for field in visible))
    found["n.email_type"] = float(any(field.type == "email" for field in texts))
    found["n.search_type"] = float(any(field.type == "search" for field in texts))
    # a code, a picture's letters, a domain or a branch beside name and password is what many logins ask for as well
    beside = bit_of("otp") | bit_of("captcha") | bit_of("tenant")
    plain = [
        field
        for field in texts
        if not field.any_bits & beside and "one-time-code" not in field.autocomplete and not is_too_short(field)
    ]
    names = plain or texts
    found["n.login_pair"] = float(len(passwords) == 1 and len(names) == 1 and names[0] in before)
    found["n.form"] = float(group.is_form)
    found["n.get"] = float(group.raw.get("method") == "get" or (group.is_form and not group.raw.get("method")))
    found["n.post"] = float(group.raw.get("method") == "post")
    found["n.hidden_inputs"] = float(min(len(group.raw.get("hidden_inputs") or ()), 10))
    found["n.visible"] = float(bool(passwords or texts))
    found["n.maxlength_short"] = float(any(0 < (field.raw.get("maxlength") or 0) <= 8 for field in texts))


def _combine(group: Group, passwords: list[Control], texts: list[Control], found: dict[str, float]) -> None:
    """What only several cues together say."""
    found["n.sso"] = float(any(button.is_visible and button.bits & bit_of("sso") for button in group.buttons))
    names_user = found["ac.username"] or any(
        found[f"text.{concept}"] for concept in ("username", "email", "phone", "customer")
    )
    is_step = not passwords and 1 <= len(texts) <= 2 and names_user
    is_other = any(found[name] for name in _NO_IDENTIFIER_STEP) or (found["text.name"] and len(texts) > 1)
    says_login = found["heading.login"] or found["form.login"] or found["above.login"] or found["page.login"]
    offers_both = (
        found["link.signup"] or found["link.no_account"] or found["inside.no_account"] or found["inside.forgot"]
    )
    goes_on = bool(found["submit.next"] and (says_login or found["n.sso"] or offers_both))
    elsewhere = sum(
        any(found[f"{source}.{what}"] for source in ("submit", "heading", "above", "page"))
        for what in ("signup", "guest", "otp", "order", "payment", "forgot")
        if f"above.{what}" in found
    )
    is_login_said = found["submit.login"] or found["heading.login"]
    found["n.step_elsewhere"] = float(bool(is_step and elsewhere and not is_login_said))
    found["n.step_have_account"] = float(bool(is_step and found["above.have_account"] and not is_login_said))
    is_behind = bool(found["n.pw_hidden"] and (says_login or found["context.login"]))  # the next step waits in the page
    is_stated = bool(found["ac.username"] or found["ac.webauthn"] or is_behind)
    found["n.identifier_step"] = float(
        bool(is_step and not is_other and (found["submit.login"] or is_stated or goes_on))
    )
    found["n.other_purpose"] = float(bool(not passwords and is_other))
    found["n.pw_behind"] = float(bool(is_step and found["n.pw_hidden"]))
    found["n.pw_alone"] = float(len(passwords) == 1 and not texts)
    makes_new = any(found[name] for name in _NO_PASSWORD_STEP)
    asks_again = found["submit.login"] or found["link.forgot"] or found["inside.forgot"] or found["submit.next"]
    found["n.password_step"] = float(bool(found["n.pw_alone"] and asks_again and not makes_new))
    found["n.part"] = float(bool(group.raw.get("is_part")))
    found["n.opens"] = float(
        bool(_OPENS.search(f"{group.raw.get('context')} {group.raw.get('class')} {group.raw.get('id')}"))
    )
    found["n.login_and_terms"] = float(bool(found["submit.login"] and (found["box.terms"] or found["link.terms"])))
    found["n.new_pair"] = float(bool(len(passwords) == 2 and found["pw.confirm"]))
    found["n.signup_words"] = float(bool(found["submit.signup"] and not found["submit.login"]))


_NO_IDENTIFIER_STEP: Final = (
    "submit.newsletter", "submit.search", "submit.signup", "submit.forgot", "form.newsletter", "form.search",
    "form.forgot", "text.search", "text.contact", "context.newsletter", "context.forgot", "heading.newsletter",
    "heading.forgot", "hidden.newsletter", "above.change", "above.new_password", "text.payment", "text.otp",
)  # fmt: skip
"""What a lone field for a name or address is for when it is not a login: any of these is enough to doubt it."""

_NO_PASSWORD_STEP: Final = (
    "pw.new_password", "pw.confirm", "submit.signup", "submit.change", "heading.signup", "heading.change",
    "ac.new-password", "form.signup", "page.change", "heading.new_password", "above.new_password", "above.change",
)  # fmt: skip
"""The same for a lone password: any of these says that it is made up here, not asked for."""

_OPENS: Final = re.compile(
    r"modal|popup|pop-up|dialog|drawer|dropdown|drop-down|overlay|lightbox|flyout|layer|collapse", re.IGNORECASE
)
"""Ids and classes of things that open on demand: whether they are open now, layout says; that they are not a main form,
these."""


def _bits_of(group: Group, submit: Control | None, passwords: list[Control], texts: list[Control]) -> dict[str, int]:
    raw, language = group.raw, group.frame.language
    page = group.frame.page
    identity = " ".join(str(raw.get(key) or "") for key in ("id", "name", "class", "action", "onsubmit"))
    identity = identity.replace("new_user", "")  # what Rails calls the form of a record: of a session and of a sign-up
    boxes = [field for field in group.fields if field.type == "checkbox"]
    above = str(raw.get("above") or "")
    purposes = (f"{each.get('name')} {each.get('value')}" for each in raw.get("hidden_inputs") or ())
    hidden = " ".join(each for each in purposes if not _GUARD.search(each))
    addresses = " ".join(str(address) for address in page.get("address") or ())
    path = str(page.get("url") or "").partition("//")[2].partition("/")[2]
    title = f"{page.get('title') or ''} | {page.get('og_title') or ''}"
    return {
        "submit": submit.bits | (submit.ids if not submit.bits else 0) if submit else 0,
        "form": read_identifier(identity, language) | read_text(str(raw.get("aria_label") or ""), language),
        "context": read_identifier(str(raw.get("context") or ""), language),
        "heading": read_text(group.heading, language) if group.heading_distance < HEADING_REACH else 0,
        "above": read_text(above[-ABOVE_LETTERS:], language),
        "link": _union(
            link.bits | link.ids | read_identifier(str(link.raw.get("href") or ""), language)
            for link in (*group.links_inside, *group.links_near)
            if link.is_visible
        ),
        "text": _union(field.any_bits for field in texts if field.type != "textarea"),
        "pw": _union(field.any_bits for field in passwords),
        "box": _union(field.bits | field.ids | field.near_bits for field in boxes),
        "hidden": read_identifier(hidden, language),
        "inside": read_text(str(raw.get("text") or ""), language),
        "page": read_text(title, language) | read_identifier(f"{addresses} {path}", language),
    }


_GUARD: Final = re.compile(r"token|csrf|xsrf|nonce|viewstate|eventvalidation", re.IGNORECASE)
"""Names of hidden inputs that guard a form against forgery, whatever it is for: "authenticity_token" is not a login."""

HEADING_REACH: Final = 20
"""Fields, buttons, links and headings between a heading and the first field below it; beyond this it is the heading of
something else. Three in five labelled logins of the development corpus have one within it, median two (2026-11-24)."""

ABOVE_LETTERS: Final = 120
"""Letters of the words above a group: a title and a sentence."""


def _union(bits: Iterable[int]) -> int:
    total = 0
    for each in bits:
        total |= each
    return total
