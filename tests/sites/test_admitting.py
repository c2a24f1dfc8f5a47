"""Who may begin a visit, and what it takes of them by what others of their network did."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from annotations.challenges.unseen import work
from annotations.limits import ANSWER, ASK, BEGIN, FAILED, PASSED
from annotations.models import Annotator, Challenge
from annotations.selectors_unseen import questions_of
from annotations.selectors_unseen import work_of as unseen_work_of
from annotations.services.counting import ANNOTATOR, NETWORK, SITE, TooMany, count, wait
from annotations.services.networks import network_key
from annotations.services.refusals import TooManyTries
from annotations.sites.models import Protocol, Site, Visit
from annotations.sites.risk import BUSY, EASY, HARD, HARDEST, MANY, SOME, USUAL, Risk
from annotations.sites.services.admitting import visit_noted, visitor_admit
from annotations.sites.services.visits import (
    visit_answer,
    visit_answer_unseen,
    visit_ask,
    visit_ask_unseen,
    visit_begin,
    work_of,
)

HERE, THERE = "a" * 40, "b" * 40


@pytest.fixture(autouse=True)
def limits(settings) -> None:
    settings.NETWORK_LIMITS = True


def admit(site: Site, network: str = HERE, annotator: Annotator | None = None) -> Risk:
    return visitor_admit(site=site, network=network, annotator=annotator or Annotator.objects.create())


def begin(site: Site, network: str = HERE) -> Visit:
    annotator, easy = Annotator.objects.create(), Risk(1, 0.0)
    fields = {"hostname": "shop.example", "protocol": Protocol.HCAPTCHA, "risk": easy, "network": network}
    return visit_begin(site=site, annotator=annotator, **fields)


def fill(window, side: str, whose: object, n: int | None = None) -> None:
    for _ in range(window.most if n is None else n):
        wait(window, f"{side}:{whose}")


def fail(visit: Visit) -> None:
    visit_ask(visit=visit)
    assert visit_answer(visit=visit, raw=None, done=work.do(work_of(visit)), trap="filled in").passed is False


def refused(site: Site, annotator: Annotator | None = None) -> str:
    with pytest.raises(TooMany) as many:
        admit(site, annotator=annotator)
    assert many.value.seconds >= 1
    return many.value.side


def test_a_stranger_begins_with_the_usual_work_and_somebody_known_with_the_least(site, relied_on) -> None:
    assert admit(site) == Risk(USUAL, 0.0)
    assert admit(site, annotator=relied_on(Annotator.objects.create())) == Risk(EASY, 0.0)


def test_somebody_who_failed_just_now_is_not_known(site, relied_on, published) -> None:
    known = relied_on(Annotator.objects.create())
    Challenge.objects.create(
        dataset=published,
        annotator=known,
        kind="grid",
        seed=1,
        state="failed",
        answered_at=timezone.now(),
        expires_at=timezone.now() + timedelta(minutes=1),
    )
    assert admit(site, annotator=known).bits == USUAL


def test_it_takes_two_queries_for_a_stranger_and_four_for_somebody_known(
    site, relied_on, django_assert_num_queries
) -> None:
    stranger, known = Annotator.objects.create(), relied_on(Annotator.objects.create())
    with django_assert_num_queries(2):
        admit(site, annotator=stranger)
    with django_assert_num_queries(4):
        admit(site, annotator=known)


def test_one_who_begins_again_and_again_is_held_up_and_nobody_else(site) -> None:
    hasty = Annotator.objects.create()
    for _ in range(BEGIN.annotator[0].most):
        admit(site, annotator=hasty)
    assert refused(site, hasty) == ANNOTATOR
    assert admit(site)


def test_the_strangers_of_a_network_share_what_it_may_begin(site, relied_on) -> None:
    fill(BEGIN.network[0], NETWORK, HERE)
    assert refused(site) == NETWORK
    assert admit(site, THERE) == Risk(USUAL, 0.0)
    assert admit(site, annotator=relied_on(Annotator.objects.create())).bits == EASY


def test_what_is_refused_to_a_network_is_not_taken_from_the_site(site) -> None:
    fill(BEGIN.network[0], NETWORK, HERE)
    refused(site)
    assert count(BEGIN.site[0], f"{SITE}:{site.pk}") == 0


def test_a_site_has_a_limit_of_its_own(site, bob) -> None:
    fill(BEGIN.site[0], SITE, site.pk)
    assert refused(site) == SITE


def test_without_a_network_only_the_other_sides_count(site) -> None:
    fill(BEGIN.network[0], NETWORK, HERE)
    assert admit(site, network="") == Risk(USUAL, 0.0)


def test_where_many_come_without_a_key_they_work_more(site) -> None:
    back = begin(site).annotator
    for _ in range(BUSY):
        admit(site)
    assert admit(site).bits == HARD
    assert admit(site, annotator=back).bits == USUAL
    assert admit(site, THERE).bits == USUAL


def test_what_fails_from_a_network_raises_work_and_doubt_there_alone(site) -> None:
    visit = begin(site)
    fail(visit)
    assert count(FAILED, network_key(HERE)) == 1
    fill(FAILED, NETWORK, HERE, SOME - 1)
    assert admit(site) == Risk(HARD, 0.5)
    fill(FAILED, NETWORK, HERE, MANY - SOME)
    assert admit(site) == Risk(HARDEST, 1.0)
    assert admit(site, THERE) == Risk(USUAL, 0.0)


def test_and_is_forgotten_within_the_hour(site, monkeypatch) -> None:
    fill(FAILED, NETWORK, HERE, MANY)
    assert admit(site).bits == HARDEST
    later = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: later)
    assert admit(site) == Risk(USUAL, 0.0)


def test_passes_make_up_for_failures_but_not_those_that_nobody_can_have_looked_for(site) -> None:
    visit = begin(site)
    visit_ask(visit=visit)
    visit_noted(visit=visit, passed=True)
    assert (count(FAILED, network_key(HERE)), count(PASSED, network_key(HERE))) == (1, 0)
    visit.challenge.issued_at = timezone.now() - timedelta(seconds=4)
    visit_noted(visit=visit, passed=True)
    assert (count(FAILED, network_key(HERE)), count(PASSED, network_key(HERE))) == (1, 1)


def test_to_pass_without_pictures_makes_up_for_nothing(site) -> None:
    visit = begin(site)
    unseen = visit_ask_unseen(visit=visit, kind="riddle")
    said = [str(question.right) for question in questions_of(unseen)]
    assert visit_answer_unseen(visit=visit, said=said, done=work.do(unseen_work_of(unseen))).passed
    assert (count(FAILED, network_key(HERE)), count(PASSED, network_key(HERE))) == (0, 0)


@pytest.mark.parametrize("side", [NETWORK, ANNOTATOR, SITE])
def test_asking_and_answering_have_limits_of_their_own(site, side) -> None:
    visit = begin(site)
    visit_ask(visit=visit)
    whose = {NETWORK: HERE, ANNOTATOR: visit.annotator_id, SITE: site.pk}[side]
    fill(getattr(ANSWER, side)[0], side, whose)
    with pytest.raises(TooManyTries):
        visit_answer(visit=visit, raw=None, done=None)
    assert visit_ask(visit=visit), "an answer too many is no question too many"
    fill(getattr(ASK, side)[0], side, whose)
    with pytest.raises(TooManyTries):
        visit_ask(visit=visit)


def test_somebody_known_may_ask_where_their_network_may_not(site, relied_on) -> None:
    visit = begin(site)
    fill(ASK.network[0], NETWORK, HERE)
    relied_on(visit.annotator)
    assert visit_ask(visit=visit)


def test_where_they_are_off_networks_are_not_counted(site, settings) -> None:
    settings.NETWORK_LIMITS = False
    fail(begin(site))
    assert count(FAILED, network_key(HERE)) == 0
    fill(BEGIN.network[0], NETWORK, HERE)
    assert admit(site) == Risk(USUAL, 0.0)
