"""What somebody's answers have taught the model that serves: figures that versions were made with, none estimated."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Min

from annotations.models import Annotator, Vote
from annotations.selectors import approved, faces_of
from gallery.models import DataSet
from learning.models import ModelVersion, TrainingExample
from learning.selectors import champion_of

SHOWN = 5  # data sets, those first where they began last


@dataclass(frozen=True)
class Taught:
    """Of one data set: the version that serves, how many of their answers are in the labels that it learned from, and
    the shares of the evaluation pictures that it and the one that served when they began got right (None: unknown)."""

    dataset: DataSet
    version: int
    answers: int
    before: float | None
    now: float | None

    @property
    def is_better(self) -> bool:
        return self.before is not None and self.now is not None and self.now > self.before


def taught_by(person: Annotator) -> list[Taught]:
    faces = faces_of(person)
    began = Vote.objects.filter(annotator__in=faces, dataset__in=approved()).order_by()
    firsts = dict(began.values_list("dataset").annotate(at=Min("created_at")))
    datasets = DataSet.objects.in_bulk(firsts)
    latest = sorted(firsts, key=lambda pk: firsts[pk], reverse=True)[:SHOWN]
    found = (_taught(datasets[pk], faces, firsts[pk]) for pk in latest)
    return [one for one in found if one]


def _taught(dataset: DataSet, faces: Iterable[Annotator], first: object) -> Taught | None:
    champion = champion_of(dataset)
    if champion is None:
        return None
    voted = Vote.objects.standing().filter(dataset=dataset, annotator__in=faces).values("image")
    learned = TrainingExample.objects.filter(run=champion.run_id, source="crowd", image__in=voted).count()
    then = dataset.versions.filter(promoted_at__lte=first).order_by("-promoted_at").first()
    before = accuracy_of(then) if then and then != champion else None
    if not learned and before is None:
        return None
    return Taught(dataset, champion.number, learned, before, accuracy_of(champion))


def accuracy_of(version: ModelVersion) -> float | None:
    """On the evaluation pictures. One that was judged by cross-validation has no such figure."""
    share = None if version.provisional else version.metrics.get("accuracy")
    return float(share) if share is not None else None
