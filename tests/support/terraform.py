"""terraform on a copy of the module, with the real AWS provider, against the stand-in for AWS or nothing at all.

The provider is taken from a mirror on this machine when there is one (`find_mirror`), else from terraform's registry.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "terraform"
TIMEOUT_S = 600.0
PROVIDER = "registry.terraform.io/hashicorp/aws"
# Where terraform itself looks for mirrors (its documentation, "Implied local mirrors"), and where machines that are
# made without a network keep one: a folder of any name below these.
MIRROR_ROOTS = (
    "~/.terraform.d/plugins",
    "~/.local/share/terraform/plugins",
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
)
MIRROR_PARENTS = ("/opt", "/usr/local", "/usr/local/lib", "/usr/local/share", "/usr/share", "/var/lib", "/srv")
# moto answers an action that it does not know with 500, which the provider would try 25 times: minutes, for nothing.
QUICK_PROVIDER = 'provider "aws" {\n  max_retries = 2\n}\n'


def find_mirror() -> Path | None:
    """A folder that terraform can take the AWS provider from: TF_PLUGIN_MIRROR, or the first that holds one."""
    named = os.environ.get("TF_PLUGIN_MIRROR")
    places = [named] if named else [*MIRROR_ROOTS]
    folders = [Path(place).expanduser() for place in places]
    if not named:
        folders += sorted(folder for parent in MIRROR_PARENTS for folder in Path(parent).glob("*") if folder.is_dir())
    for folder in folders:
        if any((folder / PROVIDER).glob("*/*/terraform-provider-aws*")) or any((folder / PROVIDER).glob("*.zip")):
            return folder
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A terraform command that is over; `text` is all that it said, on one line each word apart by one blank."""

    code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        # terraform draws boxes round what went wrong
        return " ".join((self.stdout + self.stderr).replace("│", " ").split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Terraform:
    """terraform in one folder, with an environment of its own."""

    folder: Path
    env: Mapping[str, str]

    def run(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> Ended:
        """Run a command; any exit code but `codes` fails the test with what was said."""
        done = subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env=dict(self.env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        ended = Ended(code=done.returncode, stdout=done.stdout, stderr=done.stderr)
        said = (done.stdout + done.stderr)[-8000:]
        assert done.returncode in codes, f"terraform {' '.join(arguments)}: exit {done.returncode}\n{said}"
        return ended

    def init(self) -> None:
        self.run("init", "-backend=false", "-input=false", "-no-color")

    def apply(self, **variables: object) -> None:
        self.run("apply", "-auto-approve", "-input=false", "-no-color", *_options(variables))

    def changes(self, **variables: object) -> list[str]:
        """What a plan would change: addresses with what would be done to them. Empty: nothing at all."""
        plan = "changes.tfplan"
        ended = self.run(
            "plan",
            "-detailed-exitcode",
            "-input=false",
            "-no-color",
            f"-out={plan}",
            *_options(variables),
            codes=(0, 2),
        )
        shown = json.loads(self.run("show", "-json", plan).stdout)
        found = [
            f"{change['address']}: {'+'.join(change['change']['actions'])}"
            for change in shown.get("resource_changes", [])
            if change["change"]["actions"] not in (["no-op"], ["read"])
        ]
        assert bool(found) == (ended.code == 2) or shown.get("output_changes"), ended.stdout
        return found

    def refuse(self, **variables: object) -> str:
        """Why a plan is refused."""
        return self.run("plan", "-input=false", "-no-color", *_options(variables), codes=(1,)).text

    def output(self, name: str) -> Any:
        return json.loads(self.run("output", "-json", name).stdout)

    def destroy(self, **variables: object) -> None:
        self.run("destroy", "-auto-approve", "-input=false", "-no-color", *_options(variables))

    def addresses(self) -> list[str]:
        """What is in the state."""
        return self.run("state", "list").stdout.split()


def _options(variables: Mapping[str, object]) -> list[str]:
    return [
        f"-var={name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in variables.items()
    ]


def copy_module(folder: Path, aws_environment: Mapping[str, str], *, root: str = ".") -> Terraform:
    """Copy terraform/ to `folder` and prepare `root` in it, such as `examples/minimal`, with a quick provider."""
    shutil.copytree(MODULE, folder, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
    home = folder.parent / f"{folder.name}-home"
    home.mkdir()
    rc = home / "terraform.rc"
    mirror = find_mirror()
    rc.write_text(
        ""
        if mirror is None
        else f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n'
        f'    include = ["{PROVIDER}"]\n  }}\n}}\n',
        encoding="utf-8",
    )
    where = folder / root
    declares = any('provider "aws"' in path.read_text(encoding="utf-8") for path in where.glob("*.tf"))
    (where / ("quick_override.tf" if declares else "quick.tf")).write_text(QUICK_PROVIDER, encoding="utf-8")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    env |= aws_environment
    env |= {
        "HOME": str(home),
        "TF_CLI_CONFIG_FILE": str(rc),
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
    }
    return Terraform(folder=where, env=env)
