"""Words in many languages and what they mean."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from gridrunner.detection.words import bit_of, concepts, normalise, read_identifier, read_text

WORDS = files("gridrunner.detection") / "data" / "words"
LANGUAGES = {path.name.removesuffix(".json"): json.loads(path.read_text("utf-8")) for path in WORDS.iterdir()}


def names_of(bits: int) -> set[str]:
    return {concept for concept in concepts() if bits & bit_of(concept)}


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("Log in", "login"),
        ("Jetzt anmelden", "login"),
        ("Se connecter", "login"),
        ("Iniciar sesión", "login"),
        ("Войти", "login"),
        ("ログイン", "login"),
        ("登 录", "login"),
        ("로그인", "login"),
        ("GİRİŞ YAP", "login"),
        ("تسجيل الدخول", "login"),
        ("התחברות", "login"),
        ("เข้าสู่ระบบ", "login"),
        ("कृपया लॉग इन करें", "login"),
        ("Σύνδεση", "login"),
        ("Přihlásit se", "login"),
        ("Đăng nhập", "login"),
        ("Mot de passe oublié ?", "forgot"),
        ("Hai dimenticato la password?", "forgot"),
        ("パスワードをお忘れの方", "forgot"),
        ("Забыли пароль?", "forgot"),
        ("Passwort wiederholen", "confirm"),
        ("Contraseña actual", "current"),
        ("Zapamiętaj mnie", "remember"),
        ("L O G I N", "login"),
    ],
)
def test_a_word_means_the_same_in_every_language(text: str, concept: str) -> None:
    assert concept in names_of(read_text(text))


def test_the_longest_purpose_wins() -> None:
    assert "have_account" not in names_of(read_text("Don’t have an account? Sign up"))
    assert "no_account" in names_of(read_text("Don’t have an account? Sign up"))
    assert "signup" not in names_of(read_text("تسجيل الدخول"))


def test_short_words_need_the_language_of_the_page() -> None:
    assert "address" not in names_of(read_text("by", "en"))
    assert "address" in names_of(read_text("by", "da"))


def test_words_are_whole() -> None:
    assert "login" not in names_of(read_text("blogging"))
    assert "email" not in names_of(read_text("mailman"))


@pytest.mark.parametrize(
    ("identifier", "concept"),
    [
        ("txtUserName", "username"),
        ("ctl00$Main$txtPassword", "password"),
        ("login-form", "login"),
        ("/account/register?step=1", "signup"),
        ("inputPassword2", "confirm"),
        ("searchQuery", "search"),
    ],
)
def test_identifiers_are_read_by_their_parts(identifier: str, concept: str) -> None:
    assert concept in names_of(read_identifier(identifier))


def test_normalise_unites_what_looks_alike() -> None:
    assert normalise("CONTRASEÑA") == "contrasena"
    assert normalise("Ｌｏｇｉｎ") == "login"
    assert normalise("GİRİŞ") == "giris"


def test_at_least_thirty_languages_with_their_source() -> None:
    assert len(LANGUAGES) >= 30
    for language, content in LANGUAGES.items():
        assert content["language"] == language
        assert content["source"], language
        assert {"login", "password"} <= content["words"].keys() | {"login"}, language


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_entry_is_clean_and_found(language: str) -> None:
    code = language.split("-", maxsplit=1)[0]
    for concept, entries in LANGUAGES[language]["words"].items():
        assert concept in concepts()
        assert len(entries) == len(set(entries)), concept
        for entry in entries:
            assert entry == entry.strip()
            assert entry, concept
            text = entry.removesuffix("*")
            assert concept in names_of(read_text(text, code)), (concept, entry)
