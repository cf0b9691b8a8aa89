"""The values for Selenium's chart and the Job: names against the chart's own (selenium-grid-values.json holds those of
0.36.5), the Job against the API's schemas. No cluster is needed, and none was asked.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

from gridrunner.settings.table import BY_KEY

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "ci" / "kubernetes"
CHART = json.loads((Path(__file__).parent / "selenium-grid-values.json").read_text(encoding="utf-8"))
API = "1.34"


def load(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def find_unknown(values: dict[str, Any], names: dict[str, Any], where: str = "") -> list[str]:
    """Names in `values` that the chart does not have; None in `names`: anything may be below."""
    unknown = []
    for name, value in values.items():
        if name not in names:
            unknown.append(where + name)
        elif isinstance(value, dict) and names[name] is not None:
            unknown += find_unknown(value, names[name], f"{where}{name}.")
    return unknown


def test_the_chart_has_every_name_that_the_values_use() -> None:
    assert find_unknown(load("values.yaml"), CHART["values"]) == []
    assert find_unknown({"hub": {"subpath": "/"}}, CHART["values"]) == ["hub.subpath"]


def test_the_values_hold_no_password_and_scale_from_zero_by_jobs() -> None:
    values = load("values.yaml")
    assert "password" not in values["basicAuth"]
    assert "value" not in values["registrationSecret"]
    assert values["autoscaling"]["scaledOptions"]["minReplicaCount"] == 0
    assert values["autoscaling"]["scalingType"] == "job"
    assert values["hub"]["subPath"] == values["ingress"]["path"]


def test_the_job_is_one_that_the_api_takes_and_asks_for_what_gridrunner_has() -> None:
    job = load("job.yaml")
    kubernetes_validate.validate(job, API, strict=True)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    options = {word.removeprefix("--").partition("=")[0] for word in container["args"] if word.startswith("--")}
    options |= {entry["name"].removeprefix("GRIDRUNNER_").lower() for entry in container["env"]}
    assert {option.replace("-", "_") for option in options} <= set(BY_KEY)
    assert f"--slots={load('values.yaml')['autoscaling']['scaledOptions']['maxReplicaCount']}" in container["args"]
