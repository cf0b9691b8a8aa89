"""Buttons and links that log in through another service: Google, Apple, a company's identity provider, a passkey.

Share and follow links name the same companies, so a name alone is not enough: the words or the address must speak of
logging in. Names and words are data (`data/providers.json`). Invariant: at most one entry per provider, the first
visible.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from re import Pattern
from typing import Final

from msgspec import Struct

from gridrunner.detection.snapshot import Control, Snapshot
from gridrunner.detection.submit import looks_like_button
from gridrunner.detection.words import bit_of, normalise
from gridrunner.model import SsoProvider


class Providers(Struct, frozen=True, kw_only=True):
    """The patterns of `data/providers.json`. `mention` is in the words or the address of every control that may be a
    way in; `name` has a group per provider and is the whole of a text that names it and says nothing else; `names` and
    `alone` find a provider in a text, `alone` without a word of logging in. `joining` are the words before a name,
    `address` and `sharing` what addresses of logins and of share links have.
    """

    mention: Pattern[str]
    name: Pattern[str]
    names: Mapping[str, Pattern[str]]
    alone: Mapping[str, Pattern[str]]
    joining: Pattern[str]
    address: Pattern[str]
    sharing: Pattern[str]


@cache
def load_providers() -> Providers:
    """The providers' names and addresses as patterns, read once."""
    text = (files("gridrunner.detection") / "data" / "providers.json").read_text(encoding="utf-8")
    raw = json.loads(text)
    either = {name: "|".join(entries) for name, entries in raw["providers"].items()}
    alone = {name: "|".join(entries) for name, entries in raw["alone"].items()}
    return Providers(
        mention=re.compile("|".join((*either.values(), *alone.values()))),
        name=re.compile("|".join(f"(?P<{name}>{names})" for name, names in either.items())),
        names={name: re.compile(rf"(?<![a-z])(?:{names})(?![a-z])") for name, names in either.items()},
        alone={name: re.compile(names) for name, names in alone.items()},
        joining=re.compile(r"(?:^|\s)(?:" + "|".join(raw["with"]) + r")(?:\s|$)"),
        address=re.compile("|".join(raw["address"])),
        sharing=re.compile("|".join(raw["sharing"])),
    )


def provider_names() -> frozenset[str]:
    """Every name that a provider may be found under."""
    providers = load_providers()
    return frozenset((*providers.names, *providers.alone))


def find_providers(snapshot: Snapshot) -> tuple[SsoProvider, ...]:
    """The ways in through another service that a user can see, in document order."""
    providers: dict[str, SsoProvider] = {}
    controls = sorted((*snapshot.buttons, *snapshot.links), key=lambda control: control.order)
    alone = _named_alone(controls, snapshot)
    for control in controls:
        if not control.is_visible or len(control.text) > 80:
            continue
        name = _provider_of(control) or alone.get(id(control))
        if name and name not in providers:
            providers[name] = SsoProvider(name=name, element=control.element)
    return tuple(providers.values())


ROW: Final = 2
"""Fields, links and buttons between one provider of a row and the next: a picture's link beside the word's."""
BESIDE: Final = 20
"""The same between the fields of a form and such a row."""
IDENTITY: Final = frozenset({"google", "apple", "microsoft", "github"})
"""Providers that people log in with and do not share with or follow: one of them makes a row of names a choice of
logins."""


def _named_alone(controls: list[Control], snapshot: Snapshot) -> dict[int, str]:
    """Buttons that say a provider's name and nothing else, in a row beside a form: "or", then "Google", "Apple"."""
    pattern = load_providers().name
    row: list[tuple[Control, str]] = []
    rows = [row]
    for control in controls:
        if not control.is_visible:
            continue
        match = pattern.fullmatch(normalise(control.text).strip())
        if match is None or match.lastgroup is None:
            continue
        if row and control.order - row[-1][0].order > ROW:
            row = []
            rows.append(row)
        row.append((control, match.lastgroup))
    fields = [field.order for group in snapshot.groups for field in group.fields if field.is_visible]
    named: dict[int, str] = {}
    for row in rows:
        is_choice = bool(row) and any(name in IDENTITY for _, name in row)
        if is_choice and any(abs(order - row[0][0].order) <= BESIDE for order in fields):
            named.update({id(control): name for control, name in row if looks_like_button(control) or len(row) > 1})
    return named


def _provider_of(control: Control) -> str | None:
    known = load_providers()
    text = normalise(control.text)
    raw = control.raw
    address = str(raw.get("href") or "").lower()
    identity = f"{control.identifiers} {raw.get('class') or ''}".lower()
    spelt_out = re.sub(r"[^a-z]+", " ", f"{identity} {address}")
    if not known.mention.search(f"{text} {spelt_out}"):
        return None  # most controls of a page name no provider
    for name, pattern in known.alone.items():
        if pattern.search(text):
            return name
    speaks_of_login = bool(control.bits & (bit_of("login") | bit_of("signup") | bit_of("next"))) or bool(
        known.joining.search(text)
    )
    leads_to_login = bool(known.address.search(f"{address} {identity}")) and not known.sharing.search(address)
    for name, pattern in known.names.items():
        in_text = bool(pattern.search(text))
        in_identity = bool(pattern.search(spelt_out))
        if (in_text and (speaks_of_login or leads_to_login) and not known.sharing.search(address)) or (
            in_identity and not in_text and leads_to_login and len(text) <= 24
        ):
            return name
    return None
