"""What holds of any challenge of any kind, put together for somebody or ahead for whoever comes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotations.challenges import share
from annotations.challenges.registry import KINDS, OFFERED
from annotations.challenges.tiles import Candidate, Composed
from annotations.models import Annotator, Campaign, Challenge, ChallengeState, Publication, QueueItem, Tile
from annotations.selectors import campaign_of, faces_of
from annotations.services import candidates, shelf
from annotations.services.annotators import annotator_join
from annotations.services.answering import challenge_answer, composed_of
from annotations.services.asking import Asking
from annotations.services.assembly import LIFETIME, assemble, store
from annotations.services.issuing import challenge_issue
from gallery.models import DataSet, Image, Source, Tag

pytestmark = pytest.mark.django_db
CLASSES, UNKNOWNS = 3, 100
a_few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
a_few_of_each = settings(a_few, max_examples=4)
every_kind = pytest.mark.parametrize("kind", OFFERED)
kinds = st.sampled_from(list(OFFERED))


@contextmanager
def undone() -> Iterator[None]:
    """What an example writes is gone before the next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def pool(dataset: DataSet, pictures) -> DataSet:
    """70 gold pictures a class, and a hundred that the queue asks about, of most of which the model says something."""
    Campaign.objects.filter(pk=campaign_of(dataset).pk).update(kinds=list(OFFERED), publication=Publication.APPROVED)
    for shade in range(CLASSES):
        pictures(70, shade, label=True)
    unknown = pictures(UNKNOWNS, 1)
    QueueItem.objects.bulk_create(QueueItem(image=image, dataset=dataset, reason="a test") for image in unknown)
    classes = list(dataset.classes.all())
    Tag.objects.bulk_create(
        Tag(image=image, source=Source.MODEL, label=classes[i % CLASSES], confidence=0.6)
        for i, image in enumerate(unknown[:80])
    )
    dataset.images.update(thumbnail="of-none-of-them.webp")  # their tiles are drawn empty
    return dataset


def upload_by(user, dataset: DataSet, each: int) -> set[int]:
    """Every `each`th picture, controls as well as others, is theirs."""
    theirs = list(dataset.images.order_by("pk").values_list("pk", flat=True)[::each])
    Image.objects.filter(pk__in=theirs).update(uploader=user)
    return set(theirs)


def solve(challenge: Challenge, seen: int) -> None:
    """Somebody who takes everything for the same class, so that some pass and some fail."""
    raw = KINDS[challenge.kind].say(composed_of(challenge), [seen] * KINDS[challenge.kind].size)
    challenge_answer(challenge=challenge, annotator=challenge.annotator, raw=raw)
    # An hour passes: nobody is held up here for what they failed.
    Challenge.objects.filter(pk=challenge.pk).update(answered_at=challenge.issued_at.replace(year=2020))


@a_few
@given(
    asked=st.lists(st.tuples(kinds, st.sampled_from([None, 0, 1, 2]), st.booleans()), min_size=2, max_size=6),
    each=st.integers(4, 12),
)
def test_nobody_is_shown_a_picture_twice_nor_one_of_their_own(pool: DataSet, bob, b, c, asked, each) -> None:
    """Whichever kinds they are given, put together or from the shelf, answered or not, before and after they log in."""
    with undone():
        theirs, visitor = upload_by(bob, pool, each), Annotator.objects.create()
        for at, (kind, seen, ahead) in enumerate(asked):
            if ahead:
                challenge_issue(dataset=pool, annotator=c, kind=kind)
                shelf.stock(pool)
            if at == 1:
                annotator_join(visitor=visitor, account=b)
            challenge = challenge_issue(dataset=pool, annotator=b if at else visitor, kind=kind)
            if seen is not None:
                solve(challenge, seen)
        shown = Tile.objects.filter(challenge__annotator__in=faces_of(b)).values_list("image", flat=True)
        assert len(shown) == sum(KINDS[kind].size + KINDS[kind].references for kind, *_ in asked)
        assert len(set(shown)) == len(shown)
        later = Tile.objects.filter(challenge__annotator=b).values_list("image", flat=True)
        assert not theirs & set(later)


@pytest.mark.parametrize("kind", ["odd-one-out", "more-like-this", "grid"])
def test_what_was_assembled_ahead_is_whole_when_it_is_handed_over(pool: DataSet, b, c, kind: str) -> None:
    challenge_issue(dataset=pool, annotator=c, kind=kind)
    assert shelf.stock(pool) == 1
    ready = Challenge.objects.get(state=ChallengeState.READY)
    composed = composed_of(ready)
    challenge = challenge_issue(dataset=pool, annotator=b, kind=kind)
    assert challenge.pk == ready.pk
    assert composed_of(challenge) == composed
    assert len(composed.shown) == KINDS[kind].size + KINDS[kind].references
    assert (composed.reference is None) == (kind != "more-like-this")


def test_who_has_seen_an_example_is_not_handed_a_challenge_that_shows_it(pool: DataSet, b, c) -> None:
    challenge_issue(dataset=pool, annotator=c, kind="more-like-this")
    shelf.stock(pool)
    ready = Challenge.objects.get(state=ChallengeState.READY)
    example = ready.tiles.get(position=KINDS["more-like-this"].size)
    seen = challenge_issue(dataset=pool, annotator=b, kind="strip")
    seen.tiles.filter(position=0).update(image=example.image)
    assert challenge_issue(dataset=pool, annotator=b, kind="more-like-this").pk != ready.pk


@every_kind
@a_few_of_each
@given(doubt=st.floats(0, 1), left=st.sampled_from([0, 1, UNKNOWNS]))
def test_there_are_as_many_controls_as_the_verdict_or_the_share_takes(pool: DataSet, b, kind, doubt, left) -> None:
    with undone():
        some = QueueItem.objects.order_by("pk").values_list("image", flat=True)[left:]
        Image.objects.filter(pk__in=list(some)).update(withdrawn_at=b.created_at)
        controls, unknowns = candidates.controls(pool, b), candidates.unknowns(pool, b, KINDS[kind].size)
        composed = assemble(Asking(pool, kind, unknowns, doubt), controls, unknowns).composed
        check, asked = share.check(doubt), KINDS[kind]
        needed = asked.controls_needed(CLASSES, check)
        n = asked.n_questions - sum(tile.truth is None for tile in composed.tiles)
        assert needed <= n
        assert n <= check.controls_wanted(needed, asked.n_questions) or n == asked.n_questions - left


@every_kind
@a_few_of_each
@given(doubt=st.floats(0, 1))
def test_the_seed_that_is_stored_gives_the_challenge_that_is_stored(pool: DataSet, b, kind, doubt) -> None:
    with undone():
        controls, unknowns = candidates.controls(pool, b), candidates.unknowns(pool, b, KINDS[kind].size)
        assembled = assemble(Asking(pool, kind, unknowns, doubt), controls, unknowns)
        [row] = store(pool, [assembled], LIFETIME, annotator=b, expires_at=b.created_at)
        row.refresh_from_db()
        again = assemble(Asking(pool, kind, unknowns, row.doubt), controls, unknowns, row.seed)
        assert without_guesses(again.composed) == composed_of(row)


@every_kind
@a_few_of_each
@given(seed=st.integers(0, 2**31), order=st.randoms(use_true_random=False))
def test_ids_have_no_part_in_what_is_composed(pool: DataSet, b, kind, seed, order) -> None:
    """The same pool under other ids, with those of controls and unknowns exchanged, gives the same challenge."""
    controls, unknowns = candidates.controls(pool, b), candidates.unknowns(pool, b, KINDS[kind].size)
    old = [one.image_id for one in [*controls, *unknowns]]
    renamed = dict(zip(old, order.sample(old, len(old)), strict=True))

    def rename(one: Candidate) -> Candidate:
        return replace(one, image_id=renamed[one.image_id])

    first, second = (
        KINDS[kind].compose(c, u, CLASSES, share.STRANGER, np.random.default_rng(seed))
        for c, u in ((controls, unknowns), (list(map(rename, controls)), list(map(rename, unknowns))))
    )
    assert tuple(map(rename, first.shown)) == second.shown
    assert (first.target, first.asked) == (second.target, second.asked)


@every_kind
@a_few_of_each
@given(pick=st.randoms(use_true_random=False))
def test_what_api_and_page_say_is_the_same_with_a_control_and_an_unknown_exchanged(pool, bob, b, kind, pick) -> None:
    client = Client()
    client.force_login(bob)
    with undone():
        challenge = challenge_issue(dataset=pool, annotator=b, kind=kind)
        tiles = list(challenge.tiles.filter(position__lt=KINDS[kind].size))
        control = pick.choice([tile for tile in tiles if tile.truth is not None])
        unknown = pick.choice([tile for tile in tiles if tile.truth is None])
        before = told(client, challenge)
        Tile.objects.filter(pk=unknown.pk).update(truth=control.truth)
        Tile.objects.filter(pk=control.pk).update(truth=None)
        assert told(client, challenge) == before
        assert control.image.digest not in before[1]


def told(client: Client, challenge: Challenge) -> tuple[object, str]:
    """By the API, and by the page once more; without the time that is left, and the tokens of a form."""
    api = client.get(f"/api/v1/datasets/{challenge.dataset_id}/challenges/{challenge.pk}/").json()
    page = client.post(reverse("solve_report", args=[challenge.pk]), {}).content.decode()
    start = page.index("<fieldset") if "<fieldset" in page else page.index("challenge-ask")
    return api, page[start : page.index("data-timer")]


def without_guesses(composed: Composed) -> Composed:
    def plain(one: Candidate) -> Candidate:
        return Candidate(one.image_id, one.truth)

    reference = composed.reference and plain(composed.reference)
    return replace(composed, tiles=tuple(map(plain, composed.tiles)), reference=reference)
