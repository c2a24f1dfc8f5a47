"""From a ledger to what is believed of its images: by the full fit, or by what everybody is known for already; with the
model's word where there is one, and always the crowd's alone beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotations.consensus import dawid_skene, heard, reliability, with_model
from annotations.consensus.heard import Heard
from annotations.consensus.votes import BoolArray, FloatArray
from annotations.ledger import Ledger
from annotations.models import Reliability
from annotations.services.opinions import opinions_of
from annotations.services.people import skills_of
from annotations.services.terms import PRIOR, ModelSkill, Terms


@dataclass(frozen=True, eq=False)
class Belief:
    """The posterior of each of the book's items, (I, K), and the crowd's alone, where a model has spoken."""

    posterior: FloatArray
    crowd: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class Fitted:
    heard: Heard
    belief: Belief
    model: ModelSkill | None


def fitted(book: Ledger, terms: Terms) -> Fitted:
    """EM over the whole book. People are judged without the model: it can't vouch for those whom it learned from."""
    crowd = heard.fit(book.votes, book.clamped, PRIOR)
    opinions = _opinions(book, terms)
    if opinions is None:
        return Fitted(crowd, _belief(terms, crowd.fit.posterior), None)
    both = with_model.fit(
        book.votes, opinions, book.clamped, crowd.weights, PRIOR, shown=_shown(book, crowd), crowd=crowd.fit
    )
    return Fitted(crowd, _belief(terms, both.posterior, both.crowd), ModelSkill(both.usual, both.matrix, both.say))


def read(book: Ledger, rows: Sequence[Reliability], terms: Terms) -> Belief:
    """Under everybody's present parameters, the rows in the order of the book's people."""
    skills, weights = skills_of(rows, terms), [row.weight for row in rows]
    crowd = dawid_skene.posterior(book.votes, skills, terms.class_prior, weights, book.clamped)
    opinions = _opinions(book, terms) if terms.model else None
    if opinions is None:
        return _belief(terms, crowd)
    may_speak = with_model.voted_on(book.votes, weights)
    model = terms.model
    word = with_model.opinion_log_likelihood(opinions, model.usual, model.matrix, model.say) * may_speak[:, None]
    prior = terms.class_prior * np.exp(word - word.max(axis=1, keepdims=True))
    joined = dawid_skene.posterior(book.votes, skills, prior, weights, book.clamped)
    against = with_model.contradicted(book.votes, [row.proven for row in rows], weights)
    return _belief(terms, with_model.guard(joined, crowd, against), crowd)


def _belief(terms: Terms, posterior: FloatArray, crowd: FloatArray | None = None) -> Belief:
    return Belief(_given_present(terms, posterior), None if crowd is None else _given_present(terms, crowd))


def _given_present(terms: Terms, posterior: FloatArray) -> FloatArray:
    """On condition that it is none of the classes that were removed. A control of one of those stays what it was."""
    left = posterior * terms.present
    share = left.sum(axis=1, keepdims=True)
    return np.divide(left, share, out=posterior.copy(), where=share > 0) if not terms.present.all() else posterior


def _opinions(book: Ledger, terms: Terms) -> FloatArray | None:
    """(I, K), rows of NaN where the model has none, as on controls; None if it has none at all, or isn't asked."""
    found = opinions_of(terms.dataset, book.images) if terms.campaign.use_model else {}
    if not found:
        return None
    table = np.full((book.votes.n_items, terms.n_classes), np.nan)
    for place, image in enumerate(book.images):
        if image in found:
            table[place] = found[image]
    return table


def _shown(book: Ledger, crowd: Heard) -> BoolArray:
    """Who is shown to be reliable, (A,), by controls or by what the others say of the images."""
    truth = reliability.leave_one_out(book.votes, crowd.fit.skills, crowd.fit.prior, crowd.fit.posterior, crowd.weights)
    on_images = book.on_images
    controls = reliability.graded(book.votes.select(~on_images), truth[~on_images])
    return reliability.shown(*controls, *reliability.graded(book.votes.select(on_images), truth[on_images]))
