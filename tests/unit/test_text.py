"""What stands in `gridrunner.text`: URLs that hide what is secret, and numbers for people."""

from __future__ import annotations

import pytest

from gridrunner.grid.hubs.client import HubClient
from gridrunner.grid.status import HubAddress
from gridrunner.text import count_of, drop_users_in, format_seconds, natural_key, redact_url, replace_unprintable


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@h.example:8/a/b?token=1#x", "https://h.example:8/a/b"),
        ("https://h.example/a#access_token=1", "https://h.example/a"),
        ("https://h.example/@name/b", "https://h.example/@name/b"),
        ("http://[::1]:4444/@name?x", "http://[::1]:4444/@name"),
        ("http://[::1?x", "http://[::1"),
        ("http://u:pass/word@h.example/a", "http://h.example/a"),
        ("about:blank", "about:blank"),
        ("", ""),
    ],
)
def test_a_url_is_shown_without_user_query_and_fragment(url: str, shown: str) -> None:
    assert redact_url(url) == shown


def test_a_mark_stands_where_a_user_was() -> None:
    assert redact_url("https://u:p@h.example/?x", mark="…") == "https://…@h.example/"
    assert redact_url("https://h.example/?x", mark="…") == "https://h.example/"


def test_words_of_a_command_line_lose_users() -> None:
    assert drop_users_in("--grid=http://u:p@a:4444,http://b:4444/x@y") == "--grid=http://a:4444,http://b:4444/x@y"


def test_a_hub_is_called_by_its_url_without_what_is_secret() -> None:
    address = HubAddress(url="https://me:secret@grid.example:4444/wd/hub/?token=1")
    assert HubClient(address).name == "https://grid.example:4444/wd/hub"


@pytest.mark.parametrize(("count", "shown"), [(0, "0 slots"), (1, "1 slot"), (2, "2 slots"), (1000, "1,000 slots")])
def test_one_is_singular_and_all_else_plural(count: int, shown: str) -> None:
    assert count_of(count, "slot", spec=",") == shown


def test_a_verb_follows_its_count() -> None:
    assert count_of(1, "result", "were") == "1 result was"
    assert count_of(2, "result", "are") == "2 results are"


@pytest.mark.parametrize(
    ("seconds", "exact", "rough"),
    [
        (0.34, "340 ms", "0 s"),
        (4.2, "4.2 s", "4 s"),
        (59.7, "59.7 s", "1 min 00 s"),
        (65, "65.0 s", "1 min 05 s"),
        (185, "3 min 05 s", "3 min 05 s"),
        (7620, "2 h 07 min", "2 h 07 min"),
    ],
)
def test_durations_are_for_people(seconds: float, exact: str, rough: str) -> None:
    assert format_seconds(seconds) == exact
    assert format_seconds(seconds, is_rough=True) == rough


def test_slots_sort_by_their_numbers_whatever_their_names() -> None:
    names = ["slot-10", "slot-2", "b", "aa", "slot-1"]
    assert sorted(names, key=natural_key) == ["aa", "b", "slot-1", "slot-2", "slot-10"]


def test_what_cannot_be_printed_is_replaced() -> None:
    assert replace_unprintable("a\x1b[0m\nb") == "a\N{REPLACEMENT CHARACTER}[0m\N{REPLACEMENT CHARACTER}b"
