"""Reads about gold: what is gold, how each picture is answered, and which known answers are in doubt themselves."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from annotations.consensus.suspects import ENOUGH, suspect
from annotations.models import AnswerKind, ControlAnswer, Gold, Reliability
from annotations.selectors import PERSON, blocked_people
from gallery.models import DataSet, Image, LabelClass, Source, Split, Tag
from gallery.selectors import named_by_owner

ACTIVE, SUSPECT, RETIRED = STATES = ("active", "suspect", "retired")
MOST_GIVEN = 3
NAMES_IT = Q(kind__in=[AnswerKind.CHOICE, AnswerKind.YES])
# Against what the picture is said to be by now, whatever an answer was graded against when it was given.
CONTRADICTS = (NAMES_IT & ~Q(answer=F("known"))) | Q(kind=AnswerKind.NO, answer=F("known"))


@dataclass(frozen=True)
class Given:
    """An answer and how often it was given: «cat», or «not cat»."""

    said: str
    times: int


@dataclass(frozen=True)
class GoldItem:
    """A picture that is gold, or was, and how it is answered as a control. `trusted` counts those answers of trusted
    people that tell whether the known class is right: «not a dog» tells nothing of a cat."""

    image: Image
    label: LabelClass
    gold: Gold | None
    answered: int
    wrong: int
    trusted: int
    trusted_wrong: int
    given: list[Given]
    suspect: bool

    @property
    def retired(self) -> bool:
        return self.image.split != Split.GOLD


def gold_images(dataset: DataSet, state: str = "", suspects: Collection[int] = ()) -> QuerySet[Image]:
    """Active gold and retired, or those in one of STATES alone; the suspect first, then the latest."""
    active, retired = Q(split=Split.GOLD), Q(split=Split.TRAINING, gold__retired_at__isnull=False)
    chosen = {"": active | retired, ACTIVE: active, SUSPECT: active & Q(pk__in=suspects), RETIRED: retired}[state]
    images = dataset.images.present().filter(chosen, tags__source=Source.OWNER)
    first = Case(When(pk__in=suspects, then=Value(0)), default=Value(1))
    return images.order_by(first, Coalesce("gold__added_at", "uploaded_at").desc(), "-pk")


def gold_suspects(dataset: DataSet) -> set[int]:
    """Active gold that trusted people mostly contradict. Of a class that was removed none is active."""
    gold = dataset.images.filter(named_by_owner(), split=Split.GOLD)
    rows = list(_by_trusted(dataset).filter(image__in=gold, trusted__gte=ENOUGH))
    doubted = suspect([row["trusted"] for row in rows], [row["trusted_wrong"] for row in rows])
    return {row["image"] for row, is_suspect in zip(rows, doubted.tolist(), strict=True) if is_suspect}


def gold_items(dataset: DataSet, images: Iterable[Image], suspects: Collection[int]) -> list[GoldItem]:
    """How these pictures, which are gold or were, are answered: as many queries for many as for one."""
    images = list(images)
    pks = [image.pk for image in images]
    tags = Tag.objects.filter(image__in=pks, source=Source.OWNER).select_related("label")
    label_of = {tag.image_id: tag.label for tag in tags}
    rows = Gold.objects.filter(image__in=pks).select_related("added_by", "retired_by")
    gold_of = {gold.image_id: gold for gold in rows}
    counts = _by_image(_by_all(dataset).filter(image__in=pks))
    trusted = _by_image(_by_trusted(dataset).filter(image__in=pks))
    given = _given(dataset, pks)
    return [
        GoldItem(
            image=image,
            label=label_of[image.pk],
            gold=gold_of.get(image.pk),
            answered=counts[image.pk]["answered"],
            wrong=counts[image.pk]["wrong"],
            trusted=trusted[image.pk]["trusted"],
            trusted_wrong=trusted[image.pk]["trusted_wrong"],
            given=given[image.pk],
            suspect=image.pk in suspects,
        )
        for image in images
    ]


def _answers(dataset: DataSet) -> QuerySet[ControlAnswer]:
    """Answers on the data set's controls that the owner has named, with the class that they have `known`."""
    rows = ControlAnswer.objects.filter(dataset=dataset, image__tags__source=Source.OWNER)
    return rows.annotate(known=F("image__tags__label__index"), person=PERSON)


def _by_all(dataset: DataSet) -> QuerySet[Any]:
    return _answers(dataset).order_by().values("image").annotate(answered=Count("pk"), wrong=_counted(CONTRADICTS))


def _by_trusted(dataset: DataSet) -> QuerySet[Any]:
    people = Reliability.objects.filter(dataset=dataset, trusted=True).values("annotator")
    rows = _answers(dataset).filter(person__in=people).exclude(person__in=blocked_people()).order_by()
    telling = rows.filter(NAMES_IT | Q(answer=F("known")))
    return telling.values("image").annotate(trusted=Count("pk"), trusted_wrong=_counted(CONTRADICTS))


def _counted(which: Q) -> Count:
    return Count("pk", filter=which)


def _by_image(rows: Iterable[Mapping[str, int]]) -> defaultdict[int, Counter[str]]:
    found: defaultdict[int, Counter[str]] = defaultdict(Counter)
    found.update({row["image"]: Counter(row) for row in rows})
    return found


def _given(dataset: DataSet, images: Collection[int]) -> defaultdict[int, list[Given]]:
    """The answers most given to each picture, the most frequent first."""
    name_of = dict(dataset.classes.values_list("index", "name"))
    rows = ControlAnswer.objects.filter(dataset=dataset, image__in=images).order_by()
    said: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for image, kind, answer, times in rows.values_list("image", "kind", "answer").annotate(times=Count("pk")):
        said[image][f"not {name_of[answer]}" if kind == AnswerKind.NO else name_of[answer]] += times
    given: defaultdict[int, list[Given]] = defaultdict(list)
    given.update({image: [Given(*pair) for pair in counts.most_common(MOST_GIVEN)] for image, counts in said.items()})
    return given
