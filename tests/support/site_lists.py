"""Owns what the tests of site lists share: reading a text as a list, and its mistakes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from gridrunner.errors import SiteListError
from gridrunner.sites.lists import SiteLists, read_site_lists

SITE = "version: 1\nsites:\n  - url: https://a.example/login\n"
"""The start of a YAML list, to which further keys of its site can be added from line 4 on."""


def read(*sources: str | Path, stdin: bytes = b"") -> SiteLists:
    return read_site_lists([str(source) for source in sources], io.BytesIO(stdin))


def read_stdin(text: str) -> SiteLists:
    return read("-", stdin=text.encode())


def mistakes_of(*sources: str | Path, stdin: bytes = b"") -> list[str]:
    with pytest.raises(SiteListError) as caught:
        read(*sources, stdin=stdin)
    return list(caught.value.mistakes)


def mistakes_in(text: str) -> list[str]:
    """The mistakes of a list on standard input, without the name of standard input."""
    return [mistake.removeprefix("<stdin>:").strip() for mistake in mistakes_of("-", stdin=text.encode())]
