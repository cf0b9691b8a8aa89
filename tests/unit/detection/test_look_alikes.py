"""What looks like a login, its user name or its button, and is something else; a kind in three languages each."""

from __future__ import annotations

from typing import Any

import pytest

from gridrunner.detection import detect
from gridrunner.detection.snapshot import read_snapshot
from gridrunner.detection.submit import find_submit
from gridrunner.detection.training.errands import FIRST_STEPS, WHOLE, other_pairs, other_steps, step_of_both
from gridrunner.detection.training.signs import AGAINST, FOR, FREE, sign_of
from gridrunner.model import Detection
from tests.support.page_facts import button, field, form, heading, link, login, page, whole


def judge(*parts: dict[str, Any], title: str = "", lang: str = "en") -> Detection:
    return detect(whole(page(*parts, title=title, lang=lang)))


STEPS_ELSEWHERE = [
    ("en", "Create your account", "Already have an account? Log in", "E-mail", "Continue"),
    ("de", "Konto erstellen", "Sie haben schon ein Konto? Anmelden", "E-Mail", "Weiter"),
    ("ru", "Отследить заказ", "Уже есть аккаунт? Войти", "Электронная почта", "Продолжить"),
    ("fr", "Essai gratuit", "Vous avez déjà un compte ? Se connecter", "E-mail", "Continuer"),
    ("en", "Checkout", "Have an account? Sign in", "E-mail", "Continue as guest"),
    ("es", "Código de seguridad", "Verificación en dos pasos", "Código", "Continuar"),
]


@pytest.mark.parametrize(("lang", "title", "above", "label", "goes_on"), STEPS_ELSEWHERE)
def test_the_first_step_of_something_else_is_no_login(
    lang: str, title: str, above: str, label: str, goes_on: str
) -> None:
    step = form(field("email", label=label, name="e"), button(goes_on), above=above)
    found = judge(heading(title), link("x", "/in"), step, title=title, lang=lang)
    assert found.login_present is False


@pytest.mark.parametrize("title", ["Sign in or create an account", "Anmelden oder Konto erstellen", "Войти"])
def test_the_first_step_of_a_login_stays_one(title: str) -> None:
    step = form(field("email", label="E-mail", name="e"), button("Continue"))
    assert judge(heading(title), step, title=title).login_present is True


PAIRS = [
    ("en", "User name", "Password", "Passcode", "Log in"),
    ("de", "Benutzername", "Passwort", "Sicherheitscode", "Anmelden"),
    ("pl", "Nazwa użytkownika", "Hasło", "Kod jednorazowy", "Zaloguj się"),
]


@pytest.mark.parametrize("is_code_first", [False, True])
@pytest.mark.parametrize(("lang", "user", "secret", "code", "press"), PAIRS)
def test_of_two_passwords_the_code_is_not_handed_out(
    lang: str, user: str, secret: str, code: str, press: str, is_code_first: bool
) -> None:
    both = [field("password", label=secret, name="a1"), field("password", label=code, name="a2")]
    fields = both[::-1] if is_code_first else both
    found = judge(form(field(label=user, name="a0"), *fields, button(press)), lang=lang).login
    assert found is not None
    assert found.password_current is not None
    assert found.password_current.label == secret


@pytest.mark.parametrize(
    ("user", "secret"), [("Username", "Password"), ("Benutzername", "Kennwort"), ("Логин", "Пароль")]
)
def test_a_masked_user_name_is_the_user_name(user: str, secret: str) -> None:
    masked = (field("password", label=user, name="v6"), field("password", label=secret, name="v9"))
    found = judge(form(*masked, button("Log in"), above=user)).login
    assert found is not None
    assert found.username is not None
    assert (found.username.label, found.password_current and found.password_current.label) == (user, secret)


def test_a_disabled_password_is_not_handed_out() -> None:
    off = field("password", label="Password", name="p1", disabled=True, autocomplete="current-password")
    found = judge(
        form(field(label="User name", name="u"), off, field("password", label="Password", name="p2"), button("Log in"))
    )
    assert found.login is not None
    assert found.login.password_current is not None
    assert found.login.password_current.selector == "#e3"


def test_boxes_for_single_letters_are_no_passwords() -> None:
    boxes = [field("password", name=f"b{place}", maxlength=1) for place in range(3)]
    group = read_snapshot(whole(page(form(*boxes, button("Log in"))))).groups[0]
    assert group.passwords == []


def test_what_ids_share_says_nothing() -> None:
    names = ("memberLogin", "memberLastName", "memberPin")
    group = read_snapshot(whole(page(form(*(field(name=name, id=name) for name in names))))).groups[0]
    alone = read_snapshot(whole(page(form(field(name="LastName", id="LastName"))))).groups[0]
    assert group.fields[1].ids == alone.fields[0].ids


@pytest.mark.parametrize(("switch", "press"), [("Log in instead", "Next"), ("Anmelden", "Weiter"), ("Войти", "Далее")])
def test_a_switch_never_sends_a_signup(switch: str, press: str) -> None:
    pair = [field("password", label=f"Password {place}", autocomplete="new-password") for place in (1, 2)]
    group = read_snapshot(
        whole(page(form(field("email"), *pair, button(switch), button(press, kind="button"))))
    ).groups[0]
    found = find_submit(group)
    assert found is not None
    assert found.text == press


def test_a_search_box_is_no_name_of_a_lone_password() -> None:
    header = {**form(field(label="Search settings", name="hs")), "is_form": False}
    device = {**form(field("password", label="Device password", name="pw"), button("Log in")), "is_form": False}
    found = judge(header, heading("Device login"), device).login
    assert found is not None
    assert found.username is None


def test_rows_that_are_forms_belong_together() -> None:
    found = judge(
        heading("Sign in to your account"),
        form(field(label="User name", name="t1")),
        form(field("password", label="Password", name="t2")),
        form(button("Log in")),
    ).login
    assert found is not None
    assert [each and each.selector for each in (found.username, found.password_current, found.submit)] == [
        "#e2",
        "#e3",
        "#e4",
    ]


def test_a_login_that_is_shut_is_read_and_its_opener_named() -> None:
    shut = login(is_unseen=True, opened_by="#open")
    for member in shut["members"]:
        member["hidden"] = "not rendered"
    found = judge(button("Account", kind="button", id="open"), shut)
    assert (found.login_present, found.opened_by) == (None, "#open")
    assert found.login is not None
    assert found.login.username is not None


def test_names_of_providers_in_a_row_are_ways_in() -> None:
    row = [link(name, f"/{name}", **{"class": "btn"}) for name in ("Google", "Apple", "Facebook")]
    found = judge(form(field("email", label="E-mail"), button("Continue")), *row)
    assert [each.name for each in found.sso] == ["google", "apple", "facebook"]


def test_look_alikes_are_made_of_logins() -> None:
    group = read_snapshot(whole(page(login()))).groups[0]
    steps, pairs = list(other_steps(group)), list(other_pairs(group))
    assert [each.heading for each in steps] == [each.heading for each in FIRST_STEPS]
    assert [each.heading for each in pairs] == [each.heading for each in WHOLE]
    assert all(not each.passwords for each in steps)
    both = step_of_both(group)
    assert both is not None
    assert both.buttons[0].text == "Continue"


@pytest.mark.parametrize(
    ("scorer", "feature", "sign"),
    [
        ("password_new", "own.login", AGAINST), ("password_new", "own.otp", FOR), ("username", "own.otp", AGAINST),
        ("username", "own.customer", FOR), ("login", "text.phone", FOR), ("login", "text.profile", AGAINST),
        ("login", "context.contact", AGAINST), ("step", "n.pw_behind", FOR), ("step", "inside.login", FOR),
        ("login", "n.select", FREE), ("payment", "submit.login", FREE),
    ],
)  # fmt: skip
def test_signs_of_what_few_pages_decide(scorer: str, feature: str, sign: int) -> None:
    assert sign_of(scorer, feature) == sign


def test_a_page_that_shows_nothing_is_no_sure_no() -> None:
    assert (judge().login_present, judge().confidence) == (False, 0.8)
    assert judge(link("Roses", "/roses")).confidence == 1.0


def test_a_stated_user_name_makes_a_first_step_in_any_language() -> None:
    step = form(field(label="Числовой номер", name="n1", autocomplete="username"), button("Войти"), id="login")
    assert judge(heading("Войти"), step, lang="ru").login_present is True
