"""Features of single fields: which text field is the username, which password is a new one.

Both questions are asked inside of one group. The place of a field relative to the password says most and holds in every
language; words break ties. Invariant: a field is measured without regard to what the scorer makes of its group.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from gridrunner.detection.snapshot import CODE_TYPES, Control, Group
from gridrunner.detection.submit import find_submit
from gridrunner.detection.words import bit_of

USERNAME_CONCEPTS: Final = (
    "username",
    "email",
    "phone",
    "customer",
    "name",
    "search",
    "captcha",
    "otp",
    "tenant",
    "contact",
    "address",
    "profile",
    "birth",
    "payment",
    "newsletter",
    "confirm",
    "password",
    "login",
    "new_password",
)
PASSWORD_CONCEPTS: Final = ("new_password", "confirm", "current", "signup", "login", "captcha", "otp", "payment")
GROUP_CONCEPTS: Final = ("login", "signup", "change", "forgot", "no_account", "have_account")

PASSWORD_TYPES: Final = frozenset({"text", "tel", "number", "search"})
"""Types that sites give password fields to keep managers out or to show what is typed (research, hard case 13)."""


def find_disguised_passwords(group: Group) -> list[Control]:
    """Visible fields of another type that are passwords by name: asked only where a group has no real one."""
    if any(field.type == "password" for field in group.fields):
        return []
    texts = [field for field in group.texts if field.type in PASSWORD_TYPES]
    found = [field for field in texts if _is_called_password(field)]
    if not found and len(group.texts) == 2:
        # a PIN is the password only where the other field is a name and the button logs in; else it is a code
        submit, second = find_submit(group), group.texts[-1]
        is_pin = second in texts and (second.bits | second.ids) & bit_of("pin") and not second.ids & bit_of("otp")
        if is_pin and submit is not None and submit.bits & bit_of("login"):
            found = [second]
    return found


def _is_called_password(field: Control) -> bool:
    if "current-password" in field.autocomplete or "new-password" in field.autocomplete:
        return True
    password = bit_of("password")
    other = sum(
        bit_of(name) for name in ("forgot", "username", "email", "search", "payment", "otp", "captcha", "phone")
    )
    words = field.bits or field.near_bits
    return bool((words & password or field.ids & password) and not words & other and not field.ids & other)


def username_candidates(group: Group, passwords: list[Control]) -> list[Control]:
    """The visible fields that could take the name of a user, in document order; disabled ones if there are no
    others.
    """
    taken = {id(field) for field in passwords}
    visible = [field for field in group.fields if field.is_visible and id(field) not in taken]
    found = [field for field in visible if field.type in CODE_TYPES - {"password", "textarea"}]
    # a text area of one line is a name's where nothing else can be: pages make it one that browsers do not fill
    found = found or [field for field in visible if field.type == "textarea" and is_one_line(field)]
    # a list of users to choose from is the name of a till or a device
    found = found or [field for field in visible if field.type == "select" and field.any_bits & bit_of("username")]
    found = [field for field in found if not field.raw.get("disabled")] or found
    return [field for field in found if not is_too_short(field)] or found


LEAST_NAME: Final = 3
"""Letters that a field takes in which nobody is named: a branch, a country, a sub-account."""
LINE_HEIGHT: Final = 60.0
"""CSS pixels: a text area lower than this has one line."""


def is_too_short(field: Control) -> bool:
    """Whether a field takes fewer letters than a user name has."""
    return 0 < (field.raw.get("maxlength") or 0) <= LEAST_NAME


def is_one_line(field: Control) -> bool:
    """Whether a text area has room for a single line."""
    box = field.element.box
    return box is None or box.height < LINE_HEIGHT


def find_carried_username(group: Group, password: Control) -> Control | None:
    """The unseen field before the password of a second step that carries the name from the first (Chromium, "Password
    Form Styles": such steps should have one).
    """
    named = bit_of("username") | bit_of("email") | bit_of("phone") | bit_of("customer") | bit_of("login")
    for field in reversed(group.fields):
        if field.order < password.order and not field.is_visible and field.type in {"text", "email", "tel"}:
            return field if field.ids & named or "username" in field.autocomplete else None
    return None


@cache
def _names() -> int:
    """The concepts of what a user is named by; what else a login asks for (a last name, a branch) is beside it."""
    return sum(bit_of(name) for name in ("username", "email", "phone", "customer"))


def measure_username(field: Control, candidates: list[Control], password: Control | None) -> dict[str, float]:
    """Features of one candidate among `candidates`, with the password of the group (None: there is none)."""
    found: dict[str, float] = {}
    if password is None:
        found["place.only"] = float(len(candidates) == 1)
        found["place.first"] = float(field is candidates[0])
    else:
        before = [each for each in candidates if each.order < password.order]
        after = [each for each in candidates if each.order > password.order]
        rank = len(before) - before.index(field) if field in before else 0
        found["place.nearest"] = float(rank == 1)
        found["place.second"] = float(rank == 2)
        found["place.far"] = float(rank >= 3)
        found["place.after"] = float(field in after)
        found["place.only_after"] = float(not before and field is after[0])
        found["place.gap"] = min(abs(password.order - field.order) / 6.0, 3.0)
    names = [bool(each.any_bits & _names()) for each in candidates]
    found["names"] = float(bool(field.any_bits & _names()))
    found["other_names"] = float(any(names) and not field.any_bits & _names())
    _measure_words(field, USERNAME_CONCEPTS, found)
    for token in ("username", "email", "tel", "off", "one-time-code", "webauthn"):
        found[f"ac.{token}"] = float(token in field.autocomplete)
    for kind in ("email", "tel", "number", "search", "url"):
        found[f"type.{kind}"] = float(field.type == kind)
    found["short"] = float(0 < (field.raw.get("maxlength") or 0) <= 8)
    found["prefilled"] = float(bool(field.raw.get("has_value")))
    found["readonly"] = float(bool(field.raw.get("readonly")))
    found["covered"] = float(bool(field.raw.get("covered_by")))
    return found


def _measure_words(field: Control, concepts: tuple[str, ...], found: dict[str, float]) -> None:
    """Which concepts the field's own words name, which its id and name, and (for a field without words) what stands
    near.
    """
    own, ids, near = field.bits, field.ids, 0 if field.bits else field.near_bits
    for own_name, id_name, near_name, bit in _asked(concepts):
        found[own_name] = 1.0 if own & bit else 0.0
        found[id_name] = 1.0 if ids & bit else 0.0
        found[near_name] = 1.0 if near & bit else 0.0


@cache
def _asked(concepts: tuple[str, ...]) -> tuple[tuple[str, str, str, int], ...]:
    return tuple((f"own.{name}", f"id.{name}", f"near.{name}", bit_of(name)) for name in concepts)


def measure_password(
    field: Control, passwords: list[Control], group: Group, group_features: dict[str, float]
) -> dict[str, float]:
    """Features of one password among the visible `passwords` of its group, for the question whether it is a new one."""
    found: dict[str, float] = {}
    place = passwords.index(field)
    found["place.first"] = float(place == 0)
    found["place.last"] = float(place == len(passwords) - 1)
    found["place.only"] = float(len(passwords) == 1)
    found["place.first_of_two"] = float(len(passwords) == 2 and place == 0)
    found["place.second_of_two"] = float(len(passwords) == 2 and place == 1)
    found["place.first_of_many"] = float(len(passwords) >= 3 and place == 0)
    found["place.later_of_many"] = float(len(passwords) >= 3 and place > 0)
    found["follows_password"] = float(
        place > 0 and not any(passwords[place - 1].order < each.order < field.order for each in group.texts)
    )
    found["is_followed"] = float(
        place + 1 < len(passwords)
        and not any(field.order < each.order < passwords[place + 1].order for each in group.texts)
    )
    _measure_words(field, PASSWORD_CONCEPTS, found)
    for token in ("new-password", "one-time-code"):
        found[f"ac.{token}"] = float(token in field.autocomplete)
    # half of all pairs that are marked as the current password are a new one and its repetition
    found["ac.current-password"] = float("current-password" in field.autocomplete and len(passwords) == 1)
    submit = find_submit(group)
    for concept in GROUP_CONCEPTS:
        found[f"submit.{concept}"] = float(bool(submit and submit.bits & bit_of(concept)))
        found[f"heading.{concept}"] = group_features.get(f"heading.{concept}", 0.0)
        found[f"form.{concept}"] = group_features.get(f"form.{concept}", 0.0)
    for name in (
        "n.texts",
        "n.text4",
        "n.select",
        "n.login_pair",
        "n.password_step",
        "inside.forgot",
        "ac.username",
        "link.forgot",
        "box.remember",
        "box.terms",
        "text.name",
        "text.birth",
    ):
        found[f"group.{name}"] = group_features.get(name, 0.0)
    return found
