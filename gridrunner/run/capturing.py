"""Pages kept for replay, scrubbed: those that a run copied on its way, and those that `sites capture` visits.

Everything that is written goes through `gridrunner.browser.scrubbing` first, but for the screenshot, which shows what
the page showed.
"""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace
from rich.console import Console

from gridrunner import codec
from gridrunner.browser.scrubbing import scrub_json, scrub_text
from gridrunner.errors import UsageError
from gridrunner.foreign import MOST_FACTS_BYTES, MOST_PAGE_BYTES, find_inside, read_file, read_gzip
from gridrunner.model import Detection, Expectation, Observation, Site, Verdict
from gridrunner.results.journal.evidence import find_evidence
from gridrunner.results.record import RunRecord
from gridrunner.sites.captured import PAGE_NAME, Captured, Kept, keep_captured, list_of
from gridrunner.sites.copies import mark_copy
from gridrunner.sites.values import BadEntry, read_locale
from gridrunner.text import count_of

RUN_FOLDER_NAME = "captured"
"""Of the captures of a run, in its own folder."""


def export_captures(record: RunRecord, folder: Path, console: Console, *, only_failed: bool) -> None:
    """At the end of a run: the copies of its pages as a list of their own in the run folder."""
    out = folder / RUN_FOLDER_NAME
    copied = copied_pages(record, folder)
    wanted = [found.site for found in record.site_verdicts() if not only_failed or found.verdict is Verdict.FAILED]
    quiet = Console(quiet=True)
    try:
        for name in (RUN_FOLDER_NAME, f"{RUN_FOLDER_NAME}.yaml", f"{RUN_FOLDER_NAME}.new.yaml"):
            find_inside(folder, name)  # the folder may be another machine's that is resumed
        kept = [keep_page(site, copied[site.id], folder, out, quiet) for site in wanted if site.id in copied]
    except (UsageError, OSError) as error:  # the run's verdicts stand, whatever becomes of its copies
        console.print(f"warning: the pages were not captured: {error}", style="yellow", markup=False, highlight=False)
        return
    if kept:
        pages = count_of(len(kept), "page")
        console.print(f"captured {pages}; replay: gridrunner run --sites {list_of(out)}", markup=False, highlight=False)


def copied_pages(record: RunRecord, folder: Path) -> dict[str, Observation]:
    """By site, the last observation of the run whose page was copied during it."""
    found = {}
    for id_, attempts in record.observations.items():
        for seen in attempts:
            if seen.capture_path and find_evidence(folder, seen.capture_path) is not None:
                found[id_] = seen
    return found


def keep_page(site: Site, seen: Observation, folder: Path, out: Path, console: Console) -> Kept | None:
    """Keep one page of the run (or temporary) `folder`; None, and the reason said, where there is none."""
    page = find_evidence(folder, seen.capture_path) if seen.capture_path else None
    if page is None:
        why = seen.fault.message if seen.fault is not None else f"{seen.outcome}: {seen.detail}".rstrip(": ")
        console.print(f"{site.id}: not captured: {why}", markup=False, style="yellow")
        return None
    kept = keep_captured(_captured(site, seen, page, folder), out)
    what = "captured" if kept.is_new else "is there already"
    console.print(f"{site.id}: {what}: {kept.folder / PAGE_NAME}", markup=False)
    return kept


def _captured(site: Site, seen: Observation, page: Path, folder: Path) -> Captured:
    files = {PAGE_NAME: mark_copy(read_file(page, most_bytes=MOST_PAGE_BYTES))}
    facts_file = find_evidence(folder, seen.facts_path) if seen.facts_path else None
    language = ""
    if facts_file is not None:
        facts = codec.decode(read_gzip(facts_file, most_bytes=MOST_FACTS_BYTES), dict)
        files["facts.json.gz"] = gzip.compress(codec.encode(scrub_json(facts)), mtime=0)
        language = str((facts["frames"][0]["page"] or {}).get("lang", "")) if facts.get("frames") else ""
    picture = find_evidence(folder, seen.screenshot_path) if seen.screenshot_path else None
    if picture is not None:
        files[f"screenshot{picture.suffix}"] = read_file(picture, most_bytes=MOST_PAGE_BYTES)
    is_listed = site.expect.login is not None
    expect = _scrubbed(site.expect if is_listed else expect_as_detected(seen.detection))
    origin = (
        "what it expects is from the site list"
        if is_listed
        else f"what it expects is as detected {_describe(seen.detection)}: not checked by a person yet"
    )
    remark = f"{scrub_text(seen.url)} on {datetime.now(UTC):%Y-%m-%d}; {origin}"
    named = replace(site, locale=site.locale or _locale(language), expect=expect)
    return Captured(site=named, files=files, remarks=(remark,))


def expect_as_detected(detection: Detection | None) -> Expectation:
    """What was found as an expectation: a page replays to what it was taken for."""
    if detection is None:
        return Expectation()
    login = detection.login if detection.login_present else None
    fields = login.named_fields if login is not None else {}
    selectors = {name: element.selector for name, element in fields.items()}
    return replace(Expectation(login=detection.found_login), **selectors)


def _describe(detection: Detection | None) -> str:
    return f"({detection.confidence:.2f})" if detection is not None else "(nothing)"


def _scrubbed(expect: Expectation) -> Expectation:
    """The copy's ids are masked; selectors that name them follow."""
    username, password, submit = (
        scrub_text(css) if css is not None else None for css in (expect.username, expect.password, expect.submit)
    )
    return replace(expect, username=username, password=password, submit=submit)


def _locale(language: str) -> str | None:
    try:
        return read_locale(language)
    except BadEntry:
        return None
