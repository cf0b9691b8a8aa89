"""Weights are learnt from facts and labels, the same from the same, and what is wrong with a file is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.page_facts import button, field, form, login, page, signup, whole


def test_training_learns_from_facts_and_labels(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn")
    from gridrunner.detection.training.__main__ import main  # noqa: PLC0415 - needs the train extra

    facts, labels = tmp_path / "facts.jsonl", tmp_path / "labels.jsonl"
    with facts.open("w") as fact_lines, labels.open("w") as label_lines:
        for number in range(40):
            is_login = number % 2 == 0
            content = page(login() if is_login else signup())
            roles = {"#e1": ["username"], "#e2": ["password_current"]} if is_login else {"#e3": ["password_new"]}
            label: dict[str, Any] = {"id": f"p{number}", "site": f"s{number}", "fields": roles}
            label.update(kind="login" if is_login else "signup", login_present=is_login)
            if number > 35:
                content = page(form(field(label="Search", name="q"), button("Search"), action="/search"))
                label.update(kind="other", login_present=False, fields={}, forms={"0": "search"})
            fact_lines.write(json.dumps({"id": f"p{number}", "facts": whole(content)}) + "\n")
            label_lines.write(json.dumps(label) + "\n")
    out, predictions = tmp_path / "weights.json", tmp_path / "p.jsonl"
    command = ["--facts", str(facts), "--labels", str(labels), "--out", str(out), "--predictions", str(predictions)]
    code = main(command)
    printed = capsys.readouterr()
    assert code == 0, printed.err
    first = out.read_bytes()
    lines = [json.loads(line) for line in predictions.read_text().splitlines()]
    assert sum(line["login_present"] == (number % 2 == 0 and number <= 35) for number, line in enumerate(lines)) >= 38
    assert main(command) == 0
    assert out.read_bytes() == first


def test_a_broken_line_is_named(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    from gridrunner.detection.training.__main__ import main  # noqa: PLC0415

    (tmp_path / "f").write_text('{"id": "a"}\nnot json\n')
    (tmp_path / "l").write_text("")
    assert main(["--facts", str(tmp_path / "f"), "--labels", str(tmp_path / "l"), "--out", str(tmp_path / "o")]) == 2
    assert "f:2" in capsys.readouterr().err
