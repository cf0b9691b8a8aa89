"""Secrets planted wherever traffic has room for them."""

from __future__ import annotations

import pytest

from gridrunner.archive.scrubbing import Scrubber, scrub_heard
from gridrunner.archive.traffic import Asked, Heard

SCRUBBER = Scrubber(b"k" * 32, ["ada@postbox.example", "hunter2-typed"])

PLANTED = "planted-5ecret-77"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N"


@pytest.mark.parametrize(
    "text",
    [
        f'<a href="/next?a=1&amp;token={PLANTED}&amp;b=2">x</a>',
        f"<a href='https://me:{PLANTED}@site.example/'>x</a>",
        f'<a href="/go?next=%2Fhome%3Fsession%3D{PLANTED}">x</a>',
        f'<a href="/page;jsessionid={PLANTED}">x</a>',
        f'<input type="hidden" name="csrf" value="{PLANTED}">',
        f"<INPUT value={PLANTED} name=user>",
        f"<input title='a > b' name=\"q\" value='{PLANTED}'>",
        f'<meta name="csrf-token" content="{PLANTED}">',
        f'<div data-session-token="{PLANTED}"></div>',
        f'{{"access_token": "{PLANTED}"}}',
        f'{{"sessionId":"{PLANTED}"}}',
        f'<script>window.config = {{csrfToken: "{PLANTED}"}}</script>',
        f'<script>var s = "{{\\"token\\":\\"{PLANTED}\\"}}"</script>',
        "<p>Welcome, hunter2-typed</p>",
    ],
)
def test_a_secret_in_a_body_is_replaced_and_nothing_else(text: str) -> None:
    scrubbed = SCRUBBER.scrub_text(text, "text/html")
    secret = "hunter2-typed" if "typed" in text else PLANTED
    assert secret not in scrubbed
    before, _, after = text.partition(f"me:{secret}@" if "me:" in text else secret)
    assert scrubbed.startswith(before)
    assert scrubbed.endswith(after)


def test_a_token_without_a_name_is_known_by_its_look() -> None:
    assert JWT not in SCRUBBER.scrub_text(f"Bearer {JWT}.", "text/plain")


@pytest.mark.parametrize(
    "text",
    [
        '<label for="password">Passwort</label><input type="submit" value="Anmelden 24h">',
        '{"password": "Passwort", "token": "Zugangsschluessel"}',
        '<link href="/app.css?v=12" integrity="sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K">',
        '<input type="hidden" name="next" value="/account/settings?tab=2">',
    ],
)
def test_what_a_page_needs_stays(text: str) -> None:
    assert SCRUBBER.scrub_text(text, "text/html") == text


def test_code_is_left_alone_unless_it_names_a_secret_and_has_one() -> None:
    code = "var e=t?c1.long_name12345678:d;f={key:'v2'};csrfHeader='X-CSRF';token='punctuation'"
    assert SCRUBBER.scrub_text(code, "text/javascript") == code
    assert PLANTED not in SCRUBBER.scrub_text(f"var apiKey='{PLANTED}'", "text/javascript")


def test_the_same_secret_gets_the_same_stand_in_in_bodies_and_addresses() -> None:
    page = SCRUBBER.scrub_text(f'<a href="https://s.example/x?state={PLANTED}">', "text/html")
    assert SCRUBBER.scrub_url(f"https://s.example/x?state={PLANTED}") in page


def test_addresses_have_no_user_and_no_fragment() -> None:
    assert SCRUBBER.scrub_url("https://me:pw@s.example/a#access_token=abc") == "https://s.example/a"


def test_what_was_typed_is_found_however_it_is_written() -> None:
    assert SCRUBBER.scrub_url("https://s.example/?user=ada%40postbox.example") == (
        "https://s.example/?user=xxx%40xxxxxxx.xxxxxxx"
    )


def test_other_encodings_and_contents_come_through() -> None:
    latin = "<p>Grüße</p>".encode("latin-1")
    assert SCRUBBER.scrub_body(latin, "text/html") == latin
    assert SCRUBBER.scrub_body(b"\x89PNG?token=abcdefgh", "image/png") == b"\x89PNG?token=abcdefgh"


def test_nothing_of_a_request_that_carries_secrets_is_kept() -> None:
    heard = Heard(
        asked=Asked(
            method="POST",
            url=f"https://s.example/login?token={PLANTED}",
            headers={"Authorization": PLANTED, "Cookie": PLANTED, "X-Api-Key": PLANTED, "Content-Type": "text/plain"},
            body=f"password={PLANTED}",
        ),
        status=302,
        headers=(("Set-Cookie", PLANTED), ("Location", f"/home?code={PLANTED}#access_token={PLANTED}")),
    )
    kept = scrub_heard(heard, SCRUBBER)
    assert PLANTED not in repr(kept)
    assert kept.headers[0][1].startswith("/home?code=")


def test_an_address_to_go_to_keeps_its_place_in_the_page_and_nothing_secret() -> None:
    ((_, kept),) = SCRUBBER.scrub_headers((("location", f"https://me:{PLANTED}@site.example/?token={PLANTED}#/login"),))
    assert kept.startswith("https://site.example/?token=")
    assert kept.endswith("#/login")
    ((_, kept),) = SCRUBBER.scrub_headers((("location", f"https://site.example/#access_token={PLANTED}"),))
    assert kept == "https://site.example/"


def test_a_site_is_scrubbed_of_what_its_own_steps_type_as_its_traffic_is() -> None:
    own = SCRUBBER.for_typed(["grace@postbox.example"])
    assert "grace" not in own.scrub_text("for grace@postbox.example", "text/plain")
    assert own.scrub_text("for ada@postbox.example", "text/plain") == "for ada@postbox.example"
    assert own.scrub_typed("grace@postbox.example") == own.scrub_text("grace@postbox.example", "text/plain")
    assert own.scrub_typed("12") == "12"  # too short to be looked for
