from __future__ import annotations

from tests.support.settings_docs import PAGE, render_page


def test_the_page_is_what_the_table_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_page(), "stale: `make docs` writes it again"
