"""Consensus on the platform: a quick update after an answer (stepwise EM), and the full fit that reconciles it."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

from django.db import transaction

from annotations import ledger
from annotations.ledger import Ledger
from annotations.models import Campaign, Challenge, Consensus, Reliability, Vote
from annotations.selectors import (
    ANY,
    Corrections,
    blocked_people,
    campaign_of,
    corrections_of,
    doubted_of,
    known_of,
)
from annotations.services import beliefs, people, posteriors
from annotations.services.beliefs import Fitted
from annotations.services.contradictions import contradictions_record, disputed_in
from annotations.services.people import Said
from annotations.services.terms import Terms, terms_of
from gallery.models import DataSet


@dataclass(frozen=True)
class Refit:
    """What a full fit changed: how many images of how many, and which of them bear another label than before."""

    changed: int
    images: int
    relabelled: list[int] = field(default_factory=list)


def consensus_update(*, challenge: Challenge, said: Said) -> list[int]:
    """Inside the answer's transaction: the person's row first, then the images' by ascending id, always so.

    Gives back the controls that this answer has brought into doubt.
    """
    terms = terms_of(challenge.dataset)
    person = people.locked(terms.dataset, challenge.annotator.person_id)
    disputed = disputed_in(terms.dataset, person, said.controls)
    before = posteriors.lock(terms.dataset, {*said.images, *disputed})
    doubted = contradictions_record(dataset=terms.dataset, disputed=disputed, rows=before)
    corrections = corrections_of(terms.dataset)
    people.grade(person, terms, corrections)
    touched = _touch(terms, [*said.images, *doubted], before, corrections, person)
    people.learn(person, said, touched, terms, doubted)
    people.save(person)
    return doubted


@transaction.atomic
def consensus_touch(*, dataset: DataSet, images: Collection[int]) -> None:
    """Work these images' posteriors out again, under everybody's present parameters."""
    _touch(terms_of(dataset), images, posteriors.lock(dataset, images))


def _touch(
    terms: Terms,
    images: Collection[int],
    before: dict[int, Consensus],
    corrections: Corrections = ANY,
    person: Reliability | None = None,
) -> dict[int, Consensus]:
    """The images' rows as they are now. `before`: as they were, locked; `person` stands for their row in the database,
    which is not written yet."""
    known, without = known_of(terms.dataset, images, corrections=corrections), blocked_people(corrections)
    book = ledger.read(terms.dataset, known=known.classes, without=without, images=images, classes=terms.classes)
    rows = people.ordered(book.people, terms, person)
    stored = posteriors.store(book, beliefs.read(book, rows, terms), rows, terms, before, known)
    return {row.pk: row for row in stored.rows}


class _Overtaken(Exception):  # noqa: N818
    """A later fit has begun: it has read all that this one has, and writes it."""


def consensus_refit(*, dataset: DataSet) -> Refit:
    """EM over the whole ledger: everybody's parameters, every posterior. Deterministic: a rebuild agrees with it.

    It writes in short turns, so that no answer waits long for it. Of two fits the one that began last has the last
    word.
    """
    campaign = _begin(dataset)
    turn = partial(_turn, campaign)
    known, terms = known_of(dataset), Terms(dataset, campaign, list(dataset.classes.all()))
    before = {row.pk: row for row in Consensus.objects.filter(dataset=dataset).iterator()}
    book = ledger.read(dataset, known=known.classes, without=blocked_people(), classes=terms.classes)
    fitted = beliefs.fitted(book, terms)
    moved, unheard = list[Consensus](), 0
    with suppress(_Overtaken):
        with turn():
            rows = _store_parameters(campaign, book, fitted, terms)
        for some in posteriors.store_in_turns(book, fitted.belief, rows, terms, before, known, turn):
            moved += some
        with turn():
            unheard = posteriors.forget_unheard(dataset, book)
            # A contradiction that came since has perhaps been written over.
            if late := [image for image, voted in doubted_of(dataset).items() if known.doubted.get(image) != voted]:
                _touch(terms, late, posteriors.lock(dataset, late))
    return Refit(
        changed=len(moved) + unheard,
        images=len(book.images),
        relabelled=[row.pk for row in moved if row.pk in before and before[row.pk].label != row.label],
    )


@transaction.atomic
def _begin(dataset: DataSet) -> Campaign:
    """Who decides about people in a transaction of their own holds the campaign until it is over: what begins after it
    knows of the decision."""
    campaign = Campaign.objects.select_for_update().get(pk=campaign_of(dataset).pk)
    campaign.fits += 1
    campaign.save(update_fields=["fits"])
    # Counted before they are read: a vote that arrives in between is seen to be missing, and fitted next time.
    campaign.fitted_votes = Vote.objects.filter(dataset=dataset).count()
    return campaign


@contextmanager
def _turn(campaign: Campaign) -> Iterator[None]:
    with transaction.atomic():
        latest = Campaign.objects.select_for_update().values_list("fits", flat=True).get(pk=campaign.pk)
        if latest != campaign.fits:
            raise _Overtaken
        yield


def _store_parameters(campaign: Campaign, book: Ledger, fitted: Fitted, terms: Terms) -> list[Reliability]:
    fit = fitted.heard.fit
    campaign.population, campaign.class_prior = fit.skills.population.tolist(), fit.prior.tolist()
    campaign.model_skill = fitted.model and fitted.model.packed
    campaign.save(update_fields=["population", "class_prior", "model_skill", "fitted_votes"])
    return people.store(book, fitted.heard, terms)
