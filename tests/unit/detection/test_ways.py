"""What leads to a login and what closes a cookie wall, in the words of many languages."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest

from gridrunner.detection import find_login_link, find_wall_button
from gridrunner.detection.ways import LONGEST_LABEL, says
from tests.support.page_facts import button, link, page

HOME_PAGES = {
    # language: what the login is called, then what stands beside it; written as such pages are, 2026-11-24
    "en": ("Log in", "Sign up", "Contact", "Forgot your password?"),
    "de": ("Anmelden", "Registrieren", "Kontakt", "Passwort vergessen?"),
    "fr": ("Se connecter", "Créer un compte", "Contact", "Mot de passe oublié ?"),
    "es": ("Iniciar sesión", "Registrarse", "Contacto", "¿Olvidaste tu contraseña?"),
    "pt": ("Entrar", "Criar conta", "Contato", "Esqueci minha senha"),
    "it": ("Accedi", "Registrati", "Contatti", "Password dimenticata?"),
    "nl": ("Inloggen", "Registreren", "Contact", "Wachtwoord vergessen?"),
    "sv": ("Logga in", "Skapa konto", "Kontakt", "Glömt lösenord?"),
    "no": ("Logg inn", "Registrer deg", "Kontakt", "Glemt passord?"),
    "da": ("Log ind", "Opret konto", "Kontakt", "Glemt adgangskode?"),
    "fi": ("Kirjaudu sisään", "Luo tili", "Yhteystiedot", "Unohtuiko salasana?"),
    "is": ("Innskráning", "Nýskráning", "Hafa samband"),
    "pl": ("Zaloguj się", "Załóż konto", "Kontakt", "Nie pamiętasz hasła?"),
    "cs": ("Přihlásit se", "Registrace", "Kontakt", "Zapomenuté heslo"),
    "sk": ("Prihlásiť sa", "Registrácia", "Kontakt", "Zabudnuté heslo"),
    "hu": ("Bejelentkezés", "Regisztráció", "Kapcsolat", "Elfelejtett jelszó"),
    "ro": ("Autentificare", "Înregistrare", "Contact", "Ai uitat parola?"),
    "bg": ("Вход", "Регистрация", "Контакти", "Забравена парола?"),
    "ru": ("Войти", "Регистрация", "Контакты", "Забыли пароль?"),
    "uk": ("Увійти", "Реєстрація", "Контакти", "Забули пароль?"),
    "sr": ("Пријави се", "Региструј се", "Контакт"),
    "hr": ("Prijava", "Registracija", "Kontakt", "Zaboravljena lozinka?"),
    "el": ("Σύνδεση", "Εγγραφή", "Επικοινωνία", "Ξεχάσατε τον κωδικό;"),
    "tr": ("Giriş yap", "Üye ol", "İletişim", "Şifremi unuttum"),
    "ar": ("تسجيل الدخول", "إنشاء حساب", "اتصل بنا", "نسيت كلمة المرور؟"),
    "he": ("התחברות", "הרשמה", "צור קשר", "שכחתי סיסמה"),
    "fa": ("ورود", "ثبت نام", "تماس با ما", "فراموشی رمز عبور"),
    "hi": ("लॉग इन करें", "साइन अप करें", "संपर्क करें", "पासवर्ड भूल गए?"),
    "th": ("เข้าสู่ระบบ", "สมัครสมาชิก", "ติดต่อเรา", "ลืมรหัสผ่าน"),
    "vi": ("Đăng nhập", "Đăng ký", "Liên hệ", "Quên mật khẩu?"),
    "id": ("Masuk", "Daftar", "Kontak", "Lupa kata sandi?"),
    "zh": ("登录", "注册", "联系我们", "忘记密码"),
    "ja": ("ログイン", "新規登録", "お問い合わせ", "パスワードをお忘れですか"),
    "ko": ("로그인", "회원가입", "고객센터", "비밀번호 찾기"),
    "lv": ("Ielogoties", "Reģistrēties", "Kontakti"),
    "ca": ("Inicia la sessió", "Registra’t", "Contacte"),
    "my": ("ဝင်ရောက်ရန်", "စာရင်းသွင်းရန်"),
}

WALLS = {
    # language: what closes the wall, refusing where it can be; then the other buttons
    "en": ("Reject all", "Accept all", "Manage cookies"),
    "de": ("Nur notwendige Cookies", "Alle akzeptieren", "Einstellungen"),
    "fr": ("Continuer sans accepter", "Tout accepter"),
    "es": ("Rechazar todo", "Aceptar todo"),
    "it": ("Rifiuta tutto", "Accetta tutto"),
    "pl": ("Odrzuć wszystkie", "Zaakceptuj wszystkie"),
    "cs": ("Odmítnout vše", "Povolit vše"),
    "sv": ("Avvisa alla", "Godkänn alla"),
    "fi": ("Vain välttämättömät", "Hyväksy kaikki"),
    "ru": ("Только необходимые", "Принять все"),
    "el": ("Απόρριψη όλων", "Αποδοχή όλων"),
    "tr": ("Tümünü reddet", "Tümünü kabul et"),
    "ar": ("رفض الكل", "قبول الكل"),
    "ja": ("すべて拒否", "すべて同意"),
    "zh": ("全部拒绝", "全部接受"),
}


def facts_of(*parts: Any, lang: str = "en") -> dict[str, Any]:
    return {"frames": [{"parent": None, "owner_selector": None, "offset": [0, 0], "page": page(*parts, lang=lang)}]}


def label_of(element: Any) -> str | None:
    return element.label if element is not None else None


@pytest.mark.parametrize("language", HOME_PAGES)
def test_login_link_of_a_home_page(language: str) -> None:
    login, *others = HOME_PAGES[language]
    links = [link(text, f"/p{number}") for number, text in enumerate([*others, login])]
    assert label_of(find_login_link(facts_of(*links, lang=language))) == login


@pytest.mark.parametrize("language", HOME_PAGES)
def test_page_without_a_login_link_leads_nowhere(language: str) -> None:
    links = [link(text, f"/p{number}") for number, text in enumerate(HOME_PAGES[language][1:])]
    assert find_login_link(facts_of(*links, lang=language)) is None


@pytest.mark.parametrize(
    ("language", "account"),
    [("en", "My account"), ("de", "Mein Konto"), ("cs", "Můj účet"), ("ja", "マイページ"), ("sv", "Mina sidor")],
)
def test_account_leads_to_the_login_where_nothing_else_does(language: str, account: str) -> None:
    def lead(*further: str) -> str | None:
        texts = ("Shop", account, "Blog", *further)
        links = [link(text, f"/p{number}") for number, text in enumerate(texts)]
        return label_of(find_login_link(facts_of(*links, lang=language)))

    assert lead() == account
    assert lead(HOME_PAGES[language][0]) == HOME_PAGES[language][0]


def test_of_two_alike_the_one_on_the_site_is_followed() -> None:
    parts = [link("Log in", "https://partner.example/login"), link("Log in", "https://www.example.org/login", id="own")]
    found = find_login_link(facts_of(*parts))
    assert found is not None
    assert found.selector == "#e2"


@pytest.mark.parametrize("language", WALLS)
def test_cookie_wall_is_refused_where_it_can_be(language: str) -> None:
    wanted, *others = WALLS[language]
    parts = [button(text, kind="button", **{"class": "cookie-button"}) for text in (*others, wanted)]
    assert label_of(find_wall_button(facts_of(*parts, lang=language))) == wanted


def test_wall_that_cannot_be_refused_is_accepted() -> None:
    parts = [button("OK", kind="button", id="cookie-ok"), button("Search", kind="submit")]
    assert label_of(find_wall_button(facts_of(*parts))) == "OK"


@pytest.mark.parametrize("text", ["OK", "Accept", "Agree", "Decline", "Log in", "No"])
def test_button_without_a_wall_is_left_alone(text: str) -> None:
    assert find_wall_button(facts_of(button(text, kind="button"))) is None


def test_consent_managers_own_button_goes_before_words() -> None:
    parts = [
        button("Accept all", kind="button", id="onetrust-accept-btn-handler"),
        button("Ich möchte das nicht", kind="button", id="onetrust-reject-all-handler"),
    ]
    assert label_of(find_wall_button(facts_of(*parts))) == "Ich möchte das nicht"


def test_wall_in_a_frame_is_found_through_it() -> None:
    facts = facts_of(link("Home"))
    inner = page(button("Reject all", kind="button"))
    facts["frames"].append({"parent": 0, "owner_selector": "#sp_frame", "offset": [0, 0], "page": inner})
    found = find_wall_button(facts)
    assert found is not None
    assert found.selector == "#sp_frame >>> #e1"


def test_data_is_well_formed() -> None:
    data = json.loads((files("gridrunner.detection") / "data" / "ways.json").read_text(encoding="utf-8"))
    assert data["source"]
    for kind in ("login", "account", "reject", "necessary", "accept"):
        for language, phrases in data[kind].items():
            assert len(phrases) == len(set(phrases)), (kind, language)
            assert all(phrase == phrase.strip() and len(phrase) <= LONGEST_LABEL for phrase in phrases)
            assert all(says(kind, phrase.upper() if kind != "login" else phrase) for phrase in phrases), (
                kind,
                language,
            )
    assert len(data["reject"]) >= 35
    assert all(name == name.lower() for kind in data["wall_identifiers"].values() for name in kind)
