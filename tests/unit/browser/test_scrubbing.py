"""What a captured page's text keeps, and what not."""

from __future__ import annotations

import pytest

from gridrunner.browser.scrubbing import is_token, mask_of, scrub_json, scrub_text

SECRETS = (
    "9f86d081884c7d659a2feaa0c55ad015",  # hexadecimal
    "4929123412341234",  # a card
    "dGhpc0lzQVZlcnlTZWNyZXRUb2tlbg",  # base64 without padding
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",  # a JWT's head
    "xK92bLq0ZpW4tRv8sYf3",
    "k3j5h2l4k6j7h8g9f1d2",  # base 36
)
NO_SECRETS = (
    "ctl00ContentPlaceHolder1LoginForm",
    "Rindfleischetikettierungsueberwachung",
    "loginFormPasswordInputContainer",
    "paragraph1section2heading3",
    "anmeldename",
    "20261124",
    "ffffffffffffffff",  # no digit: a colour, a word
)


@pytest.mark.parametrize("secret", SECRETS)
def test_secret_is_masked_wherever_it_stands(secret: str) -> None:
    text = f'<input id="user-{secret}"><label for="user-{secret}">x</label><style>#user-{secret}{{}}</style>'
    clean = scrub_text(text)
    assert secret not in clean
    assert clean.count(f"user-{mask_of(secret)}") == 3
    assert scrub_text(clean) == clean


@pytest.mark.parametrize("word", NO_SECRETS)
def test_names_and_words_stay(word: str) -> None:
    assert not is_token(word)
    assert scrub_text(f"<p class={word}>{word}</p>") == f"<p class={word}>{word}</p>"


def test_uuid_and_address_are_masked() -> None:
    uuid = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
    assert scrub_text(uuid) == mask_of(uuid)
    assert scrub_text("Hello ada.l+x@mail.bank.example!") == "Hello someone@example.org!"


def test_drawing_is_no_secret() -> None:
    path = '<path d="M10v2h7v4h5v9h3v1h7v4h5v9h3v1">'
    assert scrub_text(path) == path


def test_facts_are_scrubbed_in_every_text() -> None:
    facts = {"url": "https://x/9f86d081884c7d659a2feaa0c55ad015", "fields": [{"label": "a@b.example", "order": 3}]}
    clean = scrub_json(facts)
    assert clean["fields"] == [{"label": "someone@example.org", "order": 3}]
    assert "9f86" not in clean["url"]
