"""Facts -> detection: forms by kind, fields by role, where a one-click login could go. Pure; no files, sockets, clocks.

Data of the package (vocabularies, weights) is read once through `importlib.resources`.
"""

from gridrunner.detection.detect import detect
from gridrunner.detection.links import LoginLink, find_login_link, rank_login_links
from gridrunner.detection.sso import load_providers
from gridrunner.detection.ways import find_wall_button
from gridrunner.detection.weights import shipped_weights
from gridrunner.detection.words import concepts

__all__ = ["LoginLink", "detect", "find_login_link", "find_wall_button", "load_data", "rank_login_links"]


def load_data() -> None:
    """Read the package's data now and not at the first page: 0.1 s (2026-11-26). Threads that come at the same time
    would each read it, so a caller with threads calls this before them, or under a lock.
    """
    concepts()
    shipped_weights()
    load_providers()
