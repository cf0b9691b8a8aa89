"""Owns where the demo list and its replica pages are: in an installed package beside its code, in a checkout in
`sites/`.
"""

from __future__ import annotations

from pathlib import Path

from gridrunner.errors import UsageError

DEMO_LIST = "demo.yaml"
DEMO_PAGES = "demo"

PACKED = "demo_sites"
"""The folder of the package that the wheel puts them into (`pyproject.toml`)."""


def find_demo_list() -> Path:
    """The demo list. Raises UsageError where it was not installed."""
    package = Path(__file__).parents[1]
    places = (package / PACKED / DEMO_LIST, package.parent / "sites" / DEMO_LIST)
    for place in places:
        if place.is_file():
            return place
    raise UsageError(f"the demo list is not where it was installed: {places[0]}", hint="install gridrunner again")


def find_demo_pages() -> Path:
    """The replica pages of the demo list. Raises UsageError where they were not installed."""
    return find_demo_list().with_name(DEMO_PAGES)
