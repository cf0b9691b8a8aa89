"""history.html: all that a history says of sites, in one file that fetches nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gridrunner.results.history.entries import RunEntry
from gridrunner.results.journal.files import open_atomically
from gridrunner.results.journal.lines import collector_paused
from gridrunner.results.reports.html.assembling import assemble_page, embed_json, embed_list
from gridrunner.results.reports.html.past import PastRun, describe_past

_SCRIPTS = (
    *("dom.js", "past-state.js", "past-strip.js", "past-row.js", "list.js", "past-detail.js", "past-overview.js"),
    *("shell.js", "past-main.js"),
)


@collector_paused()
def write_history_page(runs: Sequence[RunEntry], places: Sequence[PastRun], path: Path) -> None:
    """Write the page of `runs`, oldest first, whose reports are at `places`, to `path`. Raises RunFolderError."""
    data = describe_past(runs, places)
    notes = (b'"%s":%s' % (key.encode(), said) for key, said in data.notes.items())
    blocks = {
        b"@ABOUT@": [embed_json(data.about)],
        b"@ROWS@": embed_list(b"[", data.rows, b"]"),
        b"@NOTES@": embed_list(b"{", notes, b"}"),
    }
    with open_atomically(path) as file:
        for part in assemble_page("past.html", ("report.css", "past.css"), _SCRIPTS, blocks):
            file.write(part)
