"""The reference names all that there is: a key, word or field that is new in the code is missing on its page until
somebody writes it there, and these tests say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from dom_probes.suite import test_login_form
from dom_probes.suite.extras import test_insertion, test_your_detector
from gridrunner import pytest_plugin
from gridrunner.errors import ExitCode
from gridrunner.evaluation.corpus import LabelledPage
from gridrunner.model import (
    Detection,
    Element,
    Expectation,
    FaultKind,
    Form,
    FormKind,
    InsertionPoint,
    LoginStep,
    Observation,
    Outcome,
    Plan,
    Quarantine,
    ReadyBy,
    Result,
    Site,
    Status,
    StepKind,
    Timings,
    Verdict,
)
from gridrunner.results.journal.events import EVENT_TYPES, JournalHeader
from gridrunner.sites import yaml_lists
from gridrunner.sites.behaviours import Auth, Behaviour, Drip
from gridrunner.sites.csv_lists import COLUMNS

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"

JOURNAL_FIELDS = sorted({field for event in EVENT_TYPES.values() for field in event.__struct_fields__} - {"event"})

FIXTURES = ("site", "expect", "observation", "detection", "facts", "driver")

SHIPPED_CHECKS = [
    name
    for module in (test_login_form, test_insertion, test_your_detector)
    for name in vars(module)
    if name.startswith("test_")
]

WORDS: dict[str, Iterable[str]] = {
    "site-lists.md": [
        *yaml_lists._TOP_KEYS,
        *yaml_lists._SITE_KEYS,
        *yaml_lists._EXPECT_KEYS,
        *Quarantine.__struct_fields__,
        *COLUMNS,
    ],
    "checks.md": [
        *FIXTURES,
        *(name for struct in (Site, Expectation, Observation, Detection, Form) for name in struct.__struct_fields__),
        *(name for struct in (InsertionPoint, Element, Timings) for name in struct.__struct_fields__),
        *(word for words in (FormKind, LoginStep, ReadyBy, Status) for word in words),
        *SHIPPED_CHECKS,
    ],
    "outcomes.md": [word for words in (Outcome, FaultKind, Status, Verdict) for word in words],
    "journal.md": [
        *EVENT_TYPES,
        *JOURNAL_FIELDS,
        *JournalHeader.__struct_fields__,
        *Result.__struct_fields__,
        *Plan.__struct_fields__,
    ],
    "replica-pages.md": [
        *Behaviour.__struct_fields__,
        *Auth.__struct_fields__,
        *Drip.__struct_fields__,
    ],
    "evaluation.md": [name for name in LabelledPage.__struct_fields__ if name != "labels"],
}


def read_code(page: str) -> str:
    """All that stands in backticks or in a code block of the page."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```.*?^```|^    .*?$", text, re.DOTALL | re.MULTILINE)
    return "\n".join([*blocks, *re.findall(r"`[^`\n]+`", text)])


@pytest.mark.parametrize("page", WORDS)
def test_a_page_names_every_word_of_the_code(page: str) -> None:
    code = read_code(page)
    missing = [word for word in WORDS[page] if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", code)]
    assert missing == [], f"docs/reference/{page} does not name them"


def test_every_step_has_its_row() -> None:
    page = (REFERENCE / "site-lists.md").read_text(encoding="utf-8")
    assert [str(kind) for kind in StepKind if f"| `{{{kind}: " not in page] == []


def test_every_exit_code_has_its_row() -> None:
    page = (REFERENCE / "outcomes.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| (\d+) \|", page, re.MULTILINE) == [str(int(code)) for code in ExitCode]


def test_every_fixture_for_checks_is_described() -> None:
    fixtures = {
        name for name, value in vars(pytest_plugin).items() if type(value).__name__ == "FixtureFunctionDefinition"
    }
    assert {name for name in fixtures if not name.startswith("gridrunner_")} == set(FIXTURES)
