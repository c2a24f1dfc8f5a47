from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from django.utils import timezone

from annotations.challenges.registry import KINDS
from annotations.challenges.unseen import work
from annotations.models import Annotator, Challenge, Report, Unseen, Vote
from annotations.selectors_unseen import questions_of
from annotations.selectors_unseen import work_of as unseen_work_of
from annotations.services.answering import composed_of
from annotations.services.refusals import TooManyTries
from annotations.sites.keys import key_of
from annotations.sites.models import Site, Visit
from annotations.sites.refusals import hosts_refused
from annotations.sites.services.sites import site_create
from annotations.sites.services.visits import work_of
from annotations.sites.sitekeys import word_of
from annotations.sites.tokens import token_read

from .conftest import HOST

FRAMES = Path(settings.BASE_DIR) / "static" / "tessera"
COLOUR = re.compile(r"--([\w-]+): (light-dark\(#[0-9a-f]{6}, #[0-9a-f]{6}\))")


def begin(client: Client, site: Site, **more: object):
    sent = {"sitekey": str(site.key), "host": HOST, "key": "", "protocol": "hcaptcha", **more}
    return client.post("/embed/begin/", json.dumps(sent), content_type="application/json")


def answer_of(visit: Visit, *, wrong: bool = False) -> dict[str, object]:
    """As the form sends it. Who sees takes every unknown for the middle shade."""
    visit.refresh_from_db()
    composed = composed_of(visit.challenge)
    seen = [((1 if tile.truth is None else tile.truth) + wrong) % 3 for tile in composed.tiles]
    said, kind = KINDS[visit.challenge.kind].say(composed, seen), KINDS[visit.challenge.kind]
    if kind.form == "name":
        return {"answer": "".join("dml"[cls] for cls in said)}
    return {"tiles": said} if isinstance(said, list) and said else {"none": "none"}


def address(visit: Visit, what: str) -> str:
    visit.refresh_from_db()
    return f"/embed/{visit.pk}/{visit.challenge_id}/{what}"


def work_for(visit: Visit) -> str:
    asked = work_of(visit)
    return " ".join(work.do(asked)) if asked else ""


@pytest.fixture
def asked(client: Client, visit: Visit) -> Visit:
    client.get(f"/embed/{visit.pk}/")
    visit.refresh_from_db()
    return visit


# ── The script ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/1/api.js", "/1/secure-api.js", "/recaptcha/api.js", "/turnstile/v0/api.js"])
def test_the_script_comes_to_pages_of_any_origin(client: Client, path: str) -> None:
    response = client.get(path, {"onload": "ready", "render": "explicit"}, headers={"origin": "https://shop.example"})
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert response.headers["Content-Type"].startswith("text/javascript")
    assert "max-age=300" in response.headers["Cache-Control"]
    assert client.post(path).status_code == 405


def test_the_script_is_small_and_is_sent_once(client: Client) -> None:
    response = client.get("/1/api.js", headers={"accept-encoding": "gzip, br"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert len(response.content) < 8_000
    assert gzip.decompress(response.content) == client.get("/1/api.js").content
    again = client.get("/1/api.js", headers={"if-none-match": response.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_all_but_the_pictures_is_light(client: Client, site: Site, visit: Visit) -> None:
    """Sixteen photos weigh 62 kB at the most, and all of it is to be less than 120."""
    addresses = ("/1/api.js", f"/embed/widget/?sitekey={site.key}", f"/embed/{visit.pk}/")
    sent = [client.get(address, headers={"accept-encoding": "gzip"}).content for address in addresses]
    pages = "".join(gzip.decompress(text).decode() for text in sent)
    files = set(re.findall(r"/static/([\w./-]+)", pages))
    assert {"tessera/work.js", "tessera/tessera.css", "tessera/sites/anchor.js"} < files
    sent += [gzip.compress(Path(finders.find(name)).read_bytes()) for name in files]
    assert sum(map(len, sent)) < 56_000


# ── The box to tick ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_box_is_shown_on_pages_of_the_site_alone(client: Client, site: Site) -> None:
    site.hosts = [HOST, "*.shop.example"]
    site.save()
    response = client.get("/embed/widget/", {"sitekey": site.key})
    policy = response.headers["Content-Security-Policy"]
    assert policy.endswith(
        f"frame-ancestors http://{HOST}:* https://{HOST}:* http://*.shop.example:* https://*.shop.example:*"
    )
    assert "X-Frame-Options" not in response.headers
    assert "default-src 'none'" in policy
    assert "I am human" in response.content.decode()


def test_a_page_of_another_host_is_told_so(client: Client, site: Site) -> None:
    response = client.get("/embed/widget/", {"sitekey": site.key}, headers={"referer": "https://thief.example/x"})
    page = response.content.decode()
    assert "thief.example, isn’t one of this site’s" in page and "I am human" not in page
    assert response.headers["Content-Security-Policy"].endswith("frame-ancestors *")
    assert hosts_refused(site) == ["thief.example"], "its owner is told, too"
    shown = client.get("/embed/widget/", {"sitekey": site.key}, headers={"referer": f"https://{HOST}/"})
    assert "I am human" in shown.content.decode()


def test_where_the_browser_says_nothing_of_use_the_box_is_there(client: Client, site: Site) -> None:
    for said in ("", "about:blank", "http://[", "junk"):
        page = client.get("/embed/widget/", {"sitekey": site.key}, headers={"referer": said}).content.decode()
        assert "I am human" in page


@pytest.mark.parametrize("sitekey", ["", "x", "0c1f5f3e-8f4e-4a7b-9a52-6c1d2e3f4a5b", "<script>", "\0"])
def test_a_site_key_that_is_none_is_told_so(client: Client, db, sitekey: str) -> None:
    page = client.get("/embed/widget/", {"sitekey": sitekey}).content.decode()
    assert "This site key isn’t known here" in page and "<script>" not in page.replace("<script type", "")


def test_a_closed_site_is_told_so(client: Client, site: Site) -> None:
    site.closed_at = timezone.now()
    site.save()
    assert "This site is closed" in client.get("/embed/widget/", {"sitekey": site.key}).content.decode()
    assert begin(client, site).json()["error"] == "invalid-sitekey"


@pytest.mark.parametrize(
    ("hl", "language", "direction"), [("de", "de", "ltr"), ("ar", "ar", "rtl"), ("xx", "en", "ltr")]
)
def test_the_page_chooses_the_language_and_the_theme(
    client: Client, site: Site, hl: str, language: str, direction: str
) -> None:
    response = client.get("/embed/widget/", {"sitekey": site.key, "hl": hl, "theme": "dark"})
    assert f'<html lang="{language}" dir="{direction}" data-theme="dark"' in response.content.decode()
    assert response.headers["Content-Language"] == language


def test_its_colours_are_those_of_the_platform() -> None:
    ours = dict(COLOUR.findall((FRAMES / "tessera.css").read_text()))
    its = dict(COLOUR.findall((FRAMES / "sites" / "anchor.css").read_text()))
    assert len(its) > 6 and its.items() <= ours.items()


# ── The first click ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_click_begins_a_visit(client: Client, site: Site) -> None:
    response = begin(client, site, protocol="turnstile", action="login", cdata="a b ")
    visit = Visit.objects.get(pk=response.json()["visit"])
    assert (visit.site, visit.hostname, visit.protocol) == (site, HOST, "turnstile")
    assert (visit.action, visit.cdata) == ("login", "a b ")
    assert response.json()["key"] == key_of(site, visit.annotator)


def test_by_its_key_a_visitor_is_known_again_and_by_anothers_not(client: Client, site: Site, bob) -> None:
    first = begin(client, site).json()
    begin(client, site, key=first["key"])
    assert Annotator.objects.filter(visits__isnull=False).distinct().count() == 1
    other, _ = site_create(owner=bob, name="Another", hosts=[HOST])
    begin(client, other, key=first["key"])
    begin(client, site, key="junk")
    assert Annotator.objects.filter(visits__isnull=False).distinct().count() == 3


def test_a_foreign_host_begins_nothing_and_leaves_nothing(client: Client, site: Site) -> None:
    before = Annotator.objects.count()
    for host in ("thief.example", "", f"{HOST}.thief.example"):
        response = begin(client, site, host=host)
        assert (response.status_code, response.json()["error"]) == (403, "invalid-host")
    assert not Visit.objects.exists() and Annotator.objects.count() == before


def test_the_owners_word_for_the_playground_stands_for_the_site_on_our_own_host(client: Client, site: Site) -> None:
    word = word_of(site, "tessera.example")
    assert begin(client, site, sitekey=word).status_code == 403
    visit = Visit.objects.get(pk=begin(client, site, sitekey=word, host="tessera.example").json()["visit"])
    assert (visit.site, visit.hostname) == (site, "tessera.example")
    policy = client.get("/embed/widget/", {"sitekey": word}).headers["Content-Security-Policy"]
    assert "frame-ancestors http://tessera.example:*" in policy and HOST not in policy


def test_an_unknown_site_key_begins_nothing(client: Client, site: Site) -> None:
    response = begin(client, site, sitekey=str(uuid4()))
    assert (response.status_code, response.json()["error"]) == (404, "invalid-sitekey")
    assert begin(client, site, sitekey="junk").status_code == 404


def test_who_comes_too_often_is_told_how_long_to_wait(client: Client, site: Site, monkeypatch) -> None:
    def refuse(**_: object) -> None:
        raise TooManyTries(90)

    monkeypatch.setattr("annotations.sites.services.opening.visitor_admit", refuse)
    response = begin(client, site)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "90")
    assert response.json()["error"] == "rate-limited" and "90 seconds" in response.json()["words"]
    assert not Visit.objects.exists()


@pytest.mark.parametrize(
    "sent", [b"", b"{", b"[]", b"null", b'"x"', b"{}", b"\xff", b"[" * 100_000, b'{"sitekey": 5, "protocol": "x"}']
)
def test_what_is_no_sense_is_refused_with_words(client: Client, site: Site, sent: bytes) -> None:
    response = client.post("/embed/begin/", sent, content_type="application/json")
    assert (response.status_code, response.json()["error"]) == (400, "bad-request")
    assert response.json()["words"].startswith("The page has sent")


@pytest.mark.parametrize("more", [{"action": "a" * 33}, {"cdata": "c" * 256}, {"host": "h" * 254}, {"key": "\0"}])
def test_what_is_too_long_or_no_text_is_refused_by_its_name(client: Client, site: Site, more: dict) -> None:
    response = begin(client, site, **more)
    assert response.status_code == 400 and next(iter(more)) in response.json()["words"].replace("hostname", "host")


def test_the_vendors_test_keys_pass_where_the_settings_allow_them(client: Client, site: Site, settings) -> None:
    key = "10000000-ffff-ffff-ffff-000000000001"
    assert begin(client, site, sitekey=key).status_code == 404
    settings.TEST_KEYS = True
    said = begin(client, site, sitekey=key, host="anywhere.example").json()
    assert said == {"token": "10000000-aaaa-bbbb-cccc-000000000001", "seconds": 120}
    assert "Only for tests" in client.get("/embed/widget/", {"sitekey": key}).content.decode()
    never = begin(client, site, sitekey="2x00000000000000000000AB", protocol="turnstile")
    assert (never.status_code, never.json()["error"]) == (403, "challenge-error")


# ── The challenge ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_challenge_is_shown_on_the_page_of_its_visit_alone(client: Client, visit: Visit) -> None:
    response = client.get(f"/embed/{visit.pk}/", {"theme": "dark", "hl": "de"})
    policy = response.headers["Content-Security-Policy"]
    assert policy.endswith(f"frame-ancestors http://{HOST}:* https://{HOST}:*")
    page = response.content.decode()
    assert 'lang="de"' in page and 'data-theme="dark"' in page and "csrfmiddlewaretoken" not in page
    assert f'/embed/{visit.pk}/next/?hl=de&amp;theme=dark"' in page


def test_who_answers_right_gets_the_token(client: Client, asked: Visit) -> None:
    sent = answer_of(asked) | {"work": work_for(asked), "website": ""}
    page = client.post(address(asked, "answer/"), sent).content.decode()
    token = re.search(r'data-token="([^"]+)"', page)[1]
    said = token_read(token)
    assert (said.visit, said.hostname) == (asked.pk, HOST)
    assert 'data-seconds="120"' in page
    assert Vote.objects.exists()


def test_who_answers_wrong_is_asked_again(client: Client, asked: Visit) -> None:
    first = asked.challenge_id
    sent = answer_of(asked, wrong=True) | {"work": work_for(asked)}
    page = client.post(address(asked, "answer/"), sent).content.decode()
    assert "quite match" in page and "data-token" not in page
    asked.refresh_from_db()
    assert asked.challenge_id != first and str(asked.challenge_id) in page


def test_the_work_comes_first(client: Client, asked: Visit) -> None:
    response = client.post(address(asked, "answer/"), answer_of(asked) | {"work": "1 2 3"})
    assert response.status_code == 422 and "The work is not done yet" in response.content.decode()
    assert client.post(address(asked, "answer/"), answer_of(asked) | {"work": work_for(asked)}).status_code == 200


def test_who_fills_in_what_people_do_not_see_fails(client: Client, asked: Visit) -> None:
    sent = answer_of(asked) | {"work": work_for(asked), "website": "https://spam.example"}
    page = client.post(address(asked, "answer/"), sent).content.decode()
    assert "data-token" not in page and not Vote.objects.exists()


def test_an_answer_that_comes_twice_gets_the_same_token(client: Client, asked: Visit) -> None:
    """The network was lost after the first had arrived."""
    sent, where = answer_of(asked) | {"work": work_for(asked)}, address(asked, "answer/")
    votes = []
    tokens = set()
    for _ in range(2):
        tokens.add(re.search(r'data-token="([^"]+)"', client.post(where, sent).content.decode())[1])
        votes.append(Vote.objects.count())
    assert len(tokens) == 1 and votes[0] == votes[1] > 0
    Visit.objects.update(redeemed_at=timezone.now())
    assert "data-over" in client.post(where, sent).content.decode()


def test_an_answer_to_a_challenge_before_is_no_answer_to_this_one(client: Client, asked: Visit) -> None:
    where, sent = address(asked, "answer/"), answer_of(asked)
    client.get(f"/embed/{asked.pk}/next/")
    page = client.post(where, sent | {"work": work_for(asked)}).content.decode()
    assert "That challenge was answered or replaced already" in page and "data-token" not in page


def test_who_cannot_tell_is_asked_again_without_a_verdict(client: Client, asked: Visit) -> None:
    page = client.post(address(asked, "answer/"), {"unsure": "unsure", "work": work_for(asked)}).content.decode()
    assert "is an answer too" in page
    asked.refresh_from_db()
    assert asked.failed == 0


def test_a_visit_that_is_over_says_so(client: Client, asked: Visit) -> None:
    where, sent = address(asked, "answer/"), answer_of(asked) | {"work": work_for(asked)}
    Visit.objects.update(expires_at=timezone.now())
    for page in (client.get(f"/embed/{asked.pk}/"), client.get(f"/embed/{asked.pk}/next/"), client.post(where, sent)):
        assert "data-over" in page.content.decode()


def test_a_picture_that_is_not_fit_to_be_shown_is_reported(client: Client, asked: Visit) -> None:
    where = address(asked, "report/")
    assert client.post(where, {"position": 99}).status_code == 422
    page = client.post(where, {"position": 0}).content.decode()
    assert "Nobody is shown that picture any more" in page
    assert Report.objects.get().annotator == asked.annotator


def test_pictures_are_those_of_the_visit_while_they_are_asked_about(client: Client, asked: Visit, site: Site) -> None:
    where = address(asked, "sprite")
    picture = client.get(where)
    assert picture.headers["Content-Type"] == "image/jpeg" and picture.content[:2] == b"\xff\xd8"
    other = Visit.objects.get(pk=begin(client, site).json()["visit"])
    client.get(f"/embed/{other.pk}/")
    other.refresh_from_db()
    assert client.get(f"/embed/{asked.pk}/{other.challenge_id}/sprite").status_code == 404
    assert client.post(f"/embed/{asked.pk}/{other.challenge_id}/report/", {"position": 0}).status_code == 404
    client.get(f"/embed/{asked.pk}/next/")
    assert client.get(where).status_code == 404


def test_a_visit_that_is_none_does_not_exist(client: Client, db) -> None:
    nobody = uuid4()
    for where in ("", "next/", "without-pictures/", "without-pictures/sound/0.wav", f"{nobody}/sprite"):
        assert client.get(f"/embed/{nobody}/{where}").status_code == 404
    for where in (f"{nobody}/answer/", f"{nobody}/report/", "without-pictures/start/", "without-pictures/answer/"):
        assert client.post(f"/embed/{nobody}/{where}").status_code == 404


def test_who_failed_too_often_is_told_how_long_to_wait(client: Client, visit: Visit, monkeypatch) -> None:
    def refuse(**_: object) -> None:
        raise TooManyTries(60)

    monkeypatch.setattr("annotations.sites.services.visits.challenge_issue", refuse)
    response = client.get(f"/embed/{visit.pk}/")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "60")
    assert "you can go on in 60 seconds" in response.content.decode()
    assert client.get(f"/embed/{visit.pk}/next/").headers["Retry-After"] == "60"


def test_where_there_are_no_pictures_there_are_questions(client: Client, visit: Visit) -> None:
    visit.site.datasets.clear()
    page = client.get(f"/embed/{visit.pk}/").content.decode()
    assert "No pictures right now" in page and f"/embed/{visit.pk}/without-pictures/" in page


# ── Without pictures ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["sound", "riddle"])
def test_it_is_passed_without_pictures(client: Client, asked: Visit, kind: str) -> None:
    assert "Listen to sounds" in client.get(f"/embed/{asked.pk}/without-pictures/").content.decode()
    page = client.post(f"/embed/{asked.pk}/without-pictures/start/", {"kind": kind}).content.decode()
    assert page.count("<fieldset") == 4 and "csrfmiddlewaretoken" not in page
    unseen = Unseen.objects.get()
    if kind == "sound":
        sound = client.get(f"/embed/{asked.pk}/without-pictures/sound/0.wav")
        assert sound.content[:4] == b"RIFF"
    sent = {f"question-{place}": str(question.right) for place, question in enumerate(questions_of(unseen))}
    where = f"/embed/{asked.pk}/without-pictures/answer/"
    assert "The work is not done yet" in client.post(where, sent).content.decode()
    sent["work"] = " ".join(work.do(unseen_work_of(unseen)))
    token = re.search(r'data-token="([^"]+)"', client.post(where, sent).content.decode())[1]
    assert token_read(token).visit == asked.pk


def test_questions_answered_wrong_are_asked_anew(client: Client, visit: Visit, monkeypatch) -> None:
    monkeypatch.setattr("annotations.selectors_unseen.BITS", 1)
    client.post(f"/embed/{visit.pk}/without-pictures/start/", {"kind": "riddle"})
    unseen = Unseen.objects.get()
    questions = questions_of(unseen)
    sent = {
        f"question-{place}": str((one.right + 1) % len(one.question.options)) for place, one in enumerate(questions)
    }
    sent["work"] = " ".join(work.do(unseen_work_of(unseen)))
    page = client.post(f"/embed/{visit.pk}/without-pictures/answer/", sent).content.decode()
    assert "One answer or more didn’t match" in page and "Answer in words" in page
    again = client.post(f"/embed/{visit.pk}/without-pictures/answer/", sent).content.decode()
    assert "answered or replaced already" in again


def test_neither_sounds_nor_words_are_asked_for(client: Client, visit: Visit) -> None:
    page = client.post(f"/embed/{visit.pk}/without-pictures/start/", {"kind": "dance"}).content.decode()
    assert "Choose sounds or questions in words" in page and not Unseen.objects.exists()


# ── No cookies ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_frames_set_no_cookie_and_read_none(client: Client, site: Site, alice) -> None:
    client.force_login(alice)
    client.get("/solve/")
    client.cookies["tessera_annotator"] = "junk"
    client.cookies["django_language"] = "ar"
    responses = [client.get("/embed/widget/", {"sitekey": site.key}), begin(client, site)]
    visit = Visit.objects.get(pk=responses[1].json()["visit"])
    responses += [client.get(f"/embed/{visit.pk}/"), client.get(f"/embed/{visit.pk}/next/")]
    responses += [client.post(address(visit, "answer/"), {"unsure": "1"})]
    assert all(not response.cookies for response in responses)
    assert visit.annotator.user is None and not responses[2].wsgi_request.user.is_authenticated
    assert all(response.headers["Content-Language"] == "en" for response in responses)


def test_no_token_against_forgery_is_needed_as_nothing_here_is_anybodys_by_a_cookie(site: Site) -> None:
    client = Client(enforce_csrf_checks=True)
    visit = Visit.objects.get(pk=begin(client, site).json()["visit"])
    client.get(f"/embed/{visit.pk}/")
    assert client.post(address(visit, "answer/"), {"unsure": "1"}).status_code == 422  # for want of work


@pytest.mark.parametrize(
    ("method", "where"),
    [
        ("post", "/embed/widget/"),
        ("get", "/embed/begin/"),
        ("post", "/embed/{v}/"),
        ("post", "/embed/{v}/next/"),
        ("get", "/embed/{v}/{v}/answer/"),
        ("get", "/embed/{v}/{v}/report/"),
        ("post", "/embed/{v}/{v}/sprite"),
        ("get", "/embed/{v}/without-pictures/start/"),
        ("get", "/embed/{v}/without-pictures/answer/"),
    ],
)
def test_each_door_opens_one_way(client: Client, visit: Visit, method: str, where: str) -> None:
    assert getattr(client, method)(where.format(v=visit.pk)).status_code == 405


def test_a_challenge_is_of_the_visits_annotator(client: Client, asked: Visit) -> None:
    assert Challenge.objects.get(pk=asked.challenge_id).annotator == asked.annotator


def test_a_frame_takes_few_questions_to_the_database(
    client: Client, visit: Visit, django_assert_max_num_queries
) -> None:
    with django_assert_max_num_queries(45):
        client.get(f"/embed/{visit.pk}/")
    with django_assert_max_num_queries(4):
        client.get("/embed/widget/", {"sitekey": visit.site.key})


def test_a_visit_knows_its_network_by_a_hash_alone(client: Client, site: Site) -> None:
    begin(client, site)
    network = Visit.objects.get().network
    assert network and "127.0.0.1" not in network
