"""The ledger is written once, and read one person, one say."""

import numpy as np
import pytest
from django.db import IntegrityError, transaction

from annotations import ledger
from annotations.consensus.votes import UNKNOWN
from annotations.models import Annotator, AnswerKind, ControlAnswer, Decision, Verdict, Vote
from annotations.services.annotators import annotator_join
from annotations.services.votes import vote_correct
from gallery.models import DataSet

pytestmark = pytest.mark.django_db


@pytest.fixture
def vote(dataset: DataSet, pictures, b) -> Vote:
    image = pictures(1, 0)[0]
    return vote_correct(image=image, label=dataset.classes.get(index=0), annotator=b)


@pytest.fixture
def rows(dataset: DataSet, vote: Vote, b, rita) -> list:
    """One of each kind of ledger row."""
    control = ControlAnswer.objects.create(
        dataset=dataset, annotator=b, image=vote.image, kind=0, answer=1, truth=1, correct=True
    )
    return [vote, control, Decision.objects.create(annotator=b, verdict=Verdict.CLEAR, decided_by=rita)]


def test_a_row_can_not_be_edited_or_deleted(rows) -> None:
    for row in rows:
        with pytest.raises(TypeError, match="never edited"):
            row.save()
        with pytest.raises(TypeError, match="never edited"):
            row.save(update_fields=["created_at"])
        with pytest.raises(TypeError, match="never deleted"):
            row.delete()


def test_no_query_edits_or_deletes_rows(rows) -> None:
    for row in rows:
        table = type(row).objects
        with pytest.raises(TypeError, match="never edited"):
            table.filter(pk=row.pk).update(annotator=None)
        with pytest.raises(TypeError, match="never edited"), transaction.atomic():
            table.bulk_update([row], ["annotator"])
        with pytest.raises(TypeError, match="never edited"):
            table.update_or_create(pk=row.pk, defaults={"annotator": row.annotator})
        with pytest.raises(TypeError, match="never deleted"):
            table.all().delete()
        assert table.filter(pk=row.pk, annotator__isnull=False).exists()


def test_an_upsert_does_not_edit_either(vote: Vote) -> None:
    again = Vote(
        pk=vote.pk, dataset_id=vote.dataset_id, annotator_id=vote.annotator_id, image_id=vote.image_id, kind=0, answer=2
    )
    with pytest.raises(TypeError, match="never edited"):
        Vote.objects.bulk_create([again], update_conflicts=True, unique_fields=["id"], update_fields=["answer"])
    with pytest.raises(IntegrityError), transaction.atomic():
        again.save()
    assert Vote.objects.get().answer == 0


def test_a_related_manager_does_not_edit_either(vote: Vote, shades: DataSet, solve, c) -> None:
    challenge = solve(c)
    for change in (
        lambda: challenge.votes.clear(),
        lambda: challenge.votes.add(vote),
        lambda: vote.image.votes.all().delete(),
        lambda: vote.annotator.votes.update(answer=2),
    ):
        with pytest.raises(TypeError, match="ledger"):
            change()
    assert Vote.objects.get(pk=vote.pk).challenge is None


def test_what_a_row_speaks_of_can_not_be_deleted_under_it(vote: Vote) -> None:
    for owner in (vote.image, vote.annotator, vote.dataset):
        with pytest.raises(IntegrityError), transaction.atomic():
            owner.delete()


def test_a_tile_takes_one_vote(shades: DataSet, solve, b) -> None:
    voted = solve(b).votes.first()
    with pytest.raises(IntegrityError), transaction.atomic():
        Vote.objects.create(
            dataset=shades, annotator=b, image=voted.image, challenge=voted.challenge, kind=0, answer=voted.answer
        )


def test_the_latest_of_a_persons_votes_counts(dataset: DataSet, vote: Vote, b) -> None:
    vote_correct(image=vote.image, label=dataset.classes.get(index=2), annotator=b)
    book = ledger.read(dataset, known={})
    assert Vote.objects.count() == 2
    assert (book.votes.answer.tolist(), book.people, book.images) == ([2], [b.pk], [vote.image_id])


def test_two_faces_are_one_person(dataset: DataSet, vote: Vote, b) -> None:
    visitor = Annotator.objects.create()
    vote_correct(image=vote.image, label=dataset.classes.get(index=1), annotator=visitor)
    assert len(ledger.read(dataset, known={}).people) == 2
    annotator_join(visitor=visitor, account=b)
    book = ledger.read(dataset, known={})
    assert (book.people, book.votes.answer.tolist()) == ([b.pk], [1])


def test_who_is_left_out_has_no_say_and_leaves_the_others_theirs(dataset: DataSet, vote: Vote, b, c) -> None:
    vote_correct(image=vote.image, label=dataset.classes.get(index=1), annotator=c)
    book = ledger.read(dataset, known={}, without=[b.pk])
    assert (book.people, book.votes.answer.tolist()) == ([c.pk], [1])


def test_control_answers_are_votes_on_items_of_known_class_and_on_no_image(dataset: DataSet, rows, b) -> None:
    book = ledger.read(dataset, known={})
    image = rows[0].image_id
    assert (book.images, book.votes.n_items) == ([image], 1 + 3)
    assert book.clamped.tolist() == [UNKNOWN, 0, 1, 2]
    assert book.on_images.tolist() == [True, False]
    assert book.clamped[book.votes.item[~book.on_images]].tolist() == [1]
    alone = ledger.read(dataset, known={image: 2}, images=[image])
    assert (len(alone.votes), alone.clamped[0]) == (1, 2)


def test_one_persons_control_answers_cover_all_their_faces(dataset: DataSet, rows, b) -> None:
    visitor = Annotator.objects.create(same_as=b)
    ControlAnswer.objects.create(
        dataset=dataset, annotator=visitor, image=rows[0].image, kind=AnswerKind.NO, answer=0, truth=2, correct=True
    )
    controls = ledger.controls_of(dataset, b.pk, 3)
    assert sorted(zip(controls.item.tolist(), controls.kind.tolist(), strict=True)) == [(1, 0), (2, 2)]


def test_an_empty_ledger_is_no_trouble(dataset: DataSet) -> None:
    book = ledger.read(dataset, known={})
    assert (len(book.votes), book.people, book.images) == (0, [], [])
    assert np.array_equal(book.clamped, [0, 1, 2])


def test_reading_takes_as_many_queries_for_many_votes_as_for_one(
    dataset: DataSet, vote: Vote, pictures, django_assert_num_queries, c
) -> None:
    for image in pictures(5, 1):
        vote_correct(image=image, label=dataset.classes.get(index=1), annotator=c)
    with django_assert_num_queries(5):
        book = ledger.read(dataset, known={})
    assert len(book.votes) == 6
