"""Owns site lists in plain text: one URL per line; `#` begins a comment at the start of a line or after a blank."""

from __future__ import annotations

import re
from typing import Final

from gridrunner.model import SourceLine
from gridrunner.sites.drafts import Draft, ListDraft, Reader, check_count
from gridrunner.sites.mistakes import FileReport
from gridrunner.sites.reading import ListKind, hint_for_empty, iterate_lines
from gridrunner.sites.values import BadEntry, read_url

_COMMENT: Final = re.compile(r"(?<!\s)\s+#.*")  # looks at a run of blanks once


def read_text_list(
    text: str, report: FileReport, *, read_address: Reader = read_url, limit: int | None = None
) -> ListDraft:
    """The first `limit` entries of a text list; mistakes go to `report`. `read_address` reads a URL as written."""
    draft = ListDraft(report=report)
    entries = 0
    for number, line in enumerate(iterate_lines(text), 1):
        written = line.strip()
        if not written or written.startswith("#"):
            continue
        if entries == limit or not check_count(entries, report, number):
            break
        entries += 1
        url = _COMMENT.sub("", written) if "#" in written else written
        try:
            fields = {"url": read_address(url)}
        except BadEntry as error:
            report.add(f"url: {error}", number, line.index(written) + 1)
        else:
            draft.entries.append(Draft(source=SourceLine(file=report.file, line=number), fields=fields, expect={}))
    if not entries:
        report.add(f"the list has no sites; {hint_for_empty(ListKind.TEXT)}")
    return draft
