"""Closed shadow roots as the DOM domain tells them."""

from __future__ import annotations

from typing import Any

from gridrunner.browser.devtools.dom import list_closed_roots
from gridrunner.browser.port import ClosedRoot


def element(name: str, *children: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"localName": name, "children": list(children), **more}


def root(kind: str, number: int, *children: dict[str, Any]) -> dict[str, Any]:
    return {"shadowRootType": kind, "backendNodeId": number, "children": list(children)}


PASSWORD = element("input", attributes=["type", "Password", "name", "p"])
TEXT = element("input", attributes=["name", "u"])


def test_inputs_of_a_closed_root_are_counted_and_those_in_the_open_are_not() -> None:
    document = element("html", TEXT, element("x-login", shadowRoots=[root("closed", 7, element("p", TEXT), PASSWORD)]))
    assert list_closed_roots(document) == [ClosedRoot(host="x-login", inputs=2, passwords=1, node=7)]


def test_input_counts_for_the_innermost_closed_root() -> None:
    inner = element("x-field", shadowRoots=[root("closed", 2, PASSWORD)])
    document = element("html", element("x-login", shadowRoots=[root("closed", 1, TEXT, inner)]))
    assert list_closed_roots(document) == [
        ClosedRoot(host="x-login", inputs=1, passwords=0, node=1),
        ClosedRoot(host="x-field", inputs=1, passwords=1, node=2),
    ]


def test_closed_root_inside_an_open_one_is_seen() -> None:
    inner = element("x-field", shadowRoots=[root("closed", 2, TEXT)])
    document = element("html", element("x-login", shadowRoots=[root("open", 1, inner)]))
    assert list_closed_roots(document) == [ClosedRoot(host="x-field", inputs=1, passwords=0, node=2)]
