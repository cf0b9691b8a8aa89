"""Small pages of our own, one for each way in which detectors are known to go wrong, as a labelled corpus.

Patterns: issue threads of password managers and of crawlers (two-step logins, shadow roots, honeypots, look-alikes),
told anew; no page is anybody's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.hard_builds_reader import hard_builds
from tests.support.hard_kinds import hard_kinds

PASSWORD = "<input type=password name=p aria-label='Password'>"

HARD_PAGES: dict[str, tuple[str, str, dict[str, str]]] = {
    # id: (kind, HTML, labels); every label is a CSS selector
    "identifier-first": (
        "login",
        ("<h1>Sign in</h1><form><label>E-mail or phone <input id=u></label><button id=s>Next</button></form>"
        "<a href=/new>Create account</a>"),
        {"username": "#u", "submit": "#s"},
    ),
    "identifier-first-thai": (
        "login",
        ("<h1>เข้าสู่ระบบ</h1><form><input id=u placeholder='อีเมลหรือหมายเลขโทรศัพท์'><button id=s>ถัดไป</button></form>"
        "<a href=/forgot>ลืมรหัสผ่าน?</a>"),
        {"username": "#u", "submit": "#s"},
    ),
    "password-step": (
        "login",
        ("<h1>Welcome back</h1><p>ann@example.org</p><form><label>Password <input type=password id=p></label>"
        "<button id=s>Log in</button></form><a href=/forgot>Forgot password?</a>"),
        {"password_current": "#p", "submit": "#s"},
    ),
    "password-step-without-words": (
        "login",
        "<form><input type=password id=p><button id=s>→</button></form>",
        {"password_current": "#p"},
    ),
    "no-form": (
        "login",
        ("<div><h2>Member login</h2><div><input id=u placeholder='User name'></div>"
        "<div><input type=password id=p></div><div role=button tabindex=0 id=s>Log in</div></div>"),
        {"username": "#u", "password_current": "#p"},
    ),
    "odd-names-right-to-left": (
        "login",
        ("<html dir=rtl lang=ar><h1>تسجيل الدخول</h1><form><input id=textfield-1062 placeholder='اسم المستخدم'>"
        "<input type=password id=textfield-1063 placeholder='كلمة المرور'><button id=s>دخول</button></form>"),
        {"username": "#textfield-1062", "password_current": "#textfield-1063", "submit": "#s"},
    ),
    "honeypot": (
        "login",
        ("<h1>Log in</h1><form><div style='position:absolute;left:-5000px'><input name=email id=trap></div>"
        f"<label>E-mail <input name=npe id=u></label><div>{PASSWORD}</div><button id=s>Log in</button></form>"),
        {"username": "#u", "password_current": "input[name=p]", "submit": "#s"},
    ),
    "text-typed-password": (
        "login",
        ("<h1>Device login</h1><form method=post><label>User name <input id=u name=usr></label>"
        "<label>Password <input id=p name=pwd></label><input type=submit id=s value='Log in'></form>"),
        {"username": "#u", "password_current": "#p", "submit": "#s"},
    ),
    "twins": (
        "login+signup",
        ("<b>Login</b><form method=post><input name=u aria-label=username><input type=password name=p>"
        "<input type=submit value=login></form><b>Create Account</b><form method=post><input type=hidden name=creating "
        "value=t><input name=u2 aria-label=username><input type=password name=p2>"
        "<input type=submit value='create account'></form>"),
        {},
    ),
    "search-of-a-log": (
        "other",
        ("<h1>All public logs</h1><form><label>Performer: <input name=user></label>"
        "<label>Target (title or User:username): <input name=page></label><button>Show</button></form>"),
        {},
    ),
    "newsletter": (
        "other",
        "<h3>Sign up for our newsletter</h3><form><input type=email><button>Sign up</button></form>",
        {},
    ),
    "forgotten-password": (
        "other",
        ("<h1>Forgot your password?</h1><form><label>E-mail <input type=email></label>"
        "<button>Send me a link</button></form><a href=/login>Back to login</a>"),
        {},
    ),
    "code-as-password": (
        "other",
        ("<h1>Two-step verification</h1><p>Enter the 6-digit code from your app.</p><form>"
        "<input type=password maxlength=6 inputmode=numeric name=otp autocomplete=one-time-code>"
        "<button>Verify</button></form>"),
        {},
    ),
    "card": (
        "other",
        ("<h1>Payment</h1><form><label>Name on card <input name=holder></label>"
        "<label>Card number <input name=cardnumber></label>"
        "<label>CVV <input type=password name=cvv maxlength=4></label><button>Pay now</button></form>"),
        {},
    ),
    "signup": (
        "signup",
        ("<h1>Create your account</h1><form><label>E-mail <input type=email></label><label>Password "
        "<input type=password id=n></label><label><input type=checkbox> I agree to the terms</label>"
        "<button>Create account</button></form><p>Already have an account? <a href=/login>Log in</a></p>"),
        {"password_new": "#n"},
    ),
    "change": (
        "change-password",
        ("<h1>Change password</h1><form><label>Current password <input type=password></label><label>New password "
        "<input type=password id=n></label><label>Confirm <input type=password id=c></label>"
        "<button>Save</button></form>"),
        {"password_new": "#n"},
    ),
    "drawn-on-a-canvas": ("login", "<h1>Welcome</h1><canvas width=400 height=300></canvas>", {}),
    "name-and-mail": (
        "login",
        ("<h2>Customer login</h2><form action=/shoplogin><p>Last name <input id=u></p><p>E-mail <input id=p></p>"
        "<input type=image alt=Go id=s></form>"),
        {"username": "#u", "password_current": "#p", "submit": "#s"},
    ),
}  # fmt: skip


def all_pages() -> dict[str, tuple[str, str, dict[str, str]]]:
    """Every hard page by id: those above, the builds, and the kinds in many languages."""
    return {
        **HARD_PAGES,
        **hard_builds(),
        **{name: (page.kind, page.html, page.labels) for name, _, page in hard_kinds()},
    }


def write_corpus(folder: Path) -> Path:
    """The pages as a corpus folder (manifest.json, pages/) for `gridrunner evaluate`."""
    (folder / "pages").mkdir(parents=True)
    entries: list[dict[str, Any]] = []
    for name, (kind, html, labels) in all_pages().items():
        (folder / "pages" / f"{name}.html").write_text(f"<!doctype html><meta charset=utf-8>{html}", encoding="utf-8")
        entries.append(
            {
                "id": name,
                "file": f"pages/{name}.html",
                "kind": kind,
                "login_present": kind.startswith("login"),
                **{role: [selector] for role, selector in labels.items()},
            }
        )
    (folder / "manifest.json").write_text(json.dumps(entries), encoding="utf-8")
    return folder
