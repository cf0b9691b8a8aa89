"""Entries as they are written are read as the same sites."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from gridrunner.model import Expectation, ExpectedLogin, Outcome, Site, Step, StepKind
from gridrunner.sites.writing import write_site
from tests.support.site_lists import read

SITES = [
    Site(id="plain", url="https://a.example/"),
    Site(id="no", url="https://a.example/?q=[a]&b={c}", locale="pt-BR", tags=("on", "a-b"), visit_timeout_s=12.5),
    Site(
        id="steps",
        url="https://a.example/",
        steps=(
            Step(kind=StepKind.DISMISS, target="cookie-wall"),
            Step(kind=StepKind.FOLLOW, target="login-link"),
            Step(kind=StepKind.CLICK, target='#menu > a[title="a, b: {c}"]'),
            Step(kind=StepKind.WAIT_FOR, target="host >>> .in"),
            Step(kind=StepKind.FILL, target="#code", value='yes: "no" # \\'),
            Step(kind=StepKind.IDENTIFY, target="true"),
        ),
    ),
    Site(
        id="expects",
        url="https://a.example/",
        expect=Expectation(login=ExpectedLogin.YES, username="#a\\:b", password='input[name="p"]', sso=("google",)),
    ),
    Site(id="unknown", url="https://a.example/", expect=Expectation(login=ExpectedLogin.UNKNOWN)),
    Site(id="plain-visitor", url="https://a.example/", visitor="plain"),
    Site(id="blocked", url="https://a.example/", expect=Expectation(outcome=Outcome.BLOCKED)),
]


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.id)
def test_what_is_written_is_read_as_the_same_site(tmp_path: Path, site: Site) -> None:
    path = tmp_path / "list.yaml"
    path.write_text("\n".join(["version: 1", "sites:", *write_site(site)]) + "\n", encoding="utf-8")
    (again,) = read(path).sites
    assert replace(again, source=None) == site
