"""SSO-Monitor's public list, as its page describes it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gridrunner.sites.importing import guess_kind
from gridrunner.sites.mistakes import FileReport
from gridrunner.sites.sso_monitor import MOST_CANDIDATES, looks_like_sso_monitor, parse_sso_monitor, read_sso_monitor


def candidate(url: str, priority: int | None = None) -> dict[str, Any]:
    told = {} if priority is None else {"login_page_priority": {"regex": "x", "priority": priority}}
    return {"login_page_candidate": url, "login_page_strategy": "CRAWLING", **told}


ENTRIES: list[dict[str, Any]] = [
    {
        "domain": "shop.example",
        "rank": 1,
        "login_page_candidates": [
            candidate("https://shop.example/b"),
            candidate("https://shop.example/login", 99),
            candidate("https://shop.example/login", 98),
            candidate("javascript:0", 100),
            *(candidate(f"https://shop.example/{number}", 1) for number in range(5)),
        ],
    },
    {"domain": "garden.example", "rank": 2, "login_page_candidates": []},
    {"domain": "bank.example", "rank": 3, "login_page_candidates": [candidate("https://id.bank.example/")]},
]
ARRAY, LINES = json.dumps(ENTRIES, indent=1), "\n".join(map(json.dumps, ENTRIES))


@pytest.mark.parametrize("text", [ARRAY, LINES, json.dumps(ENTRIES)])
def test_the_likeliest_pages_of_each_domain(text: str) -> None:
    assert looks_like_sso_monitor(text)
    assert guess_kind(text) == "sso-monitor"
    report = FileReport("list.json")
    listed = [entry for _, entry in parse_sso_monitor(text, report)]
    assert [(entry.domain, len(entry.pages)) for entry in listed] == [
        ("shop.example", MOST_CANDIDATES),
        ("garden.example", 0),
        ("bank.example", 1),
    ]
    assert listed[0].pages[0] == "https://shop.example/login"
    assert report.count == 0


def test_sites_are_the_domains_that_have_a_page() -> None:
    draft = read_sso_monitor(LINES, FileReport("list.json"))
    assert [entry.fields["url"] for entry in draft.entries] == [
        "https://shop.example/login",
        "https://id.bank.example/",
    ]
    assert len(read_sso_monitor(LINES, FileReport("list.json"), limit=1).entries) == 1


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('[{"rank": 1}]', 'has no "domain"'),
        ("[1, 2]", "no JSON array of objects"),
        ('{"domain": "a.example"', "no JSON object"),
        ('[{"domain": "a.example"}]', "no domain of the list has a login page"),
    ],
)
def test_what_is_no_such_list_is_a_mistake(text: str, mistake: str) -> None:
    report = FileReport("list.json")
    read_sso_monitor(text, report)
    assert [mistake in line for line in report.lines()] == [True]


@pytest.mark.parametrize("text", ["version: 1\nsites: []", "1,google.com", "[]", "https://a.example/", '{"url": "x"}'])
def test_other_lists_are_not_taken_for_it(text: str) -> None:
    assert not looks_like_sso_monitor(text)
