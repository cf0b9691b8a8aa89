"""What is cited is there: links between pages lead somewhere, and a page that code or text names exists."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FILES = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=True,
).stdout.splitlines()

PAGES = sorted(name for name in FILES if name.endswith(".md"))

TEXTS = sorted(name for name in FILES if name.endswith((".py", ".md", ".js", ".toml", ".yml", ".yaml", ".sh", ".tf")))


def make_anchor(heading: str) -> str:
    """The anchor that GitHub makes of a heading."""
    words = re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", ""))
    return words.replace(" ", "-")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        if not path.exists():
            broken.append(target)
        elif anchor:
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            broken.extend([] if anchor in map(make_anchor, headings) else [target])
    assert broken == []


def test_pages_that_are_cited_exist() -> None:
    dangling = []
    for name in TEXTS:
        text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
        cited = set(re.findall(r"(?<![\w./-])docs/[\w/-]+\.md\b|\b(?:ARCHITECTURE|CONTRIBUTING|SECURITY)\.md\b", text))
        dangling += [f"{name}: {page}" for page in sorted(cited) if not (ROOT / page).exists()]
    assert dangling == []


PLACES = re.compile(r"`((?:gridrunner|dom_probes|tests|docs|ci|docker|terraform|sites)/[\w./-]*)`")


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_places_that_are_named_exist(page: str) -> None:
    named = PLACES.findall((ROOT / page).read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []
