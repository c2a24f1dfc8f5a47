"""Consensus on the platform: a quick update after an answer (stepwise EM), and the full fit that reconciles it."""

from collections.abc import Collection
from dataclasses import dataclass, field

from django.db import transaction

from annotations import ledger
from annotations.models import Campaign, Challenge, Consensus, Reliability, Vote
from annotations.selectors import blocked_people, campaign_of, doubted_of, known_of
from annotations.services import beliefs, people, posteriors
from annotations.services.contradictions import contradictions_record
from annotations.services.terms import Terms, terms_of
from gallery.models import DataSet


@dataclass(frozen=True)
class Refit:
    """What a full fit changed: how many images of how many, and which of them bear another label than before."""

    changed: int
    images: int
    relabelled: list[int] = field(default_factory=list)


def consensus_update(*, challenge: Challenge) -> list[int]:
    """Inside the answer's transaction: the person's row first, then the images' by ascending id, always so.

    Gives back the controls that this answer has brought into doubt.
    """
    terms = terms_of(challenge.dataset)
    person = people.locked(challenge.dataset, challenge.annotator.person_id)
    doubted = contradictions_record(challenge=challenge, person=person)
    said = people.said_in(challenge, doubted)
    people.grade(person, terms)
    touched = _touch(terms, [*said.images, *doubted], person)
    people.learn(person, said, touched, terms)
    person.save()
    return doubted


@transaction.atomic
def consensus_touch(*, dataset: DataSet, images: Collection[int]) -> None:
    """Work these images' posteriors out again, under everybody's present parameters."""
    _touch(terms_of(dataset), images)


def _touch(terms: Terms, images: Collection[int], person: Reliability | None = None) -> dict[int, Consensus]:
    """The images' rows as they are now; `person` stands for their row in the database, which is not written yet."""
    before = posteriors.lock(terms.dataset, images)
    known = known_of(terms.dataset, images)
    book = ledger.read(
        terms.dataset, known=known.classes, without=blocked_people(), images=images, n_classes=terms.n_classes
    )
    rows = people.ordered(book.people, terms, person)
    stored = posteriors.store(book, beliefs.read(book, rows, terms), rows, terms, before, known)
    return {row.pk: row for row in stored.rows}


@transaction.atomic
def consensus_refit(*, dataset: DataSet) -> Refit:
    """EM over the whole ledger: everybody's parameters, every posterior. Deterministic: a rebuild agrees with it."""
    campaign = Campaign.objects.select_for_update().get(pk=campaign_of(dataset).pk)
    # Counted before they are read: a vote that arrives in between is seen to be missing, and fitted next time.
    campaign.fitted_votes = Vote.objects.filter(dataset=dataset).count()
    known = known_of(dataset)
    book = ledger.read(dataset, known=known.classes, without=blocked_people())
    terms = Terms(dataset, campaign, list(dataset.classes.all()))
    fitted = beliefs.fitted(book, terms)
    fit = fitted.heard.fit
    campaign.population, campaign.class_prior = fit.skills.population.tolist(), fit.prior.tolist()
    campaign.model_skill = fitted.model and fitted.model.packed
    campaign.save(update_fields=["population", "class_prior", "model_skill", "fitted_votes"])
    rows = people.store(book, fitted.heard, terms)
    before = {row.pk: row for row in Consensus.objects.filter(dataset=dataset).iterator()}
    stored = posteriors.store(book, fitted.belief, rows, terms, before, known)
    # A contradiction that came since then has just been written over. These rows are locked now: no other comes.
    if late := [image for image, voted in doubted_of(dataset).items() if known.doubted.get(image) != voted]:
        _touch(terms, late)
    return Refit(
        changed=len(stored.moved) + posteriors.forget_unheard(dataset, book),
        images=len(book.images),
        relabelled=[row.pk for row in stored.moved if row.pk in before and before[row.pk].label != row.label],
    )
