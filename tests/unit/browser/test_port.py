"""The port between visits and browsers: who speaks DevTools, and what a page may raise."""

from __future__ import annotations

import re
from pathlib import Path

import gridrunner
from gridrunner.browser.port import CommandFailed, DeadlinePassed, PageError, PageGone
from gridrunner.browser.readiness import KeptLeaving
from gridrunner.browser.selectors import NotThere
from gridrunner.browser.steps import StepFailed
from gridrunner.errors import GridrunnerError

PACKAGE = Path(gridrunner.__file__).parent
METHOD = re.compile(r'"(?:Browser|DOM|Emulation|Input|Inspector|Log|Network|Page|Runtime|Target)\.[a-z]\w+"')
"""A method or an event of the DevTools protocol, as code writes it."""


def test_devtools_alone_names_the_methods_of_its_protocol() -> None:
    speakers = {path.parent for path in PACKAGE.rglob("*.py") if METHOD.search(path.read_text(encoding="utf-8"))}
    assert speakers == {PACKAGE / "browser" / "devtools"}


def test_whatever_a_page_does_is_a_page_error_and_never_leaves_a_visit() -> None:
    kinds = {PageGone, CommandFailed, DeadlinePassed, KeptLeaving, NotThere, StepFailed}
    assert all(issubclass(kind, PageError) and not issubclass(kind, GridrunnerError) for kind in kinds)
