"""What can be known of the module without applying it: form, types, its own tests, and two analysers."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.terraform import MODULE, Terraform, copy_module

pytestmark = pytest.mark.terraform

EXAMPLES = sorted(path.name for path in (MODULE / "examples").iterdir())


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """The module as root, with all examples called from it: one `init` and one provider for all."""
    terraform = copy_module(tmp_path_factory.mktemp("static") / "module", {"AWS_REGION": "eu-central-1"})
    terraform.init()
    return terraform


def test_files_are_formatted() -> None:
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-recursive", "-diff", str(MODULE)],
        env=os.environ | {"TF_CLI_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_examples_are_valid(tmp_path: Path) -> None:
    terraform = copy_module(tmp_path / "module", {"AWS_REGION": "eu-central-1"}, root="examples")
    calls = ['variable "given" {\n  type = any\n}\n']  # not known when validating, so fit for every variable
    for name in EXAMPLES:
        text = "\n".join(path.read_text(encoding="utf-8") for path in (MODULE / "examples" / name).glob("*.tf"))
        required = [
            variable
            for variable, body in re.findall(r'^variable "(\w+)" \{(.*?)^\}', text, re.MULTILINE | re.DOTALL)
            if "default " not in body
        ]
        calls.append(
            f'module "{name}" {{\n  source = "./{name}"\n'
            + "".join(f"  {one} = var.given\n" for one in required)
            + "}\n"
        )
    (terraform.folder / "all.tf").write_text("\n".join(calls), encoding="utf-8")
    terraform.init()
    said = json.loads(terraform.run("validate", "-json", codes=(0, 1)).stdout)
    assert [
        one["summary"] + ": " + one.get("detail", "") for one in said["diagnostics"] if one["severity"] == "error"
    ] == []
    assert said["valid"] is True
    assert len(EXAMPLES) == 5


def test_the_module_passes_its_own_tests(module: Terraform) -> None:
    ended = module.run("test", "-no-color")
    passed = re.search(r"Success! (\d+) passed, 0 failed", ended.text)
    assert passed is not None, ended.text
    assert int(passed.group(1)) >= 13


# ---------------------------------------------------------------------------------------------------------- analysers

MOST_SKIPPED = 33
"""Each has its reason beside it; the module's own count once for each example that calls it."""


def find_analyser(name: str) -> str:
    """The program, from its own virtual environment (ci/setup.sh) or PATH; else the test says what is missing."""
    own = Path(sys.prefix) / "analysers" / "bin" / name
    found = str(own) if own.exists() else shutil.which(name)
    if found is None:
        reason = f"no {name}: ci/setup.sh test installs it"
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have what this test needs: {reason}", pytrace=False)
        pytest.skip(reason)
    return found


@pytest.fixture
def offline(tmp_path: Path) -> dict[str, str]:
    """An environment in which no analyser looks for newer rules."""
    return os.environ | {"HOME": str(tmp_path), "TRIVY_CACHE_DIR": str(tmp_path / "trivy"), "PYTHONWARNINGS": "ignore"}


def test_checkov_finds_nothing(offline: dict[str, str]) -> None:
    done = subprocess.run(
        [find_analyser("checkov"), "-d", str(MODULE), "--framework", "terraform", "--skip-download", "-o", "json"],
        env=offline,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    report = json.loads(done.stdout)["results"]
    assert [f"{one['check_id']} {one['resource']}: {one['check_name']}" for one in report["failed_checks"]] == []
    assert report["parsing_errors"] == []
    assert len(report["passed_checks"]) > 150
    assert len(report["skipped_checks"]) <= MOST_SKIPPED
    assert [
        one["check_id"] for one in report["skipped_checks"] if not one["check_result"]["suppress_comment"].strip()
    ] == []


def test_trivy_finds_nothing(offline: dict[str, str]) -> None:
    done = subprocess.run(
        [
            *(find_analyser("trivy"), "config", "--skip-check-update", "--skip-version-check", "--quiet"),
            *("--format", "json", str(MODULE)),
        ],
        env=offline,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)["Results"]
    found = [
        f"{one['ID']} {result['Target']}: {one['Title']}"
        for result in results
        for one in result.get("Misconfigurations", [])
    ]
    assert found == []
    assert len(results) > 5  # it has looked at the files
