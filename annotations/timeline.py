"""A data set's answers in the order in which each person gave them, and what each of them took."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db.models import F, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from annotations.challenges.registry import KINDS
from annotations.consensus.votes import UNKNOWN, BoolArray, FloatArray, IntArray, Kind, Votes
from annotations.models import Annotator, Challenge, Tile, Vote
from annotations.selectors import PERSON, controls_counted, faces_of, regraded
from gallery.models import DataSet

Clock = Mapping[UUID, tuple[int, float, float]]  # challenge → its number, when it was answered, seconds it took
# Of each kind of challenge by its number; the last, which -1 finds, is for answers that no challenge asked for.
NUMBERS = {name: number for number, name in enumerate(KINDS)}
PLACES = np.array([*(kind.places for kind in KINDS.values()), 0])
POINTED = np.array([*(Kind[kind.pointed.upper()] for kind in KINDS.values()), UNKNOWN])
SELECTS = np.array([*(kind.form == "select" for kind in KINDS.values()), False])
# Columns of a row: person, image, kind, answer, truth or UNKNOWN, challenge or -1, time, place or -1, number of the
# kind of challenge or -1, whether it takes their word back.
WIDTH = 10


@dataclass(frozen=True, eq=False)
class Timeline:
    """N votes and answers to controls, sorted by person and then by time.

    Items are the `n_images` pictures that are voted on, then the controls, each `clamped` to its truth. `seconds` (N,):
    what a click took, on one answer of each challenge; NaN on its others, and where nobody took the time. `position`
    (N,): at which of `places` (N,) they pointed, of a grid's tiles or a row's; -1 of 0 where they named or said
    something.
    """

    votes: Votes
    clamped: IntArray
    people: list[int]
    n_images: int
    seconds: FloatArray
    position: IntArray
    places: IntArray

    def span(self, index: int) -> slice:
        """Where the answers of one of the people stand."""
        start, stop = np.searchsorted(self.votes.annotator, [index, index + 1])
        return slice(int(start), int(stop))


def read(
    dataset: DataSet, *, known: Mapping[int, int], without: Collection[int] = (), person: Annotator | None = None
) -> Timeline:
    """All answers of a data set but those of the people `without` a say; or those of one `person`, with what others say
    of the pictures that they have voted on. Of two votes of a person on a picture the later counts, and none where it
    takes their word back."""
    votes, controls = Vote.objects.filter(dataset=dataset), controls_counted(dataset, without=without)
    challenges = Challenge.objects.filter(dataset=dataset)
    if person is not None:
        faces = faces_of(person)
        votes = votes.filter(image__in=votes.filter(annotator__in=faces).values("image"))
        controls, challenges = controls.filter(annotator__in=faces), challenges.filter(annotator__in=faces)
    clock = _clock(challenges)
    said = _latest(_table(_rows(votes.annotate(known=Value(UNKNOWN), back=F("withdrawn")), clock, {})))
    checked = _table(_rows(controls.annotate(known=F("truth"), back=Value(False)), clock, regraded(dataset)))
    table = np.concatenate([said, checked])
    table = table[~np.isin(table[:, 0], list(without))]
    table = table[np.lexsort((table[:, 7], table[:, 6], table[:, 0]))]
    durations = np.array([seconds for _, _, seconds in clock.values()])
    return _timeline(table, durations, known, max(dataset.classes.count(), 1))


def _timeline(table: FloatArray, durations: FloatArray, known: Mapping[int, int], n_classes: int) -> Timeline:
    columns = np.delete(table, 6, axis=1).astype(np.int64)
    person, image, kind, answer, truth, challenge, place, asked_in, _ = columns.T
    control, asked = truth != UNKNOWN, image * n_classes + truth
    images, controls = np.unique(image[~control]), np.unique(asked[control])
    item = np.where(control, len(images) + np.searchsorted(controls, asked), np.searchsorted(images, image))
    clamped = np.array([known.get(i, UNKNOWN) for i in images.tolist()], dtype=np.int64)
    people, annotator = np.unique(person, return_inverse=True)
    clamped = np.concatenate([clamped, controls % n_classes])
    places = np.where((kind == POINTED[asked_in]) & (place >= 0), PLACES[asked_in], 0)
    return Timeline(
        votes=Votes(annotator, item, answer, kind, len(people), len(clamped), n_classes),
        clamped=clamped,
        people=people.tolist(),
        n_images=len(images),
        seconds=_seconds(challenge, ~SELECTS[asked_in] | (kind != Kind.NO), durations),
        position=np.where(places > 0, place % np.maximum(places, 1), -1),
        places=places,
    )


def _clock(challenges: QuerySet[Challenge]) -> Clock:
    rows = challenges.exclude(answered_at=None).values_list("pk", "issued_at", "answered_at").order_by("pk")
    return {
        pk: (number, answered.timestamp(), max(0.0, (answered - issued).total_seconds()))
        for number, (pk, issued, answered) in enumerate(rows.iterator())
    }


def _rows(answers: QuerySet[Vote], clock: Clock, truths: Mapping[int, int | None]) -> Iterator[tuple[float, ...]]:
    """In the order of their ids, by the truth that a control has by now, without those that count no more."""
    place = Tile.objects.filter(challenge=OuterRef("challenge"), image=OuterRef("image")).values("position")
    answers = answers.annotate(person=PERSON, place=Coalesce(Subquery(place), -1, output_field=IntegerField()))
    names = ("person", "image_id", "kind", "answer", "known", "challenge_id", "created_at", "place", "challenge__kind")
    names += ("back",)
    rows = answers.order_by("id").values_list(*names)
    for who, image, kind, answer, stated, challenge, at, where, asked, back in rows.iterator():
        number, answered, _ = clock.get(challenge) or (-1, at.timestamp(), 0.0)
        if (truth := truths.get(image, stated)) is not None:
            yield who, image, kind, answer, truth, number, answered, where, NUMBERS.get(asked, -1), back


def _table(rows: Iterator[tuple[float, ...]]) -> FloatArray:
    return np.array(list(rows), dtype=np.float64).reshape(-1, WIDTH)


def _latest(table: FloatArray) -> FloatArray:
    _, last = np.unique(table[::-1, :2], axis=0, return_index=True)
    kept: FloatArray = table[len(table) - 1 - last]
    return kept[kept[:, -1] == 0]


def _seconds(challenge: IntArray, clicked: BoolArray, durations: FloatArray) -> FloatArray:
    """A challenge is timed as a whole, and takes a key or a click for each answer, but for tiles left unselected."""
    seconds = np.full(len(challenge), np.nan)
    timed = challenge >= 0
    clicks = np.bincount(challenge[timed], clicked[timed], minlength=len(durations))
    numbers, first = np.unique(challenge[timed], return_index=True)
    seconds[np.flatnonzero(timed)[first]] = durations[numbers] / np.maximum(clicks[numbers], 1)
    return seconds
