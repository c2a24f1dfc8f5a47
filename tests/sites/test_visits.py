from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotations.challenges.registry import KINDS
from annotations.challenges.unseen import work
from annotations.challenges.unseen.work import NoWork
from annotations.models import Annotator, Campaign, Challenge, ChallengeState, ControlAnswer, Publication, Tile, Vote
from annotations.selectors_unseen import questions_of
from annotations.selectors_unseen import work_of as unseen_work_of
from annotations.services.answering import composed_of
from annotations.services.issuing import challenge_issue
from annotations.services.refusals import NoChallenge
from annotations.sites.keys import annotator_of, key_of
from annotations.sites.models import Protocol, Site, Visit
from annotations.sites.risk import Risk
from annotations.sites.services.sites import site_create
from annotations.sites.services.visits import (
    BESIDE,
    VisitOver,
    WrongHost,
    visit_answer,
    visit_answer_unseen,
    visit_ask,
    visit_ask_unseen,
    visit_begin,
    work_of,
)
from annotations.sites.tokens import token_read
from gallery.models import DataSet, Visibility


def done(visit: Visit) -> list[str]:
    asked = work_of(visit)
    return work.do(asked) if asked else []


def right(challenge: Challenge) -> object:
    """The answer of somebody who takes every unknown for the middle shade."""
    composed = composed_of(challenge)
    seen = [1 if tile.truth is None else tile.truth for tile in composed.tiles]
    return KINDS[challenge.kind].say(composed, seen)


def wrong(challenge: Challenge) -> object:
    composed = composed_of(challenge)
    seen = [((1 if tile.truth is None else tile.truth) + 1) % 3 for tile in composed.tiles]
    return KINDS[challenge.kind].say(composed, seen)


def test_who_passes_gets_a_token_and_their_votes_count_for_the_site(visit: Visit) -> None:
    challenge = visit_ask(visit=visit)
    answered = visit_answer(visit=visit, raw=right(challenge), done=done(visit))
    assert answered.passed
    said = token_read(answered.token)
    assert (said.visit, said.site, said.hostname) == (visit.pk, visit.site_id, visit.hostname)
    visit.refresh_from_db()
    assert visit.passed_at and visit.votes == Vote.objects.filter(challenge=challenge).count() > 0


def test_who_fails_gets_none_and_may_go_on(visit: Visit) -> None:
    challenge = visit_ask(visit=visit)
    assert visit_answer(visit=visit, raw=wrong(challenge), done=done(visit)).passed is False
    visit.refresh_from_db()
    assert (visit.failed, visit.passed_at) == (1, None)
    again = visit_ask(visit=visit)
    assert visit_answer(visit=visit, raw=right(again), done=None).passed, "the work is done once a visit"


def test_without_the_work_nothing_is_judged(visit: Visit) -> None:
    challenge = visit_ask(visit=visit)
    for said in (None, [], ["0"] * 16, done(visit)[:-1]):
        with pytest.raises(NoWork):
            visit_answer(visit=visit, raw=right(challenge), done=said)
    challenge.refresh_from_db()
    assert challenge.state == ChallengeState.OPEN


def test_the_work_of_one_visit_is_none_for_another(visit: Visit) -> None:
    Visit.objects.update(bits=8)
    visit.refresh_from_db()
    other = Visit.objects.create(
        site=visit.site,
        annotator=Annotator.objects.create(),
        protocol=Protocol.HCAPTCHA,
        hostname=visit.hostname,
        bits=8,
        doubt=0,
        expires_at=visit.expires_at,
    )
    challenge = visit_ask(visit=visit)
    with pytest.raises(NoWork):
        visit_answer(visit=visit, raw=right(challenge), done=done(other))
    assert visit_answer(visit=visit, raw=right(challenge), done=done(visit)).passed


def test_work_that_is_too_easy_is_refused(visit: Visit) -> None:
    challenge, easy = visit_ask(visit=visit), done(visit)
    Visit.objects.update(bits=12)
    visit.refresh_from_db()
    with pytest.raises(NoWork):
        visit_answer(visit=visit, raw=right(challenge), done=easy)


def test_work_that_is_old_is_refused(visit: Visit) -> None:
    challenge, old = visit_ask(visit=visit), done(visit)
    visit.expires_at = timezone.now() - timedelta(seconds=1)
    with pytest.raises(VisitOver):
        visit_answer(visit=visit, raw=right(challenge), done=old)
    again = visit_begin(
        site=visit.site,
        hostname=visit.hostname,
        annotator=visit.annotator,
        protocol=Protocol.HCAPTCHA,
        risk=Risk(8, 0.0),
    )
    challenge = visit_ask(visit=again)
    with pytest.raises(NoWork):
        visit_answer(visit=again, raw=right(challenge), done=old)


def test_a_visit_passes_once(visit: Visit) -> None:
    challenge = visit_ask(visit=visit)
    visit_answer(visit=visit, raw=right(challenge), done=done(visit))
    with pytest.raises(VisitOver):
        visit_ask(visit=visit)
    with pytest.raises(VisitOver):
        visit_answer(visit=visit, raw=right(challenge), done=None)


def test_a_visit_ends_with_its_time_and_with_its_site(visit: Visit) -> None:
    visit.expires_at = timezone.now() - timedelta(seconds=1)
    with pytest.raises(VisitOver):
        visit_ask(visit=visit)
    visit.expires_at = timezone.now() + timedelta(minutes=1)
    visit.site.closed_at = timezone.now()
    with pytest.raises(VisitOver):
        visit_ask(visit=visit)


def test_what_people_do_not_see_they_do_not_fill_in(visit: Visit) -> None:
    challenge = visit_ask(visit=visit)
    answered = visit_answer(visit=visit, raw=right(challenge), done=done(visit), trap="https://spam.example")
    assert (answered.passed, answered.token) == (False, "")
    assert not Vote.objects.exists() and not ControlAnswer.objects.exists()
    challenge.refresh_from_db()
    assert challenge.state == ChallengeState.REPLACED


def test_a_page_of_another_host_gets_no_visit(site: Site) -> None:
    with pytest.raises(WrongHost):
        visit_begin(
            site=site,
            hostname="thief.example",
            annotator=Annotator.objects.create(),
            protocol=Protocol.HCAPTCHA,
            risk=Risk(1, 0.0),
        )


def test_where_a_campaign_has_ended_people_are_checked_and_nothing_is_asked(visit: Visit, published: DataSet) -> None:
    Campaign.objects.filter(dataset=published).update(ended_at=timezone.now())
    challenge = visit_ask(visit=visit)
    assert challenge and not Tile.objects.filter(challenge=challenge, truth=None).exists()
    answered = visit_answer(visit=visit, raw=right(challenge), done=done(visit))
    assert answered.passed
    assert not Vote.objects.exists()


def test_a_data_set_that_is_no_longer_public_is_not_asked_about_unless_it_is_the_owners(
    visit: Visit, published: DataSet, alice
) -> None:
    Campaign.objects.filter(dataset=published).update(publication=Publication.CLOSED)
    assert visit_ask(visit=visit) is None
    published.visibility = Visibility.PRIVATE
    published.save()
    visit.site.owner = alice
    assert visit_ask(visit=visit)


def test_who_comes_from_where_others_failed_is_checked_as_a_stranger(site: Site, monkeypatch) -> None:
    monkeypatch.setattr("annotations.services.issuing.doubt_of", lambda *_: 0.0)
    Campaign.objects.update(kinds=["strip"])

    def controls(doubt: float) -> int:
        known = Annotator.objects.create()
        visit = visit_begin(
            site=site, hostname="shop.example", annotator=known, protocol=Protocol.HCAPTCHA, risk=Risk(1, doubt)
        )
        return KINDS[visit_ask(visit=visit).kind].checked(composed_of(visit.challenge))

    assert (controls(0.0), controls(1.0)) == (1, 5)


@pytest.fixture
def known(site: Site, relied_on) -> Visit:
    """Of somebody to be relied on."""
    annotator = relied_on(Annotator.objects.create())
    return visit_begin(
        site=site, hostname="shop.example", annotator=annotator, protocol=Protocol.HCAPTCHA, risk=Risk(1, 0.0)
    )


def test_somebody_known_gets_on_with_a_glance_that_labels_too(known: Visit) -> None:
    challenge = visit_ask(visit=known)
    truths = [tile.truth for tile in composed_of(challenge).tiles]
    assert (challenge.kind, len(truths), truths.count(None)) == ("glance", 2, 1)
    with pytest.raises(NoWork):
        visit_answer(visit=known, raw=right(challenge), done=None)
    assert visit_answer(visit=known, raw=right(challenge), done=done(known)).passed
    known.refresh_from_db()
    assert known.votes == 1


def test_a_stranger_does_not_nor_who_comes_from_where_others_fail(visit: Visit, known: Visit) -> None:
    assert visit_ask(visit=visit).kind != "glance"
    known.doubt = 0.5
    assert visit_ask(visit=known).kind != "glance"


def test_who_fails_at_a_glance_is_asked_in_full(known: Visit) -> None:
    challenge = visit_ask(visit=known)
    assert visit_answer(visit=known, raw=wrong(challenge), done=done(known)).passed is False
    known.refresh_from_db()
    assert visit_ask(visit=known).kind != "glance"


def test_visits_side_by_side_keep_what_each_is_asked(visit: Visit) -> None:
    """Of one person, in widgets of one page or in tabs: a few, for each holds pictures that others could be asked."""
    visits = [visit, *(beside(visit) for _ in range(BESIDE + 1))]
    asked = [visit_ask(visit=one) for one in visits]
    states = list(Challenge.objects.order_by("issued_at").values_list("state", flat=True))
    assert states == [ChallengeState.REPLACED] + [ChallengeState.OPEN] * (BESIDE + 1), "the oldest has made room"
    again = visit_ask(visit=visits[2])
    asked[2].refresh_from_db()
    assert asked[2].state == ChallengeState.REPLACED, "a visit has one at a time"
    for one, challenge in [(visits[1], asked[1]), (visits[2], again)]:
        assert visit_answer(visit=one, raw=right(challenge), done=done(one)).passed
    riddles = [visit_ask_unseen(visit=one, kind="riddle") for one in visits[3:]]
    for unseen in riddles:
        unseen.refresh_from_db()
        assert unseen.state == ChallengeState.OPEN


def beside(visit: Visit) -> Visit:
    """Another of the same person."""
    fields = {"site": visit.site, "hostname": visit.hostname, "annotator": visit.annotator}
    return visit_begin(protocol=visit.protocol, risk=Risk(bits=1, doubt=0.0), **fields)


def test_nobody_asks_for_a_glance_by_its_name(known: Visit, published: DataSet) -> None:
    with pytest.raises(NoChallenge, match="glance"):
        challenge_issue(dataset=published, annotator=known.annotator, kind="glance")


def test_it_can_be_passed_without_pictures(visit: Visit) -> None:
    visit_ask(visit=visit)
    shown = visit.challenge
    unseen = visit_ask_unseen(visit=visit, kind="riddle")
    shown.refresh_from_db()
    assert shown.state == ChallengeState.REPLACED
    said = [str(question.right) for question in questions_of(unseen)]
    work_done = work.do(unseen_work_of(unseen))
    answered = visit_answer_unseen(visit=visit, said=said, done=work_done)
    assert answered.passed and token_read(answered.token).visit == visit.pk


def test_a_key_opens_nothing_on_another_site(site: Site, bob) -> None:
    known = Annotator.objects.create()
    key = key_of(site, known)
    other, _ = site_create(owner=bob, name="Another", hosts=["other.example"])
    assert annotator_of(site, key) == known
    assert annotator_of(other, key) is None
    assert annotator_of(site, "") is annotator_of(site, key[:-1]) is None
