"""What goes between a run and its judge process comes back as it was."""

from __future__ import annotations

import pytest
from msgspec import Struct

from gridrunner import codec
from gridrunner.judging.protocol import AnswerKind, Batch, JudgeAnswer, Order, OrderKind, Selection
from gridrunner.model import Status
from tests.support.sample_runs import FOUND, make_observation, make_result, make_site

SELECTION = Selection(paths=("checks/",), extras=("test_insertion.py",), keyword="login", mark="not slow")


@pytest.mark.parametrize(
    "message",
    [
        Order(kind=OrderKind.COLLECT, folder="/runs/1", selection=SELECTION),
        Order(
            kind=OrderKind.JUDGE,
            folder="/runs/1",
            selection=SELECTION,
            sites=(make_site("a"),),
            observations=(make_observation("a"),),
            checks=(FOUND,),
            judged=((FOUND, "a"),),
            processes=2,
            batch_file="/tmp/batch",
        ),
        JudgeAnswer(kind=AnswerKind.COLLECTED, checks=(FOUND,), live_checks=("x",), collected=3),
        JudgeAnswer(
            kind=AnswerKind.RESULT, result=make_result(FOUND, "a", Status.FAILED, message='two\nlines "quoted"')
        ),
        JudgeAnswer(kind=AnswerKind.CRASHED, node="gw1", problem="killed by signal 9"),
        Batch(attempts={"a": 2}, checks=(FOUND,)),
    ],
    ids=lambda message: type(message).__name__,
)
def test_each_message_is_one_line_and_comes_back(message: Struct) -> None:
    line = codec.encode(message)
    assert b"\n" not in line
    assert codec.decode(line, type(message)) == message
