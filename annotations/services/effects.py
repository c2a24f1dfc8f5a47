"""What a decision about people would do to the labels, worked out without writing anything: reviewers see it first."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from annotations import ledger
from annotations.consensus import reliability
from annotations.models import Annotator, Consensus, ConsensusState, Reliability, Verdict, Vote
from annotations.selectors import PERSON, Known, blocked_people, datasets_answered, known_of
from annotations.services import beliefs, people, posteriors
from annotations.services.beliefs import Belief
from annotations.services.terms import Terms, terms_of
from gallery.models import DataSet

# Beyond these, a whole fit takes longer than a page may.
EXACT_IMAGES = 2_000
EXACT_VOTES = 50_000

# Image id → its label and state.
Outlook = dict[int, tuple[int, str]]


@dataclass(frozen=True)
class Preview:
    """How many images would lose an agreed label, gain one, and change their label or state in any way, lost and gained
    ones among them; and on how many `images` these people gave how many `votes`.

    `about`: by everybody's present parameters, where the decision itself fits them anew.
    """

    lost: int = 0
    gained: int = 0
    changed: int = 0
    images: int = 0
    votes: int = 0
    about: bool = False

    def __add__(self, other: "Preview") -> "Preview":
        """Of two data sets: no image is in both."""
        return Preview(
            lost=self.lost + other.lost,
            gained=self.gained + other.gained,
            changed=self.changed + other.changed,
            images=self.images + other.images,
            votes=self.votes + other.votes,
            about=self.about or other.about,
        )


def decision_preview(*, annotator: Annotator, verdict: Verdict) -> Preview:
    return decisions_preview(annotators=[annotator], verdict=verdict)


def decisions_preview(*, annotators: Sequence[Annotator], verdict: Verdict) -> Preview:
    """The effect of one verdict on all of these people together, which is not the sum of each one's alone."""
    persons, now = {annotator.person_id for annotator in annotators}, blocked_people()
    then = now | persons if verdict == Verdict.BLOCK else now - persons
    datasets = {dataset.pk: dataset for annotator in annotators for dataset in datasets_answered(annotator)}
    return sum((_preview(dataset, persons, now, then) for _, dataset in sorted(datasets.items())), Preview())


def fits_in_a_request(datasets: Collection[DataSet]) -> bool:
    """Whether a whole fit of all of them takes no longer than a page may."""
    return Vote.objects.filter(dataset__in=[dataset.pk for dataset in datasets]).count() <= EXACT_VOTES


def _preview(dataset: DataSet, persons: set[int], now: set[int], then: set[int]) -> Preview:
    votes = Vote.objects.standing().filter(dataset=dataset).annotate(person=PERSON).filter(person__in=persons)
    images = set(votes.values_list("image", flat=True))
    if now == then:
        return Preview(images=len(images), votes=votes.count())
    about = len(images) > EXACT_IMAGES or not fits_in_a_request([dataset])
    terms = terms_of(dataset)
    before = _read(terms, images, now) if about else _stored(dataset)
    after = _read(terms, images, then) if about else _fitted(terms, then)
    changed = {image for image in before | after if before.get(image) != after.get(image)}
    return Preview(
        lost=sum(_agreed(before, image) and not _agreed(after, image) for image in changed),
        gained=sum(_agreed(after, image) and not _agreed(before, image) for image in changed),
        changed=len(changed),
        images=len(images),
        votes=votes.count(),
        about=about,
    )


def _stored(dataset: DataSet) -> Outlook:
    rows = Consensus.objects.filter(dataset=dataset).exclude(votes=0)
    return {image: (label, state) for image, label, state in rows.values_list("pk", "label", "state")}


def _fitted(terms: Terms, without: Collection[int]) -> Outlook:
    """What the full fit comes to when these people have no say."""
    known = known_of(terms.dataset, without=without)
    book = ledger.read(terms.dataset, known=known.classes, without=without, classes=terms.classes)
    fitted = beliefs.fitted(book, terms)
    shown = fitted.heard.reliability
    trusted = reliability.trusted(shown)
    rows = [
        Reliability(
            annotator_id=person, trusted=bool(trusted[i]), weight=float(shown.weight[i]), evidence=float(shown.n[i])
        )
        for i, person in enumerate(book.people)
    ]
    return _outlook(book, fitted.belief, rows, terms, known)


def _read(terms: Terms, images: Collection[int], without: Collection[int]) -> Outlook:
    """What these images come to under everybody's present parameters."""
    known = known_of(terms.dataset, images, without=without)
    book = ledger.read(terms.dataset, known=known.classes, without=without, images=images, classes=terms.classes)
    rows = people.ordered(book.people, terms)
    return _outlook(book, beliefs.read(book, rows, terms), rows, terms, known)


def _outlook(book: ledger.Ledger, belief: Belief, rows: Sequence[Reliability], terms: Terms, known: Known) -> Outlook:
    found = posteriors.rows_of(book, belief, rows, terms, {}, known)
    return {row.pk: (row.label, str(row.state)) for row in found if row.votes}


def _agreed(outlook: Outlook, image: int) -> bool:
    return image in outlook and outlook[image][1] == ConsensusState.ACCEPTED
