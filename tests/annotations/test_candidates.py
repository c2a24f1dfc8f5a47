"""Who may be asked what: known controls, unknowns worth asking, nothing twice, nothing of one's own."""

from datetime import timedelta

import pytest
from django.utils import timezone

from annotations.models import Annotator, Consensus, ConsensusState, QueueItem
from annotations.services import candidates
from annotations.services.annotators import annotator_join
from annotations.services.assembly import LIFETIME
from annotations.services.issuing import challenge_issue
from annotations.services.votes import vote_correct
from gallery.models import DataSet, Image, Source, Split, Tag

pytestmark = pytest.mark.django_db


def ids(found: list[candidates.Candidate]) -> set[int]:
    return {candidate.image_id for candidate in found}


def make_firm(image: Image, *, confidence: float = 0.995, state: str = ConsensusState.ACCEPTED) -> None:
    Consensus.objects.create(
        image=image,
        dataset=image.dataset,
        posterior=[confidence, 1 - confidence, 0],
        label=0,
        confidence=confidence,
        votes=2,
        trusted=2,
        state=state,
    )


def agree_on(image: Image) -> None:
    """As after more answers: firm, and not in the queue any more."""
    Consensus.objects.filter(image=image).update(confidence=0.995, state=ConsensusState.ACCEPTED)
    QueueItem.objects.filter(image=image).delete()


def test_gold_is_a_control_with_the_owners_word_for_truth(dataset: DataSet, pictures, b) -> None:
    gold = [pictures(1, shade, label=True)[0] for shade in range(3)]
    assert {(c.image_id, c.truth) for c in candidates.controls(dataset, b)} == {
        (image.pk, int(image.name)) for image in gold
    }


def test_firm_consensus_serves_as_a_control_but_not_for_those_who_made_it_firm(dataset, pictures, b, c) -> None:
    image = pictures(1, 0)[0]
    vote_correct(image=image, label=dataset.classes.get(index=0), annotator=b)
    agree_on(image)
    assert [(x.image_id, x.truth) for x in candidates.controls(dataset, c)] == [(image.pk, 0)]
    assert candidates.controls(dataset, b) == []


def test_those_who_made_it_firm_under_another_face_do_not_get_it_either(dataset, pictures, b) -> None:
    image, visitor = pictures(1, 0)[0], Annotator.objects.create()
    vote_correct(image=image, label=dataset.classes.get(index=0), annotator=visitor)
    agree_on(image)
    assert ids(candidates.controls(dataset, b)) == {image.pk}
    annotator_join(visitor=visitor, account=b)
    agree_on(image)
    assert candidates.controls(dataset, b) == []


def test_consensus_that_is_not_firm_is_no_control(dataset, pictures, b) -> None:
    shaky, contested = pictures(2, 0)
    make_firm(shaky, confidence=0.97)
    make_firm(contested, state=ConsensusState.CONTESTED)
    assert candidates.controls(dataset, b) == []


def test_evaluation_images_are_never_controls(dataset, pictures, b) -> None:
    labelled, agreed = pictures(2, 0, split=Split.EVALUATION)
    Tag.objects.create(image=labelled, source=Source.OWNER, label=dataset.classes.get(index=0))
    make_firm(agreed)
    assert candidates.controls(dataset, b) == []


@pytest.mark.parametrize("gone", ["withdrawn_at", "deleted_at"])
def test_withdrawn_and_deleted_images_are_shown_to_nobody(dataset, pictures, b, gone: str) -> None:
    pictures(1, 0, label=True)
    firm, *_ = pictures(3, 1)
    make_firm(firm)
    assert (len(candidates.controls(dataset, b)), len(candidates.unknowns(dataset, b, 9))) == (2, 2)
    Image.objects.update(**{gone: timezone.now()})
    assert (candidates.controls(dataset, b), candidates.unknowns(dataset, b, 9)) == ([], [])


def test_nobody_gets_an_image_twice_neither_as_control_nor_as_unknown(shades: DataSet, solve, b) -> None:
    seen = set(solve(b).tiles.values_list("image", flat=True))
    assert len(seen) == 10
    assert not seen & ids(candidates.controls(shades, b))
    assert not seen & ids(candidates.unknowns(shades, b, 50))


def test_what_somebody_saw_as_a_visitor_does_not_come_again_after_they_log_in(shades: DataSet, solve, b) -> None:
    visitor = Annotator.objects.create()
    seen = set(solve(visitor).tiles.values_list("image", flat=True))
    annotator_join(visitor=visitor, account=b)
    assert not seen & (ids(candidates.controls(shades, b)) | ids(candidates.unknowns(shades, b, 50)))


def test_what_somebody_named_on_its_page_is_not_asked_of_them(dataset, pictures, b, c) -> None:
    image = pictures(1, 0)[0]
    vote_correct(image=image, label=dataset.classes.get(index=0), annotator=b)
    assert candidates.unknowns(dataset, b, 9) == []
    assert ids(candidates.unknowns(dataset, c, 9)) == {image.pk}


def test_nobody_gets_their_own_uploads(dataset, pictures, bob, b, c) -> None:
    own = {image.pk for image in pictures(2, 0, label=True, by=bob) + pictures(2, 1, by=bob)}
    assert candidates.controls(dataset, b) + candidates.unknowns(dataset, b, 9) == []
    assert ids(candidates.controls(dataset, c) + candidates.unknowns(dataset, c, 9)) == own


def test_nobody_gets_their_own_uploads_under_another_face(dataset, pictures, bob, b) -> None:
    pictures(2, 0, label=True, by=bob)
    pictures(2, 1, by=bob)
    visitor = Annotator.objects.create(same_as=b)
    assert candidates.controls(dataset, visitor) + candidates.unknowns(dataset, visitor, 9) == []


def test_evaluation_is_asked_first_then_what_scores_highest(dataset, pictures, b) -> None:
    plain, urgent, evaluation = pictures(3, 0)
    for image, priority, score in ((plain, 0, 0.1), (urgent, 0, 0.9), (evaluation, 1, 0.0)):
        QueueItem.objects.create(image=image, dataset=dataset, priority=priority, score=score)
    asked = [candidate.image_id for candidate in candidates.unknowns(dataset, b, 3)]
    assert asked == [evaluation.pk, urgent.pk, plain.pk]


def test_a_short_queue_is_filled_up_at_random(dataset, pictures, b) -> None:
    first, *others = pictures(6, 0)
    QueueItem.objects.create(image=first, dataset=dataset, score=1)
    asked = [candidate.image_id for candidate in candidates.unknowns(dataset, b, 4)]
    assert asked[0] == first.pk
    assert len(set(asked)) == 4
    assert set(asked) <= {first.pk} | {image.pk for image in others}


def test_an_unknown_carries_the_models_guess(dataset, pictures, b) -> None:
    image = pictures(1, 0)[0]
    Tag.objects.create(image=image, source=Source.MODEL, label=dataset.classes.get(index=2), confidence=0.4)
    assert candidates.unknowns(dataset, b, 9) == [candidates.Candidate(image.pk, None, 2, confidence=0.4)]


@pytest.mark.parametrize("asks", [True, False])
def test_what_is_agreed_is_asked_again_where_the_queue_wants_it_and_is_no_control_then(
    dataset, pictures, b, asks: bool
) -> None:
    image = pictures(1, 0)[0]
    make_firm(image)
    if asks:
        QueueItem.objects.create(image=image, dataset=dataset)
    assert ids(candidates.unknowns(dataset, b, 9)) == ({image.pk} if asks else set())
    assert ids(candidates.controls(dataset, b)) == (set() if asks else {image.pk})


@pytest.mark.parametrize("state", [ConsensusState.CONTESTED, ConsensusState.SET_ASIDE])
def test_what_is_left_to_a_reviewer_is_not_asked_though_it_waits(dataset, pictures, b, state: str) -> None:
    image = pictures(1, 0)[0]
    make_firm(image, state=state)
    QueueItem.objects.create(image=image, dataset=dataset)
    assert candidates.unknowns(dataset, b, 9) == []


@pytest.mark.parametrize("state", [ConsensusState.ACCEPTED, ConsensusState.CONTESTED])
def test_what_is_settled_is_not_asked(dataset, pictures, b, state: str) -> None:
    make_firm(pictures(1, 0)[0], state=state)
    assert candidates.unknowns(dataset, b, 9) == []


def test_solvers_side_by_side_get_different_unknowns(shades: DataSet, b, c) -> None:
    asked = [
        set(challenge_issue(dataset=shades, annotator=person).tiles.filter(truth=None).values_list("image", flat=True))
        for person in (b, c)
    ]
    assert all(asked)
    assert not asked[0] & asked[1]


def test_a_lease_keeps_an_image_from_others_until_it_ends(dataset, pictures, b, c) -> None:
    image = pictures(1, 0)[0]
    assert ids(candidates.unknowns(dataset, b, 1)) == {image.pk}
    candidates.lease([image.pk], LIFETIME)
    assert candidates.unknowns(dataset, c, 1) == []
    candidates.lease([image.pk], timedelta(seconds=-1))
    assert ids(candidates.unknowns(dataset, c, 1)) == {image.pk}


def test_a_released_image_is_free_again(dataset, pictures, b, c) -> None:
    image = pictures(1, 0)[0]
    candidates.unknowns(dataset, b, 1)
    candidates.lease([image.pk], LIFETIME)
    candidates.release([image.pk])
    assert ids(candidates.unknowns(dataset, c, 1)) == {image.pk}


def test_finding_candidates_takes_as_many_queries_for_many_images_as_for_few(
    shades: DataSet, b, django_assert_max_num_queries
) -> None:
    with django_assert_max_num_queries(17):
        candidates.controls(shades, b)
        candidates.unknowns(shades, b, 10)
