"""Judging observations with pytest: a process beside the run, judging a recorded run again, and live checks.

`gridrunner.pytest_plugin` is the other door: the same fixtures and hooks in a pytest run that a user starts.
"""

from __future__ import annotations

from gridrunner.judging.process import JudgeProcess, judge_run, run_live_checks
from gridrunner.judging.protocol import Selection

__all__ = ["JudgeProcess", "Selection", "judge_run", "run_live_checks"]
