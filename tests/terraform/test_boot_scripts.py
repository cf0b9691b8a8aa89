"""What instances run when they boot, as terraform's templates come out: right for a shell, and on programs of the
test's own that write down what they are asked.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.terraform import MODULE, ROOT, Terraform

pytestmark = pytest.mark.terraform

SHARED = {
    "region": "eu-central-1",
    "registries": ["123456789012.dkr.ecr.eu-central-1.amazonaws.com"],
    "secret_parameter": "/gridrunner/registration-secret",
    "log_group": "/gridrunner/containers",
    "cluster": "gridrunner",
}
HUB = {
    "hub_image": "registry.example/hub:1",
    "agent_image": "registry.example/agent:1",
    "hub_name": "gridrunner-hub-1",
    "fleet": "gridrunner",
    "bucket": "gridrunner-123456789012-eu-central-1",
    "namespace": "gridrunner",
    "idle_minutes": 20,
}
NODE = {
    "node_image": "registry.example/node:1",
    "agent_image": "registry.example/agent:1",
    "hub_address": "10.0.32.10",
    "nodes_asg": "gridrunner-nodes-1",
    "hook": "gridrunner-drain",
    "slots": 2,
    "drain_timeout_s": 600,
    "seccomp": "{}",
}
SECRET = "k3pt-0ut-0f-command-lines"


@dataclass(frozen=True, kw_only=True)
class Scripts:
    """The user data of a hub and of a node."""

    hub: str
    node: str


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Scripts:
    """Both, made by terraform itself."""
    folder = tmp_path_factory.mktemp("scripts")
    (folder / "main.tf").write_text(
        "\n".join(
            f'output "{role}" {{\n  value = join("\\n", ['
            f'templatefile("{MODULE}/templates/prepare.sh.tftpl", '
            f"{json.dumps(SHARED | {'makes_secret': role == 'hub'})}), "
            f'templatefile("{MODULE}/templates/{role}.sh.tftpl", {json.dumps(variables)})])\n}}\n'
            for role, variables in (("hub", HUB), ("node", NODE))
        ),
        encoding="utf-8",
    )
    terraform = Terraform(folder=folder, env=os.environ | {"TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"})
    terraform.run("apply", "-auto-approve", "-input=false", "-no-color")
    return Scripts(hub=terraform.output("hub"), node=terraform.output("node"))


def test_shellcheck_finds_nothing(scripts: Scripts, tmp_path: Path) -> None:
    for name, text in (("hub", scripts.hub), ("node", scripts.node)):
        path = tmp_path / f"{name}.sh"
        path.write_text(text, encoding="utf-8")
        program = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        assert program is not None
        done = subprocess.run([program, str(path)], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout


def boot(text: str, folder: Path, *, state: str = "InService") -> list[str]:
    """Run a script with every path of the system below `folder`; the commands that it gave, one a line."""
    programs, given = folder / "bin", folder / "given"
    programs.mkdir(parents=True)
    answers = {
        "docker": "",
        "dnf": "",
        "systemctl": "",
        "aws": f'case "$*" in *get-parameter*--with-decryption*) echo {SECRET};; *get-parameter*) exit 254;; '
        '*put-parameter*) for word; do case $word in file://*) cat "${word#file://}" >>'
        f"{folder}/made;; esac; done;; *) echo password;; esac",
        "curl": 'case "$*" in *token) echo token;; *local-ipv4) echo 10.0.40.7;; *instance-id) echo i-0abc;; '
        f"*target-*) echo {state};; esac",
        "sleep": "",
    }
    for name, answer in answers.items():
        path = programs / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>{given}\n{answer}\n', encoding="utf-8")
        path.chmod(0o755)
    script = folder / "user-data"
    for system in ("/run/", "/var/lib/cloud/"):
        text = re.sub(rf"(?<![\w/]){system}|(?<=file://){system}", f"{folder}{system}", text)
        (folder / system.strip("/")).mkdir(parents=True)
    script.write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["/bin/bash", str(script)],
        env={"PATH": f"{programs}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "var/lib/cloud/scripts/per-boot/gridrunner").is_file()  # again at each boot
    return given.read_text(encoding="utf-8").splitlines()


def find_run(commands: list[str], name: str) -> str:
    """The one `docker run` of a container."""
    (found,) = (one for one in commands if one.startswith(f"docker run --detach --name {name} "))
    return found


def test_a_hub_makes_the_secret_and_starts_its_containers(scripts: Scripts, tmp_path: Path) -> None:
    commands = boot(scripts.hub, tmp_path)
    assert re.fullmatch(r"[A-Za-z0-9]{30,}", (tmp_path / "made").read_text())
    hub, agent = find_run(commands, "hub"), find_run(commands, "agent")
    assert "--publish 4442:4442 --publish 4443:4443 --publish 4444:4444" in hub
    assert hub.endswith(" registry.example/hub:1")
    assert "GRIDRUNNER_AGENT_HUB_NAME=gridrunner-hub-1" in agent
    assert agent.endswith(" registry.example/agent:1 hub")
    assert "--network host" in agent
    assert "--network host" not in hub


def test_a_node_registers_at_its_hub_with_an_agent(scripts: Scripts, tmp_path: Path) -> None:
    commands = boot(scripts.node, tmp_path)
    node, agent = find_run(commands, "node"), find_run(commands, "agent")
    assert "--env SE_EVENT_BUS_HOST=10.0.32.10 --env SE_NODE_HOST=10.0.40.7 --env SE_NODE_MAX_SESSIONS=2" in node
    assert "--publish 5555:5555" in node
    assert "--network host" not in node  # the instance's metadata is out of a browser's reach
    assert "--security-opt no-new-privileges --cap-drop ALL --read-only" in node
    assert "GRIDRUNNER_AGENT_HUB_URL=http://10.0.32.10:4444" in agent
    assert "GRIDRUNNER_AGENT_ASG=gridrunner-nodes-1 --env GRIDRUNNER_AGENT_HOOK=gridrunner-drain" in agent
    assert not any("put-parameter" in one for one in commands)


@pytest.mark.parametrize("role", ["hub", "node"])
def test_the_secret_is_in_no_command_line(scripts: Scripts, tmp_path: Path, role: str) -> None:
    commands = boot(getattr(scripts, role), tmp_path)
    assert not any(SECRET in one for one in commands)
    environment = tmp_path / "run" / "gridrunner.env"
    assert environment.read_text() == f"SE_REGISTRATION_SECRET={SECRET}\n"
    assert environment.stat().st_mode & 0o777 == 0o600
    assert all(f"--env-file {environment}" in find_run(commands, name) for name in (role, "agent"))


def test_the_sandbox_profile_is_the_images_own() -> None:
    profile = MODULE / "templates" / "seccomp.json"
    assert profile.read_bytes() == (ROOT / "docker" / "seccomp.json").read_bytes()


def test_agents_know_every_variable_that_they_are_given(scripts: Scripts) -> None:
    source = (ROOT / "docker" / "agent" / "gridrunner_agent" / "__main__.py").read_text(encoding="utf-8")
    given = set(re.findall(r"\b(GRIDRUNNER_AGENT_\w+)=", scripts.hub + scripts.node))
    known = set(re.findall(r"\bGRIDRUNNER_AGENT_\w+", source))
    assert given - known == set()
