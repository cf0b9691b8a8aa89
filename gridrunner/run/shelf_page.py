"""The shelf as a page, `index.html` beside the runs: date, list, verdict, what changed, a link to each report. Pure.

It has no script and asks for nothing; every text is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from gridrunner.model import Verdict
from gridrunner.run.shelf import Card, Change
from gridrunner.text import count_of, format_seconds

MOST_ROWS = 300
"""Runs on the page, the newest first."""

NAMES_SHOWN = 4

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --muted: #696d77; --good: #0b6e4f; --bad: #b3261e; --odd: #8a5300; }
@media (prefers-color-scheme: dark) { :root { --muted: #a0a5b1; --good: #5fd3a6; --bad: #ff8a80; --odd: #f2b34c; } }
body { font: 14px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 20px 16px 48px; max-width: 1180px; }
h1 { font-size: 19px; } .scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); }
th { color: var(--muted); font-weight: 500; } td.n { white-space: nowrap; font-variant-numeric: tabular-nums; }
.good { color: var(--good); } .bad { color: var(--bad); } .odd { color: var(--odd); } .muted { color: var(--muted); }
"""

_WORDS = {
    0: ("good", "passed"),
    1: ("bad", "failed"),
    3: ("odd", "incomplete"),
    4: ("odd", "nothing ran"),
    130: ("odd", "interrupted"),
}


def render_shelf(rows: Sequence[tuple[str, Card, Change]]) -> str:
    """The page for (name of the folder, card, change) of each run, oldest first."""
    newest = list(reversed(rows))[:MOST_ROWS]
    more = f"<p class=muted>and {count_of(len(rows) - MOST_ROWS, 'older run')}</p>" if len(rows) > MOST_ROWS else ""
    body = "\n".join(_render_row(name, card, change) for name, card, change in newest)
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Runs · gridrunner</title><style>{_STYLE}</style></head>
<body><main><h1>Runs</h1><div class="scroll"><table>
<thead><tr><th scope="col">started (UTC)</th><th scope="col">list</th><th scope="col">verdict</th>
<th scope="col">sites</th><th scope="col">changed</th><th scope="col">detector</th><th scope="col">took</th></tr>
</thead>
<tbody>
{body}
</tbody></table></div>{more}</main></body></html>
"""


def _render_row(name: str, card: Card, change: Change) -> str:
    kind, word = _WORDS.get(card.exit_code, ("odd", f"exit {card.exit_code}"))
    link = f'<a href="{quote(name)}/report.html">{escape(card.started[:16].replace("T", " "))}</a>'
    lists = escape(", ".join(card.lists)) or "–"
    if card.shard is not None:
        lists += f' <span class="muted">shard {card.shard[0]}/{card.shard[1]}</span>'
    return (
        f'<tr><td class="n">{link}</td><td>{lists}</td><td class="n {kind}">{word}</td><td>{describe_counts(card)}</td>'
        f"<td>{_render_change(change)}</td><td>{escape(card.score)}</td>"
        f'<td class="n">{format_seconds(card.wall_s)}</td></tr>'
    )


def describe_counts(card: Card) -> str:
    """`72 passed 1 failed`."""
    return " ".join(f"{card.sites[verdict]} {verdict.value}" for verdict in Verdict if card.sites.get(verdict)) or "–"


def describe_change(change: Change) -> str:
    """`2 broken (a, b), 1 mended (c)`, or that nothing changed."""
    if not change.is_compared:
        return ""
    parts = [
        f"{len(names)} {word} ({', '.join(names[:NAMES_SHOWN])}{', …' if len(names) > NAMES_SHOWN else ''})"
        for names, word in ((change.broken, "broken"), (change.mended, "mended"))
        if names
    ]
    return ", ".join(parts) or "nothing"


def _render_change(change: Change) -> str:
    kind = "bad" if change.broken else "good" if change.mended else "muted"
    return f'<span class="{kind}">{escape(describe_change(change))}</span>'
