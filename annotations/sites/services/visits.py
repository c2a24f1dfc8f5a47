"""A visit: begin it, ask, take answers, and give a token for them. What decides stays here."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from annotations.challenges.share import KNOWN
from annotations.challenges.unseen import work
from annotations.limits import ANSWER, ASK
from annotations.models import Annotator, Challenge, Unseen, UnseenWay
from annotations.services.answering import challenge_answer, challenge_cant_tell
from annotations.services.issuing import challenge_issue, challenges_close
from annotations.services.refusals import NoChallenge, TooManyTries
from annotations.services.unseen import unseen_answer, unseen_issue
from annotations.sites.hosts import host_fits
from annotations.sites.models import Site, Visit
from annotations.sites.risk import Risk
from annotations.sites.selectors import datasets_asked
from annotations.sites.services.admitting import visit_counted, visit_noted

LIFETIME = timedelta(minutes=30)
PIECES = 16  # of a visit's work: many small ones take about as long each time
CANT_TELL = "?"
BESIDE = 3  # other visits of the same person, in widgets of one page or in tabs, that keep what they are asked


class WrongHost(Exception):  # noqa: N818
    """The page that shows the widget isn't one of the site's."""


class VisitOver(Exception):  # noqa: N818
    """It has passed, or is too old: a fresh one has to be begun."""


@dataclass(frozen=True)
class Answered:
    """`passed` is None where there is no verdict. With a pass comes the token."""

    passed: bool | None
    token: str = ""


def visit_begin(
    *,
    site: Site,
    hostname: str,
    annotator: Annotator,
    protocol: str,
    risk: Risk,
    network: str = "",
    action: str = "",
    cdata: str = "",
) -> Visit:
    """`network`: a keyed hash of where they come from. Raises WrongHost."""
    if not host_fits(hostname, site.hosts):
        raise WrongHost
    now = timezone.now()
    return Visit.objects.create(
        site=site,
        annotator=annotator,
        protocol=protocol,
        hostname=hostname,
        action=action,
        cdata=cdata,
        network=network,
        bits=risk.bits,
        doubt=risk.doubt,
        opened_at=now,
        expires_at=now + LIFETIME,
    )


def visit_ask(*, visit: Visit) -> Challenge | None:
    """A challenge about one of the site's data sets; None where none of them can be asked about, so that questions
    without pictures are the way. Raises VisitOver, and TooManyTries for who failed too often.

    Somebody known may get on with a glance, unless they fail, or their network does.
    """
    _still_on(visit)
    visit_counted(visit=visit, door=ASK)
    at_a_glance = not visit.failed and visit.doubt <= KNOWN
    for dataset in datasets_asked(visit.site):
        try:
            challenge = challenge_issue(
                dataset=dataset,
                annotator=visit.annotator,
                least_doubt=visit.doubt,
                even_ended=True,
                at_a_glance=at_a_glance,
                in_place_of=visit.challenge_id,
                beside=BESIDE,
            )
        except TooManyTries:
            raise
        except NoChallenge:
            continue
        Visit.objects.filter(pk=visit.pk).update(challenge=challenge)
        visit.challenge = challenge
        return challenge
    return None


def visit_answer(*, visit: Visit, raw: object, done: object, trap: str = "") -> Answered:
    """Judge the answer to its challenge, once the work is done. Raises AnswerError while it can't be judged; then the
    challenge stays open.

    `trap`: what stands in a field that people don't see. Who fills it in is told that they failed, and nothing of what
    they say is taken.
    """
    challenge = _asked(visit)
    visit_counted(visit=visit, door=ANSWER)
    _work_check(visit, done)
    if trap:
        challenges_close(Challenge.objects.filter(pk=challenge.pk))
        return _failed(visit)
    if raw == CANT_TELL:
        challenge_cant_tell(challenge=challenge, annotator=challenge.annotator)
        return Answered(None)
    result = challenge_answer(challenge=challenge, annotator=challenge.annotator, raw=raw)
    Visit.objects.filter(pk=visit.pk).update(votes=F("votes") + result.votes)
    if result.passed is None:
        return Answered(None)
    if not result.passed:
        return _failed(visit)
    visit_noted(visit=visit, passed=True)
    return _passed(visit)


def visit_ask_unseen(*, visit: Visit, kind: str) -> Unseen:
    """Questions without pictures, in place of the challenge. Raises VisitOver and TooManyTries."""
    _still_on(visit)
    visit_counted(visit=visit, door=ASK)
    if visit.challenge_id:
        challenges_close(Challenge.objects.filter(pk=visit.challenge_id))
    unseen = unseen_issue(
        annotator=visit.annotator, kind=kind, way=UnseenWay.WORK, in_place_of=visit.unseen_id, beside=BESIDE
    )
    Visit.objects.filter(pk=visit.pk).update(unseen=unseen, challenge=None)
    visit.unseen, visit.challenge = unseen, None
    return unseen


def visit_answer_unseen(*, visit: Visit, said: object, done: object, trap: str = "") -> Answered:
    """As `visit_answer`. The work here is that of the questions. To pass them makes up for no failure with pictures."""
    _still_on(visit)
    if visit.unseen is None:
        raise VisitOver
    visit_counted(visit=visit, door=ANSWER)
    passed = unseen_answer(unseen=visit.unseen, said=said, done=done)
    return _passed(visit) if passed and not trap else _failed(visit)


def work_of(visit: Visit) -> work.Work | None:
    """What the browser still has to do, bound to this visit by its id; None once it is done."""
    return None if visit.worked_at else work.Work(visit.pk.hex, visit.bits, PIECES)


def _asked(visit: Visit) -> Challenge:
    _still_on(visit)
    if visit.challenge is None:
        raise VisitOver
    return visit.challenge


def _still_on(visit: Visit) -> None:
    if visit.passed_at or visit.expires_at <= timezone.now() or visit.site.closed_at:
        raise VisitOver


def _work_check(visit: Visit, done: object) -> None:
    if (asked_for := work_of(visit)) is None:
        return
    work.check(asked_for, done)
    visit.worked_at = timezone.now()
    Visit.objects.filter(pk=visit.pk).update(worked_at=visit.worked_at)


def _passed(visit: Visit) -> Answered:
    """Of two answers that race, the conditional UPDATE lets one through."""
    now = timezone.now()
    if not Visit.objects.filter(pk=visit.pk, passed_at=None).update(passed_at=now):
        raise VisitOver
    visit.passed_at = now
    return Answered(True, visit.token)


def _failed(visit: Visit) -> Answered:
    visit_noted(visit=visit, passed=False)
    Visit.objects.filter(pk=visit.pk).update(failed=F("failed") + 1)
    return Answered(False)
