"""docs/history.png: `python -m tests.support.history_picture`, from a history with planted breaks, flaps and walls."""

from __future__ import annotations

import tempfile
from pathlib import Path

from gridrunner.results.reports.html.past import PastRun
from gridrunner.results.reports.html.past_page import write_history_page
from tests.support.planted_histories import plant_history
from tests.support.report_reader import open_reader

PICTURE = Path(__file__).parents[2] / "docs" / "history.png"

RUNS = 60


def main() -> None:
    """Draw it."""
    with tempfile.TemporaryDirectory() as scratch, open_reader() as driver:
        page = Path(scratch) / "history.html"
        write_history_page(plant_history(800, RUNS, each=4).runs, [PastRun()] * RUNS, page)
        driver.get(page.as_uri() + "#site/flapping-2")
        driver.set_window_size(1400, 900)
        PICTURE.write_bytes(driver.get_screenshot_as_png())
    print(PICTURE)


if __name__ == "__main__":
    main()
