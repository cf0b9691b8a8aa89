"""Where a language is at home."""

from __future__ import annotations

import pytest

from gridrunner.browser.homes import find_home

HOMES = {
    "de": ("de-DE", "de", "Europe/Berlin"),
    "de-AT": ("de-AT", "de", "Europe/Vienna"),
    "de-CH": ("de-CH", "de", "Europe/Zurich"),
    "en": ("en-US", "en", "America/New_York"),
    "en-GB": ("en-GB", "en", "Europe/London"),
    "pt-BR": ("pt-BR", "pt", "America/Sao_Paulo"),
    "en-AU": ("en-AU", "en", "Australia/Sydney"),
    "ru": ("ru-RU", "ru", "Europe/Moscow"),
    "hi": ("hi-IN", "hi", "Asia/Kolkata"),
    "zh-Hant": ("zh-TW", "zh", "Asia/Taipei"),
    "zh-Hans": ("zh-CN", "zh", "Asia/Shanghai"),
    "zh-Hant-HK": ("zh-HK", "zh", "Asia/Hong_Kong"),
    "fil": ("fil-PH", "fil", "Asia/Manila"),
    "es-419": ("es-419", "es", "America/Mexico_City"),
}


@pytest.mark.parametrize("locale", HOMES)
def test_language_country_and_time_zone_follow_from_a_locale(locale: str) -> None:
    home = find_home(locale)
    assert home.capital is not None
    assert (*home.languages, home.capital.time_zone) == HOMES[locale]


def test_a_script_that_the_country_does_not_say_is_kept() -> None:
    assert find_home("sr-Latn").languages == ("sr-Latn-RS", "sr-Latn", "sr")


def test_a_language_without_a_country_leaves_place_and_time_zone_alone() -> None:
    assert find_home("eo").capital is None
    assert (find_home("xx").languages, find_home("xx").capital) == (("xx",), None)


def test_the_capital_is_where_it_is() -> None:
    capital = find_home("fr-FR").capital
    assert capital is not None
    assert (capital.name, capital.latitude, capital.longitude) == ("Paris", 48.85, 2.35)
