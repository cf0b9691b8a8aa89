"""What must not leave a page with its copy: tokens and e-mail addresses, masked the same way wherever they stand; pure.

Values, queries and scripts are left out where the page is copied (`dom_probes/copy_page.js`); this is for what looks
like a secret in the rest. Invariant: the same secret gets the same mask in every text, so that an id and the label and
style that name it still belong together; masking twice changes nothing.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Mapping
from typing import Any, Final

MASKED_ADDRESS: Final = "someone@example.org"
"""Of the domain that RFC 2606 keeps for examples."""

_ADDRESS: Final = re.compile(r"[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}")
_UUID: Final = re.compile(r"\b[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b")
_RUN: Final = re.compile(r"""(?P<drawing>\sd="[^"]*")|(?<![A-Za-z0-9])[A-Za-z0-9]{16,}(?![A-Za-z0-9])""")
"""Letters and digits without a break, and what is passed over: the path of a drawing, which only looks like it."""

LONG_RUN: Final = 20
"""Letters and digits: 20 of base 62 hold 119 bits; OWASP (2026) asks 128 bits of session ids at least."""

MIXED_SHARE: Final = 0.39
"""Changes between lower case, upper case and digits per character: 0.62 in random base 62, 0.26 to 0.37 in names such
as ctl00ContentPlaceHolder1LoginForm (counted by hand, 2026-11-24)."""


def scrub_text(text: str) -> str:
    """`text` with e-mail addresses and what looks like a token masked."""
    text = _ADDRESS.sub(MASKED_ADDRESS, text)
    text = _UUID.sub(lambda match: mask_of(match[0]), text)
    return _RUN.sub(lambda match: mask_of(match[0]) if not match["drawing"] and is_token(match[0]) else match[0], text)


def is_token(run: str) -> bool:
    """Whether letters and digits without a break look drawn by lot: hexadecimal, a long number, or mixed at random."""
    digits = sum(char.isdigit() for char in run)
    if digits == len(run):
        return len(run) >= 16
    if re.fullmatch("[0-9a-f]+|[0-9A-F]+", run):
        return digits >= 3 and len(run) - digits >= 2
    if len(run) < LONG_RUN:
        return False
    changes = sum(_kind(left) != _kind(right) for left, right in itertools.pairwise(run))
    if changes >= MIXED_SHARE * len(run):
        return True
    return digits >= 4 and changes >= len(run) * 0.25 and (run.islower() or run.isupper())


def _kind(char: str) -> int:
    return 0 if char.isdigit() else 1 if char.islower() else 2


def mask_of(secret: str) -> str:
    """A word of letters that stands for `secret`; 24 of its bits are too few to tell it from others like it."""
    number = int.from_bytes(hashlib.sha256(secret.encode()).digest()[:3], "big")
    letters = ""
    for _ in range(6):
        number, digit = divmod(number, 26)
        letters += chr(ord("a") + digit)
    return f"masked{letters}"


def scrub_json(value: Any) -> Any:
    """JSON data with every text in it scrubbed; keys are ours and stay."""
    if isinstance(value, str):
        return scrub_text(value)
    if isinstance(value, Mapping):
        return {key: scrub_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [scrub_json(item) for item in value]
    return value
