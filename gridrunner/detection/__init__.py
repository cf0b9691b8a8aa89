"""Facts -> detection: forms by kind, fields by role, where a one-click login could go. Pure; no files, sockets, clocks.

Data of the package (vocabularies, weights) is read once through `importlib.resources`.
"""

from gridrunner.detection.detect import detect
from gridrunner.detection.links import find_login_link
from gridrunner.detection.ways import find_wall_button

__all__ = ["detect", "find_login_link", "find_wall_button"]
