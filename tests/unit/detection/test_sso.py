"""Other ways in: providers by their words and addresses."""

from __future__ import annotations

from typing import Any

from gridrunner.detection import detect
from tests.support.page_facts import button, link, page, whole


def providers(*parts: dict[str, Any]) -> list[str]:
    return [each.name for each in detect(whole(page(*parts))).sso]


def test_providers_by_words_and_by_address() -> None:
    found = providers(
        button("Continue with Google", kind="button"),
        link("", "/auth/facebook", **{"class": "social-login facebook"}),
        button("Mit Apple anmelden", kind="button"),
        button("Company login (SSO)", kind="button"),
        button("Use a passkey", kind="button"),
    )
    assert found == ["google", "facebook", "apple", "saml", "passkey"]


def test_sharing_is_no_way_in() -> None:
    assert (
        providers(
            link("Facebook", "https://www.facebook.com/ourpage"), link("Google Play", "https://play.google.com/x")
        )
        == []
    )


def test_entra_is_the_italian_word_for_going_in() -> None:
    assert providers(button("Entra")) == []
