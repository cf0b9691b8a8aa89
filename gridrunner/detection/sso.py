"""Buttons and links that log in through another service: Google, Apple, a company's identity provider, a passkey.

Share and follow links name the same companies, so a name alone is not enough: the words or the address must speak of
logging in. Names and words are data (`data/providers.json`). Invariant: at most one entry a provider, the first
visible.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from gridrunner.detection.snapshot import Control, Snapshot
from gridrunner.detection.words import bit_of, normalise
from gridrunner.model import SsoProvider


@cache
def load_providers() -> dict[str, Any]:
    """The providers' names and addresses as patterns, read once."""
    text = (files("gridrunner.detection") / "data" / "providers.json").read_text(encoding="utf-8")
    raw = json.loads(text)
    every_name = "|".join(entry for entries in raw["providers"].values() for entry in entries)
    return {
        "any": re.compile("|".join((every_name, *(entry for entries in raw["alone"].values() for entry in entries)))),
        "names": {
            name: re.compile(r"(?<![a-z])(?:" + "|".join(entries) + r")(?![a-z])")
            for name, entries in raw["providers"].items()
        },
        "alone": {name: re.compile("|".join(entries)) for name, entries in raw["alone"].items()},
        "with": re.compile(r"(?:^|\s)(?:" + "|".join(raw["with"]) + r")(?:\s|$)"),
        "address": re.compile("|".join(raw["address"])),
        "sharing": re.compile("|".join(raw["sharing"])),
    }


def find_providers(snapshot: Snapshot) -> tuple[SsoProvider, ...]:
    """The ways in through another service that a user can see, in document order."""
    found: dict[str, SsoProvider] = {}
    for control in sorted((*snapshot.buttons, *snapshot.links), key=lambda each: each.order):
        if not control.is_visible or len(control.text) > 80:
            continue
        name = _provider_of(control)
        if name and name not in found:
            found[name] = SsoProvider(name=name, element=control.element)
    return tuple(found.values())


def _provider_of(control: Control) -> str | None:
    known = load_providers()
    text = normalise(control.text)
    raw = control.raw
    address = str(raw.get("href") or "").lower()
    identity = f"{control.identifiers} {raw.get('class') or ''}".lower()
    spelt_out = re.sub(r"[^a-z]+", " ", f"{identity} {address}")
    if not known["any"].search(f"{text} {spelt_out}"):
        return None  # most controls of a page name no provider
    for name, pattern in known["alone"].items():
        if pattern.search(text):
            return str(name)
    speaks_of_login = bool(control.bits & (bit_of("login") | bit_of("signup") | bit_of("next"))) or bool(
        known["with"].search(text)
    )
    leads_to_login = bool(known["address"].search(f"{address} {identity}")) and not known["sharing"].search(address)
    for name, pattern in known["names"].items():
        in_text = bool(pattern.search(text))
        in_identity = bool(pattern.search(spelt_out))
        if (in_text and (speaks_of_login or leads_to_login) and not known["sharing"].search(address)) or (
            in_identity and not in_text and leads_to_login and len(text) <= 24
        ):
            return str(name)
    return None
