"""Every name that the module uses exists in provider 6.x as well; what runs here is 5.x (schema/extract_names.py)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import hcl2

from tests.support.terraform import MODULE

NAMES = json.loads((Path(__file__).parent / "schema" / "provider-6.json").read_text(encoding="utf-8"))
BUILT_IN = {"terraform_data"}
"""terraform's own types, of no provider's schema."""

# terraform's own, in every block of its kind
META = {"count", "depends_on", "for_each", "lifecycle", "provider", "provisioner"}


def unquote(name: str) -> str:
    return name.strip('"')


def find_unknown(block: dict[str, Any], names: dict[str, Any], where: str) -> list[str]:
    """Attributes and blocks in `block` that `names` does not have."""
    unknown = []
    for raw, value in block.items():
        name = unquote(raw)
        if name.startswith("__"):
            continue
        if name == "dynamic":
            for each in value:
                ((label, dynamic),) = ((key, one) for key, one in each.items() if not key.startswith("__"))
                inner = {label: dynamic["content"]}
                unknown += find_unknown(inner, names, where)
        elif name not in names:
            unknown.append(f"{where}.{name}")
        elif names[name] is not None and isinstance(value, list):
            for inner in value:
                if isinstance(inner, dict):
                    unknown += find_unknown(inner, names[name], f"{where}.{name}")
    return unknown


def read_blocks(path: Path) -> list[tuple[str, str, str, dict[str, Any]]]:
    """(kind, type, name, body) of a file's resources and data sources."""
    with path.open(encoding="utf-8") as file:
        parsed = hcl2.load(file)
    return [
        (kind, unquote(type_), unquote(name), body)
        for kind in ("resource", "data")
        for block in parsed.get(kind, [])
        for type_, named in block.items()
        if not type_.startswith("__") and unquote(type_) not in BUILT_IN
        for name, body in named.items()
        if not name.startswith("__")
    ]


def test_every_name_is_in_the_schema_of_provider_6() -> None:
    files = sorted(MODULE.rglob("*.tf"))
    blocks = [(path, *block) for path in files for block in read_blocks(path)]
    declared = sum(
        len(re.findall(r'^(?:resource|data) "aws_', path.read_text(encoding="utf-8"), re.MULTILINE)) for path in files
    )
    assert len(blocks) == declared > 50
    unknown = [
        f"{path.relative_to(MODULE)}: {problem}"
        for path, kind, type_, name, body in blocks
        for problem in (
            find_unknown(
                {key: value for key, value in body.items() if key not in META}, NAMES[kind][type_], f"{type_}.{name}"
            )
            if type_ in NAMES[kind]
            else [f"no {kind} {type_} in {NAMES['provider']}: run schema/extract_names.py"]
        )
    ]
    assert unknown == []


def test_a_name_that_is_gone_is_found() -> None:
    names = NAMES["resource"]["aws_autoscaling_group"]
    body = {"tags": "${local.tags}", "instance_refresh": [{"preferences": [{"warmth": 1}]}]}
    assert find_unknown(body, names, "group") == ["group.tags", "group.instance_refresh.preferences.warmth"]
