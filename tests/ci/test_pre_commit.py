"""The hooks before a commit are the linters of `make lint`, from the environment, and download nothing."""

from __future__ import annotations

import re

import yaml

from tests.support.command_line import ROOT


def test_hooks_are_the_linters_of_make_lint() -> None:
    (group,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert group["repo"] == "local"
    assert {hook["language"] for hook in group["hooks"]} == {"system"}
    hooks = [hook["entry"].removeprefix(".venv/bin/").replace(" --force-exclude", "") for hook in group["hooks"]]
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    assert hooks == [line.removeprefix("\t@$(VENV)/bin/").removesuffix(" .") for line in recipe[1].splitlines()]
