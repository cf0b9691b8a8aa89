"""What a visit came to, and how a replay differs from it, in words."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from gridrunner.archive.seen import digest_words, list_differences, see
from gridrunner.archive.traffic import Seen
from gridrunner.model import FaultKind, Outcome
from tests.support.sample_runs import make_observation

FACTS: dict[str, Any] = {
    "documents": [{"controls": [{"text": "Sign in", "label": "E-mail"}, {"text": "", "name": "not a word"}]}],
    "headings": ["Welcome", "12:04"],
}
RECORDED = Seen(
    outcome="observed",
    login="yes",
    kind="login",
    fields={"username": "#user", "password": "#password"},
    providers=("google",),
    title="Bank",
    words="aa",
)


def test_clocks_and_counters_are_the_same_words_and_other_texts_are_not() -> None:
    words = digest_words(FACTS)
    assert digest_words({**FACTS, "headings": ["Welcome", "23:59"]}) == words
    assert digest_words({**FACTS, "headings": ["Goodbye", "12:04"]}) != words
    assert digest_words({**FACTS, "headings": ["12:04", "Welcome"]}) != words  # the order is one of them
    assert digest_words({**FACTS, "seconds": "other"}) == words  # no text that a person reads


def test_a_visit_without_a_detection_says_how_it_ended() -> None:
    observation = make_observation("bank")
    unreachable = see(replace(observation, outcome=Outcome.UNREACHABLE, detection=None, title=" A \n page "))
    assert (unreachable.outcome, unreachable.login, unreachable.fields, unreachable.words) == (
        "unreachable",
        "",
        {},
        "",
    )
    assert unreachable.title == "A page"
    fault = replace(observation, outcome=None, detection=None, fault=FaultKind.NETWORK)
    assert see(fault, FACTS).outcome == "fault"
    assert see(fault, FACTS).words == digest_words(FACTS)


def test_the_same_twice_differs_in_nothing() -> None:
    assert list(list_differences(RECORDED, RECORDED)) == []
    assert list(list_differences(RECORDED, replace(RECORDED, words=""))) == []  # facts that were not kept


@pytest.mark.parametrize(
    ("replayed", "words"),
    [
        (replace(RECORDED, outcome="", title="other"), ["the outcome is none, and was observed"]),
        (replace(RECORDED, login="no"), ["login is no, and was yes"]),
        (replace(RECORDED, login=""), ["login is not known, and was yes"]),
        (
            replace(RECORDED, fields={"username": "#mail", "submit": "#go"}),
            [
                "password is not found, and was #password",
                "submit is #go, and was not found",
                "username is #mail, and was #user",
            ],
        ),
        (replace(RECORDED, kind=""), ["the best form is none, and was login"]),
        (replace(RECORDED, providers=("apple",)), ["lacks google; has also apple"]),
        (replace(RECORDED, title="Shop"), ["the title is 'Shop', and was 'Bank'"]),
        (replace(RECORDED, words="bb"), ["the texts of fields and buttons differ"]),
    ],
)
def test_each_difference_is_a_sentence(replayed: Seen, words: list[str]) -> None:
    assert list(list_differences(RECORDED, replayed)) == words
