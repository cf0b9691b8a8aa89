"""Verdicts, fields and reasons on small pages, with the weights that gridrunner ships."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridrunner.codec import convert, to_plain
from gridrunner.detection import detect
from gridrunner.detection.features import measure_group
from gridrunner.detection.predictions import to_prediction
from gridrunner.detection.snapshot import read_snapshot
from gridrunner.model import Detection, FormKind, LoginStep, Role
from tests.support.page_facts import button, field, form, heading, link, login, page, signup, whole


def judge(*parts: dict[str, Any], **more: Any) -> Detection:
    return detect(whole(page(*parts, **more)))


def test_a_login_is_found_with_its_fields_and_reasons() -> None:
    detection = judge(heading("Sign in"), login(), title="Sign in")
    assert detection.login_present is True
    assert detection.confidence > 0.9
    found = detection.forms[0]
    assert found.kind is FormKind.LOGIN
    assert found.step is LoginStep.COMPLETE
    assert found.username is not None
    assert found.username.selector == "#e2"
    assert found.password_current is not None
    assert found.password_current.selector == "#e3"
    assert found.submit is not None
    assert found.submit.label == "Log in"
    assert {each.role for each in found.fields} >= {Role.USERNAME, Role.PASSWORD_CURRENT, Role.REMEMBER_ME, Role.SUBMIT}
    assert any("logging in" in reason for reason in detection.evidence)
    assert detection.weights_version


def test_a_signup_hands_out_no_current_password() -> None:
    detection = judge(heading("Create your account"), signup(), title="Register")
    assert detection.login_present is False
    assert detection.confidence > 0.8
    found = detection.forms[0]
    assert found.kind is FormKind.SIGNUP
    assert found.password_current is None
    assert [each.selector for each in found.password_new] == ["#e4", "#e5"]


def test_login_and_signup_on_one_page_are_told_apart() -> None:
    detection = judge(heading("Create your account"), signup(), heading("Log in"), login())
    assert detection.login is not None
    assert detection.login.username is not None
    assert detection.login.username.selector == "#e9"
    assert detection.forms[0] is detection.login


def test_the_pages_own_login_comes_before_the_one_in_the_header() -> None:
    detection = judge(login(context="dropdown-menu navbar header"), heading("Sign in"), login(context="main content"))
    assert [each.kind for each in detection.forms] == [FormKind.LOGIN, FormKind.LOGIN]
    assert detection.forms[0].username is not None
    assert detection.forms[0].username.selector == "#e7"


@pytest.mark.parametrize(
    ("name", "submit", "lang"),
    [("E-mail or phone", "Next", "en"), ("E-Mail-Adresse", "Weiter", "de"), ("メールアドレス", "次へ", "ja")],
)
def test_a_first_step_needs_words_that_speak_of_a_login(name: str, submit: str, lang: str) -> None:
    title = {"en": "Sign in", "de": "Anmelden", "ja": "ログイン"}[lang]
    step = form(field("email", label=name, name="identifier", autocomplete="username"), button(submit), method="post")
    detection = judge(heading(title), step, title=title, lang=lang)
    assert detection.login_present is True
    assert detection.forms[0].step is LoginStep.IDENTIFIER


@pytest.mark.parametrize(
    ("label", "submit", "title", "kind"),
    [
        ("Your e-mail", "Subscribe", "Newsletter", FormKind.NEWSLETTER),
        ("Search", "Search", "Shop", FormKind.SEARCH),
        ("E-mail", "Reset password", "Forgot your password?", FormKind.RESET),
    ],
)
def test_one_lone_field_is_no_login(label: str, submit: str, title: str, kind: FormKind) -> None:
    lone = form(field(label=label, name="x"), button(submit), action=f"/{kind.value}")
    detection = judge(heading(title), lone, title=title)
    assert detection.login_present is False
    assert detection.forms[0].kind is kind


def test_six_boxes_are_a_code() -> None:
    boxes = form(*(field(name=f"c{number}", maxlength=1) for number in range(6)), button("Verify"))
    detection = judge(heading("Enter the code"), boxes)
    assert detection.login_present is False
    assert detection.forms[0].kind is FormKind.OTP


def test_a_card_is_a_payment() -> None:
    card = form(
        field(label="Card number", autocomplete="cc-number"), field(label="CVC", autocomplete="cc-csc"), button("Pay")
    )
    assert judge(card).forms[0].kind is FormKind.PAYMENT


@pytest.mark.parametrize("tokens", [("cc-number", "cc-csc"), ("", "")])
def test_a_card_has_no_role_of_a_login(tokens: tuple[str, str]) -> None:
    card = form(
        field(label="Name on card", name="holder", autocomplete="cc-name" if tokens[0] else ""),
        field("tel", label="Card number", name="cardnumber", autocomplete=tokens[0]),
        field("password", label="Security code (CVV)", name="cvv", autocomplete=tokens[1]),
        button("Pay now"), id="payment", action="/checkout/pay",
    )  # fmt: skip
    found = judge(heading("Payment"), card, title="Checkout")
    assert found.login_present is False
    pay = found.forms[0]
    assert pay.kind is FormKind.PAYMENT
    assert (pay.username, pay.password_current, pay.password_new) == (None, None, ())
    assert {each.role for each in pay.fields} <= {Role.SUBMIT}


def test_a_password_of_type_text_is_one_by_its_name() -> None:
    disguised = form(
        field(label="User name", name="user"), field(label="Password", name="pwd"), button("Log in"), method="post"
    )
    detection = judge(heading("Log in"), disguised, title="Log in")
    assert detection.login is not None
    assert detection.login.password_current is not None
    assert detection.login.password_current.selector == "#e3"


def test_a_change_of_password_is_no_login() -> None:
    change = form(
        field("password", label="Current password", name="old"),
        field("password", label="New password", name="new"),
        field("password", label="Confirm new password", name="again"),
        button("Change password"),
    )
    detection = judge(heading("Change your password"), change, title="Change password")
    assert detection.login_present is False
    assert detection.forms[0].kind is FormKind.CHANGE_PASSWORD


def test_the_field_that_names_a_user_goes_before_the_nearest() -> None:
    found = judge(
        form(
            field(label="Login ID", name="login_id"),
            field(label="Last name", name="last_name"),
            field("password", label="Password", name="pass"),
            button("Log in"),
        )
    )
    assert found.login is not None
    assert found.login.username is not None
    assert found.login.username.selector == "#e1"


def test_a_guard_against_forgery_is_no_sign_of_a_login() -> None:
    for name, expected in (("authenticity_token", 0.0), ("op_login", 1.0)):
        guarded = form(field("email"), button("Next"), hidden_inputs=[{"name": name, "value": ""}])
        assert measure_group(read_snapshot(whole(page(guarded))).groups[0])["hidden.login"] == expected


def test_a_second_step_names_the_carried_user_name() -> None:
    step = form(
        field("email", name="identifier", id="identifier", autocomplete="username", hidden="not rendered"),
        field("password", label="Password", name="pw", autocomplete="current-password"),
        button("Next"),
        link("Forgot password?"),
        method="post",
    )
    detection = judge(heading("Welcome"), step)
    assert detection.login is not None
    assert detection.login.step is LoginStep.PASSWORD
    assert detection.login.username is not None


def test_an_unseen_login_is_unknown_not_absent() -> None:
    unseen = form(
        *({**each, "hidden": "not rendered"} for each in (
            field(label="User name", name="user"), field("password", label="Password", name="pass"),
        )),
        field("checkbox", label="Remember me", name="remember", hidden="not rendered"),
        button("Log in", hidden="not rendered"),
        link("Forgot password?"),
        id="login", method="post", action="/login",
    )  # fmt: skip
    detection = judge(unseen, title="Log in")
    assert detection.login_present is None
    assert "not shown" in detection.hidden[0]
    assert detection.insertion_point is None
    assert to_prediction("x", detection)["login_present"] is True


def test_a_closed_shadow_root_is_unknown() -> None:
    facts = whole(page(heading("Library")), closed_roots=[{"host": "reader-login", "inputs": 2, "passwords": 1}])
    detection = detect(facts)
    assert detection.login_present is None
    assert detection.hidden == ("closed shadow root reader-login",)
    assert to_prediction("x", detection) == {"id": "x", "login_present": False, "forms": []}


def test_a_closed_root_without_inputs_hides_nothing() -> None:
    detection = detect(whole(page(heading("Library")), closed_roots=[{"host": "x-clock", "inputs": 0}]))
    assert detection.login_present is False


@pytest.mark.parametrize(("width", "expected"), [(400, None), (20, False)])
def test_a_frame_that_cannot_be_read_is_unknown_when_it_has_room(width: int, expected: bool | None) -> None:
    owner = {"selector": "#f", "box": {"x": 0, "y": 0, "width": width, "height": 300}, "visible": True}
    frame = {"frame_id": "f", "parent": 0, "owner_selector": "#f", "is_readable": False, "page": None, "offset": [0, 0]}
    assert detect(whole(page(frames=[owner]), frame)).login_present is expected


def test_a_detection_survives_its_json() -> None:
    detection = judge(heading("Sign in"), login())
    assert convert(to_plain(detection), Detection) == detection


def test_the_prediction_names_only_the_five_kinds() -> None:
    boxes = form(*(field(name=f"c{number}", maxlength=1) for number in range(6)), button("Verify"))
    assert to_prediction("p", judge(boxes))["forms"][0]["kind"] == "other"
    prediction = to_prediction("p", judge(heading("Sign in"), login()))
    assert prediction["login_present"] is True
    assert prediction["forms"][0]["kind"] == "login"
    assert prediction["forms"][0]["username"] == "#e2"


@given(st.dictionaries(st.sampled_from(["label", "name", "placeholder", "autocomplete", "title", "before"]), st.text()))
def test_any_words_of_a_page_are_judged(words: dict[str, str]) -> None:
    detection = judge(form({**field("password"), **words}, {**field(), **words}, button("x")))
    assert detection.login_present in {True, False}
    assert 0.0 <= detection.confidence <= 1.0
