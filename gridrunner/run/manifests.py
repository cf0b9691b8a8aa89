"""The manifest of the user's extension, read before a browser is started: what Chromium would refuse without a word to
us is told with its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gridrunner.errors import UsageError

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
