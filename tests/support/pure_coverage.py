"""How much of the pure places their unit tests run: `python -m tests.support.pure_coverage`, which is `make coverage`.

Fails where a place has less than `LEAST_PERCENT` of its lines and branches. The places are those of test_layers; only
their unit tests are run and only pure files are traced, so that it takes seconds.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.support.imports import ROOT
from tests.unit.test_layers import PURE, is_within, pure_files

LEAST_PERCENT = 95.0

NEIGHBOURS = (
    *("browser/devtools", "dispatch/machine", "evaluation", "grid/drivers", "results/test_baseline.py"),
    *("results/test_record.py", "settings/test_loading.py", "sites/test_checking.py", "sites/test_importing.py"),
    *("sites/test_lists.py", "sites/test_mistakes.py", "sites/test_reading.py", "terminal/test_progress.py"),
)
"""Below tests/unit: tests of modules beside pure places, which run those. A pure place has its own by its name."""

NO_TESTS = "detection/training"
"""Trains for seconds, and nothing of it is measured."""


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="gridrunner-coverage-") as folder:
        data, report = Path(folder, "data"), Path(folder, "report.json")
        tests = list_tests()
        options = [f"--data-file={data}", "--rcfile=pyproject.toml"]
        ended = run_coverage(
            *("run", *options, "--branch", f"--include={','.join(pure_files())}"),
            *("-m", "pytest", "-q", "--no-header", f"--ignore=tests/unit/{NO_TESTS}", *tests),
        ) or run_coverage("json", *options, "--quiet", "-o", str(report))
        if ended:
            return ended
        files: dict[str, dict[str, Any]] = json.loads(report.read_text())["files"]
    return judge(files)


def list_tests() -> list[str]:
    """The unit tests of the pure places and their neighbours."""
    names = set(NEIGHBOURS)
    for place in PURE:
        path = Path(re.sub(r"^(gridrunner|docker/agent)/", "", place))
        names.add(str(path.with_name(f"test_{path.name}") if path.suffix else path))
    return sorted(f"tests/unit/{name}" for name in names if (ROOT / "tests" / "unit" / name).exists())


def run_coverage(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "coverage", *arguments], cwd=ROOT, check=False).returncode


def judge(files: dict[str, dict[str, Any]]) -> int:
    """Print the percentage of each place, and the lines that were missed where it is too low."""
    unread = [name for name in pure_files() if name not in files]
    short = [f"{name} was imported by none of the tests" for name in unread]
    for place in PURE:
        inside = {name: file for name, file in files.items() if is_within(name, [place])}
        percent = add_up(inside.values())
        print(f"{percent:6.1f} %  {place}")
        if percent < LEAST_PERCENT:
            short += [
                f"{name}: lines {file['missing_lines']}, branches {file['missing_branches']}"
                for name, file in inside.items()
                if file["missing_lines"] or file["missing_branches"]
            ]
    print(f"{add_up(files.values()):6.1f} %  of lines and branches in all; {LEAST_PERCENT:g} % are asked of each place")
    print(*short, sep="\n", end="\n" if short else "")
    return 1 if short else 0


def add_up(files: Iterable[dict[str, Any]]) -> float:
    """The percentage of lines and branches of the files together that were run."""
    covered = total = 0
    for file in files:
        summary = file["summary"]
        covered += summary["covered_lines"] + summary["covered_branches"]
        total += summary["num_statements"] + summary["num_branches"]
    return 100.0 * covered / total if total else 100.0


if __name__ == "__main__":
    sys.exit(main())
