"""What a page that shows a login and another form with a password is for, as far as the page itself says; pure.

Most such pages are for both, or for the login. Some put the login away by name (aria-hidden, class="hide"), or call
their sign-up the open one (class="active-register"), and are sign-ups with a login beside them. Invariant: without such
a statement of the page the login is what it is for.
"""

from __future__ import annotations

from collections.abc import Sequence

from gridrunner.detection.snapshot import Group
from gridrunner.detection.words import bit_of, read_identifier


def find_aside_reason(login: Group, others: Sequence[Group]) -> str:
    """Why the page says that `login` stands beside one of its `others`, the forms that are not logins; '' when it does
    not.
    """
    rivals = [other for other in others if other.passwords and other.frame is login.frame]
    if not any(not is_put_away(rival) for rival in rivals):
        return ""
    purpose, word = _open_one(login)
    if purpose == "signup":
        return f"beside another form: the page calls its sign-up the open one ({word})"
    if is_put_away(login) and purpose != "login":
        return f"beside another form: the page has put the login away ({login.raw['put_away']})"
    return ""


def is_put_away(group: Group) -> bool:
    """Whether the page says of a form that it is put away, though it can be seen."""
    return bool(group.raw.get("put_away"))


def _open_one(group: Group) -> tuple[str, str]:
    """The purpose that the nearest class name with a mode around a form names as the open one, and the name; else
    ''.
    """
    login, signup = bit_of("login"), bit_of("signup")
    for word in group.raw.get("modes") or ():
        bits = read_identifier(str(word))
        if bool(bits & login) != bool(bits & signup):
            return "login" if bits & login else "signup", str(word)
    return "", ""
