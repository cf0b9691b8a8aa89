"""What the DOM domain says of a whole document, read; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gridrunner.browser.port import ClosedRoot


@dataclass(slots=True)
class _Root:
    host: str
    node: int | None
    inputs: int = 0
    passwords: int = 0


def list_closed_roots(document: Mapping[str, Any]) -> list[ClosedRoot]:
    """The closed shadow roots of `DOM.getDocument` with `pierce`; an input counts for the innermost around it."""
    roots: list[_Root] = []
    waiting: list[tuple[Mapping[str, Any], _Root | None]] = [(document, None)]
    while waiting:
        node, inside = waiting.pop()
        if inside is not None and node.get("localName") == "input":
            inside.inputs += 1
            inside.passwords += "password" in [text.lower() for text in node.get("attributes", [])]
        waiting.extend((child, inside) for child in node.get("children", []))
        for shadow in node.get("shadowRoots", []):
            innermost = inside
            if shadow.get("shadowRootType") == "closed":
                innermost = _Root(host=node.get("localName", ""), node=shadow.get("backendNodeId"))
                roots.append(innermost)
            waiting.append((shadow, innermost))
    return [ClosedRoot(host=root.host, inputs=root.inputs, passwords=root.passwords, node=root.node) for root in roots]
