"""The numbers that several layers share."""

from __future__ import annotations

import ast
from pathlib import Path

from gridrunner.planning import constants


def test_constants_can_be_read_by_every_layer_as_they_import_nothing_of_ours() -> None:
    tree = ast.parse(Path(constants.__file__).read_text(encoding="utf-8"))
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert [name for name in imported if name.startswith("gridrunner")] == []
