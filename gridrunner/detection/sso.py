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
from typing import Any, Final

from gridrunner.detection.snapshot import Control, Snapshot
from gridrunner.detection.submit import looks_like_button
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


def provider_names() -> frozenset[str]:
    """Every name that a provider may be found under."""
    providers = load_providers()
    return frozenset((*providers["names"], *providers["alone"]))


def find_providers(snapshot: Snapshot) -> tuple[SsoProvider, ...]:
    """The ways in through another service that a user can see, in document order."""
    found: dict[str, SsoProvider] = {}
    controls = sorted((*snapshot.buttons, *snapshot.links), key=lambda each: each.order)
    alone = _named_alone(controls, snapshot)
    for control in controls:
        if not control.is_visible or len(control.text) > 80:
            continue
        name = _provider_of(control) or alone.get(id(control))
        if name and name not in found:
            found[name] = SsoProvider(name=name, element=control.element)
    return tuple(found.values())


ROW: Final = 2
"""Fields, links and buttons between one provider of a row and the next: a picture's link beside the word's."""
BESIDE: Final = 20
"""The same between the fields of a form and such a row."""
IDENTITY: Final = frozenset({"google", "apple", "microsoft", "github"})
"""Providers that people log in with and do not share with or follow: one of them makes a row of names a choice of
logins."""


def _named_alone(controls: list[Control], snapshot: Snapshot) -> dict[int, str]:
    """Buttons that say a provider's name and nothing else, in a row beside a form: "or", then "Google", "Apple"."""
    names = load_providers()["names"]
    row: list[tuple[Control, str]] = []
    rows = [row]
    for control in controls:
        text = normalise(control.text).strip()
        name = next((name for name, pattern in names.items() if pattern.fullmatch(text)), None)
        if not name or not control.is_visible:
            continue
        if row and control.order - row[-1][0].order > ROW:
            row = []
            rows.append(row)
        row.append((control, name))
    fields = [field.order for group in snapshot.groups for field in group.fields if field.is_visible]
    found: dict[int, str] = {}
    for row in rows:
        is_choice = bool(row) and any(name in IDENTITY for _, name in row)
        if is_choice and any(abs(order - row[0][0].order) <= BESIDE for order in fields):
            found.update({id(control): name for control, name in row if looks_like_button(control) or len(row) > 1})
    return found


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
