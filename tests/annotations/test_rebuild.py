"""What is derived comes back from the ledger alone."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from annotations.models import Annotator, Consensus, ConsensusState, ControlAnswer, Reliability, Verdict, Vote
from annotations.services.consensus import consensus_refit
from annotations.services.review import decision_make
from annotations.services.votes import vote_correct
from gallery.models import DataSet, Source, Tag
from gallery.services.datasets import dataset_create

pytestmark = pytest.mark.django_db


@pytest.fixture
def answered(dataset: DataSet, pictures, grade, b: Annotator, c: Annotator) -> DataSet:
    """Bob and Charlie, both trusted, agree on eight pictures; a third person disagrees on some, a visitor is Bob."""
    third = Annotator.objects.create()
    visitor = Annotator.objects.create(same_as=b)
    grade([b, c, third])
    for shade in range(3):
        for place, image in enumerate(pictures(4, shade)):
            label = dataset.classes.get(index=shade)
            vote_correct(image=image, label=label, annotator=visitor if place == 0 else b)
            vote_correct(image=image, label=label, annotator=c)
            if place == 1:
                vote_correct(image=image, label=dataset.classes.get(index=(shade + 1) % 3), annotator=third)
    consensus_refit(dataset=dataset)
    return dataset


def derived() -> list[dict]:
    posteriors = Consensus.objects.order_by("pk").values(
        "pk", "posterior", "label", "confidence", "votes", "trusted", "state"
    )
    shown = Reliability.objects.order_by("annotator").values(
        "annotator", "counts", "agreed", "disagreed", "evidence", "accuracy", "low", "high", "weight", "trusted"
    )
    tags = Tag.objects.filter(source=Source.CROWD).order_by("image").values("image", "label", "confidence")
    return [*posteriors, *shown, *tags]


def ledger() -> list[dict]:
    return [*Vote.objects.order_by("pk").values(), *ControlAnswer.objects.order_by("pk").values()]


def rebuild(*arguments: str) -> str:
    out = StringIO()
    call_command("rebuild", *arguments, stdout=out)
    return out.getvalue()


def test_a_rebuild_gives_what_the_last_fit_gave(answered: DataSet) -> None:
    before, written = derived(), ledger()
    assert Consensus.objects.filter(state=ConsensusState.ACCEPTED).exists()
    assert rebuild() == "Shades: 27 votes on 12 images, 3 people\n"
    assert derived() == before
    assert ledger() == written


def test_what_was_tampered_with_or_lost_comes_back(answered: DataSet) -> None:
    before = derived()
    Consensus.objects.filter(label=0).delete()
    Consensus.objects.update(label=0, posterior=[1.0, 0.0, 0.0])
    Reliability.objects.update(weight=0, counts={})
    Tag.objects.filter(source=Source.CROWD).delete()
    rebuild()
    assert derived() == before


def test_no_label_becomes_new_by_it(answered: DataSet) -> None:
    rebuild()
    for row in Consensus.objects.filter(state=ConsensusState.ACCEPTED):
        assert row.accepted_at == Vote.objects.filter(image=row.pk).latest("created_at").created_at


def test_who_is_blocked_stays_unheard_and_what_they_had_shown_stays(answered: DataSet, b: Annotator, rita) -> None:
    decision_make(annotator=b, verdict=Verdict.BLOCK, by=rita)
    before = derived()
    rebuild()
    assert derived() == before
    assert Reliability.objects.filter(annotator=b).exists()


def test_one_data_set_can_be_named(answered: DataSet, alice) -> None:
    dataset_create(owner=alice, name="Other", classes=[("a", ""), ("b", "")])
    assert rebuild("--dataset", "Other") == "Other: 0 votes on 0 images, 0 people\n"
    assert rebuild().splitlines()[1].startswith("Other")
    with pytest.raises(CommandError, match="There is no data set “Nothing”"):
        rebuild("--dataset", "Nothing")
