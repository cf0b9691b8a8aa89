"""gridrunner runs a login-form detection suite over site lists in parallel browsers and merges the results for CI."""


def __getattr__(name: str) -> str:
    """`__version__`, read when it is asked for: every pytest of the environment imports this package."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - it takes 0.04 s to import

    try:
        return version("gridrunner")
    except PackageNotFoundError:  # a source tree that is not installed
        return "0"
