"""What the words of the model say of themselves: named fields, and a detection's answer in a site list's words."""

from __future__ import annotations

import pytest

from gridrunner.model import PHASES, Detection, Element, Expectation, ExpectedLogin, Form, FormKind, Timings


def make_form(kind: FormKind, **given: Element) -> Form:
    return Form(kind=kind, score=0.9, login_score=0.9, **given)  # type: ignore[arg-type]  # elements by name


@pytest.mark.parametrize(
    ("present", "said"), [(True, ExpectedLogin.YES), (False, ExpectedLogin.NO), (None, ExpectedLogin.UNKNOWN)]
)
def test_a_detection_answers_in_the_words_of_a_site_list(present: bool | None, said: ExpectedLogin) -> None:
    assert Detection(login_present=present, confidence=0.9).found_login is said


def test_fields_of_forms_and_expectations_have_the_same_names() -> None:
    user, password, submit = (Element(selector=f"#{name}") for name in ("u", "p", "s"))
    form = make_form(FormKind.LOGIN, username=user, password_current=password, submit=submit)
    expect = Expectation(username="#u", password="#p", submit="#s")
    assert form.named_fields == {"username": user, "password": password, "submit": submit}
    assert expect.named_fields == {"username": "#u", "password": "#p", "submit": "#s"}


def test_what_is_not_there_is_not_named() -> None:
    assert make_form(FormKind.LOGIN).named_fields == {}
    assert Expectation(submit="#s").named_fields == {"submit": "#s"}


def test_the_best_form_is_a_login_wherever_it_stands() -> None:
    search, login = make_form(FormKind.SEARCH), make_form(FormKind.LOGIN)
    assert Detection(login_present=True, confidence=1, forms=(search, login)).best_form is login
    assert Detection(login_present=False, confidence=1, forms=(search,)).best_form is search
    assert Detection(login_present=False, confidence=1).best_form is None


def test_the_phases_of_a_visit_are_those_that_are_timed() -> None:
    assert {f"{phase}_s" for phase in PHASES} | {"total_s", "waits"} == set(Timings.__struct_fields__)
    assert PHASES[0] == "context"
