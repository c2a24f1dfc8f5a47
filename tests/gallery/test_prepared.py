from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.db.models import CharField, UUIDField
from django.utils import timezone

from annotations.models import Annotator, Challenge, Consensus, QueueItem, Vote
from annotations.selectors import campaign_of
from gallery.models import DataSet, Image, LabelClass
from gallery.prepared import One, Prepared, PreparedUpdate, insert

pytestmark = pytest.mark.django_db

IMAGES = Prepared(
    lambda several: Image.objects.filter(pk__in=several("images")).order_by("pk").values_list("pk", "name")
)
NAMED = Prepared(lambda several: LabelClass.objects.filter(dataset=One("dataset"), name=One("name", CharField())))
KEYED = Prepared(lambda several: Annotator.objects.filter(key=One("key", UUIDField())))
SCORE = PreparedUpdate(lambda several: QueueItem.objects.filter(image__in=several("images")), "score", "leased_until")


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 13])
def test_lists_of_any_length_find_each_of_theirs_once(published: DataSet, n: int) -> None:
    images = list(published.images.order_by("pk")[:n])
    assert IMAGES.all(images=[image.pk for image in images]) == [(image.pk, image.name) for image in images]


def test_a_statement_serves_lists_of_about_the_same_length() -> None:
    rows = Prepared(lambda several: Image.objects.filter(pk__in=several("images")).values_list("pk"))
    for n in (5, 6, 7, 8):
        rows.all(images=list(range(n)))
    assert len(rows._statements) == 1


def test_an_empty_list_finds_nothing(published: DataSet) -> None:
    assert IMAGES.all(images=[]) == []
    assert SCORE.run(images=[], score=1.0, leased_until=None) == 0


def test_instances_are_as_the_query_set_would_make_them(published: DataSet) -> None:
    [found] = NAMED.objects(LabelClass, dataset=published.pk, name="dark")
    expected = published.classes.get(name="dark")
    assert found == expected
    assert {f.attname: getattr(found, f.attname) for f in LabelClass._meta.concrete_fields} == {
        f.attname: getattr(expected, f.attname) for f in LabelClass._meta.concrete_fields
    }
    assert not found._state.adding


def test_keys_times_and_documents_come_back_as_they_were_written(published: DataSet) -> None:
    annotator = Annotator.objects.create()
    [found] = KEYED.objects(Annotator, key=annotator.key)
    assert (found.key, found.created_at) == (annotator.key, annotator.created_at)
    assert KEYED.objects(Annotator, key=uuid4()) == []
    image = published.images.first()
    row = Consensus(image=image, dataset=published, posterior=[0.5, 0.5], label=0, confidence=0.5, votes=1, trusted=0)
    insert([row])
    assert Consensus.objects.get().posterior == [0.5, 0.5]


def test_what_is_given_is_a_value_and_never_sql(published: DataSet) -> None:
    assert NAMED.all(dataset=published.pk, name="' OR 1=1 --") == []


def test_an_update_changes_the_rows_it_names_and_no_others(published: DataSet) -> None:
    images = list(published.images.all()[:3])
    QueueItem.objects.bulk_create(QueueItem(dataset=published, image=image) for image in images)
    assert SCORE.run(images=[image.pk for image in images[:2]], score=0.25, leased_until=None) == 2
    assert sorted(QueueItem.objects.values_list("score", flat=True)) == [0.0, 0.25, 0.25]


def test_new_rows_are_written_and_where_there_is_one_it_is_updated(published: DataSet) -> None:
    campaign_of(published)
    images = list(published.images.all()[:2])

    def row(image: Image, votes: int) -> Consensus:
        return Consensus(
            image=image, dataset=published, posterior=[1.0], label=0, confidence=1.0, votes=votes, trusted=0
        )

    insert([row(images[0], 1)], unless="image_id", update=["votes"])
    insert([row(image, 5) for image in images], unless="image_id", update=["votes"])
    assert list(Consensus.objects.values_list("votes", flat=True)) == [5, 5]
    insert([])


def test_votes_that_are_inserted_obey_the_ledgers_constraint(published: DataSet) -> None:
    annotator = Annotator.objects.create()
    challenge = Challenge.objects.create(
        dataset=published, annotator=annotator, kind="strip", seed=1, expires_at=timezone.now()
    )
    vote = {"dataset": published, "annotator": annotator, "image": published.images.first(), "challenge": challenge}
    with pytest.raises(IntegrityError), transaction.atomic():
        insert([Vote(**vote, kind=0, answer=0), Vote(**vote, kind=0, answer=1)])


@pytest.mark.parametrize("posterior", [[], [1.0], [0.25, 0.25, 0.5]])
def test_a_list_that_is_one_value_is_written_as_it_is(published: DataSet, posterior: list[float]) -> None:
    image = published.images.first()
    insert([Consensus(image=image, dataset=published, posterior=[0], label=0, confidence=1.0, votes=1, trusted=0)])
    believed = PreparedUpdate(lambda several: Consensus.objects.filter(pk=One("pk")), "posterior")
    assert believed.run(pk=image.pk, posterior=posterior) == 1
    assert Consensus.objects.get().posterior == posterior
