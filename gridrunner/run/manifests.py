"""The manifest of the user's extension, read before a browser is started: what Chromium would refuse without a word to
us is told with its place.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gridrunner.browser.session import BrowserSession
from gridrunner.dispatch.ports import Hub
from gridrunner.errors import GridFault, UsageError
from gridrunner.planning.constants import SESSION_TIMEOUT_S

ASK_TIMEOUT_S = 5.0
"""For Chromium to have loaded what it loads: within 0.5 s of its start (156, two busy cores, 2026-11-30)."""

MANIFEST = "manifest.json"

VERSIONS = (3,)
"""Manifest versions that Chromium loads: version 2 is gone since Chromium 139
(https://developer.chrome.com/docs/extensions/develop/migrate/mv2-deprecation-timeline)."""


def require_manifest(folder: Path) -> None:
    """Raises UsageError for a folder whose manifest Chromium would not load, with every mistake that it finds."""
    path = folder / MANIFEST
    if not path.is_file():
        raise UsageError(f"--extension {folder}: not an unpacked extension (it has no {MANIFEST})")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--extension {folder}: {MANIFEST} cannot be read: {error}") from error
    mistakes = list(_list_mistakes(folder, manifest)) if isinstance(manifest, dict) else ["it is not an object"]
    if mistakes:
        raise UsageError(f"{path}: {'; '.join(mistakes)}", hint="Chromium would not load this extension")


def require_loaded(hub: Hub, folders: Sequence[Path]) -> None:
    """Ask Chromium itself, in a session of `hub` that is opened for it, whether it loaded the extensions of `folders`.
    Raises UsageError with those that it did not. A hub that gives no session has its say when the run begins.
    """
    try:
        session = hub.open_session(slot="extension", timeout_s=SESSION_TIMEOUT_S)
    except GridFault:
        return
    assert isinstance(session, BrowserSession), "the sessions of every hub that a run has"
    try:
        loaded = session.tabs.loaded_extensions(len(folders), deadline=time.monotonic() + ASK_TIMEOUT_S)
    except GridFault:
        return
    finally:
        session.kill()
    if loaded is None or len(loaded) >= len(folders):
        return
    here = {Path(extension.path) for extension in loaded}  # on a hub they lie elsewhere: then all are named
    lost = [folder for folder in folders if folder.resolve() not in here] or list(folders)
    raise UsageError(
        f"--extension {', '.join(map(str, lost))}: Chromium did not load it, though its manifest can be read",
        hint="load it by hand: chrome://extensions, developer mode, Load unpacked; Chromium says there what is wrong",
    )


def _list_mistakes(folder: Path, manifest: Mapping[str, Any]) -> Iterator[str]:
    version = manifest.get("manifest_version")
    if version not in VERSIONS or isinstance(version, bool):
        yield f"manifest_version is {json.dumps(version)}, and has to be {VERSIONS[0]}"
    for key in ("name", "version"):
        if not isinstance(manifest.get(key), str) or not manifest[key]:
            yield f"{key} is missing" if key not in manifest else f"{key} has to be a text"
    for place, name in _named_files(manifest):
        if not isinstance(name, str):
            yield f"{place} has to be the name of a file"
        elif not (folder / name.lstrip("/")).is_file():
            yield f"{place} names {name}, which does not exist"


def _named_files(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The files that Chromium looks for when it loads the extension: without them it refuses all of it."""
    background = manifest.get("background")
    if isinstance(background, dict) and "service_worker" in background:
        yield "background.service_worker", background["service_worker"]
    scripts = manifest.get("content_scripts")
    for number, script in enumerate(scripts if isinstance(scripts, list) else []):
        for key in ("js", "css"):
            names = script.get(key) if isinstance(script, dict) else None
            for name in names if isinstance(names, list) else []:
                yield f"content_scripts[{number}].{key}", name
