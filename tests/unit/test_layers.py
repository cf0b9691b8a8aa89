"""Imports go one way (ARCHITECTURE.md): each folder may import only what this table says. A new folder needs a line here."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import gridrunner

PACKAGE = Path(gridrunner.__file__).parent
BASE = {"model", "errors", "codec", "text", "foreign", "__version__"}

MAY_IMPORT: dict[str, set[str]] = {
    "model": set(),
    "errors": {"text"},
    "codec": set(),
    "text": set(),
    "foreign": set(),
    # pure: decide, and know no files, sockets, clocks or environment
    "planning": BASE,
    "detection": BASE,
    # one outside system each
    "settings": BASE,
    "sites": BASE,
    "aws": BASE,
    "results": BASE | {"planning", "aws"},
    "browser": BASE | {"detection"},
    "grid": BASE | {"browser", "aws"},
    # join them
    "dispatch": BASE | {"planning", "results"},
    "pytest_plugin": BASE | {"detection", "results", "grid", "judging"},
    "judging": BASE | {"results", "planning", "detection"},
}
"""What is not named here (run.py, cli.py, …) joins everything and may import all."""

TABLES = {"gridrunner.grid.drivers.table", "gridrunner.planning.limits"}
"""Data that every layer may read: these import nothing of ours (their own tests hold that)."""

PURE = ("planning", "detection")
IMPURE_MODULES = {
    "os",
    "socket",
    "subprocess",
    "time",
    "threading",
    "urllib3",
    "requests",
    "selenium",
    "websocket",
    "random",
}
PURE_EXCEPTIONS = {"detection/training"}
"""The training command reads and writes files; nothing at run time imports it."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module)
            if node.module == "gridrunner":
                found.update(f"gridrunner.{alias.name}" for alias in node.names)
    return found


def layer_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module_imports_only_downwards(path: Path) -> None:
    layer = layer_of(path)
    if layer not in MAY_IMPORT:
        return
    used = {name.split(".")[1] for name in imports_of(path) - TABLES if name.startswith("gridrunner.")}
    assert used - MAY_IMPORT[layer] - {layer} == set()


@pytest.mark.parametrize("layer", PURE)
def test_pure_layer_touches_nothing_outside(layer: str) -> None:
    impure = {}
    for path in modules():
        name = str(path.relative_to(PACKAGE).with_suffix(""))
        if layer_of(path) != layer or any(name.startswith(exception) for exception in PURE_EXCEPTIONS):
            continue
        used = {module.split(".")[0] for module in imports_of(path)} & IMPURE_MODULES
        if used:
            impure[name] = used
    assert impure == {}


def test_every_layer_of_the_table_exists() -> None:
    existing = {layer_of(path) for path in modules()}
    assert set(MAY_IMPORT) - existing == set()
