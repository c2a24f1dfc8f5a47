"""Which models learned from a person's answers, and what became of the champion since they were blocked."""

from dataclasses import dataclass

from annotations.models import Annotator, Decision, Verdict, Vote
from annotations.selectors import datasets_answered, faces_of, is_blocked
from gallery.models import DataSet
from gallery.work import WorkState
from learning.models import ModelVersion, TrainingExample, TrainingRun
from learning.selectors import champion_of


@dataclass(frozen=True)
class Aftermath:
    """One data set that the person answered in.

    `versions`: how many learned from pictures that they answered, by the crowd's word. `before`: who tagged when they
    were blocked; `run`: the latest run that read its labels since; `after`: what it made. All None while nobody is
    blocked. `busy`: a run is going that began before.
    """

    dataset: DataSet
    versions: int
    champion: ModelVersion | None
    before: ModelVersion | None = None
    run: TrainingRun | None = None
    after: ModelVersion | None = None
    busy: bool = False

    @property
    def accuracies(self) -> tuple[str, str]:
        """Of the version before and of the one after, in words."""
        return _accuracy(self.before), _accuracy(self.after)

    @property
    def going(self) -> bool:
        return self.run is not None and self.run.state in (WorkState.WAITING, WorkState.RUNNING)


def aftermath(person: Annotator) -> list[Aftermath]:
    block = Decision.objects.filter(annotator__in=faces_of(person)).first() if is_blocked(person) else None
    blocked = block if block and block.verdict == Verdict.BLOCK else None
    return [_aftermath(dataset, person, blocked) for dataset in datasets_answered(person)]


def _aftermath(dataset: DataSet, person: Annotator, block: Decision | None) -> Aftermath:
    voted = Vote.objects.standing().filter(dataset=dataset, annotator__in=faces_of(person)).values("image")
    learned = TrainingExample.objects.filter(source="crowd", image__in=voted).values("run")
    versions = dataset.versions.filter(run__in=learned).count()
    champion = champion_of(dataset)
    if block is None:
        return Aftermath(dataset, versions, champion)
    promoted = dataset.versions.filter(promoted_at__lte=block.created_at).order_by("-promoted_at")
    # A run reads its labels when it starts, and it doesn't start before it is due.
    run = dataset.runs.filter(due_at__gt=block.created_at).first()
    return Aftermath(
        dataset,
        versions,
        champion,
        before=promoted.first(),
        run=run,
        after=ModelVersion.objects.filter(run=run).first() if run else None,
        busy=dataset.runs.filter(state=WorkState.RUNNING, due_at__lte=block.created_at).exists(),
    )


def _accuracy(version: ModelVersion | None) -> str:
    return f"{version.metrics['accuracy']:.1%}" if version else "–"
