"""Hard pages whose build is what is hard: one page for each way, in a language each; `hard_builds/` holds them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).with_name("hard_builds")


def hard_builds() -> dict[str, tuple[str, str, dict[str, str]]]:
    """The pages by id: kind, markup, labels as selectors by role."""
    pages = json.loads((FOLDER / "pages.json").read_text(encoding="utf-8"))
    return {
        name: (page["kind"], (FOLDER / f"{name}.html").read_text(encoding="utf-8"), page.get("labels", {}))
        for name, page in pages.items()
    }
