"""gridrunner runs a login-form detection suite over site lists in parallel browsers and merges the results for CI."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("gridrunner")
except PackageNotFoundError:  # a source tree that is not installed
    __version__ = "0"

__all__ = ["__version__"]
