"""The collector and the readiness probe in a real browser, on small pages written here."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.remote.remote_connection import RemoteConnection

from dom_probes import read_probe
from gridrunner.browser.binaries import find_browser
from gridrunner.detection import detect
from gridrunner.model import Detection, FormKind, LoginStep

pytestmark = pytest.mark.browser

Collect = Callable[..., dict[str, Any]]

LOGIN = """
<form id=signin method=post action=/session>
  <h2>Sign in</h2>
  <label for=who>User name</label><input id=who name=user>
  <label>Password <input type=PASSWORD name=pass></label>
  <label><input type=checkbox name=keep> Keep me signed in</label>
  <input type=hidden name=csrf value=9f8a7b6c5d4e3f><input type=hidden name=op value=login>
  <button>Sign in</button> <a href="/forgot?token=s3cret">Forgot password?</a>
</form>
"""


@pytest.fixture(scope="module")
def driver() -> Iterator[webdriver.Chrome]:
    installed = find_browser(None, os.environ)
    options = webdriver.ChromeOptions()
    options.binary_location = str(installed.binary)
    for argument in ("--headless=new", "--window-size=1366,900", "--host-resolver-rules=MAP * ~NOTFOUND"):
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(installed.chromedriver)))
    assert isinstance(browser.command_executor, RemoteConnection)
    browser.command_executor.client_config.timeout = 30
    yield browser
    browser.quit()


def open_page(driver: webdriver.Chrome, html: str) -> int:
    """Show a page; returns the execution context of a fresh isolated world in it."""
    text = base64.b64encode(f"<!doctype html><meta charset=utf-8>{html}".encode()).decode()
    driver.get(f"data:text/html;charset=utf-8;base64,{text}")
    tree = driver.execute_cdp_cmd("Page.getFrameTree", {})
    world = {"frameId": tree["frameTree"]["frame"]["id"], "worldName": "test"}
    return int(driver.execute_cdp_cmd("Page.createIsolatedWorld", world)["executionContextId"])


def call(driver: webdriver.Chrome, context: int, function: str, *arguments: dict[str, Any]) -> Any:
    answer = driver.execute_cdp_cmd(
        "Runtime.callFunctionOn",
        {
            "functionDeclaration": function,
            "executionContextId": context,
            "arguments": list(arguments),
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    assert "exceptionDetails" not in answer, answer
    return answer["result"]["value"]


@pytest.fixture
def collect(driver: webdriver.Chrome) -> Collect:
    def collect_one(html: str, **options: Any) -> dict[str, Any]:
        context = open_page(driver, html)
        page: dict[str, Any] = call(driver, context, read_probe("collect_page.js"), {"value": options})
        return page

    return collect_one


def judge(page: dict[str, Any]) -> Detection:
    frame = {"frame_id": "top", "parent": None, "owner_selector": None, "offset": [0, 0], "is_readable": True}
    return detect({"version": 1, "frames": [{**frame, "page": page}], "closed_roots": []})


def fields_by_name(page: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {field["name"] or field["id"]: field for field in page["fields"]}


def test_a_login_is_collected_with_its_labels_and_without_its_secrets(collect: Collect) -> None:
    page = collect(LOGIN)
    assert page["errors"] == []
    fields = fields_by_name(page)
    assert fields["user"]["label"] == "User name"
    assert fields["pass"]["type"] == "password"
    assert fields["pass"]["label"] == "Password"
    assert fields["keep"]["label"] == "Keep me signed in"
    assert page["buttons"][0]["text"] == "Sign in"
    hidden = {field["name"]: field["value"] for field in page["groups"][0]["hidden_inputs"]}
    assert hidden == {"csrf": "", "op": "login"}
    form = judge(page).login
    assert form is not None
    assert form.username is not None
    assert form.username.selector == "#who"
    assert form.password_current is not None
    assert form.password_current.selector == 'input[name="pass"]'
    assert form.submit is not None
    assert form.step is LoginStep.COMPLETE


def test_values_stay_in_the_page(collect: Collect) -> None:
    page = collect('<form><input name=user value="ada@example.org"><input type=password name=p value=hunter2></form>')
    assert fields_by_name(page)["user"]["has_value"] is True
    assert "ada@example" not in str(page)
    assert "hunter2" not in str(page)


def test_dom_clobbering_hides_nothing(collect: Collect) -> None:
    names = (
        "parentNode",
        "querySelectorAll",
        "attributes",
        "id",
        "action",
        "children",
        "getAttribute",
        "elements",
        "nodeType",
    )
    page = collect(
        "<form id=f action=/login>"
        + "".join(f"<input type=hidden name={name}>" for name in names)
        + "<label>User name <input name=nodeName></label><label>Password <input type=password name=method></label>"
        + "<button name=submit>Log in</button></form><img name=body><img name=createTreeWalker>"
        + "<form name=elementFromPoint></form>"
    )
    assert page["errors"] == []
    assert page["groups"][0]["id"] == "f"
    assert page["groups"][0]["action"] == "/login"
    login = judge(page).login
    assert login is not None
    assert login.username is not None
    assert login.username.selector == 'input[name="nodeName"]'


@pytest.mark.parametrize(
    ("style", "reason"),
    [
        ("display:none", "not rendered"),
        ("visibility:hidden", "visibility or opacity"),
        ("opacity:0", "visibility or opacity"),
        ("position:absolute;left:-4000px", "outside the page"),
        ("width:0;padding:0;border:0", "no size"),
    ],
)
def test_what_nobody_can_see_says_why(collect: Collect, style: str, reason: str) -> None:
    page = collect(f'<form><div><input name=trap style="{style}"></div><input name=user></form>')
    fields = fields_by_name(page)
    assert fields["trap"]["hidden"] == reason
    assert fields["user"]["hidden"] == ""


def test_clipped_closed_and_inert_parts_are_hidden(collect: Collect) -> None:
    page = collect(
        "<div style='height:10px;overflow:hidden;position:relative'>"
        "<p style='margin-top:40px'><input name=clipped></p></div>"
        "<dialog><input name=closed></dialog><details><summary>x</summary><input name=folded></details>"
        "<div inert><input name=inert></div>"
    )
    fields = fields_by_name(page)
    assert fields["clipped"]["hidden"] == "clipped"
    assert fields["closed"]["hidden"] == "not rendered"
    assert fields["folded"]["hidden"]
    assert fields["inert"]["inert"] is True


def test_what_covers_a_field_is_named(collect: Collect) -> None:
    wall = "<div class=wall style='position:fixed;inset:0;background:#fff'><button>Accept</button></div>"
    page = collect(LOGIN + wall)
    assert fields_by_name(page)["user"]["covered_by"] == "div.wall"
    point = judge(page).insertion_point
    assert point is not None
    assert point.is_usable  # tested beneath the wall, which will go away


SHADOW = """
<login-box></login-box><script>
customElements.define('login-box', class extends HTMLElement { connectedCallback() {
  const root = this.attachShadow({mode: 'MODE'});
  root.innerHTML = '<h1>Log in</h1><div><div><input name=user autocomplete=username aria-label="User name"></div>'
    + '<div><input type=password aria-label=Password></div><button>Log in</button></div>';
}});
</script>
"""


def test_open_shadow_roots_are_walked_and_selectors_cross_them(driver: webdriver.Chrome, collect: Collect) -> None:
    page = collect(SHADOW.replace("MODE", "open"))
    login = judge(page).login
    assert login is not None
    assert login.username is not None
    assert login.username.selector == 'login-box >>> input[name="user"]'
    for control in (*page["fields"], *page["buttons"]):
        host, inner = control["selector"].split(" >>> ")
        script = f"return document.querySelector({host!r}).shadowRoot.querySelectorAll({inner!r}).length"
        assert driver.execute_script(script) == 1, control["selector"]


def test_a_closed_root_is_read_when_it_is_given(driver: webdriver.Chrome) -> None:
    context = open_page(driver, SHADOW.replace("MODE", "closed"))
    nothing = call(driver, context, read_probe("collect_page.js"), {"value": {}})
    assert nothing["fields"] == []
    document = driver.execute_cdp_cmd("DOM.getDocument", {"depth": -1, "pierce": True})
    root = find_shadow_root(document["root"])
    resolve = {"backendNodeId": root, "executionContextId": context}
    given = driver.execute_cdp_cmd("DOM.resolveNode", resolve)["object"]["objectId"]
    page = call(driver, context, read_probe("collect_page.js"), {"value": {}}, {"objectId": given})
    assert [field["in_closed_root"] for field in page["fields"]] == [True, True]
    assert page["closed"][0]["host"] == "login-box"


def find_shadow_root(node: dict[str, Any]) -> int:
    for root in node.get("shadowRoots", ()):
        return int(root["backendNodeId"])
    for child in node.get("children", ()):
        node_id = find_shadow_root(child)
        if node_id:
            return node_id
    return 0


def test_selectors_match_exactly_one_element(driver: webdriver.Chrome, collect: Collect) -> None:
    page = collect(
        "<input id=a><input id=a><input name=n><input name=n><div><input name='q\"x'><input name='multi word'></div>"
        "<section><input id='1st'><input id='has space '><x-field><input></x-field></section>"
        "<button>1</button><button>2</button>"
    )
    for control in (*page["fields"], *page["buttons"]):
        matching = driver.execute_script("return document.querySelectorAll(arguments[0]).length", control["selector"])
        assert matching == 1, control["selector"]
    assert len({control["selector"] for control in page["fields"]}) == len(page["fields"]) == 9


def test_frames_are_listed_in_the_order_of_the_elements_kept_for_the_visit(driver: webdriver.Chrome) -> None:
    context = open_page(
        driver,
        "<iframe id=one width=300 height=200 style='border:5px solid;padding:3px'></iframe>"
        "<iframe id=two sandbox width=10 height=10 hidden></iframe>",
    )
    page = call(driver, context, read_probe("collect_page.js"), {"value": {}})
    first, second = page["frames"]
    assert (first["visible"], second["visible"]) == (True, False)
    assert first["content_box"] == {
        "x": first["box"]["x"] + 8, "y": first["box"]["y"] + 8, "width": 300, "height": 200
    }  # fmt: skip
    assert (first["sandbox"], second["sandbox"]) == (None, "")
    kept = call(driver, context, "function () { return __gridrunner.frameElements.map((frame) => frame.id); }")
    assert kept == ["one", "two"]


def test_caps_bound_the_answer(collect: Collect) -> None:
    page = collect(
        "".join(f"<input name=f{number} placeholder={'x' * 70}>" for number in range(400)), caps={"fields": 20}
    )
    assert len(page["fields"]) == 20
    assert page["truncated"]["fields"] == 380


def test_an_empty_document_is_no_error(driver: webdriver.Chrome) -> None:
    context = open_page(driver, "<p>x")
    driver.execute_script("document.documentElement.remove()")
    page = call(driver, context, read_probe("collect_page.js"), {"value": {}})
    assert page["fields"] == []
    assert judge(page).login_present is False


def test_right_to_left_puts_the_mark_on_the_left(collect: Collect) -> None:
    page = collect(f"<div dir=rtl>{LOGIN}</div>")
    point = judge(page).insertion_point
    assert point is not None
    assert point.anchor.box is not None
    assert point.side == "inside-end"
    assert point.box.x - point.anchor.box.x < point.anchor.box.width / 2


def test_a_mark_does_not_cover_the_show_button(collect: Collect) -> None:
    page = collect(
        "<form><h1>Enter your password</h1><p style='position:relative;width:300px'>"
        "<input type=password aria-label=Password style='width:300px;height:30px;box-sizing:border-box'>"
        "<button type=button aria-label='Show password' style='position:absolute;right:0;top:0;width:32px;height:30px'>"
        "</button>"
        "</p><button>Log in</button><a href=#>Forgot password?</a></form>"
    )
    detection = judge(page)
    assert detection.login is not None
    assert detection.login.step is LoginStep.PASSWORD
    point = detection.insertion_point
    assert point is not None
    assert point.side != "inside-end"
    assert point.is_usable


def test_what_a_page_has_put_away_by_name_is_said(collect: Collect) -> None:
    page = collect(
        f"<div class='tab hide'>{LOGIN}</div><div aria-hidden=true><form><input type=password></form></div>"
        "<form class=hidden-fees><input type=password></form><form class='collapse show'><input type=password></form>"
        "<div class='tabs active-register'><form><input type=password></form></div>"
    )
    assert [group["put_away"] for group in page["groups"]] == ["hide", "aria-hidden", "", "", ""]
    assert [group["modes"] for group in page["groups"]] == [[], [], [], [], ["active-register"]]


def test_a_login_below_the_first_screen_has_its_place_as_well(collect: Collect) -> None:
    show = (
        "<p style='position:relative;width:300px'><input type=password name=p aria-label=Password style='width:300px;"
        "height:30px'><button type=button style='position:absolute;right:0;top:0;width:36px;height:30px'>Show"
        "</button></p>"
    )
    for name, is_inside in (
        ("<input name=u aria-label='User name' style='width:300px;height:30px'>", True),
        ("", False),
    ):
        page = collect(
            f"<div style='height:4000px'>Read</div><h1>Log in</h1><form>{name}{show}<button>Log in</button></form>"
        )
        detection = judge(page)
        assert detection.login is not None
        point = detection.insertion_point
        assert point is not None
        assert point.is_usable
        assert point.box.y > 4000
        assert (
            point.side == "inside-end"
        ) is is_inside  # else the place is taken by the button that shows the password
        assert any("below the first screen" in line for line in point.evidence)


def test_two_forms_in_one(collect: Collect) -> None:
    page = collect(
        "<form id=page><p><input name=q placeholder=Search><input type=submit value=Search></p>"
        "<div><div>User name <input name=user></div><div>Password <input type=password name=pass></div>"
        "<input type=submit value='Log in'></div>"
        "<p>Newsletter <input name=news placeholder='Your e-mail'><input type=submit value=Subscribe></p></form>"
    )
    login = judge(page).login
    assert login is not None
    assert login.username is not None
    assert login.username.selector == 'input[name="user"]'
    assert login.submit is not None
    assert login.submit.label == "Log in"


# ----------------------------------------------------------------------------------------------------------- ready.js


TEXT = "<h1>Roses</h1><p>" + "Roses need sun and rain. " * 40


def wait(driver: webdriver.Chrome, html: str, *, quiet_ms: int = 150, deadline_ms: int = 8000) -> str:
    context = open_page(driver, html)
    limits = {"quiet_ms": quiet_ms, "deadline_ms": deadline_ms}
    return str(call(driver, context, read_probe("ready.js"), {"value": limits})["by"])


def test_ready_as_soon_as_a_password_is_there(driver: webdriver.Chrome) -> None:
    assert wait(driver, LOGIN) == "found"


def test_ready_when_nothing_moves_any_more(driver: webdriver.Chrome) -> None:
    assert wait(driver, TEXT) == "quiet"


def test_ready_waits_for_a_field_to_be_shown(driver: webdriver.Chrome) -> None:
    hidden = f"<div id=box hidden>{LOGIN}</div><script>setTimeout(() => box.hidden = false, 150)</script>"
    assert wait(driver, hidden, quiet_ms=1500) == "found"


def test_ready_sees_a_form_in_an_open_shadow_root(driver: webdriver.Chrome) -> None:
    assert wait(driver, SHADOW.replace("MODE", "open")) == "found"


def test_ready_sees_a_root_that_an_element_gets_long_after_it_came(driver: webdriver.Chrome) -> None:
    upgrade = "customElements.define('late-login', class extends HTMLElement { connectedCallback() { "
    upgrade += f"this.attachShadow({{mode: 'open'}}).innerHTML = `{LOGIN}`; }} }})"
    page = f"<late-login></late-login>{TEXT}<script>setTimeout(() => {upgrade}, 300)</script>"
    assert wait(driver, page, quiet_ms=1000) == "found"


def test_a_page_that_nothing_can_change_is_quiet_at_once(driver: webdriver.Chrome) -> None:
    assert wait(driver, TEXT, quiet_ms=60_000, deadline_ms=20_000) == "quiet"


def test_a_page_that_a_frame_may_change_is_not_quiet_at_once(driver: webdriver.Chrome) -> None:
    change = "parent.document.body.innerHTML = `<form><input type=password></form>`"
    frame = f"<iframe srcdoc='<script>setTimeout(() => {change}, 300)</script>'></iframe>"
    assert wait(driver, TEXT + frame, quiet_ms=1500) == "found"


def test_a_carousel_is_quiet(driver: webdriver.Chrome) -> None:
    moving = "<p id=x>x<script>setInterval(() => x.style.left = Math.random() + 'px', 20)</script>"
    assert wait(driver, TEXT + moving) == "quiet"


CARD = (
    "<main class=card><h1>Log in</h1><form><input name=user><input type=password id=p><button>Log in</button></form>"
    "</main>"
)
SCRIPT = "<script>document.querySelector('.card').classList.add('in')</script>"
APPEARING = {
    "fade-in-with-a-delay": ".card{animation:come .3s .4s both}@keyframes come{from{opacity:0}to{opacity:1}}",
    "slide-from-outside": ".card{animation:come .5s both}"
    "@keyframes come{from{transform:translateX(200vw)}to{transform:none}}",
    "unfold": ".card{animation:come .4s .1s both;overflow:hidden}@keyframes come{from{height:0}to{height:200px}}",
    "rows-one-after-another": "input,button{animation:come .2s .3s both}button{animation-delay:.7s}"
    "@keyframes come{from{opacity:0}}",
    "made-visible-in-the-end": ".card{animation:come .6s both}"
    "@keyframes come{from{visibility:hidden}to{visibility:visible}}",
}
LATE = {
    "class-after-a-while": ".card{opacity:0;transition:opacity .3s}.card.in{opacity:1}",
    "transition-with-a-delay": ".card{translate:-300vw 0;transition:translate .3s .3s}.card.in{translate:0 0}",
}


@pytest.mark.parametrize("style", APPEARING.values(), ids=APPEARING)
def test_ready_when_an_animation_has_shown_the_login(driver: webdriver.Chrome, style: str) -> None:
    assert sees_login_when_ready(driver, f"<style>{style}</style>{TEXT}{CARD}") == ("found", ["", "", ""])


@pytest.mark.parametrize("style", LATE.values(), ids=LATE)
def test_ready_when_a_script_has_shown_the_login(driver: webdriver.Chrome, style: str) -> None:
    script = SCRIPT.replace(">", ">setTimeout(() => ", 1).replace("</script>", ", 300)</script>")
    assert sees_login_when_ready(driver, f"<style>{style}</style>{TEXT}{CARD}{script}") == ("found", ["", "", ""])


def test_endless_and_colourful_animations_hold_up_nothing(driver: webdriver.Chrome) -> None:
    style = (
        ".card{animation:float 1s infinite,tint 60s}"
        "@keyframes float{50%{translate:0 4px}}@keyframes tint{to{color:red}}"
    )
    assert wait(driver, f"<style>{style}</style>{CARD}", deadline_ms=900) == "found"


def test_a_login_that_stays_hidden_is_not_waited_for_without_end(driver: webdriver.Chrome) -> None:
    style = ".card{animation:come 600s both}@keyframes come{from,to{opacity:0}}"
    assert wait(driver, f"<style>{style}</style>{TEXT}{CARD}", deadline_ms=12_000) == "quiet"


def sees_login_when_ready(driver: webdriver.Chrome, html: str) -> tuple[str, list[str]]:
    """What made the page ready, and why its two fields and its button cannot be seen at that moment."""
    context = open_page(driver, html)
    both = f"async (limits) => [await ({read_probe('ready.js')})(limits), ({read_probe('collect_page.js')})({{}})]"
    ready, facts = call(driver, context, both, {"value": {"quiet_ms": 150, "deadline_ms": 8000}})
    return ready["by"], [control["hidden"] for control in (*facts["fields"], *facts["buttons"])]


def test_a_signup_is_not_a_login(collect: Collect) -> None:
    page = collect(
        "<form><h1>Create your account</h1><label>E-mail <input type=email name=mail></label>"
        "<label>Choose a password <input type=password name=p1 autocomplete=new-password></label>"
        "<label>Repeat password <input type=password name=p2 autocomplete=new-password></label>"
        "<label><input type=checkbox>I agree to the terms</label><button>Sign up</button></form>"
    )
    detection = judge(page)
    assert detection.login_present is False
    assert detection.forms[0].kind is FormKind.SIGNUP
    assert len(detection.forms[0].password_new) == 2
