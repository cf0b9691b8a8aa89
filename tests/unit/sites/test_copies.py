"""Which folders hold copies, and under which policy they are served."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest

from gridrunner.sites.copies import CARRIED_HEAD, CARRIED_POLICY, is_copy, mark_copy, served_policy
from gridrunner.sites.replay import ReplayServer

EARLIER = (
    '<script>/* gridrunner: what HTML cannot say */\nhistory.replaceState(null, "", "/login")\n'
    'for (const name of ["x-a","x-b"]) try { customElements.define(name, class extends HTMLElement {}) } catch {}\n'
    "</script>"
)


def head_of(folder: Path, path: str = "/") -> dict[str, str]:
    with ReplayServer(folder) as server:
        request = urllib.request.Request(
            f"http://127.0.0.1:{server.port}{path}", headers={"Host": "page.demo.localhost"}
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            return dict(answer.headers)


@pytest.mark.parametrize(
    ("files", "is_one"),
    [
        ({"index.html": "<h1>x</h1>"}, False),
        ({"index.html": "<script>x</script>", "login.css": ""}, False),
        ({"index.html": "<h1>x</h1>", "facts.json.gz": ""}, True),
        ({"index.html": "<h1>x</h1>", "screenshot.webp": ""}, True),
        ({"index.html": CARRIED_HEAD}, True),
        ({"index.html": EARLIER}, True),
        ({"index.html": '<iframe srcdoc=""></iframe>'}, True),
        ({}, False),
    ],
)
def test_copy_is_told_by_what_lies_beside_it_and_by_its_marks(
    tmp_path: Path, files: dict[str, str], is_one: bool
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert is_copy(tmp_path) is is_one


def test_copy_is_served_under_the_policy_and_a_page_of_ones_own_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "index.html").write_text("<script>{{origin:a.b}}</script>")
    assert "Content-Security-Policy" not in head_of(tmp_path)
    (folder / "facts.json.gz").write_bytes(b"")
    head = head_of(tmp_path)
    assert head["Content-Security-Policy"] == CARRIED_POLICY + "; sandbox allow-scripts"
    assert head["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["Content-Security-Policy", "content-security-policy"])
def test_behaviour_of_a_copy_does_not_take_its_policy(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "index.html").write_text(CARRIED_HEAD)
    (tmp_path / "behaviours.yaml").write_text(
        "version: 1\nbehaviours:\n  - {at: page, headers: {" + name + ": script-src *}}\n"
    )
    with ReplayServer(tmp_path) as server:
        request = urllib.request.Request(f"http://127.0.0.1:{server.port}/", headers={"Host": "page.demo.localhost"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            assert served_policy(b"") in answer.headers.get_all("Content-Security-Policy")


def test_script_of_an_earlier_copy_runs_only_as_it_was_written() -> None:
    plain = served_policy(b"")
    assert served_policy(EARLIER.encode()) != plain
    frame = f'<iframe srcdoc="{EARLIER.replace("&", "&amp;").replace(chr(34), "&quot;")}">'
    assert served_policy(frame.encode()) == served_policy(EARLIER.encode())
    for changed in (
        EARLIER.replace("</script>", "alert(1)</script>"),
        EARLIER.replace('"/login"', '"/" + alert(1)'),
        EARLIER.replace("/login", '/", alert(1), "'),
        EARLIER.replace("x-a", 'x"];alert(1);["'),
        EARLIER.replace("/login", "/\\u0022"),
        EARLIER.replace("catch {}", "catch { alert(1) }"),
    ):
        assert served_policy(changed.encode()) == plain


@pytest.mark.parametrize("doctype", ["<!DOCTYPE html>\n", "<!doctype html>", ""])
def test_page_of_any_run_is_kept_as_a_copy(tmp_path: Path, doctype: str) -> None:
    kept = mark_copy(f"{doctype}<script>x</script>".encode())
    assert kept == f"{doctype}{CARRIED_HEAD}<script>x</script>".encode()
    assert mark_copy(kept) == kept
    (tmp_path / "index.html").write_bytes(kept)
    assert is_copy(tmp_path)
    earlier = mark_copy(EARLIER.encode()).decode()
    assert earlier.endswith(EARLIER)
    assert CARRIED_HEAD not in earlier  # its own script is allowed as well
