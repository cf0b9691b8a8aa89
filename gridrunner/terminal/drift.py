"""A drift for people: on the terminal, and as a comment on a change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gridrunner.results.verdicts.drift import (
    ORDER,
    Drift,
    SiteDrift,
    count_drifts,
    describe_states,
    explain_drift,
)
from gridrunner.text import count_of, escape_markdown, make_log_line

DETAILS = 6
"""Sentences per site; a site whose form is another one has that many."""

MARKDOWN_SITES = 60
"""Per case: a comment of GitHub's holds 65,536 characters (docs.github.com, REST API)."""


def render_drift(sites: Sequence[SiteDrift], *, is_verbose: bool = False) -> Iterator[str]:
    """Lines: the counts, then each site that changed, those that you broke first."""
    yield _describe_counts(sites)
    for drift in ORDER:
        chosen = [site for site in sites if site.drift is drift]
        if not chosen or (drift is Drift.SAME and not is_verbose):
            continue
        yield ""
        yield f"{drift} ({len(chosen)}): {explain_drift(drift)}"
        for site in chosen:
            yield f"  {make_log_line(site.site)}: {describe_states(site)}"
            yield from (f"    {make_log_line(line)}" for line in _details_of(site))


def render_drift_markdown(sites: Sequence[SiteDrift]) -> str:
    """The same as GitHub-flavoured Markdown."""
    lines = [f"### Drift: {escape_markdown(_describe_counts(sites))}", ""]
    for drift in ORDER:
        chosen = [site for site in sites if site.drift is drift]
        if not chosen or drift is Drift.SAME:
            continue
        lines += [f"**{drift}** ({len(chosen)}): {explain_drift(drift)}", ""]
        for site in chosen[:MARKDOWN_SITES]:
            lines.append(f"- {escape_markdown(site.site)}: {describe_states(site)}")
            lines += [f"  - {escape_markdown(line)}" for line in _details_of(site)]
        if len(chosen) > MARKDOWN_SITES:
            lines.append(f"- and {count_of(len(chosen) - MARKDOWN_SITES, 'more site')}")
        lines.append("")
    return "\n".join(lines) + "\n"


def _describe_counts(sites: Sequence[SiteDrift]) -> str:
    counts = count_drifts(sites)
    words = [f"{count} {drift}" for drift, count in counts.items() if count and drift is not Drift.SAME]
    return f"{count_of(len(sites), 'site')}: {', '.join(words) if words else 'nothing changed'}"


def _details_of(site: SiteDrift) -> Iterator[str]:
    yield from (f"this version: {line}" for line in site.ours[:DETAILS])
    yield from (f"the site: {line}" for line in site.theirs[:DETAILS])
    yield from (f"not in the archive: {address}" for address in site.missing)
