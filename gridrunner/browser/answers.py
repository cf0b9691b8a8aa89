"""What a server's answer says to a visitor beside the page: when to come again, and which machine spoke; pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from gridrunner.limits import MOST_S


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds of `Retry-After` (RFC 9110, 10.2.3): a number, or a date, which is compared with the answer's own
    `Date`. None when there is none that can be read.
    """
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(float(text), MOST_S)
    try:
        until, sent = parsedate_to_datetime(text), parsedate_to_datetime(headers.get("date", ""))
        return min(max(0.0, (until - sent).total_seconds()), MOST_S)
    except (ValueError, TypeError):  # no date, or one with and one without a zone
        return None


def public_address(text: str) -> str:
    """The address that answered, if it is a public one; "" otherwise: a proxy of ours stands for no server."""
    try:
        return str(address) if (address := ipaddress.ip_address(text)).is_global else ""
    except ValueError:
        return ""
