"""Which module of the package imports which, read from the source: nothing is imported for it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import gridrunner

PACKAGE = Path(gridrunner.__file__).parent
ROOT = PACKAGE.parent


def list_modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    modules = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return modules


def read_imports(path: Path) -> set[str]:
    """Dotted names that the file imports, also within functions: `from a import b` may mean `a`, `a.b` or both."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def draw_imports(modules: Mapping[str, Path]) -> dict[str, set[str]]:
    """Module to the modules that it imports. A folder counts only where a name of its own is imported."""
    arrows: dict[str, set[str]] = {}
    for module, path in modules.items():
        names = read_imports(path) & modules.keys()
        within = {name.rpartition(".")[0] for name in names}
        arrows[module] = {name for name in names if name not in within or _has_code(modules[name])} - {module}
    return arrows


def _has_code(path: Path) -> bool:
    return any(not isinstance(node, ast.Expr) for node in ast.parse(path.read_text(encoding="utf-8")).body)


def find_circle(arrows: Mapping[str, Iterable[str]]) -> list[str]:
    """A circle of imports, first and last are the same; empty when there is none."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return []


def list_calls(path: Path) -> list[tuple[int, str]]:
    """Line and dotted name of every call in the file: `open`, `datetime.now`, `folder.read_text`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [(node.lineno, _name_of(node.func)) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def _name_of(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return f"{_name_of(function.value)}.{function.attr}"
    return function.id if isinstance(function, ast.Name) else "…"
