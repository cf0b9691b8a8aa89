"""Owns folders of captured pages: one folder per page as the replay server serves it, and the site list beside them.

    captured.yaml            `serve: captured`, one entry per page
    captured/<name>/         index.html, facts.json.gz, screenshot.*

Invariant: what is there is never changed or removed; a page that is there already is not added twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from msgspec import Struct
from msgspec.structs import replace

from gridrunner.errors import SiteListError, UsageError
from gridrunner.model import Site
from gridrunner.sites.lists import read_site_lists
from gridrunner.sites.writing import write_site
from gridrunner.text import replace_unprintable

PAGE_NAME: Final = "index.html"
CAPTURED_TAG: Final = "captured"

MAX_LABEL: Final = 60
"""Characters of a folder's name: it is a label of a host name (RFC 1123: 63), and a number may follow."""

_NOT_IN_LABEL: Final = re.compile(r"[^a-z0-9]+")


class Captured(Struct, frozen=True, kw_only=True):
    """One page to keep. `site` has the id, locale, tags and expectation that its entry gets (not its address); `files`
    are those of its folder by name, `index.html` among them; `remarks` stand as comments above the entry.
    """

    site: Site
    files: Mapping[str, bytes]
    remarks: tuple[str, ...] = ()


class Kept(Struct, frozen=True, kw_only=True):
    """Where a page is kept: its entry's id, its folder, the list. `is_new` False: it was there already."""

    id: str
    folder: Path
    list_file: Path
    is_new: bool


def list_of(folder: Path) -> Path:
    """The site list that belongs to a folder of captured pages."""
    return folder.parent / f"{folder.name}.yaml"


def keep_captured(captured: Captured, folder: Path) -> Kept:
    """Add a page to `folder` and to its list; both are made where they are missing.

    Raises UsageError when the list cannot be read or does not take an entry at its end; then nothing is changed.
    """
    list_file = list_of(folder)
    before = _read_list(list_file, folder.name)
    taken = _sites_of(list_file)
    base = label_of(captured.site.id)
    number, name = 1, base
    while (folder / name).exists() or name in taken:
        page = folder / name / PAGE_NAME
        if name in taken and page.is_file() and page.read_bytes() == captured.files[PAGE_NAME]:
            return Kept(id=name, folder=folder / name, list_file=list_file, is_new=False)
        number += 1
        name = f"{base}-{number}"
    tags = tuple(dict.fromkeys((CAPTURED_TAG, *captured.site.tags)))
    site = replace(captured.site, id=name, url=f"http://{name}.demo.localhost/", tags=tags, steps=(), quarantine=None)
    entry = [*(f"  # {replace_unprintable(remark)}" for remark in captured.remarks), *write_site(site)]
    after = before + "\n".join(entry) + "\n"
    target = folder / name
    target.mkdir(parents=True)
    for file_name, data in captured.files.items():
        (target / file_name).write_bytes(data)
    fresh = list_file.with_name(f"{list_file.stem}.new.yaml")
    fresh.write_text(after, encoding="utf-8")
    problem = _problem_of(fresh, {*taken, name})
    if problem:
        fresh.unlink()
        _remove(target)
        raise UsageError(
            f"{list_file}: takes no entry at its end: {problem}",
            hint="put `sites:` last, with entries indented by two spaces, or choose another --out",
        )
    fresh.replace(list_file)
    return Kept(id=name, folder=target, list_file=list_file, is_new=True)


def label_of(site_id: str) -> str:
    """A site's id as a label of a host name, which knows no dots and underscores."""
    label = _NOT_IN_LABEL.sub("-", site_id.lower()).strip("-")[:MAX_LABEL].strip("-")
    return label or "page"


def _read_list(list_file: Path, serve: str) -> str:
    if list_file.is_file():
        text = list_file.read_text(encoding="utf-8")
        return text if text.endswith("\n") else text + "\n"
    return (
        "# Pages captured by `gridrunner sites capture` or `gridrunner run --capture`; replay them with\n"
        f"# `gridrunner run --sites {list_file.name}`. New captures are added at the end; edit what they expect.\n"
        f"version: 1\nserve: {serve}\nsites:\n"
    )


def _sites_of(list_file: Path) -> frozenset[str]:
    if not list_file.is_file():
        return frozenset()
    return frozenset(site.id for site in read_site_lists([str(list_file)], _no_input()).sites)


def _no_input() -> BinaryIO:
    """Standard input of lists that are files: never read."""
    return BytesIO()


def _problem_of(list_file: Path, added: set[str]) -> str:
    """Why a list that was just written does not hold the `added` ids; empty when it does."""
    try:
        known = {site.id for site in read_site_lists([str(list_file)], _no_input()).sites}
    except SiteListError as error:
        return error.mistakes[0]
    return "" if added <= known else "what was added is not read as a site"


def _remove(folder: Path) -> None:
    """Take back a folder that was just made."""
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
