"""What is kept of a visit beside its observation: the facts and a screenshot.

Files lie in `evidence/<site>/` of the run folder; paths are handed out relative to the run folder.
"""

from __future__ import annotations

import gzip
from pathlib import Path

from msgspec import Struct

from dom_probes import read_probe
from gridrunner import codec
from gridrunner.browser.port import CommandFailed, DeadlinePassed, Page, PageGone
from gridrunner.errors import OutputLost
from gridrunner.foreign import MOST_FACTS_BYTES, find_inside, read_gzip, write_inside
from gridrunner.model import Box, Detection, Facts

SCREENSHOT_QUALITY = 75
"""WebP quality: text stays readable at 1366 x 900 in 20 to 60 KiB (looked at on the demo list, 2026-11-24)."""

_MARK = read_probe("mark_boxes.js")


class EvidenceStore(Struct, frozen=True, kw_only=True):
    """Writes evidence under `run_folder`."""

    run_folder: Path

    def write(self, site: str, name: str, data: bytes) -> str:
        """Write one file of a site; returns its path relative to the run folder. Raises OutputLost where it cannot be
        written, and where a link or an id of a foreign plan would lead out of the folder.
        """
        path = f"evidence/{site}/{name}"
        try:
            write_inside(self.run_folder, path, data)
        except OSError as error:
            raise OutputLost(f"{self.run_folder / path} cannot be written: {error.strerror}") from error
        return path

    def write_facts(self, site: str, attempt: int, facts: Facts) -> str:
        """Keep the facts of one attempt as gzipped JSON."""
        return self.write(site, f"facts-{attempt}.json.gz", gzip.compress(codec.encode(facts), 1, mtime=0))

    def read_facts(self, path: str) -> Facts:
        """Facts that `write_facts` kept at `path`."""
        data = read_gzip(find_inside(self.run_folder, path), most_bytes=MOST_FACTS_BYTES)
        return codec.decode(data, dict)


def take_screenshot(page: Page, *, kind: str = "webp", deadline: float) -> bytes | None:
    """The viewport as an image, or None where the page gives none any more. Raises SessionLost."""
    quality = SCREENSHOT_QUALITY if kind != "png" else None
    try:
        page.draw_in_full(deadline=deadline)
        return page.take_picture(kind=kind, quality=quality, deadline=deadline)
    except (CommandFailed, DeadlinePassed, PageGone):
        return None


def mark_detection(page: Page, detection: Detection, *, deadline: float) -> None:
    """Draw the best form, its fields and the insertion point over the page. A page that refuses stays unmarked."""
    form = detection.best_form
    labelled: list[tuple[str, str, Box | None]] = []
    if form is not None:
        labelled.append((f"{form.kind} {form.score:.2f}", "#6b7280", form.box))
        labelled.extend((name, "#2563eb", element.box) for name, element in form.named_fields.items())
        labelled.extend(("new password", "#b45309", element.box) for element in form.password_new)
    if detection.insertion_point is not None:
        labelled.append(("insertion point", "#15803d", detection.insertion_point.box))
    boxes = [
        {"x": box.x, "y": box.y, "width": box.width, "height": box.height, "label": label, "color": color}
        for label, color, box in labelled
        if box is not None
    ]
    try:
        page.run(_MARK, {"boxes": boxes}, deadline=deadline)
    except (CommandFailed, DeadlinePassed, PageGone):
        return
