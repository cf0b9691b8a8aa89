"""What a visit's settings take and refuse."""

from __future__ import annotations

import pytest

from gridrunner.settings.values import BadSetting
from gridrunner.settings.visits import parse_agent


def test_a_name_of_a_browser_is_taken_as_a_header_takes_it() -> None:
    assert parse_agent(" gridrunner (+https://example.org/bot) ") == "gridrunner (+https://example.org/bot)"


@pytest.mark.parametrize("text", ["", "  ", "two\nlines", "tab\there", "ünicode", "nul\0"])
def test_what_would_split_a_header_is_refused(text: str) -> None:
    with pytest.raises(BadSetting, match="takes printable ASCII"):
        parse_agent(text)
