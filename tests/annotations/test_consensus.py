"""What votes come to: an answer's quick update, and the full fit that reconciles it."""

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from annotations.models import (
    Annotator,
    AnswerKind,
    Campaign,
    Consensus,
    ConsensusState,
    Flag,
    QueueItem,
    Reliability,
    Vote,
)
from annotations.selectors import campaign_of
from annotations.services import beliefs
from annotations.services.consensus import consensus_refit, consensus_touch
from annotations.services.votes import vote_correct
from gallery.models import DataSet, Image, Source, Split, Tag

pytestmark = pytest.mark.django_db


def name(image: Image, cls: int, *people: Annotator) -> Consensus:
    """Each of these people says that the image is of this class."""
    label = image.dataset.classes.get(index=cls)
    for person in people:
        vote_correct(image=image, label=label, annotator=person)
    return Consensus.objects.get(image=image)


def strangers(n: int) -> list[Annotator]:
    return [Annotator.objects.create() for _ in range(n)]


def test_two_trusted_people_who_agree_settle_an_image(dataset: DataSet, pictures, grade, b, c) -> None:
    grade([b, c])
    image = pictures(1, 1)[0]
    QueueItem.objects.create(image=image, dataset=dataset)
    assert name(image, 1, b).state == ConsensusState.OPEN
    assert not image.tags.exists()
    agreed = name(image, 1, c)
    assert (agreed.state, agreed.label, agreed.votes, agreed.trusted) == (ConsensusState.ACCEPTED, 1, 2, 2)
    tag = image.tags.get()
    assert (tag.source, tag.label.index, tag.confidence) == (Source.CROWD, 1, agreed.confidence)
    assert not QueueItem.objects.filter(image=image).exists()


def test_strangers_alone_never_settle_an_image(dataset: DataSet, pictures) -> None:
    image = pictures(1, 1)[0]
    assert name(image, 1, *strangers(6)).state == ConsensusState.OPEN
    assert name(image, 1, *strangers(1)).state == ConsensusState.CONTESTED
    consensus_refit(dataset=dataset)
    assert Consensus.objects.get(image=image).state == ConsensusState.CONTESTED
    assert not Tag.objects.exists()


def test_two_trusted_people_who_disagree_settle_nothing(dataset: DataSet, pictures, grade, b, c) -> None:
    grade([b, c])
    image = pictures(1, 1)[0]
    name(image, 1, b)
    assert name(image, 2, c).state == ConsensusState.OPEN
    assert QueueItem.objects.filter(image=image).exists()


def test_an_image_asked_to_the_cap_is_contested_and_asked_no_more(dataset: DataSet, pictures) -> None:
    Campaign.objects.filter(pk=campaign_of(dataset).pk).update(cap=3)
    image = pictures(1, 1)[0]
    assert name(image, 0, *strangers(1)).state == ConsensusState.OPEN
    name(image, 1, *strangers(1))
    assert QueueItem.objects.filter(image=image).exists()
    assert name(image, 2, *strangers(1)).state == ConsensusState.CONTESTED
    assert not QueueItem.objects.filter(image=image).exists()
    assert not Tag.objects.exists()


def test_is_not_counts_toward_the_cap_as_the_part_of_an_answer_that_it_is(dataset: DataSet, pictures) -> None:
    """With three classes «not c» leaves two: half an answer each."""
    Campaign.objects.filter(pk=campaign_of(dataset).pk).update(cap=3)
    image = pictures(1, 1)[0]
    states = []
    for person in strangers(6):
        Vote.objects.create(dataset=dataset, annotator=person, image=image, kind=AnswerKind.NO, answer=0)
        consensus_touch(dataset=dataset, images=[image.pk])
        states.append(image_state(image))
    assert states == [ConsensusState.OPEN] * 5 + [ConsensusState.CONTESTED]
    posterior = Consensus.objects.get(image=image).posterior
    assert posterior[0] < posterior[1] == pytest.approx(posterior[2])


def image_state(image: Image) -> str:
    return Consensus.objects.get(image=image).state


def test_the_quick_update_and_the_full_fit_agree_on_labels(dataset: DataSet, pictures, grade) -> None:
    rng = np.random.default_rng(5)
    crowd = strangers(5)
    grade(crowd)
    images = [image for shade in range(3) for image in pictures(8, shade)]
    for image in images:
        for person in crowd[:4]:
            slips = rng.random() < 0.1
            name(image, (int(image.name) + slips) % 3, person)
    quick = dict(Consensus.objects.values_list("image", "label"))
    consensus_refit(dataset=dataset)
    assert quick == dict(Consensus.objects.values_list("image", "label")) == {i.pk: int(i.name) for i in images}


def test_a_second_fit_of_the_same_ledger_changes_nothing(shades: DataSet, solve, b, c) -> None:
    for person in (b, c, *strangers(2)):
        solve(person)
    consensus_refit(dataset=shades)
    before = list(Consensus.objects.order_by("pk").values())
    refit = consensus_refit(dataset=shades)
    assert (refit.changed, refit.images) == (0, len(before))
    assert list(Consensus.objects.order_by("pk").values()) == before


def test_since_when_an_image_is_agreed_survives_a_fit(dataset: DataSet, pictures, grade, b, c) -> None:
    grade([b, c])
    image = pictures(1, 1)[0]
    name(image, 1, b, c)
    since = timezone.now() - timedelta(days=3)
    Consensus.objects.filter(image=image).update(accepted_at=since)
    consensus_refit(dataset=dataset)
    assert Consensus.objects.get(image=image).accepted_at == since
    name(image, 1, *strangers(1))
    assert Consensus.objects.get(image=image).accepted_at == since


def test_a_change_of_mind_takes_back_what_was_agreed(dataset: DataSet, pictures, grade, b, c) -> None:
    grade([b, c])
    image = pictures(1, 1)[0]
    name(image, 1, b, c)
    changed = name(image, 2, c)
    assert (changed.state, changed.accepted_at, changed.votes) == (ConsensusState.OPEN, None, 2)
    assert not image.tags.exists()
    assert QueueItem.objects.filter(image=image).exists()


def test_who_always_lies_is_flagged_and_has_no_say_and_the_honest_keep_theirs(shades: DataSet, solve, b, c) -> None:
    for _ in range(3):
        solve(b, lambda truth: (truth + 1) % 3)
        solve(c)
    for fitted in (False, True):
        if fitted:
            consensus_refit(dataset=shades)
        liar, honest = (Reliability.objects.get(annotator=person) for person in (b, c))
        assert liar.weight == 0
        assert honest.weight > 0.9
        assert honest.trusted
        assert [flag.annotator for flag in Flag.objects.all()] == [b]


def test_a_liars_word_moves_no_posterior(dataset: DataSet, pictures, grade, b, c) -> None:
    grade([b])
    grade([c], right=False)
    image = pictures(1, 1)[0]
    before = name(image, 1, b).posterior
    assert name(image, 2, c).posterior == pytest.approx(before, abs=1e-6)


def test_disagreeing_with_what_others_made_firm_is_evidence_too(dataset: DataSet, pictures, grade, b) -> None:
    trusted = strangers(3)
    grade(trusted)
    for image in (image for shade in range(3) for image in pictures(6, shade)):
        name(image, int(image.name), *trusted)
        name(image, (int(image.name) + 1) % 3, b)
    consensus_refit(dataset=dataset)
    row = Reliability.objects.get(annotator=b)
    assert row.disagreed > 12 > 1 > row.agreed
    assert row.weight < 0.01
    assert Flag.objects.filter(annotator=b).exists()


def test_an_image_whose_owner_has_spoken_has_no_consensus_and_no_crowds_tag(dataset, pictures, grade, b, c) -> None:
    grade([b, c])
    image = pictures(1, 1)[0]
    name(image, 1, b, c)
    Tag.objects.create(image=image, source=Source.OWNER, label=dataset.classes.get(index=2))
    consensus_refit(dataset=dataset)
    assert not Consensus.objects.filter(image=image).exists()
    assert [tag.source for tag in image.tags.all()] == [Source.OWNER]
    assert Reliability.objects.get(annotator=b).disagreed == pytest.approx(1)


def test_an_evaluation_image_is_agreed_on_like_any_other_and_stays_evaluation(dataset, pictures, grade, b, c) -> None:
    grade([b, c])
    image = pictures(1, 1, split=Split.EVALUATION)[0]
    assert name(image, 1, b, c).state == ConsensusState.ACCEPTED
    image.refresh_from_db()
    assert image.split == Split.EVALUATION


def test_a_full_fit_writes_down_what_newcomers_look_like(shades: DataSet, solve, b, c) -> None:
    for person in (b, c):
        solve(person)
    consensus_refit(dataset=shades)
    campaign = Campaign.objects.get(dataset=shades)
    population = np.array(campaign.population)
    assert population.shape == (3, 3)
    assert np.allclose(population.sum(axis=1), 1)
    assert (population.argmax(axis=1) == range(3)).all()
    assert sum(campaign.class_prior) == pytest.approx(1)
    assert campaign.fitted_votes == Vote.objects.count()


def test_a_data_set_without_a_vote_can_be_fitted(dataset: DataSet) -> None:
    refit = consensus_refit(dataset=dataset)
    assert (refit.changed, refit.images) == (0, 0)


def test_another_data_sets_votes_play_no_part(dataset: DataSet, alice, pictures, grade, b) -> None:
    grade([b])
    image = pictures(1, 1)[0]
    alone = name(image, 1, b).posterior
    other = DataSet.objects.create(owner=alice, name="Other")
    for person in strangers(5):
        Vote.objects.create(dataset=other, annotator=person, image=image, kind=AnswerKind.CHOICE, answer=2)
    consensus_touch(dataset=dataset, images=[image.pk])
    assert Consensus.objects.get(image=image).posterior == alone


def meanwhile(monkeypatch, happens: Callable[[], object]) -> None:
    """While a full fit is worked out, after it has read the votes."""
    fitted = beliefs.fitted

    def slowly(*args):
        monkeypatch.undo()
        happens()
        return fitted(*args)

    monkeypatch.setattr(beliefs, "fitted", slowly)


def test_what_is_answered_during_a_full_fit_is_not_written_over(dataset, pictures, grade, b, c, monkeypatch) -> None:
    grade([b, c])
    image, other = pictures(2, 1)
    name(image, 1, b)
    name(other, 1, b)
    meanwhile(monkeypatch, lambda: name(image, 1, c))
    consensus_refit(dataset=dataset)
    assert Consensus.objects.get(image=image).state == ConsensusState.ACCEPTED
    assert (Consensus.objects.get(image=image).votes, Consensus.objects.get(image=other).votes) == (2, 1)


def test_of_two_full_fits_the_one_that_began_last_has_the_last_word(dataset, pictures, grade, b, c, monkeypatch):
    grade([b, c])
    image = pictures(1, 1)[0]
    name(image, 1, b, c)

    def blocked() -> None:
        Annotator.objects.filter(pk=c.pk).update(blocked_at=timezone.now())
        consensus_refit(dataset=dataset)

    meanwhile(monkeypatch, blocked)
    consensus_refit(dataset=dataset)
    assert Consensus.objects.get(image=image).votes == 1, "the first had still heard who is blocked now"
