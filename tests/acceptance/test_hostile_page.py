"""A page whose title, labels, console and addresses attack HTML, Markdown, terminals and the commands of CI systems:
from a real browser to every file and every line, nothing of it is obeyed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from selenium import webdriver
from selenium.webdriver.support.wait import WebDriverWait

from gridrunner.browser.binaries import find_browser
from tests.support.command_line import CommandLine
from tests.support.own_sites import OwnSites

pytestmark = pytest.mark.browser

ATTACK = (
    "<script>window.pwned=1</script><img src=x onerror=window.pwned=1>]]>\"'</textarea></title>"
    "\x1b[31mred\x1b]0;title\x07\x9b2J [link](javascript:alert(1)) | `code` @everyone #1 **bold** "
    "\n::error file=a::injected\n  ::set-output name=x::y\n##[command]rm\n##vso[task.complete]\n"
    "[red]markup[/red] =HYPERLINK(1) \u202emoc.live https://evil.example \u2028 <!-- -->"
)

ATTACK_IN_SCRIPT = json.dumps(ATTACK).replace("<", "\\u003c")

PAGE = f"""<!doctype html><html lang=en><meta charset=utf-8><title>x</title><body><script>
const attack = {ATTACK_IN_SCRIPT};
document.title = "::error file=a::injected " + attack;
const form = document.createElement("form");
const label = document.createElement("label");
const input = document.createElement("input");
const secret = Object.assign(document.createElement("input"), {{ type: "password", name: attack }});
label.append(attack, input, secret);
form.append(label);
document.body.append(form);
console.error(attack);
console.error("::error::" + attack);
setTimeout(() => {{ throw new Error(attack); }});
fetch("/missing?" + encodeURIComponent(attack)).catch(() => 0);
alert(attack);
</script>"""

CHECKS = """\
def test_title_is_quoted(observation):
    print(observation.title)
    assert not observation.title, observation.title

def test_it_breaks(observation):
    raise RuntimeError(observation.title)

def test_label_is_noted(detection, record_property):
    record_property("note", "; ".join(f.element.label for form in detection.forms for f in form.fields))
"""

CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def assert_harmless_log(text: str) -> None:
    """What a terminal or a CI system would show of `text` is text, but for the annotations that are ours."""
    assert not CONTROLS.search(text.replace("\r", ""))
    for line in text.splitlines():
        command = re.match(r"\s*::([a-z-]+)", line)
        assert command is None or re.match(r"::(error|warning|group|endgroup)\b[^:]*::", line), line
        assert command is None or "injected" not in line.split("::")[1], line
        assert "##[" not in line, line
        assert "##vso[" not in line, line


def test_nothing_that_a_page_says_is_obeyed_anywhere(project: CommandLine, sites: OwnSites) -> None:
    sites.add("attack", PAGE, expect={"login": True, "username": "#nothing"})
    (project.folder / "checks.py").write_text(CHECKS)
    summary = project.folder / "step.md"
    ended = project.run(
        *("run", "--sites", sites.write_list(), "--slots", "1", "--checks", "checks.py", "--screenshots", "all"),
        *("--json", "run.json", "--capture", "all"),
        env={"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_WORKSPACE": str(project.folder)},
    )
    assert ended.code == 3, ended.stderr  # one check fails, one breaks
    folder = project.run_folder
    assert "::error file=sites.yaml" in ended.stderr
    assert "window.pwned" in ended.stderr  # it is told, as text
    journal = [json.loads(line) for line in (folder / "journal.jsonl").read_bytes().splitlines()]
    (seen, *_) = [event["observation"] for event in journal if event.get("event") == "observation"]
    assert seen["title"].startswith("::error file=a::injected <script>window.pwned=1")
    assert {"console-error", "dialog"} <= {event["kind"] for event in seen["events"]}

    again = project.run("report", folder)
    probed = project.run("probe", sites.url("attack"))
    for text in (ended.stdout, ended.stderr, again.stdout, again.stderr, probed.stdout, probed.stderr):
        assert_harmless_log(text)
    for markdown in (summary, folder / "summary.md"):
        text = markdown.read_text(encoding="utf-8")
        assert_harmless_log(text)
        assert not re.search(r"<(?!/?details>|/?summary>)", text)
        assert not re.search(r"@\w", text)
    junit = ET.parse(folder / "junit.xml")
    assert {element.tag for element in junit.iter()} <= {
        *("testsuites", "testsuite", "testcase", "properties", "property", "failure", "error"),
        *("flakyFailure", "rerunFailure", "stackTrace", "system-out"),
    }
    assert len(junit.findall(".//testcase")) == 3
    figures = json.loads((project.folder / "run.json").read_text(encoding="utf-8"))
    assert not any(CONTROLS.search(case["reason"]) for site in figures["sites"] for case in site["checks"])
    json.loads((folder / "timeline.json").read_text(encoding="utf-8"))
    assert_report_shows_it(folder / "report.html")


def assert_report_shows_it(report: Path) -> None:
    """The report, opened in a browser, shows the attack as text and runs none of it."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(find_browser(None, os.environ).binary)
    for argument in ("--no-sandbox", "--headless=new", "--disable-gpu"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        driver.get(report.as_uri() + "#site/attack")
        WebDriverWait(driver, 30).until(
            lambda _: driver.execute_script("return document.getElementById('detail').innerText.includes('pwned=1')")
        )
        assert driver.execute_script("return window.pwned") is None
        assert driver.execute_script("return document.querySelectorAll('#main img[onerror], #main script').length") == 0
        driver.execute_script("location.hash = ''")
        assert driver.execute_script("return window.pwned") is None
    finally:
        driver.quit()
