"""The frame around every page, rendered with a URL map of its own."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import RequestFactory, override_settings
from django.urls import path

ROOT = Path(__file__).resolve().parents[2]


def blank(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


NAMES = {
    "home": "",
    "solve": "solve/",
    "datasets": "datasets/",
    "upload_choose": "upload/",
    "review": "review/",
    "api_root": "api/",
    "account": "account/",
    "sites": "sites/",
    "logout": "logout/",
    "login": "login/",
    "signup": "signup/",
    "schema": "api/schema/",
    "about": "about/",
}
urlpatterns = [path(route, blank, name=name) for name, route in NAMES.items()]

STRANGER = SimpleNamespace(is_authenticated=False)


class Person(SimpleNamespace):
    def __str__(self) -> str:
        return str(self.name)


def person(name: str, *, is_reviewer: bool = False) -> SimpleNamespace:
    return Person(name=name, is_authenticated=True, is_reviewer=is_reviewer)


def page(user: SimpleNamespace, address: str = "/", template: str = "base.html") -> str:
    request = RequestFactory().get(address)
    request.user = user  # type: ignore[assignment]
    with override_settings(ROOT_URLCONF=__name__):
        return render_to_string(template, {"user": user}, request)


def links(html: str) -> set[str]:
    return set(re.findall(r'href="(/[^"]*)"', html))


def test_a_stranger_may_solve_look_around_and_sign_up() -> None:
    found = links(page(STRANGER))
    assert {"/", "/solve/", "/datasets/", "/api/", "/login/", "/signup/"} <= found
    assert not {"/upload/", "/review/", "/account/"} & found


def test_bob_may_upload_but_sees_no_review() -> None:
    html = page(person("bob"))
    assert {"/upload/", "/account/"} <= links(html)
    assert "/review/" not in links(html)
    assert "/login/" not in links(html)
    assert re.search(r'<form method="post" action="/logout/">\s*<input type="hidden" name="csrfmiddlewaretoken"', html)


def test_a_reviewer_sees_review() -> None:
    assert "/review/" in links(page(person("alice", is_reviewer=True)))


def test_a_hostile_name_is_escaped() -> None:
    assert "<b>bob</b>" not in page(person("<b>bob</b>"))


def test_the_menu_says_where_one_is() -> None:
    html = page(STRANGER, "/datasets/3/")
    assert 'href="/datasets/" aria-current="true"' in html
    assert html.count('aria-current="') == 2  # the wide menu and the phone's
    assert 'href="/datasets/" aria-current="page"' in page(STRANGER, "/datasets/")


def test_a_page_that_merely_contains_a_name_is_not_marked() -> None:
    assert 'href="/upload/" aria-current' not in page(person("bob"), "/datasets/3/upload/")


def test_htmx_sends_the_token_and_stays_within_the_content_policy() -> None:
    html = page(STRANGER)
    assert re.search(r"""hx-headers='\{"X-CSRFToken": "\w{64}"\}'""", html)
    assert '"allowEval": false' in html
    assert '"includeIndicatorStyles": false' in html
    assert "django_htmx/htmx-2.min.js" in html


def test_the_theme_is_set_before_the_first_paint() -> None:
    script = re.search(r"<script[^>]*theme\.js[^>]*>", page(STRANGER))
    assert script
    assert "defer" not in script[0]
    assert "module" not in script[0]


def test_a_keyboard_reaches_the_content_first() -> None:
    html = page(STRANGER)
    assert html.index('class="skip-link" href="#main"') < html.index('href="/solve/"')
    assert '<main id="main" tabindex="-1">' in html


@pytest.mark.parametrize("template", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html"])
def test_an_error_page_renders_without_a_request(template: str) -> None:
    with override_settings(ROOT_URLCONF=__name__):
        html = render_to_string(template)
    assert html.count("<h1>") == 1
    assert 'href="/"' in html


@pytest.mark.parametrize("template", ["400.html", "403_csrf.html", "500.html"])
def test_a_page_that_cannot_know_the_person_shows_no_menu(template: str) -> None:
    with override_settings(ROOT_URLCONF=__name__):
        assert "/login/" not in links(render_to_string(template))


def test_a_grid_works_without_scripts() -> None:
    html = render_to_string("components/challenge_grid.html", {"sprite_url": "/sprite.png"})
    assert re.findall(r'type="checkbox" name="tiles" value="(\d)"', html) == list("012345678")
    assert re.findall(r"challenge-face at-(\d)", html) == list("012345678")
    assert html.count('src="/sprite.png"') == 9


def test_a_strip_numbers_its_ten_pictures() -> None:
    html = render_to_string("components/challenge_strip.html", {"sprite_url": "/sprite.png"})
    assert re.findall(r"challenge-face at-(\d)", html) == list("0123456789")
    assert re.findall(r"</span>(\d+)</span>", html) == [str(n) for n in range(1, 11)]
    assert 'name="answer"' in html


def test_a_chart_keeps_points_in_every_language() -> None:
    chart = {
        "id": "accuracy",
        "title": "Accuracy",
        "description": "Rising.",
        "lines": [{"name": "Model", "points": [{"x": 12.5, "y": 80.25, "text": "Version 1"}]}],
    }
    with override_settings(LANGUAGE_CODE="de"):
        html = render_to_string("components/line_chart.html", {"chart": chart})
    assert 'points="12.5,80.25 "' in html
    assert 'aria-labelledby="accuracy-title accuracy-desc"' in html


def test_no_template_carries_style_or_script_that_the_content_policy_forbids() -> None:
    forbidden = re.compile(r"<style|\sstyle=|\son[a-z]+=|\shx-on|<script(?![^>]*\ssrc=)|javascript:", re.IGNORECASE)
    templates = (ROOT / "templates").rglob("*.html")
    assert {f.name: forbidden.findall(f.read_text()) for f in templates if forbidden.search(f.read_text())} == {}
