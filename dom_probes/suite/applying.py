"""Judgements as what pytest knows: a pass, a failure or a skip; for the shipped checks and for yours."""

from __future__ import annotations

from typing import assert_never

import pytest

from dom_probes.suite.expectations import Conclusion, Judgement


def apply_judgement(judgement: Judgement) -> None:
    """Pass, fail or skip, as the judgement says."""
    match judgement.conclusion:
        case Conclusion.PASSED:
            return
        case Conclusion.FAILED:
            pytest.fail("\n".join([judgement.message, *judgement.evidence]), pytrace=False)
        case Conclusion.SKIPPED:
            pytest.skip(judgement.message)
        case _:
            assert_never(judgement.conclusion)
