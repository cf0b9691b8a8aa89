"""Facts as objects: frames, parts, buttons that stand outside of their form."""

from __future__ import annotations

from gridrunner.detection.sections import read_page
from gridrunner.detection.snapshot import read_autocomplete, read_snapshot
from tests.support.page_facts import button, field, form, heading, link, login, page, whole


def test_selectors_and_boxes_lead_from_the_top_document() -> None:
    inner = {
        "frame_id": "f", "parent": 0, "owner_selector": "host >>> iframe", "offset": [100, 50], "is_readable": True,
        "page": page(login()),
    }  # fmt: skip
    snapshot = read_snapshot(whole(page(), inner))
    user = snapshot.groups[0].fields[0]
    assert user.element.selector == "host >>> iframe >>> #e1"
    assert user.element.box is not None
    assert (user.element.box.x, user.element.box.y) == (110, 80)


def test_what_is_missing_reads_as_empty() -> None:
    assert read_snapshot({}).groups == []
    assert (
        read_snapshot({"frames": [{"page": None}, {"page": {"groups": [{}], "fields": [{}]}}]}).groups[0].fields == ()
    )


def test_autocomplete_is_a_list_of_tokens() -> None:
    assert read_autocomplete("section-a shipping Username WEBAUTHN") == ("username", "webauthn")


def test_a_heading_and_links_belong_to_the_form_they_stand_beside() -> None:
    snapshot = read_snapshot(whole(page(heading("Shop"), heading("Sign in"), login(), link("Register", "/register"))))
    group = snapshot.groups[0]
    assert group.heading == "Sign in"
    assert [each.text for each in group.links_inside] == ["Forgot password?"]
    assert [each.text for each in group.links_near] == ["Register"]


def test_a_form_without_a_button_takes_the_one_after_it() -> None:
    outside = button("Continue", group=None)
    group = read_snapshot(whole(page(form(field(name="user")), outside))).groups[0]
    assert [each.text for each in group.buttons] == ["Continue"]


def test_the_twin_of_a_password_is_no_second_password() -> None:
    twin = field("password", label="Password")
    group = read_snapshot(
        whole(page(form(field(name="u"), field("password", label="Password", name="p"), twin)))
    ).groups[0]
    assert [each.raw["name"] for each in group.passwords] == ["p"]


def test_one_form_around_login_and_signup_is_cut() -> None:
    def part(number: int, member: dict[str, object]) -> dict[str, object]:
        return {**member, "chain": [number, 1]}

    whole_page = page(
        form(
            part(20, field(label="User name", name="u")),
            part(20, field("password", label="Password", name="p")),
            part(20, button("Log in")),
            part(30, field(label="E-mail", name="m")),
            part(30, field("password", label="Choose a password", name="p1")),
            part(30, field("password", label="Repeat password", name="p2")),
            part(30, button("Sign up")),
        )
    )
    groups = read_page(whole(whole_page)).groups
    assert [[each.raw["name"] for each in group.fields] for group in groups] == [["u", "p"], ["m", "p1", "p2"]]


def test_a_form_that_does_one_thing_stays_whole() -> None:
    groups = read_page(whole(page(login()))).groups
    assert len(groups) == 1


def test_loose_name_and_password_in_containers_of_their_own_are_joined() -> None:
    name = form(field(label="User ID", name="u"), button("Clear", kind="button"), is_form=False)
    password = form(field("password", label="Password", name="p"), button("Log in"), is_form=False)
    groups = read_page(whole(page(name, password))).groups
    assert [each.raw["name"] for each in groups[0].fields] == ["u", "p"]
