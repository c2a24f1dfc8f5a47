"""The scoreboard: work by reliability; who tells nothing stands nowhere, and who doesn't want to neither."""

from datetime import timedelta
from uuid import uuid4

import numpy as np
import pytest
from django.urls import reverse
from django.utils import timezone

from annotations.models import (
    Annotator,
    AnswerKind,
    Campaign,
    Challenge,
    ControlAnswer,
    ImportedAnnotator,
    Publication,
    Reliability,
    Verdict,
    Vote,
)
from annotations.scoreboard import scoreboard
from annotations.selectors import campaign_of
from annotations.services.annotators import annotator_for, annotator_join
from annotations.services.consensus import consensus_refit
from annotations.services.contributions import contributions_if_due, contributions_refresh
from annotations.services.listing import listing_change
from annotations.services.review import decision_make
from annotations.services.suspicions import suspicions_refresh
from gallery.models import DataSet, Image

from .crowds import mixed, people

pytestmark = pytest.mark.django_db
CLASSES = 3


@pytest.fixture
def public(dataset: DataSet) -> DataSet:
    Campaign.objects.filter(pk=campaign_of(dataset).pk).update(publication=Publication.APPROVED)
    return dataset


class Crowd:
    """People who answer pictures and controls, one in five a control."""

    def __init__(self, dataset: DataSet, images: list[Image], gold: list[Image]) -> None:
        self.dataset, self.images, self.gold = dataset, images, gold

    def answers(self, person: Annotator, says, n: int, *, kind: int = AnswerKind.CHOICE, checked: bool = True) -> None:
        now = timezone.now()
        challenges = [
            Challenge(id=uuid4(), dataset=self.dataset, annotator=person, kind="strip", seed=1, expires_at=now)
            for _ in range(0, n, 10)
        ]
        Challenge.objects.bulk_create(challenges)
        rows = [
            Vote(
                dataset=self.dataset,
                annotator=person,
                image=image,
                challenge=challenges[at // 10],
                kind=kind,
                answer=says(image),
            )
            for at, image in enumerate(self.images[:n])
        ]
        Vote.objects.bulk_create(rows)
        controls = [self.gold[at % len(self.gold)] for at in range(n // 5 if checked else 0)]
        ControlAnswer.objects.bulk_create(
            ControlAnswer(
                dataset=self.dataset,
                annotator=person,
                image=image,
                kind=AnswerKind.CHOICE,
                truth=int(image.name),
                answer=(said := says(image)),
                correct=said == int(image.name),
            )
            for image in controls
        )

    def count(self) -> None:
        consensus_refit(dataset=self.dataset)
        suspicions_refresh(dataset=self.dataset)
        contributions_refresh(dataset=self.dataset)


@pytest.fixture
def crowd(public: DataSet, pictures) -> Crowd:
    gold = [image for shade in range(CLASSES) for image in pictures(10, shade, label=True)]
    return Crowd(public, mixed(pictures, 240), gold)


def honest(share: float, seed: int):
    rng = np.random.default_rng(seed)

    def says(image: Image) -> int:
        truth = int(image.name)
        return truth if rng.random() < share else (truth + int(rng.integers(1, CLASSES))) % CLASSES

    return says


def clicking(seed: int):
    rng = np.random.default_rng(seed)
    return lambda image: int(rng.integers(CLASSES))


def places(dataset: DataSet | None = None, *, lately: bool = False, you: Annotator | None = None):
    return scoreboard(dataset=dataset, lately=lately, you=you)


def visitor(person: Annotator) -> str:
    return f"Visitor {person.key.hex[:6]}"


def test_honest_people_rank_by_work_and_reliability_and_clicking_earns_nothing(crowd: Crowd) -> None:
    busy, careful, careless, little, random, constant, one, other = people(8)
    crowd.answers(busy, honest(0.95, 1), 240)
    crowd.answers(careful, honest(0.95, 2), 160)
    crowd.answers(careless, honest(0.75, 3), 160)
    crowd.answers(little, honest(0.95, 4), 60)
    crowd.answers(random, clicking(5), 240)
    crowd.answers(constant, lambda image: 1, 240)
    for colluding in (one, other):  # the same wrong answer to everything
        crowd.answers(colluding, lambda image: (int(image.name) + 1) % CLASSES, 240)
    crowd.count()
    board = places().places
    order = [place.name for place in board]
    assert order[:2] == [visitor(busy), visitor(careful)]
    assert order.index(visitor(careful)) < order.index(visitor(careless))
    assert order.index(visitor(careful)) < order.index(visitor(little))
    scores = {place.name: place.score for place in board}
    best = scores[visitor(busy)]
    assert best > 100
    for cheat in (random, constant, one, other):
        assert scores.get(visitor(cheat), 0) <= 0.02 * best
    assert [place.rank for place in board] == list(range(1, len(board) + 1))


def test_a_stranger_who_was_never_checked_stands_low_whatever_they_click(crowd: Crowd) -> None:
    honest_one, stranger = people(2)
    crowd.answers(honest_one, honest(0.95, 1), 240)
    crowd.answers(stranger, clicking(2), 240, checked=False)
    crowd.count()
    scores = {place.name: place.score for place in places().places}
    assert scores.get(visitor(stranger), 0) <= 0.02 * scores[visitor(honest_one)]


def test_no_is_the_part_of_an_answer_that_it_tells(crowd: Crowd) -> None:
    yes, no = people(2)
    crowd.answers(yes, honest(1.0, 1), 60)
    crowd.answers(no, lambda image: (int(image.name) + 1) % CLASSES, 60, kind=AnswerKind.NO)
    crowd.count()
    counted = {row.annotator_id: row.contribution.answers for row in Reliability.objects.all()}
    assert counted == {yes.pk: 60, no.pk: 30}


def test_the_last_seven_days_leave_out_what_is_older(crowd: Crowd) -> None:
    (person,) = people(1)
    crowd.answers(person, honest(1.0, 1), 100)
    crowd.count()
    assert places(lately=True).places == places().places
    eight_days = timezone.now() + timedelta(days=8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("annotations.services.contributions.timezone.now", lambda: eight_days)
        contributions_refresh(dataset=crowd.dataset)
    assert places(lately=True).places == []
    assert len(places().places) == 1


def test_corrections_and_imported_votes_earn_no_place(crowd: Crowd) -> None:
    corrector, worker = people(2)
    crowd.answers(worker, honest(1.0, 1), 100)
    ImportedAnnotator.objects.create(dataset=crowd.dataset, name="worker 1", annotator=worker)
    crowd.answers(corrector, honest(1.0, 2), 10)
    for _ in range(500):
        Vote.objects.create(
            dataset=crowd.dataset, annotator=corrector, image=crowd.images[0], kind=AnswerKind.CHOICE, answer=0
        )
    crowd.count()
    assert Reliability.objects.get(annotator=corrector).contribution.answers == 10
    assert visitor(worker) not in [place.name for place in places().places]


def test_of_one_data_set_and_of_all_that_the_public_is_asked_about(crowd: Crowd, secret_board) -> None:
    (person,) = people(1)
    crowd.answers(person, honest(1.0, 1), 100)
    crowd.count()
    assert len(places(crowd.dataset).places) == 1
    assert places(secret_board).places == []
    Campaign.objects.update(publication=Publication.CLOSED)
    assert places().places == []


@pytest.fixture
def secret_board(alice) -> DataSet:
    return DataSet.objects.create(owner=alice, name="Secret")


# ── Names, and who is not there ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def bob_stands(crowd: Crowd, b: Annotator) -> Annotator:
    crowd.answers(b, honest(1.0, 1), 100)
    crowd.count()
    return b


def names(you: Annotator | None = None) -> list[str]:
    return [place.name for place in places(you=you).places]


def test_nobody_stands_there_by_a_name_that_they_did_not_choose(bob_stands) -> None:
    assert names() == [f"Volunteer {bob_stands.key.hex[:6]}"]
    listing_change(annotator=bob_stands, listed=True, public_name="Bee")
    assert names() == ["Bee"]


def test_opting_out_works_at_once_and_for_all_faces(bob_stands, crowd) -> None:
    listing_change(annotator=bob_stands, listed=False, public_name="Bee")
    assert (names(), names(you=bob_stands)) == ([], [])
    assert places(you=bob_stands).own is None


def test_a_visitor_who_opted_out_is_not_listed_after_logging_in(bob_stands) -> None:
    guest = Annotator.objects.create()
    listing_change(annotator=guest, listed=False, public_name="")
    annotator_join(visitor=guest, account=bob_stands)
    assert names() == []
    listing_change(annotator=bob_stands, listed=True, public_name="")
    assert len(names()) == 1


def test_who_is_blocked_is_not_listed(bob_stands, rita) -> None:
    decision_make(annotator=bob_stands, verdict=Verdict.BLOCK, by=rita)
    assert names() == []
    decision_make(annotator=bob_stands, verdict=Verdict.REINSTATE, by=rita)
    assert len(names()) == 1


def test_who_is_further_down_sees_their_own_place(crowd: Crowd, monkeypatch) -> None:
    first, second = people(2)
    crowd.answers(first, honest(1.0, 1), 200)
    crowd.answers(second, honest(1.0, 2), 50)
    crowd.count()
    monkeypatch.setattr("annotations.scoreboard.SHOWN", 1)
    board = places(you=second)
    assert [place.name for place in board.places] == [visitor(first)]
    assert (board.own.rank, board.own.you) == (2, True)
    assert places(you=first).own is None


# ── When it is counted ───────────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_counted_in_the_background_where_something_was_answered(crowd: Crowd, b) -> None:
    assert contributions_if_due(dataset=crowd.dataset)
    assert not contributions_if_due(dataset=crowd.dataset)
    long_ago = timezone.now() - timedelta(minutes=11)
    Campaign.objects.update(contributions_at=long_ago)
    assert not contributions_if_due(dataset=crowd.dataset)
    crowd.answers(b, honest(1.0, 1), 10)
    assert contributions_if_due(dataset=crowd.dataset)
    Campaign.objects.update(contributions_at=timezone.now() - timedelta(minutes=61))
    assert contributions_if_due(dataset=crowd.dataset)


def test_looking_takes_as_many_queries_for_many_as_for_few(crowd: Crowd, client, django_assert_max_num_queries) -> None:
    for number, person in enumerate(people(6)):
        crowd.answers(person, honest(1.0, number), 60)
    crowd.count()
    with django_assert_max_num_queries(4):
        assert len(places().places) == 6


# ── The page ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_page_tells_nobodys_reliability_and_says_who_you_are(bob_stands, client, bob) -> None:
    client.force_login(bob)
    html = client.get(reverse("solve_scoreboard"), {"span": "all"}).content.decode()
    assert f"<b>Volunteer {bob_stands.key.hex[:6]}</b> (you)" in html
    assert "accuracy" not in html.lower()
    assert "Bob" not in html.split("<main")[1]


def test_an_empty_board_says_what_it_takes(public, client) -> None:
    html = client.get(reverse("solve_scoreboard")).content.decode()
    assert "Nobody stands here yet" in html
    assert "You have answered nothing yet" in html
    assert not Annotator.objects.exists()


def test_a_board_of_what_the_public_may_not_see_does_not_exist(public, client, secret_board) -> None:
    for query in ({"dataset": secret_board.pk}, {"dataset": "x"}, {"span": "year"}):
        assert client.get(reverse("solve_scoreboard"), query).status_code == 404


def test_an_account_chooses_its_name_and_a_bad_one_is_told(bob_stands, client, bob, charlie) -> None:
    client.force_login(bob)
    listing = reverse("scoreboard_listing")
    annotator_for(charlie)
    Annotator.objects.filter(user=charlie).update(public_name="Bee")
    for bad, why in (
        ("bee", "Somebody has that name"),
        ("Charlie", "Somebody has that name"),
        ("Visitor 123456", "given to those who choose none"),
        ("x", "at least 2"),
        ("a\u202eb", "can be seen"),
    ):
        response = client.post(listing, {"listed": "on", "public_name": bad})
        assert response.status_code == 422
        assert why in response.content.decode()
    client.post(listing, {"listed": "on", "public_name": "  Busy   Bob "})
    bob_stands.refresh_from_db()
    assert bob_stands.public_name == "Busy Bob"


def test_a_visitor_opts_out_on_the_scoreboard_and_has_no_name_to_choose(published, client) -> None:
    client.get(reverse("solve"))
    html = client.get(reverse("solve_scoreboard")).content.decode()
    assert "Show me on the scoreboard" in html
    assert "public_name" not in html
    client.post(reverse("scoreboard_listing"), {"public_name": "Mallory"})
    row = Annotator.objects.get()
    assert (row.unlisted, row.public_name) == (True, "")


def test_who_never_answered_changes_nothing(public, client) -> None:
    response = client.post(reverse("scoreboard_listing"), {"listed": "on"})
    assert "You have answered nothing yet" in response.content.decode()
    assert not Annotator.objects.exists()
