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
    "login_parameter": "/team/login",
    "certificate_parameter": "/team/crt",
    "user_data_before": "say before",
}
HUB = {
    "hub_image": "registry.example/hub:1",
    "agent_image": "registry.example/agent:1",
    "hub_name": "gridrunner-hub-1",
    "fleet": "gridrunner",
    "bucket": "gridrunner-123456789012-eu-central-1",
    "namespace": "gridrunner",
    "idle_minutes": 20,
    "scheme": "https",
    "key_parameter": "/team/key",
    "sleep_minutes": 30,
    "environment": {"SE_LOG_LEVEL": "FINE"},
    "user_data_after": "say after",
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
    "scheme": "https",
    "environment": {"SE_NODE_SESSION_TIMEOUT": "120"},
    "user_data_after": "say after",
}
SECRET = "k3pt-0ut-0f-command-lines"
PASSWORD = "pass:with%colon"


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
            f"{json.dumps(SHARED | {'makes_secret': role == 'hub', 'replaces_itself': role == 'node'})}), "
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


def boot(text: str, folder: Path, *, fails_at: str = "") -> list[str]:
    """Run a script with every path of the system below `folder`; the commands that it gave, one a line. Commands that
    begin with `fails_at` fail.
    """
    programs, given = folder / "bin", folder / "given"
    programs.mkdir(parents=True)
    answers = {
        "docker": "",
        "dnf": "",
        "systemctl": "",
        "aws": f'case "$*" in *get-parameter*/team/login*) echo ci:{PASSWORD};; *get-parameter*/team/crt*) echo CRT;; '
        "*get-parameter*/team/key*) echo KEY;; "
        f"*get-parameter*--with-decryption*) echo {SECRET};; *get-parameter*) exit 254;; "
        '*put-parameter*) for word; do case $word in file://*) cat "${word#file://}" >>'
        f"{folder}/made;; esac; done;; *) echo password;; esac",
        "curl": 'case "$*" in *token) echo token;; *local-ipv4) echo 10.0.40.7;; *instance-id) echo i-0abc;; esac',
        "sleep": "",
        "chown": "",
    }
    for name, answer in answers.items():
        path = programs / name
        fails = f'case "{name} $*" in "{fails_at}"*) exit 1;; esac\n' if fails_at else ""
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>{given}\n{fails}{answer}\n', encoding="utf-8")
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
    assert (done.returncode == 0) is not bool(fails_at), done.stdout + done.stderr
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
    assert "--env SE_ENABLE_TLS=true --env SE_LOG_LEVEL=FINE" in hub
    assert (tmp_path / "run" / "tls.key").stat().st_mode & 0o777 == 0o600
    assert "GRIDRUNNER_AGENT_HUB_URL=https://127.0.0.1:4444" in agent
    assert "GRIDRUNNER_AGENT_INSTANCE=i-0abc --env GRIDRUNNER_AGENT_SLEEP_MINUTES=30" in agent


def test_a_node_registers_at_its_hub_with_an_agent(scripts: Scripts, tmp_path: Path) -> None:
    commands = boot(scripts.node, tmp_path)
    node, agent = find_run(commands, "node"), find_run(commands, "agent")
    assert "--env SE_EVENT_BUS_HOST=10.0.32.10 --env SE_NODE_HOST=10.0.40.7 --env SE_NODE_MAX_SESSIONS=2" in node
    assert "--publish 5555:5555" in node
    assert "--network host" not in node  # the instance's metadata is out of a browser's reach
    assert "--security-opt no-new-privileges --cap-drop ALL --read-only" in node
    assert "--log-opt mode=non-blocking" in node  # CloudWatch's trouble is not the node's
    assert re.search(r"--memory \d+m ", node)
    assert "tls.key" not in node
    assert "GRIDRUNNER_AGENT_HUB_URL=https://10.0.32.10:4444" in agent
    assert "GRIDRUNNER_AGENT_ASG=gridrunner-nodes-1 --env GRIDRUNNER_AGENT_HOOK=gridrunner-drain" in agent
    assert not any("put-parameter" in one for one in commands)


def test_a_node_that_cannot_start_has_its_instance_replaced(scripts: Scripts, tmp_path: Path) -> None:
    commands = boot(scripts.node, tmp_path, fails_at="docker pull")
    assert any(
        "aws autoscaling set-instance-health --instance-id i-0abc --health-status Unhealthy" in line
        for line in commands
    )
    assert not any(line.startswith("docker run") for line in commands)


def test_a_hub_that_cannot_start_is_in_no_group(scripts: Scripts, tmp_path: Path) -> None:
    assert not any("set-instance-health" in line for line in boot(scripts.hub, tmp_path, fails_at="docker pull"))


@pytest.mark.parametrize("role", ["hub", "node"])
def test_the_secret_is_in_no_command_line(scripts: Scripts, tmp_path: Path, role: str) -> None:
    commands = boot(getattr(scripts, role), tmp_path)
    assert not any(hidden in one for one in commands for hidden in (SECRET, PASSWORD, "KEY"))
    environment = tmp_path / "run" / "gridrunner.env"
    login = f"SE_ROUTER_USERNAME=ci\nSE_ROUTER_PASSWORD={PASSWORD}\n"
    assert environment.read_text() == f"SE_REGISTRATION_SECRET={SECRET}\n{login}"
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
