"""What is a secret: by the name it stands under, or by its look; and what stands in its place. Pure.

A secret gets a stand-in of the same length and make-up, the same wherever it stands, drawn with a key that nobody keeps
(HMAC-SHA256): nothing leads back, and a page that sends its token back asks for what is in the archive. What was typed
gets one that needs no key, because a replay types it again. Words stay: a label "Passwort" is what a detector reads.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import re
from typing import Final

LEAST_SECRET: Final = 6
"""Characters of a query's value. A shorter one is a number or a flag; PINs are typed, and replaced as such."""

LEAST_ASSIGNED: Final = 8
"""Characters of a value in JSON, a script or a hidden field: shorter ones are flags and versions."""

LEAST_TYPED: Final = 4
"""Characters: typed text that is shorter is no secret, and would be found inside of other words."""

LONG_VALUE: Final = 20
"""Characters of what looks like a session id or a key (OWASP, 2026: 128 bits, 22 characters of base 64). File hashes
look so as well, and a stand-in does them no harm."""

LEAST_CHANGES: Final = 4
"""Between letters and digits in such a value: names have 1 or 2, random base 62 about 7 in 20 (counted, 2026-11-30)."""

_SURE: Final = (
    *("token", "secret", "api[_-]?key", "access[_-]?key", "private[_-]?key", "session[_-]?id", "jsessionid"),
    *("phpsessid", "authorization", "bearer", "jwt", "csrf", "xsrf", "credential", "signature", "assertion", "saml"),
    *("authenticity", "viewstate", "client[_-]?id", "code[_-]?challenge", "login[_-]?hint"),
)
"""Parts of names whose values are secret (OAuth 2.0, RFC 6749; SAML 2.0; ASP.NET; OWASP)."""

_SURE_WORDS: Final = tuple(word for part in _SURE for word in {part.replace("[_-]?", gap) for gap in ("", "_", "-")})

_END: Final = r"(?:^|[_.\-\[]|(?<=[a-z])(?=[A-Z]))(?:{})\]?$"

SURE_NAME: Final = re.compile("|".join(_SURE), re.IGNORECASE)

_LIKELY_NAME: Final = re.compile(
    _END.format("pass(?:word|wd)?|pwd|auth|session|sess|sid|sig|hmac|nonce|otp|code|state|ticket"), re.IGNORECASE
)
"""Names whose values are secret unless they are words."""

_MIXED_NAME: Final = re.compile(_END.format("key|id|uid|user(?:name)?|e?mail|login|hash"), re.IGNORECASE)
"""Names whose values are secret where they mix letters and digits."""

_DESCRIBING: Final = re.compile(
    r"(?:name|header|param(?:eter)?|field|type|ur[li]|path|endpoint|label|text|title|message|error|placeholder|hint|class)s?$",
    re.IGNORECASE,
)
"""Ends of names that speak of a token and hold none: `csrfHeaderName`."""

_ESCAPE: Final = re.compile("%[0-9A-Fa-f]{2}")
_STANDS_IN: Final = re.compile(r"[xX0\W_]+")
PLAIN_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|(?:[A-Z][A-Za-z]*-)+[A-Z][A-Za-z]*")


def names_secrets(text: str) -> bool:
    """Whether a script has a word for a secret at all; most have none, and are not looked through."""
    lowered = text.lower()
    return any(word in lowered for word in _SURE_WORDS)


def stands_in(value: str) -> bool:
    """Whether it stands for something typed already."""
    return _STANDS_IN.fullmatch(_ESCAPE.sub("", value)) is not None


def is_mixed(value: str) -> bool:
    """Whether there are letters and digits in it."""
    value = _ESCAPE.sub("", value)
    return any(char.isdigit() for char in value) and any(char.isalpha() for char in value)


def looks_drawn(value: str) -> bool:
    """Whether it looks drawn by lot: long, and changing between letters and digits again and again."""
    if len(value) < LONG_VALUE or "/" in value or "%2F" in value.upper():
        return False
    changes = sum(left.isdigit() != right.isdigit() for left, right in itertools.pairwise(value))
    return changes >= LEAST_CHANGES


def is_secret_parameter(name: str, value: str) -> bool:
    """Whether the value of a query's parameter must not be kept."""
    if stands_in(value):
        return False
    if SURE_NAME.search(name):
        return True
    if _LIKELY_NAME.search(name):
        return PLAIN_WORD.fullmatch(value) is None
    return (_MIXED_NAME.search(name) is not None and is_mixed(value)) or looks_drawn(value)


def is_secret_assignment(name: str, value: str, *, is_script: bool) -> bool:
    """Whether the value of `name: "value"` must not be kept. In scripts, whose names are code, it has to look so."""
    if len(value) < LEAST_ASSIGNED or _DESCRIBING.search(name) or stands_in(value):
        return False
    if SURE_NAME.search(name):
        return is_mixed(value) or not (is_script or PLAIN_WORD.fullmatch(value))
    return _LIKELY_NAME.search(name) is not None and is_mixed(value)


def is_secret_field(name: str, kind: str, value: str) -> bool:
    """Whether the value of an input must not be kept: somebody typed it, or a server drew it."""
    if not value or kind in _PUSHED or stands_in(value):
        return False
    if kind != "hidden":
        return True
    if len(value) >= LEAST_SECRET and SURE_NAME.search(name):
        return True
    return len(value) >= LEAST_ASSIGNED and is_mixed(value) and re.search(r"[/:?\s]", value) is None


_PUSHED: Final = frozenset({"submit", "button", "reset", "image", "checkbox", "radio", "range", "color"})
"""Types of input whose value is a label or a choice."""


def make_stand_in(secret: str, key: bytes) -> str:
    """Of the same length: letters for letters, digits for digits, the rest as it is; escapes (`%2B`) stay whole."""
    seed = hmac.new(key, secret.encode("utf-8", "replace"), hashlib.sha256).digest()
    drawn = b"".join(
        hashlib.sha256(seed + number.to_bytes(4, "big")).digest() for number in range(len(secret) // 32 + 1)
    )
    made, index = [], 0
    while index < len(secret):
        if _ESCAPE.match(secret, index):
            made.append(secret[index : index + 3])
            index += 3
            continue
        made.append(_replace(secret[index], drawn[index]))
        index += 1
    return "".join(made)


def _replace(char: str, drawn: int) -> str:
    if "0" <= char <= "9":
        return chr(ord("0") + drawn % 10)
    if "a" <= char <= "z":
        return chr(ord("a") + drawn % (6 if char <= "f" else 26))
    if "A" <= char <= "Z":
        return chr(ord("A") + drawn % (6 if char <= "F" else 26))
    return char if char.isascii() else "x"


def stand_in_for_typed(text: str) -> str:
    """What stands for something that was typed, of the same length: `xxx@xxxxxxx.xxx` for an address."""
    return re.sub(r"[^\W\d_]", lambda match: "X" if match[0].isupper() else "x", re.sub(r"\d", "0", text))
