"""Features in words, for people who ask why. Invariant: every feature name has a phrase, known or made of its parts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_SOURCES: Final = {
    "submit": "the main button speaks of {}",
    "form": "id, class or action of the form speak of {}",
    "context": "ids or classes around the form speak of {}",
    "heading": "the heading above speaks of {}",
    "above": "the words above speak of {}",
    "link": "a link inside or below speaks of {}",
    "text": "a visible text field asks for {}",
    "pw": "a password field speaks of {}",
    "box": "a checkbox speaks of {}",
    "hidden": "a hidden input speaks of {}",
    "inside": "the words inside speak of {}",
    "page": "title or address of the page speak of {}",
    "ac": 'autocomplete says "{}"',
    "own": "its label speaks of {}",
    "id": "its id or name speak of {}",
    "near": "the words beside it speak of {}",
}
_CONCEPTS: Final = {
    "login": "logging in", "signup": "signing up", "logout": "logging out", "forgot": "a forgotten password",
    "change": "changing a password", "password": "a password", "new_password": "a new password",
    "confirm": "confirming", "current": "a current password", "username": "a user name", "email": "an e-mail address",
    "phone": "a phone number", "customer": "a customer number", "remember": "staying logged in", "search": "searching",
    "newsletter": "a newsletter", "otp": "a one-time code", "payment": "paying", "contact": "a message",
    "name": "a person's name", "address": "an address", "birth": "a date of birth", "terms": "terms to agree to",
    "have_account": "having an account already", "no_account": "having no account yet", "next": "going on",
    "submit": "sending", "captcha": "a captcha", "guest": "guests", "sso": "another provider", "tenant": "a company",
    "account": "an account", "profile": "a profile", "order": "an order, a quote or a trial",
    "network": "a network or a service", "pin": "a PIN",
}  # fmt: skip
_COUNTS: Final = {
    "n.pw0": "no visible password field", "n.pw1": "one visible password field", "n.pw2": "two visible password fields",
    "n.pw3": "three or more visible password fields", "n.pw_hidden": "hidden password fields",
    "n.text0": "no visible text field", "n.text1": "one visible text field", "n.text2": "two visible text fields",
    "n.text3": "three visible text fields", "n.text4": "four or more visible text fields",
    "n.texts": "the number of text fields", "n.text_before": "text fields before the password",
    "n.text_after": "text fields after the password", "n.text_hidden": "hidden text fields",
    "n.select": "drop-down lists", "n.radio": "radio buttons", "n.checkbox": "checkboxes", "n.textarea": "a text area",
    "n.email_type": "a field of type email", "n.search_type": "a field of type search",
    "n.login_pair": "one text field followed by one password", "n.form": "a form element",
    "n.get": "the form is sent by GET", "n.post": "the form is sent by POST", "n.hidden_inputs": "hidden inputs",
    "n.visible": "visible fields", "n.step_elsewhere": "heading or button speak of something other than logging in",
    "n.step_have_account": "the words above offer a login elsewhere",
    "n.maxlength_short": "a field for at most eight characters",
    "n.submit_is_button": "a real submit button", "n.has_submit": "a button to send it", "ac.address":
    "autocomplete asks for names, addresses or cards",
}  # fmt: skip


def say(name: str) -> str:
    """A feature in words."""
    if name in _COUNTS:
        return _COUNTS[name]
    source, _, concept = name.partition(".")
    return _SOURCES.get(source, source + " {}").format(_CONCEPTS.get(concept, concept.replace("_", " ")))


def say_reasons(reasons: Iterable[tuple[str, float]]) -> tuple[str, ...]:
    """Reasons in words, each with its weight in log-odds: `+1.2 one visible password field`."""
    return tuple(f"{weight:+.1f} {say(name)}" for name, weight in reasons)
