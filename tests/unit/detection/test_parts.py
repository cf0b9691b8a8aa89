"""The small decisions: submit, providers, insertion point, weights, training."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gridrunner.detection import detect
from gridrunner.detection.features import measure_group
from gridrunner.detection.snapshot import Group, read_snapshot
from gridrunner.detection.submit import find_submit
from gridrunner.detection.weights import Scorer, shipped_weights
from tests.support.page_facts import button, field, form, link, login, page, signup, whole


def group_of(*members: dict[str, Any], **more: Any) -> Group:
    return read_snapshot(whole(page(form(*members, **more)))).groups[0]


@pytest.mark.parametrize(
    ("buttons", "expected"),
    [
        ([button("Show", kind="button"), button("Log in")], "Log in"),
        ([button("Forgot password?"), button("OK")], "OK"),
        ([button("Log in"), button("Sign in with Google", kind="button")], "Log in"),
        ([button("Clear", kind="reset"), button("Go", kind="button")], "Go"),
        ([button("", kind="image", id="signin")], ""),
    ],
)
def test_the_button_that_sends(buttons: list[dict[str, Any]], expected: str) -> None:
    submit = find_submit(group_of(field(name="u"), field("password", name="p"), *buttons))
    assert submit is not None
    assert submit.text == expected


def test_a_link_sends_where_it_looks_like_a_button() -> None:
    styled = {**link("Sign in", "javascript:void(0)"), "class": "btn btn-primary"}
    submit = find_submit(group_of(field(name="u"), field("password", name="p"), styled))
    assert submit is not None
    assert submit.text == "Sign in"


def providers(*parts: dict[str, Any]) -> list[str]:
    return [each.name for each in detect(whole(page(*parts))).sso]


def test_providers_by_words_and_by_address() -> None:
    found = providers(
        button("Continue with Google", kind="button"),
        link("", "/auth/facebook", **{"class": "social-login facebook"}),
        button("Mit Apple anmelden", kind="button"),
        button("Company login (SSO)", kind="button"),
        button("Use a passkey", kind="button"),
    )
    assert found == ["google", "facebook", "apple", "saml", "passkey"]


def test_sharing_is_no_way_in() -> None:
    assert (
        providers(
            link("Facebook", "https://www.facebook.com/ourpage"), link("Google Play", "https://play.google.com/x")
        )
        == []
    )


def test_entra_is_the_italian_word_for_going_in() -> None:
    assert providers(button("Entra")) == []


def place(side: str, *covers: tuple[str, bool]) -> dict[str, Any]:
    box = {"x": 180, "y": 30, "width": 24, "height": 24}
    return {"side": side, "box": box, "seen": 3, "covers": [{"what": what, "interactive": hot} for what, hot in covers]}


def point_for(*places: dict[str, Any]) -> Any:
    facts = page(login())
    facts["fields"][0]["places"] = list(places)
    return detect(whole(facts)).insertion_point


def test_the_first_place_that_covers_nothing_is_taken() -> None:
    point = point_for(place("inside-end", ("button.eye", True)), place("end"))
    assert (point.side, point.is_usable, point.covers) == ("end", True, ())


def test_a_mark_inside_the_field_may_cover_words_but_nothing_to_click() -> None:
    assert point_for(place("inside-end", ("span.hint", False))).is_usable
    point = point_for(place("inside-end", ("a", True)))
    assert not point.is_usable
    assert point.covers == ("a",)


def test_probabilities_are_read_off_the_calibration() -> None:
    scorer = Scorer(intercept=0.0, weights={"a": 2.0, "b": -1.0}, points=((-2.0, 0.1), (2.0, 0.9)))
    assert scorer.raw_score({"a": 1.0, "unknown": 5.0}) == 2.0
    assert scorer.probability({"a": 1.0}) == pytest.approx(0.9)
    assert scorer.probability({}) == pytest.approx(0.5)
    assert scorer.probability({"b": 9.0}) == pytest.approx(0.1)
    assert scorer.reasons({"a": 1.0, "b": 1.0}, 1) == [("a", 2.0)]


def test_every_weight_is_for_a_feature_that_is_measured() -> None:
    measured = set(measure_group(group_of(field(name="u"), field("password", name="p"), button("x"))))
    assert set(shipped_weights().login.weights) <= measured


def test_training_learns_from_facts_and_labels(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn")
    from gridrunner.detection.training.__main__ import main  # noqa: PLC0415 - needs the train extra

    facts, labels = tmp_path / "facts.jsonl", tmp_path / "labels.jsonl"
    with facts.open("w") as fact_lines, labels.open("w") as label_lines:
        for number in range(40):
            is_login = number % 2 == 0
            content = page(login() if is_login else signup())
            roles = {"#e1": ["username"], "#e2": ["password_current"]} if is_login else {"#e3": ["password_new"]}
            label: dict[str, Any] = {"id": f"p{number}", "site": f"s{number}", "kind": "login" if is_login else "signup",
                     "login_present": is_login, "fields": roles}  # fmt: skip
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
