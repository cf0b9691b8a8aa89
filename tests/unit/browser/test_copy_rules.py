"""What of a page stands in its copy, rule by rule."""

from __future__ import annotations

import pytest

from gridrunner.browser.copy_rules import clean_address, clean_value, name_in_copy


@pytest.mark.parametrize(
    ("name", "kind", "value", "kept"),
    [
        ("input", "text", "alice", "masked"),
        ("input", "password", "", ""),
        ("input", "number", "42", "0"),
        ("input", "submit", "Log in", "Log in"),
        ("input", "hidden", "s3cr3t-0123456789abcdef", ""),
        ("input", "checkbox", "yes", None),
        ("input", "file", "C:/tax.pdf", None),
        ("progress", "", "0.5", "0.5"),
        ("option", "", "alice", None),
    ],
)
def test_what_was_typed_or_chosen_is_not_in_a_copy(name: str, kind: str, value: str, kept: str | None) -> None:
    assert clean_value(name, kind, value) == kept


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://alice:pw@a.example/login?user=alice#t", "https://a.example/login?user="),
        (" java\nscript:alert(1)", "#"),
        ("mailto:alice@a.example", "mailto:"),
        ("#top", "#top"),
        ("/login", "/login"),
    ],
)
def test_an_address_keeps_its_path_alone(address: str, kept: str) -> None:
    assert clean_address(address) == kept


def test_elements_keep_their_names_are_left_out_or_mean_nothing() -> None:
    assert name_in_copy("FORM", "html") == "form"
    assert name_in_copy("script", "html") is None
    assert name_in_copy("x-login", "html") == "x-login"
    unknown = name_in_copy("Brand:New", "html")
    assert unknown is not None
    assert unknown.endswith("brand-new")
    assert unknown != "brand-new"
