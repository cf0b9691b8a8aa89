"""Writes provider-6.json: the names that resources and data sources of terraform's AWS provider 6.x have.

    pip download --no-deps --dest DIR cdktn-provider-aws
    python tests/terraform/schema/extract_names.py DIR/cdktn_provider_aws-*.whl

The provider itself of that version may not be at hand; this package is generated from its schema, and holds the real
names and which of them are blocks. Names only: neither types nor what is required.
"""

from __future__ import annotations

import io
import json
import re
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MODULE = HERE.parents[2] / "terraform"
FUNCTION = re.compile(r"^function (\w+)ToHclTerraform\(struct\) \{(.*?)^\}", re.MULTILINE | re.DOTALL)
METHOD = re.compile(r"synthesizeHclAttributes\(\) \{(.*?)^    \}", re.MULTILINE | re.DOTALL)
ENTRY = re.compile(r'^ +"?(\w+)"?: \{\n +value: (.*),\n +isBlock: (true|false),', re.MULTILINE)
INNER = re.compile(r"(?<![.\w])(\w+)ToHclTerraform")


def used_types() -> set[tuple[str, str]]:
    """(`resource` or `data`, type) of every block in the module and its examples."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in MODULE.rglob("*.tf"))
    return set(re.findall(r'^(resource|data) "(aws_\w+)"', text, re.MULTILINE))


def read_blocks(source: str) -> dict[str, Any]:
    """{attribute: null, block: {…}} of one generated file."""
    functions = dict(FUNCTION.findall(source))

    def read(body: str) -> dict[str, Any]:
        names: dict[str, Any] = {}
        for name, value, is_block in ENTRY.findall(body):
            inner = INNER.search(value) if is_block == "true" else None
            names[name] = read(functions[inner.group(1)]) if inner else None
        return dict(sorted(names.items()))

    methods = METHOD.findall(source)
    return read(methods[-1])


def main(wheel: Path) -> None:
    """Extract what the module uses."""
    with zipfile.ZipFile(wheel) as outer:
        (inner,) = (name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        packed = io.BytesIO(outer.read(inner))
    wanted = {
        f"package/lib/{'data-aws-' if kind == 'data' else ''}{name.removeprefix('aws_').replace('_', '-')}/index.js": (
            kind,
            name,
        )
        for kind, name in used_types()
    }
    found: dict[str, dict[str, Any]] = {"resource": {}, "data": {}}
    version = ""
    with tarfile.open(fileobj=packed) as archive:
        for member in archive:
            if member.name in wanted:
                kind, name = wanted[member.name]
                file = archive.extractfile(member)
                assert file is not None
                source = file.read().decode()
                version = re.findall(r"providerVersion: '([\d.]+)'", source)[0]
                found[kind][name] = read_blocks(source)
    missing = set(wanted.values()) - {(kind, name) for kind in found for name in found[kind]}
    assert not missing, f"not in {wheel.name}: {sorted(missing)}"
    lines = [
        f" {json.dumps(kind)}: {{\n"
        + ",\n".join(f"  {json.dumps(name)}: {json.dumps(names)}" for name, names in sorted(found[kind].items()))
        + "\n }"
        for kind in ("resource", "data")
    ]
    text = "{\n" + f' "provider": {json.dumps(version)},\n' + ",\n".join(lines) + "\n}\n"
    (HERE / "provider-6.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
