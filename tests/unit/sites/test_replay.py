"""The replay server over real sockets on loopback: hosts, files, behaviours, closing; and what it refuses to read."""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gridrunner.errors import UsageError
from gridrunner.sites.replay import ReplayServer

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT_S = 30

DEMO = Path(__file__).parents[3] / "sites" / "demo"

BEHAVIOURS = """\
version: 1
behaviours:
  - {at: slow, delay_s: 0.05}
  - {at: broken, status: 500}
  - {at: shop/loop, redirect: "{{origin:shop.demo}}/loop?a b"}
  - {at: shop/list.csv, download: "lísta.csv"}
  - {at: shop/members.html, auth: {user: ada, password: "pass:word", realm: Members}}
  - {at: shop/strict.html, headers: {Content-Security-Policy: "frame-src {{origin:pay.frames}}"}}
  - {at: shop/endless.js, never_end: true}
  - {at: shop/drip.txt, drip: {chunk_bytes: 2, every_s: 0.01}}
  - {at: silent, never_answer: true}
  - {at: closed, refuse: true}
"""


def make_folder(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_folder(
        tmp_path_factory.mktemp("replay") / "folder",
        {
            "behaviours.yaml": BEHAVIOURS,
            "shop/index.html": '<p>Händler <iframe src="{{origin:pay.frames}}/form.html"></iframe>',
            "shop/login.html": "login",
            "shop/help/index.html": "help",
            "shop/raw.bin": "{{origin:pay.frames}}",
            "shop/list.csv": "1;2",
            "shop/members.html": "members",
            "shop/strict.html": "strict",
            "shop/endless.js": "// begun",
            "shop/drip.txt": "abcde",
            "slow/index.html": "late",
            "broken/index.html": "sorry",
            "silent/index.html": "never",
            "closed/index.html": "never",
            "_frames/pay/form.html": "pay",
            "_shared/all.css": "p{}",
            "private.txt": "secret",
            "../outside.txt": "secret",
        },
    )
    (root / "shop" / "link.txt").symlink_to(root.parent / "outside.txt")
    (root / "linked").symlink_to(root.parent)
    return root


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[ReplayServer]:
    with ReplayServer(folder) as running:
        yield running


def ask(
    server: ReplayServer, host: str, path: str = "/", method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_S)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": host, **headers}.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer, answer.read().decode()
    finally:
        connection.close()


def test_first_label_names_the_folder(server: ReplayServer) -> None:
    answer, body = ask(server, f"shop.demo.localhost:{server.port}")
    assert answer.status == 200
    assert answer.getheader("Content-Type") == "text/html; charset=utf-8"
    assert "Händler" in body


def test_second_label_frames_names_a_frame_host(server: ReplayServer) -> None:
    assert ask(server, "pay.frames.localhost", "/form.html")[1] == "pay"
    assert ask(server, "shop.frames.localhost")[0].status == 404
    assert ask(server, "pay.demo.localhost")[0].status == 404


@pytest.mark.parametrize(
    ("path", "body"), [("/login.html", "login"), ("/login?next=%2F", "login"), ("/help/", "help"), ("/help", "help")]
)
def test_pages_are_found_with_and_without_their_ending(server: ReplayServer, path: str, body: str) -> None:
    assert ask(server, "shop.demo.localhost", path)[1] == body


def test_shared_files_are_on_every_host(server: ReplayServer) -> None:
    for host in ("shop.demo.localhost", "slow.demo.localhost", "pay.frames.localhost"):
        assert ask(server, host, "/_shared/all.css")[1] == "p{}"


@pytest.mark.parametrize("port", ["", ":8123"])
def test_origins_keep_the_port_that_the_reader_used(server: ReplayServer, port: str) -> None:
    assert f'src="http://pay.frames.localhost{port}/form.html"' in ask(server, f"shop.demo.localhost{port}")[1]
    header = ask(server, f"shop.demo.localhost{port}", "/strict")[0].getheader("Content-Security-Policy")
    assert header is None  # the behaviour is for the path as it is asked
    header = ask(server, f"shop.demo.localhost{port}", "/strict.html")[0].getheader("Content-Security-Policy")
    assert header == f"frame-src http://pay.frames.localhost{port}"


def test_binary_files_are_left_alone(server: ReplayServer) -> None:
    answer, body = ask(server, "shop.demo.localhost", "/raw.bin")
    assert (answer.getheader("Content-Type"), body) == ("application/octet-stream", "{{origin:pay.frames}}")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_answers_are_not_stored_and_hosts_are_apart(server: ReplayServer, method: str) -> None:
    answer, body = ask(server, "shop.demo.localhost", "/login.html", method)
    assert answer.getheader("Cache-Control") == "no-store"
    assert answer.getheader("Origin-Agent-Cluster") == "?1"
    assert body == ("" if method == "HEAD" else "login")


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:80", "[::1]:80", "nobody.demo.localhost", "linked.demo.localhost"]
)
def test_unknown_hosts_say_which_are_known(server: ReplayServer, host: str) -> None:
    answer, body = ask(server, host)
    assert answer.status == 404
    assert "gridrunner sites serve" in body
    assert f"http://shop.demo.localhost:{server.port}/" in body


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("shop.evil.example", 421),
        ("shop.demo.evil.example:80", 421),
        ("shop.demo.localhost.evil.example", 421),
        ("shop.demo", 421),
        ("rebound.example", 421),
        ("a.shop.demo.localhost", 404),
        ("a" * 64 + ".demo.localhost", 400),
        ("a" * 300 + ".demo.localhost", 400),
        ("shop.demo.localhost:port", 400),
        ("a/b", 400),
        ("", 400),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_names_that_others_own_get_no_page(server: ReplayServer, host: str, status: int, method: str) -> None:
    answer, body = ask(server, host, "/login.html", method)
    assert answer.status == status
    assert "<title>" in body
    assert "login" not in body
    assert status == 404 or "shop" not in body


def test_a_folder_that_no_host_name_can_name_is_no_site(tmp_path: Path) -> None:
    make_folder(tmp_path, {"shop/index.html": "", f"{'a' * 64}/index.html": "", "UPPER/index.html": ""})
    with ReplayServer(tmp_path) as server:
        assert server.site_names() == ["shop"]
        assert ask(server, "shop.demo.localhost.")[0].status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/../private.txt",
        "/..%2fprivate.txt",
        "/%2e%2e/private.txt",
        "/%2e%2e%2f%2e%2e%2foutside.txt",
        "/_shared/../private.txt",
        "/_shared/%2e%2e/private.txt",
        "/..%5cprivate.txt",
        "/login.html%00",
        "/%ff",
        "/link.txt",
        "/" + "a" * 5000,
    ],
)
def test_nothing_outside_a_site_is_found(server: ReplayServer, path: str) -> None:
    answer, body = ask(server, "shop.demo.localhost", path)
    assert answer.status == 404
    assert "secret" not in body


def test_a_missing_favicon_is_no_error(server: ReplayServer) -> None:
    assert ask(server, "shop.demo.localhost", "/favicon.ico")[0].status == 204


def test_one_connection_serves_several_requests(server: ReplayServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_S)
    bodies = []
    for path in ("/login", "/help/", "/nothing", "/login"):
        connection.request("GET", path, headers={"Host": "shop.demo.localhost"})
        bodies.append(connection.getresponse().read().decode()[:5])
    connection.close()
    assert bodies == ["login", "help", "<!doc", "login"]


def test_many_connections_at_once(server: ReplayServer) -> None:
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(ask(server, "slow.demo.localhost")[0].status))
        for _ in range(100)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT_S)
    assert statuses == [200] * 100


# ----------------------------------------------------------------------------------------------------- behaviours


def test_delay_status_and_download(server: ReplayServer) -> None:
    started_s = time.monotonic()
    assert ask(server, "slow.demo.localhost")[1] == "late"
    assert time.monotonic() - started_s >= 0.05
    assert ask(server, "broken.demo.localhost")[0].status == 500
    answer, body = ask(server, "shop.demo.localhost", "/list.csv")
    assert (answer.getheader("Content-Disposition"), body) == ("attachment; filename*=UTF-8''l%C3%ADsta.csv", "1;2")


def test_redirect_keeps_the_port(server: ReplayServer) -> None:
    answer, _ = ask(server, "shop.demo.localhost:81", "/loop")
    assert (answer.status, answer.getheader("Location")) == (302, "http://shop.demo.localhost:81/loop?a%20b")


def test_basic_auth(server: ReplayServer) -> None:
    answer, body = ask(server, "shop.demo.localhost", "/members.html")
    assert answer.status == 401
    assert answer.getheader("WWW-Authenticate") == 'Basic realm="Members", charset="UTF-8"'
    assert "members" not in body
    token = base64.b64encode(b"ada:pass:word").decode()
    assert ask(server, "shop.demo.localhost", "/members.html", Authorization=f"Basic {token}")[1] == "members"


def test_a_dripping_body_arrives_whole(server: ReplayServer) -> None:
    assert ask(server, "shop.demo.localhost", "/drip.txt")[1] == "abcde"


def test_a_refused_host_is_mapped_to_a_closed_port(server: ReplayServer) -> None:
    refused, *open_rules = server.host_rules("10.0.0.7")
    assert open_rules == [f"MAP *.{kind}.localhost 10.0.0.7:{server.port}" for kind in ("demo", "frames")]
    source, _, port = refused.removeprefix("MAP ").partition(" 10.0.0.7:")
    assert source == "closed.demo.localhost"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port)), timeout=TIMEOUT_S)


def test_a_refused_host_that_is_asked_all_the_same_hangs_up(server: ReplayServer) -> None:
    with pytest.raises(ConnectionError):
        ask(server, "closed.demo.localhost")


def test_closing_cuts_what_never_ends(folder: Path) -> None:
    server = ReplayServer(folder)
    server.start()
    with contextlib.ExitStack() as stack:
        never = []
        for host, path in (("shop", "endless.js"), ("silent", ""), ("shop", "login")):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT_S))
            connection.sendall(f"GET /{path} HTTP/1.1\r\nHost: {host}.demo.localhost\r\n\r\n".encode())
            never.append(connection)
        beginning = b""
        while b"// begun" not in beginning:
            beginning += never[0].recv(1000)
        server.close()
        for connection in never:
            with contextlib.suppress(ConnectionError):  # a reset is an end as well
                while connection.recv(1000):
                    pass
    server.close()  # a second time is nothing


def test_a_site_that_never_answers_sends_nothing(server: ReplayServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=0.2) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: silent.demo.localhost\r\n\r\n")
        with pytest.raises(TimeoutError):
            connection.recv(1)


# --------------------------------------------------------------------------------------------------------- errors


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="missing: no such folder"):
        ReplayServer(tmp_path / "missing")


def test_a_folder_without_sites(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no site"):
        ReplayServer(tmp_path)


def test_a_taken_port(folder: Path, server: ReplayServer) -> None:
    with pytest.raises(UsageError, match=f"cannot serve on 127.0.0.1:{server.port}: "):
        ReplayServer(folder, port=server.port).start()
    with pytest.raises(UsageError, match=r"cannot serve on 127\.0\.0\.1:70000"):
        ReplayServer(folder, port=70000).start()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 1\nbehaviours:\n  - {at: shop, colour: red}\n", ":3: unknown key 'colour'; known are at, delay_s"),
        ("version: 2\n", ":1: version must be 1"),
        ("behaviours: []\n", ":1: version must be 1"),
        ("version: 1\nbehaviours: shop\n", ":2: behaviours must be a list"),
        ("version: 1\nbehaviours:\n  - shop\n", ":3: an entry must be a mapping"),
        ("version: 1\nbehaviours:\n  - {delay_s: 1}\n", ":3: an entry needs `at"),
        ("version: 1\nbehaviours:\n  - {at: nobody, delay_s: 1}\n", ":3: at: there is no site folder 'nobody'"),
        ("version: 1\nbehaviours:\n  - {at: ../shop}\n", ":3: at: there is no site folder '..'"),
        ("version: 1\nbehaviours:\n  - at: shop\n    delay_s: soon\n", ":4: delay_s must be seconds from 0 to 3600"),
        ("version: 1\nbehaviours:\n  - {at: shop, delay_s: .nan}\n", ":3: delay_s must be seconds"),
        ("version: 1\nbehaviours:\n  - {at: shop, status: 99}\n", ":3: status must be an HTTP status"),
        ("version: 1\nbehaviours:\n  - {at: shop, never_end: maybe}\n", ":3: never_end must be true or false"),
        ("version: 1\nbehaviours:\n  - {at: shop, headers: [a]}\n", ":3: headers must be a mapping"),
        ('version: 1\nbehaviours:\n  - {at: shop, headers: {A: "b\\r\\nC: d"}}\n', ":3: A must not hold line ends"),
        ("version: 1\nbehaviours:\n  - {at: shop, drip: {chunk_bytes: 0, every_s: 1}}\n", ":3: chunk_bytes must be at"),
        ("version: 1\nbehaviours:\n  - {at: shop, drip: {every_s: 1}}\n", ":3: drip needs chunk_bytes and every_s"),
        ("version: 1\nbehaviours:\n  - {at: shop, auth: {user: a}}\n", ":3: auth needs user, password and realm"),
        ("version: 1\nbehaviours:\n  - {at: shop/x, refuse: true}\n", ":3: refuse is for a whole site"),
        ("version: 1\nbehaviours:\n  - {at: shop}\n  - {at: shop}\n", ":4: a second entry for shop"),
        ("version: 1\nversion: 1\n", ":2: 'version' is given twice"),
        ("version: 1\nbehaviours: [\n", ":3:1: a value is missing here"),
    ],
)
def test_malformed_behaviours_name_their_line(tmp_path: Path, text: str, message: str) -> None:
    make_folder(tmp_path, {"shop/index.html": "", "behaviours.yaml": text})
    with pytest.raises(UsageError) as caught:
        ReplayServer(tmp_path)
    assert f"behaviours.yaml{message}" in str(caught.value)


def test_every_mistake_in_behaviours_is_said_at_once(tmp_path: Path) -> None:
    entries = "  - {at: shop, status: 99}\n  - {at: shop/a, delay_s: soon}\n  - {at: shop/b, never_end: true}\n"
    make_folder(tmp_path, {"shop/index.html": "", "behaviours.yaml": f"version: 2\nbehaviours:\n{entries}"})
    with pytest.raises(UsageError) as caught:
        ReplayServer(tmp_path)
    lines = [line.partition("behaviours.yaml")[2].partition(" must")[0] for line in str(caught.value).splitlines()]
    assert lines == [":1: version", ":3: status", ":4: delay_s"]


def test_no_alias_makes_behaviours_large(tmp_path: Path) -> None:
    bombs = "".join(f"  - &b{number} [{', '.join([f'*b{number - 1}'] * 9)}]\n" for number in range(1, 9))
    text = f"version: 1\nbehaviours:\n  - &b0 [x]\n{bombs}"
    make_folder(tmp_path, {"shop/index.html": "", "behaviours.yaml": text})
    with pytest.raises(UsageError, match="one entry holds more than 10,000 values"):
        ReplayServer(tmp_path)


def test_behaviours_that_are_no_text(tmp_path: Path) -> None:
    make_folder(tmp_path, {"shop/index.html": ""})
    (tmp_path / "behaviours.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"behaviours\.yaml: cannot be read"):
        ReplayServer(tmp_path)


def test_an_empty_behaviours_file_is_none(tmp_path: Path) -> None:
    make_folder(tmp_path, {"shop/index.html": "here", "behaviours.yaml": "# nothing yet\n"})
    with ReplayServer(tmp_path) as server:
        assert server.site_names() == ["shop"]
        assert ask(server, "shop.demo.localhost")[1] == "here"


def test_the_demo_folder_is_sound() -> None:
    with ReplayServer(DEMO) as server:
        names = server.site_names()
        assert len(names) >= 48
        assert all((DEMO / name / "index.html").is_file() for name in names)
        assert server.host_rules("127.0.0.1")[0].startswith("MAP refused-sv.demo.localhost ")
