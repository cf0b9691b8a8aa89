"""The shape of a body: which fields it has, never what is in them."""

from __future__ import annotations

import pytest

from gridrunner.archive.shapes import shape_of

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("body", "like", "content_type"),
    [
        ("user=ada&password=one", "user=eve&password=other", FORM),
        ('{"user": "ada", "tags": [{"a": 1}]}', '{"tags": [{"a": 2}], "user": "eve"}', "application/json"),
        (
            '--x\r\nContent-Disposition: form-data; name="user"\r\n\r\nada\r\n--x--',
            '--yy\r\nContent-Disposition: form-data; name="user"\r\n\r\neve\r\n--yy--',
            "multipart/form-data; boundary=x",
        ),
        ("some text", "another", "text/plain"),
    ],
)
def test_the_same_fields_have_the_same_shape(body: str, like: str, content_type: str) -> None:
    assert shape_of(body, content_type) == shape_of(like, content_type) != ""


@pytest.mark.parametrize(
    ("body", "other", "content_type"),
    [
        ("user=ada", "user=ada&password=x", FORM),
        ("action=login", "action=reset", FORM),
        ('{"operationName": "Me"}', '{"operationName": "Login"}', "application/json"),
        ('{"a": {"b": 1}}', '{"a": 1}', "application/json"),
    ],
)
def test_other_fields_and_operations_have_another(body: str, other: str, content_type: str) -> None:
    assert shape_of(body, content_type) != shape_of(other, content_type)


def test_no_body_has_none_and_a_broken_one_does_not_stop_anything() -> None:
    assert shape_of(None) == ""
    assert shape_of("{broken", "application/json") != ""
    assert shape_of("[" * 100_000, "application/json") != ""
