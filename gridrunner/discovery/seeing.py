"""What a visit saw, in the words of a search: an observation with its facts in, `Seen` or `Looked` out; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from gridrunner.detection import find_login_link, find_wall_button
from gridrunner.discovery.places import read_sitemap
from gridrunner.discovery.ways import find_account_words, find_stores, read_ways
from gridrunner.discovery.words import Login, Looked, Place, Seen
from gridrunner.model import Detection, Facts, FormKind, Observation, Outcome
from gridrunner.text import make_line

WAYS_PROBE: Final = "gridrunner-ways"
LOOK_UP_PROBE: Final = "gridrunner-look-up"

_PASSING: Final = re.compile(r"[0-9]{4,}|[0-9a-f]{8,}|:r[0-9a-z]+:|nth-of-type.*nth-of-type.*nth-of-type")
"""In a selector: numbers that frameworks count up, hashes, React's ids, or three places counted among their like."""


def read_visit(observation: Observation, facts: Facts | None) -> Seen:
    """What the visit of a candidate saw."""
    assert observation.outcome is not None, "a fault is no answer of the site's"
    raw = _value_of(observation, WAYS_PROBE)
    url = str(raw.get("url") or observation.url)
    detection = observation.detection
    opener = detection.opened_by if detection is not None else ""
    link = find_login_link(facts) if facts is not None and not opener else None
    return Seen(
        outcome=observation.outcome,
        detail=make_line(observation.detail, 160),
        url=url,
        language=str(raw.get("language") or ""),
        login=_read_login(detection) if detection is not None and observation.outcome is Outcome.OBSERVED else None,
        ways=read_ways(raw, url),
        tabs=tuple(event.text for event in observation.events if event.kind == "popup" and "://" in event.text),
        opener=opener,
        follows=opener or (link.selector if link is not None else ""),
        stores=find_stores(raw),
        says_account=find_account_words(raw),
        has_cookie_wall=facts is not None and find_wall_button(facts) is not None,
    )


def read_look_up(observation: Observation, home: str) -> Looked:
    """What a look-up brought; nothing but the one request where the address did not open at all."""
    raw = _value_of(observation, LOOK_UP_PROBE)
    texts = [str(text.get("text") or "") for text in raw.get("texts") or () if isinstance(text, Mapping)]
    places = [place for place in raw.get("places") or () if isinstance(place, Mapping)]
    return Looked(
        requests=1 + int(raw.get("requests") or 0),
        robots=str(raw.get("text") or "") if observation.outcome is Outcome.OBSERVED else "",
        places=tuple(
            Place(
                path=str(place.get("path") or ""),
                status=place.get("status"),
                address=str(place.get("address") or ""),
                elsewhere=bool(place.get("elsewhere")),
            )
            for place in places
        ),
        sitemap=read_sitemap(texts, home),
    )


def is_lasting_selector(selector: str) -> bool:
    """Whether a selector probably leads to the same element tomorrow."""
    return _PASSING.search(selector) is None


def _value_of(observation: Observation, probe: str) -> Mapping[str, Any]:
    value = observation.probes.get(probe, {}).get("value")
    return value if isinstance(value, Mapping) else {}


def _read_login(detection: Detection) -> Login:
    form = detection.login if detection.login_present else None
    fields = form.named_fields if form is not None else {}
    # a form that is in the page and not shown is the first of the forms, and the verdict on the page is "unknown"
    put_away = detection.login if detection.login_present is None else None
    return Login(
        present=detection.found_login,
        confidence=detection.confidence,
        fields={name: element.selector for name, element in fields.items() if is_lasting_selector(element.selector)},
        sso=tuple(provider.name for provider in detection.sso),
        asks=", ".join(_describe(name, element.label) for name, element in fields.items() if name != "submit"),
        is_aside=detection.login_is_aside or any(form.kind is FormKind.SIGNUP for form in detection.forms[:1]),
        is_put_away=put_away is not None,
    )


def _describe(name: str, label: str) -> str:
    shown = make_line(label, 40)
    return f"{name} ({shown})" if shown else name
