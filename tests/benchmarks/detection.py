"""`python -m tests.benchmarks.detection --corpus DIR|ZIP`: what the facts of a page cost in the page,
and their scoring.

Every n-th page of a labelled corpus is opened in one browser and asked `--worlds` times, each time in a fresh isolated
world, as a visit does; the best of them counts, because another program's turn is no cost of ours. Beside it stands the
least that a detector must do: read all inputs with their boxes and styles (the size of a peer's collector without its
labels). Scoring is CPU time of one detection of the facts, in a process that has its vocabularies loaded.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from selenium import webdriver

from dom_probes import read_probe
from gridrunner.browser.binaries import find_browser
from gridrunner.detection import detect
from gridrunner.evaluation.corpus import Corpus, CorpusServer

BASELINE = """() => {
  const started = performance.now();
  for (const input of document.querySelectorAll('input, select, textarea, button')) {
    const box = input.getBoundingClientRect(), style = getComputedStyle(input);
    void [box.width, box.height, style.visibility, style.opacity, input.type, input.name, input.id, input.form];
  }
  return {elapsed_ms: performance.now() - started};
}"""


def main(arguments: list[str] | None = None) -> int:
    """Measure and print a table: median and 95th percentile of each figure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.detection", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, metavar="DIR|ZIP")
    parser.add_argument(
        "--pages", type=int, default=120, metavar="N", help="pages measured, evenly spread (default 120)"
    )
    parser.add_argument(
        "--worlds", type=int, default=4, metavar="N", help="fresh worlds a page, the best counts (default 4)"
    )
    options = parser.parse_args(arguments)
    corpus = Corpus(options.corpus)
    pages = corpus.pages[:: max(1, len(corpus.pages) // options.pages)]
    figures: dict[str, list[float]] = {
        "in the page, ms": [],
        "inputs alone, ms": [],
        "facts, kB": [],
        "scoring, CPU ms": [],
    }
    driver = _open_browser()
    try:
        with CorpusServer(corpus) as server:
            for page in pages:
                driver.get(server.url(page))
                facts = [_call(driver, read_probe("collect_page.js")) for _ in range(options.worlds)]
                alone = [_call(driver, BASELINE) for _ in range(options.worlds)]
                figures["in the page, ms"].append(min(each["elapsed_ms"] for each in facts))
                figures["inputs alone, ms"].append(min(each["elapsed_ms"] for each in alone))
                figures["facts, kB"].append(len(json.dumps(facts[0])) / 1000)
                figures["scoring, CPU ms"].append(_scoring_ms(facts[0]))
    finally:
        driver.quit()
    print(f"{len(pages)} pages, best of {options.worlds} fresh worlds each, {driver.capabilities['browserVersion']}")
    for name, values in figures.items():
        high = statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]
        print(f"{name:18} median {statistics.median(values):6.1f}   95 % {high:6.1f}")
    return 0


def _open_browser() -> webdriver.Chrome:
    installed = find_browser(None, os.environ)
    options = webdriver.ChromeOptions()
    options.binary_location = str(installed.binary)
    for argument in (
        "--headless=new", "--window-size=1366,900", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
    ):  # fmt: skip
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(str(installed.chromedriver)))


def _call(driver: webdriver.Chrome, function: str) -> dict[str, Any]:
    tree = driver.execute_cdp_cmd("Page.getFrameTree", {})
    world = {"frameId": tree["frameTree"]["frame"]["id"], "worldName": "benchmark"}
    context = driver.execute_cdp_cmd("Page.createIsolatedWorld", world)["executionContextId"]
    question = {
        "functionDeclaration": function, "executionContextId": context,
        "arguments": [{"value": {}}], "returnByValue": True,
    }  # fmt: skip
    answer: dict[str, Any] = driver.execute_cdp_cmd("Runtime.callFunctionOn", question)["result"]["value"]
    return answer


def _scoring_ms(page: dict[str, Any]) -> float:
    frame = {"frame_id": "top", "parent": None, "owner_selector": None, "offset": [0, 0], "is_readable": True}
    facts = {"version": 1, "url": page["url"], "frames": [{**frame, "page": page}], "closed_roots": []}
    started = time.process_time()
    detect(facts)
    return (time.process_time() - started) * 1000


if __name__ == "__main__":
    sys.exit(main())
