"""Consensus on the platform: a quick update after an answer (stepwise EM), and the full fit that reconciles it."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from django.db import transaction

from annotations import ledger
from annotations.consensus import dawid_skene, reliability
from annotations.consensus.votes import FloatArray
from annotations.models import Campaign, Challenge, Vote
from annotations.selectors import blocked_people, campaign_of, known_classes
from annotations.services import people, posteriors
from gallery.models import DataSet

PRIOR = dawid_skene.Prior()


@dataclass(frozen=True)
class Refit:
    """What a full fit changed: images whose label or state differs, of how many."""

    changed: int
    images: int


def consensus_update(*, challenge: Challenge) -> None:
    """Inside the answer's transaction: the person's row first, then the images' by ascending id, always so."""
    dataset, images = challenge.dataset, list(challenge.votes.values_list("image_id", flat=True))
    person = people.locked(dataset, challenge.annotator.person_id)
    people.grade(person)
    person.save()
    consensus_touch(dataset=dataset, images=images)
    people.learn(person, challenge)


@transaction.atomic
def consensus_touch(*, dataset: DataSet, images: Collection[int]) -> None:
    """Work these images' posteriors out again, under everybody's present parameters."""
    posteriors.lock(dataset, images)
    known = known_classes(dataset, images)
    book = ledger.read(dataset, known=known, without=blocked_people(), images=images)
    confusion, weights = people.parameters(dataset, book.people)
    belief = dawid_skene.posterior(
        book.votes, confusion, people.class_prior(dataset), weights=weights, clamped=book.clamped
    )
    posteriors.store(dataset, book, belief)


@transaction.atomic
def consensus_refit(*, dataset: DataSet) -> Refit:
    """EM over the whole ledger: everybody's parameters, every posterior. Deterministic: a rebuild agrees with it."""
    campaign = Campaign.objects.select_for_update().get(pk=campaign_of(dataset).pk)
    # Counted before they are read: a vote that arrives in between is seen to be missing, and fitted next time.
    campaign.fitted_votes = Vote.objects.filter(dataset=dataset).count()
    book = ledger.read(dataset, known=known_classes(dataset), without=blocked_people())
    fit, weights = _fit(book)
    campaign.population = dawid_skene.population(fit.counts, PRIOR, weights).tolist()
    campaign.class_prior = fit.prior.tolist()
    campaign.save(update_fields=["population", "class_prior", "fitted_votes"])
    people.store(dataset, book, fit, weights)
    changed = posteriors.store(dataset, book, fit.posterior) + posteriors.forget_unheard(dataset, book)
    return Refit(changed, len(book.images))


def _fit(book: ledger.Ledger) -> tuple[dawid_skene.Fit, FloatArray]:
    """The fit and the weights it was made under. Who is worth hearing depends on what the crowd says, and that on
    who is heard: hence everybody equal at first, then twice by what that showed of them."""
    weights = np.ones(len(book.people))
    fit = dawid_skene.fit(book.votes, book.clamped, weights=weights, prior=PRIOR)
    for _ in range(2):
        truth = reliability.leave_one_out(book.votes, fit.confusion, fit.prior, fit.posterior, weights)
        weights = reliability.assess(*reliability.graded(book.votes, truth)).weight
        fit = dawid_skene.fit(book.votes, book.clamped, weights=weights, prior=PRIOR)
    return fit, weights
