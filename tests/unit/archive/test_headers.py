"""What an archive keeps of headers."""

from __future__ import annotations

import importlib.resources
import tomllib

from gridrunner.archive.headers import RESPONSE_HEADERS, keep_request_headers, keep_response_headers


def test_only_known_headers_are_kept() -> None:
    kept = keep_response_headers(
        [("Content-Type", "text/plain"), ("Set-Cookie", "s=1"), ("X-Auth-Token", "t"), ("ETag", "e"), ("Server", "x")]
    )
    assert kept == (("content-type", "text/plain"), ("server", "x"))
    sent = keep_request_headers({"Authorization": "Bearer t", "Cookie": "s=1", "Accept": "*/*", "X-Api-Key": "k"})
    assert sent == (("accept", "*/*"),)


def test_headers_of_one_name_come_apart_again() -> None:
    kept = keep_response_headers([("Content-Security-Policy", "default-src 'self'\nscript-src 'none'")])
    assert kept == (
        ("content-security-policy", "default-src 'self'"),
        ("content-security-policy", "script-src 'none'"),
    )


def test_text_is_kept_as_utf_8_whatever_it_came_as() -> None:
    kept = keep_response_headers([("Content-Type", "text/html; charset=windows-1251")], text_type="text/html")
    assert kept == (("content-type", "text/html; charset=utf-8"),)


def test_every_header_that_names_a_wall_is_kept() -> None:
    text = importlib.resources.files("gridrunner.browser").joinpath("data/walls.toml").read_text(encoding="utf-8")
    named = {rule["header"] for rule in tomllib.loads(text)["rule"] if "header" in rule}
    assert named - RESPONSE_HEADERS == set()
