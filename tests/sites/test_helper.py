"""The helper for Python servers, over HTTP: against our own server, and against some that are broken."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qs

import pytest

from annotations.sites.services.sites import site_create
from tests.sites.integrating import HELPERS, helper
from tests.sites.passing import token_for

tessera_verify = helper()
Unreachable, verify = tessera_verify.Unreachable, tessera_verify.verify
PASS = b'{"success": true, "challenge_ts": "2026-01-31T12:00:00Z", "hostname": "shop.example", "error-codes": []}'


class Stub(BaseHTTPRequestHandler):
    body, status, slow = PASS, 200, 0.0
    asked: list[tuple[str, dict[str, list[str]]]]

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.asked.append((self.path, parse_qs(sent)))
        time.sleep(self.slow)
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def stub() -> Iterator[Callable[..., tuple[str, list]]]:
    """A server that answers in one way, whatever it is asked. Its address, and what it was asked."""
    servers = []

    def start(**answer: object) -> tuple[str, list]:
        asked: list = []
        server = HTTPServer(("127.0.0.1", 0), type("Answering", (Stub,), {"asked": asked, **answer}))
        servers.append(server)
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}", asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_real_token_is_taken_once(live_server, bob) -> None:
    site, secret = site_create(owner=bob, name="A shop", hosts=["shop.example"])
    token = token_for(site)
    verdict = verify(token, secret, server=live_server.url, remoteip="junk", sitekey=str(site.key))
    assert verdict and verdict.hostname == "shop.example" and verdict.errors == ()
    assert abs((datetime.now(UTC) - verdict.at).total_seconds()) < 60
    again = verify(token, secret, server=live_server.url)
    assert not again and again.errors == ("already-seen-response",)
    wrong = verify(token_for(site), "0x" + "1" * 40, server=live_server.url)
    assert wrong.errors == ("invalid-input-secret",)
    other = verify(token_for(site), secret, server=live_server.url, sitekey="10000000-ffff-ffff-ffff-000000000001")
    assert other.errors == ("sitekey-secret-mismatch",)
    broken = verify("\ud800 é", secret, server=live_server.url)
    assert broken.errors == ("invalid-input-response",)


def test_what_is_asked_and_what_is_read(stub) -> None:
    server, asked = stub()
    verdict = verify("a token&more", "0xabc", server=server + "/", remoteip="192.0.2.1", sitekey="key")
    assert verdict == tessera_verify.Verdict(True, "shop.example", datetime(2026, 1, 31, 12, tzinfo=UTC), ())
    fields = {"secret": ["0xabc"], "response": ["a token&more"], "remoteip": ["192.0.2.1"], "sitekey": ["key"]}
    assert asked == [("/siteverify", fields)]
    verify("token", "0xabc", server=server)
    assert set(asked[1][1]) == {"secret", "response"}


def test_without_a_token_nobody_is_asked(stub) -> None:
    server, asked = stub()
    for nothing in (None, ""):
        verdict = verify(nothing, "0xabc", server=server)
        assert not verdict and verdict.errors == ("missing-input-response",)
    assert asked == []


@pytest.mark.parametrize(
    "answer",
    [
        {"body": b"<html>Bad gateway</html>", "status": 502},
        {"body": b"<html>Welcome</html>"},
        {"body": b"[]"},
        {"body": b"null"},
        {"body": b"{}"},
        {"body": b""},
        {"body": b"\xff\xfe"},
        {"body": b'{"success": true, "challenge_ts": "yesterday"}'},
        {"body": b'{"success": true, "error-codes": 5}'},
        {"status": 404},
        {"slow": 1.0},
    ],
    ids=str,
)
def test_an_answer_that_is_none_lets_nobody_in(stub, answer) -> None:
    server, _ = stub(**answer)
    with pytest.raises(Unreachable, match="Let nobody in"):
        verify("token", "0xabc", server=server, timeout=0.3)


def test_a_server_that_is_not_there_lets_nobody_in() -> None:
    with pytest.raises(Unreachable, match="Let nobody in"):
        verify("token", "0xabc", server="http://127.0.0.1:9")


@pytest.mark.parametrize("body", [b'{"success": "true"}', b'{"success": 1}', b'{"success": false, "error-codes": []}'])
def test_only_true_is_a_pass(stub, body) -> None:
    assert not verify("token", "0xabc", server=stub(body=body)[0])


@pytest.mark.parametrize("server", ["captcha.example", "", "ftp://captcha.example", "file:///etc/passwd"])
def test_an_address_that_is_none_is_the_callers_mistake(server: str) -> None:
    with pytest.raises(ValueError, match=r"https://captcha\.example"):
        verify("token", "0xabc", server=server)


def test_it_needs_nothing_but_the_standard_library() -> None:
    source = (HELPERS / "tessera_verify.py").read_text()
    lines = [line.split()[1] for line in source.splitlines() if line.startswith(("import ", "from "))]
    assert lines and {name.split(".")[0] for name in lines} <= sys.stdlib_module_names
