"""What is a secret, and what stands in its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridrunner.archive.secrets import (
    is_secret_assignment,
    is_secret_field,
    is_secret_parameter,
    make_stand_in,
    stand_in_for_typed,
)

KEY = b"k" * 32


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("token", "abcdef"),
        ("access_token", "planted-secret"),
        ("session", "planted-secret"),
        ("state", "af0ifjsldkj8"),
        ("sid", "9f86d081"),
        ("api_key", "AIzaSyA1"),
        ("email", "ada1@postbox.example"),
        ("whatever", "4f9a1c0d7e2b8a6f3c5d"),
    ],
)
def test_a_parameter_is_secret_by_its_name_or_its_look(name: str, value: str) -> None:
    assert is_secret_parameter(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lang", "english"),
        ("state", "California"),
        ("v", "1.22.333"),
        ("q", "how+to+log+in"),
        ("page", "account/login1"),
    ],
)
def test_an_ordinary_parameter_stays(name: str, value: str) -> None:
    assert not is_secret_parameter(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("password", "Passwort"),  # a label
        ("token", "punctuation"),  # of a highlighter
        ("csrfHeaderName", "X-CSRF-Token1"),
        ("sessionUrl", "/session/v2"),
    ],
)
def test_words_of_a_page_stay(name: str, value: str) -> None:
    assert not is_secret_assignment(name, value, is_script=False)


def test_hidden_fields_lose_what_a_server_drew_and_others_whatever_they_hold() -> None:
    assert is_secret_field("csrf", "hidden", "planted")
    assert is_secret_field("x", "hidden", "a1b2c3d4")
    assert not is_secret_field("next", "hidden", "/account/2")
    assert is_secret_field("user", "text", "ada")
    assert not is_secret_field("go", "submit", "Log in 2")


@given(st.text(min_size=1, max_size=80))
def test_a_stand_in_has_the_length_and_make_up_of_the_secret(secret: str) -> None:
    made = make_stand_in(secret, KEY)
    assert len(made) == len(secret)
    assert [char for char in made if not char.isalnum() and char.isascii()] == [
        char for char in secret if not char.isalnum() and char.isascii()
    ]
    assert make_stand_in(secret, KEY) == made


def test_stand_ins_depend_on_a_key_that_is_not_kept() -> None:
    assert make_stand_in("4f9a1c0d7e2b", KEY) != make_stand_in("4f9a1c0d7e2b", b"x" * 32)
    assert make_stand_in("a%2Bb", KEY)[1:4] == "%2B"


def test_what_was_typed_keeps_its_shape_alone() -> None:
    assert stand_in_for_typed("Ada7@postbox.example") == "Xxx0@xxxxxxx.xxxxxxx"
