from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gridrunner.sites.lists import read_site_lists
from gridrunner.sites.quarantining import patch_list, write_quarantine

UNTIL = date(2026, 12, 14)
TODAY = date(2026, 12, 1)

LIST = """\
version: 1
sites:
  - id: first   # kept
    url: https://first.example/login
  - url: https://second.example/
    id: second
    quarantine:  # since the rebuild
      owner: ann
      reason: "they rebuild"

      until: 2026-12-31
    tags: [a]
  - {id: third, url: "https://third.example/"}
"""


def apply(text: str, patch: str) -> str:
    """The new text of a unified diff of all lines: enough of `patch` for these tests."""
    lines, at = [], 0
    old = text.split("\n")
    for line in patch.split("\n")[2:]:
        if line.startswith("@@"):
            start = int(line.split()[1].split(",")[0][1:]) - 1
            lines += old[at:start]
            at = start
        elif line.startswith("+"):
            lines.append(line[1:])
        else:
            assert old[at] == line[1:]
            lines += [] if line.startswith("-") else [old[at]]
            at += 1
    return "\n".join(lines + old[at:])


def test_a_quarantine_is_put_in_and_another_taken_out(tmp_path: Path) -> None:
    patch = patch_list("sites.yaml", LIST, {3: 'flapping: "odd": 3 of 9'}, [5], UNTIL)
    assert patch.startswith("--- a/sites.yaml\n+++ b/sites.yaml\n@@")
    changed = tmp_path / "sites.yaml"
    changed.write_text(apply(LIST, patch))
    first, second, third = read_site_lists([str(changed)], None, today=TODAY).sites  # type: ignore[arg-type]
    assert first.quarantine is not None
    assert (first.quarantine.owner, first.quarantine.reason) == ("OWNER", 'flapping: "odd": 3 of 9')
    assert first.quarantine.until == UNTIL
    assert (second.quarantine, second.tags, third.id) == (None, ("a",), "third")
    assert "# kept" in changed.read_text()


@pytest.mark.parametrize(("reasons", "releases"), [({13: "in one line"}, []), ({}, [3]), ({99: "no line"}, [13])])
def test_what_is_not_written_in_plain_lines_is_left_alone(reasons: dict[int, str], releases: list[int]) -> None:
    assert patch_list("sites.yaml", LIST, reasons, releases, UNTIL) == ""


def test_a_reason_cannot_leave_its_line() -> None:
    lines = write_quarantine('x"\n    tags: [evil]', UNTIL, "    ")
    assert lines[2] == '      reason: "x\\" tags: [evil]"'
