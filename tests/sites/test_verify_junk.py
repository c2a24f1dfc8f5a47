"""Whatever else is sent to `siteverify`, or happens there: 200, JSON, a code, and no secret in what is kept of it."""

from __future__ import annotations

import json
import logging
import sys

import pytest
from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.views.debug import ExceptionReporter
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.sites.models import Secret, Site
from annotations.sites.services import redeeming
from annotations.sites.services.sites import site_create
from annotations.sites.services.test_tokens import token_for_tests
from annotations.sites.views.verify import siteverify
from annotations.sites.views.verify_fields import MOST

from .verifying import PATHS, codes, verify_bytes

every_protocol = pytest.mark.parametrize("protocol", PATHS)
JSON, FORM, PARTS = "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"


@pytest.fixture
def fields(bob) -> dict[str, str]:
    site, secret = site_create(owner=bob, name="A shop", hosts=["shop.example"])
    site.test_mode = True
    return {"secret": secret, "response": token_for_tests(site=site)}


@every_protocol
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (JSON, b"{"),
        (JSON, b"null"),
        (JSON, b"[]"),
        (JSON, b"\xff\xfe"),
        (JSON, b"[" * (MOST - 1)),
        (JSON, b'{"secret": 1, "response": "a"}'),
        (JSON, b'{"secret": ["a"], "response": {}}'),
        ("multipart/form-data", b"secret=a"),
        (FORM, b"&".join(b"a=b" for _ in range(1001))),
        (FORM, b"secret=a&response=" + b"b" * MOST),
    ],
)
def test_what_cannot_be_read_is_a_bad_request(protocol: str, content_type: str, body: bytes) -> None:
    assert verify_bytes(protocol, body, content_type)["error-codes"] == ["bad-request"]


@every_protocol
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (JSON, b'{"secret": "\\ud800", "response": "P1_\\ud800.\\udfff\\u0000"}'),
        (FORM, b"secret=%FF%FE%00&response=P1_%FF.%00"),
        (FORM + "; charset=utf-16", b"secret=a&response=b"),
        (FORM + "; charset=nonsense", b"secret=a&response=b"),
        ("", b"secret=a&response=b"),
        ("\xe9", b"secret=a&response=b"),
    ],
)
def test_letters_that_are_none_are_a_wrong_secret(db, protocol: str, content_type: str, body: bytes) -> None:
    assert verify_bytes(protocol, body, content_type)["error-codes"] == ["invalid-input-secret"]


@settings(max_examples=150, deadline=None)
@given(body=st.binary(max_size=300), content_type=st.sampled_from([JSON, FORM, PARTS, "text/plain"]) | st.text())
def test_any_bytes_get_an_answer(body: bytes, content_type: str) -> None:
    request = RequestFactory().generic("POST", "/siteverify", body, content_type)
    answer = json.loads(siteverify(request).content)
    assert answer["success"] is False
    assert answer["error-codes"][0] in {"bad-request", "missing-input-secret", "missing-input-response"}


@every_protocol
def test_a_length_that_is_none_is_a_bad_request(protocol: str) -> None:
    assert verify_bytes(protocol, b"a", FORM, CONTENT_LENGTH="many")["error-codes"] == ["bad-request"]


@every_protocol
def test_of_what_is_far_too_large_nothing_is_read(protocol: str) -> None:
    request = RequestFactory().generic("POST", PATHS[protocol], b"a", FORM, CONTENT_LENGTH=str(MOST + 1))
    request._stream.read = lambda *_: pytest.fail("it was read")
    assert json.loads(siteverify(request).content)["error-codes"] == ["bad-request"]


@every_protocol
def test_a_database_that_fails_is_no_answer_about_the_token(protocol: str, fields, monkeypatch, caplog) -> None:
    def broken(cursor: CursorWrapper, sql: str, params: object = None) -> None:
        raise OperationalError("the server closed the connection unexpectedly")

    with monkeypatch.context() as patched:
        patched.setattr(CursorWrapper, "execute", broken)
        trouble = "internal-error" if protocol == "turnstile" else "bad-request"
        assert codes(protocol, fields) == [trouble]
    [record] = caplog.records
    assert (record.levelno, "server closed the connection" in caplog.text) == (logging.ERROR, True)
    assert not any(said in caplog.text for said in fields.values())
    assert codes(protocol, fields) == [], "the token is still good"


@pytest.mark.parametrize("content_type", [FORM, JSON])
def test_a_report_of_an_error_hides_secret_and_token(db, fields, monkeypatch, caplog, content_type: str) -> None:
    """Of all that Django's own reports show: the variables of each function on the way, and what was posted."""
    monkeypatch.setattr(redeeming, "digest_of", lambda secret: 1 // 0)
    body = json.dumps(fields) if content_type == JSON else "&".join(f"{name}={fields[name]}" for name in fields)
    request = RequestFactory().post("/siteverify", body, content_type)
    siteverify(request)
    [record] = caplog.records
    report = ExceptionReporter(request, *record.exc_info)
    for text in (report.get_traceback_text(), report.get_traceback_html()):
        assert "ZeroDivisionError" in text and "token_redeem" in text
        assert not any(said in text for said in fields.values())


def test_a_report_would_show_them_were_they_not_hidden(db, fields) -> None:
    """So that the test above can fail."""
    request = RequestFactory().post("/elsewhere", fields)
    try:
        redeeming.token_redeem(secret=fields["secret"], token=fields["response"], lifetime=None)
    except TypeError:
        text = ExceptionReporter(request, *sys.exc_info()).get_traceback_text()
    assert all(said in text for said in fields.values())


@every_protocol
def test_no_log_no_query_and_no_row_has_secret_or_token(protocol: str, fields, caplog) -> None:
    secret, token = fields.values()
    caplog.set_level(logging.DEBUG)
    with CaptureQueriesContext(connection) as queries:
        assert codes(protocol, {"secret": secret, "response": token[:-1]})
        assert codes(protocol, {"secret": secret + "0", "response": token})
        assert codes(protocol, fields) == []
        assert codes(protocol, fields)
    told = caplog.text + str(queries.captured_queries) + str([*Site.objects.values(), *Secret.objects.values()])
    assert len(queries) > 3
    assert not any(said in told for said in (secret, secret.removeprefix("0x"), token))
