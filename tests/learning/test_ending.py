"""When asking ends by itself, what that leaves alone, and how its owner goes on."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from annotations.models import Annotator, AnswerKind, Campaign, Challenge, QueueItem, Vote
from annotations.selectors import campaign_of
from annotations.selectors import published as published_datasets
from annotations.services.annotators import annotator_for
from annotations.services.answering import challenge_answer
from annotations.services.campaigns import campaign_end, campaign_resume
from annotations.services.issuing import challenge_issue
from annotations.services.publication import NotNow
from annotations.services.refusals import NoChallenge
from gallery.models import DataSet, Image, Source, Split, Tag, Visibility
from gallery.work import WorkState
from learning.bench.rounds import simulate
from learning.models import ModelVersion, Retag, SamplingRound, TrainingRun, VersionState
from learning.score_files import from_pairs
from learning.selectors import policy_of
from learning.selectors_ending import answers_spent
from learning.services.ending import end_if_due
from learning.services.requests import round_request, run_request
from learning.services.resuming import asking_resume
from learning.services.scores import scores_import
from learning.services.tagging import retag_execute
from learning.services.ticking import tick, top_up_queue
from learning.views.ending import ending_of

pytestmark = pytest.mark.django_db
JUDGED = 200
SPENT = "The budget of 1,000 answers is spent."


@pytest.fixture
def judged(dataset: DataSet, alice) -> list[Image]:
    """Evaluation pictures with Alice's word, all of class 0; nobody looks at their files."""
    Image.objects.bulk_create(
        Image(
            dataset=dataset, uploader=alice, name=f"{n}.png", width=1, height=1, digest=f"{n:064}", split="evaluation"
        )
        for n in range(JUDGED)
    )
    images = list(dataset.images.order_by("pk"))
    label = dataset.classes.get(index=0)
    Tag.objects.bulk_create(Tag(image=image, source=Source.OWNER, label=label) for image in images)
    return images


@pytest.fixture
def version(dataset, judged):
    """A version as a run would leave it: right on so many of the judged pictures."""

    def make(right: int, labels: int, *, provisional: bool = False, images: int = JUDGED) -> ModelVersion:
        number = dataset.versions.count() + 1
        run = TrainingRun.objects.create(dataset=dataset, epochs=1, trigger="a test", state=WorkState.DONE)
        dataset.versions.filter(state=VersionState.CHAMPION).update(state=VersionState.RETIRED)
        made = ModelVersion(
            dataset=dataset, number=number, run=run, state=VersionState.CHAMPION, reason="a test",
            backbone="small_cnn", configuration={}, metrics={"accuracy": right / JUDGED}, labels=labels,
            provisional=provisional,
            predictions={str(image.pk): [int(n >= right), 0.9] for n, image in enumerate(judged[:images])},
        )  # fmt: skip
        made.weights.save(f"{number}.safetensors", ContentFile(b"weights"))
        return made

    return make


@pytest.fixture
def ended(dataset) -> DataSet:
    campaign_end(dataset=dataset, reason=SPENT)
    return dataset


def versions(make, *right: int, labels: tuple[int, ...] = (50, 100, 150, 200)) -> None:
    for rights, learned in zip(right, labels, strict=True):
        make(rights, learned)


def because(dataset: DataSet) -> str:
    end_if_due(dataset)
    return Campaign.objects.get(dataset=dataset).ended_because


def policy(dataset: DataSet, **fields) -> None:
    found = policy_of(dataset)
    for name, value in fields.items():
        setattr(found, name, value)
    found.save()


def answer(dataset: DataSet, image: Image, times: int = 1, *, asked: bool = True) -> None:
    """That many people say something of a picture, each in a challenge of their own, or unasked."""
    for _ in range(times):
        annotator = Annotator.objects.create()
        challenge = Challenge.objects.create(
            dataset=dataset, annotator=annotator, kind="grid", seed=1, state="passed", expires_at=timezone.now()
        )
        Vote.objects.create(
            dataset=dataset, annotator=annotator, image=image, kind=AnswerKind.CHOICE, answer=0,
            challenge=challenge if asked else None,
        )  # fmt: skip


class TestVersionsThatGetNoBetter:
    def test_end_it_with_the_figures(self, dataset, version):
        versions(version, 170, 170, 171, 171)
        reason = because(dataset)
        assert reason.startswith("Over the last 3 versions the accuracy went from 85.0% to 85.5%")
        assert "on 200 labels" in reason and "not significantly better" in reason
        assert campaign_of(dataset).ended_at is not None

    def test_do_not_end_it_while_they_get_better(self, dataset, version):
        versions(version, 120, 140, 150, 170)
        assert because(dataset) == ""
        assert campaign_of(dataset).ended_at is None
        assert ending_of(dataset).goes_on.startswith(
            "Asking goes on: over the last 3 versions the accuracy went from 60.0%"
        )

    def test_do_not_end_it_before_there_are_enough_of_them(self, dataset, version):
        versions(version, 170, 170, 170, labels=(50, 100, 150))
        assert because(dataset) == ""
        assert ending_of(dataset).goes_on == "Asking goes on: it takes 4 versions to tell, and there are 3."

    def test_do_not_end_it_where_they_learned_from_hardly_more_labels(self, dataset, version):
        versions(version, 170, 170, 170, 170, 170, labels=(90, 92, 95, 98, 100))
        assert because(dataset) == ""
        assert "hardly more labels" in ending_of(dataset).goes_on

    def test_are_compared_with_one_that_learned_from_fewer_labels_however_far_back(self, dataset, version):
        versions(version, 100, 150, 168, 170, 170, 170, labels=(10, 50, 95, 96, 98, 100))
        assert because(dataset) == ""
        assert "over the last 4 versions the accuracy went from 75.0% to 85.0%" in ending_of(dataset).goes_on

    def test_that_only_cross_validation_judged_say_nothing(self, dataset, version):
        for labels in (50, 100, 150, 200):
            version(170, labels, provisional=True)
        assert because(dataset) == ""
        assert "there are 0" in ending_of(dataset).goes_on

    def test_are_compared_on_what_all_of_them_were_judged_on(self, dataset, version):
        version(85, 50, images=100)
        for labels in (100, 150, 200):
            version(170, labels)
        assert because(dataset) == ""
        assert "85.0% to 100.0%" in ending_of(dataset).goes_on and "on 100 labels" in ending_of(dataset).goes_on

    def test_do_not_end_it_on_a_few_evaluation_labels(self, dataset, version):
        for labels in (50, 100, 150, 200):
            version(40, labels, images=50)
        assert because(dataset) == ""
        assert "50 evaluation labels are too few" in ending_of(dataset).goes_on

    def test_do_not_end_it_where_the_owner_said_so(self, dataset, version):
        versions(version, 170, 170, 170, 170)
        policy(dataset, stops=False)
        assert because(dataset) == ""
        assert ending_of(dataset).goes_on == ""

    def test_of_another_data_set_say_nothing(self, dataset, version, alice):
        versions(version, 170, 170, 170, 170)
        other = DataSet.objects.create(owner=alice, name="Another")
        assert because(other) == ""

    def test_are_compared_once_and_again_with_the_next(self, dataset, version, monkeypatch):
        looks = []
        from learning.services import ending

        real = ending.evaluation_labels
        monkeypatch.setattr(ending, "evaluation_labels", lambda dataset: looks.append(1) or real(dataset))
        versions(version, 120, 140, 150, 170)
        for _ in range(5):
            end_if_due(dataset)
        assert len(looks) == 1
        version(171, 250)
        end_if_due(dataset)
        assert len(looks) == 2


class TestABudget:
    def test_ends_it_when_it_is_spent(self, dataset, add_images):
        (image,) = add_images(1, 0)
        policy(dataset, budget=2)
        answer(dataset, image)
        assert because(dataset) == ""
        assert ending_of(dataset).goes_on.startswith("1 of 2 answers are spent. Asking goes on: ")
        answer(dataset, image)
        assert because(dataset) == "The budget of 2 answers is spent."

    def test_of_thousands_is_told_with_separators(self, dataset, monkeypatch):
        policy(dataset, budget=1000)
        monkeypatch.setattr("learning.selectors_ending.answers_spent", lambda dataset: 1000)
        assert because(dataset) == SPENT

    def test_is_spent_by_what_people_are_asked_alone(self, solver_of, published, add_images):
        """Neither by controls, nor by owners' words, nor by votes that nobody asked for."""
        challenge = solver_of(published)
        votes = Vote.objects.filter(challenge=challenge).count()
        assert 0 < votes < challenge.tiles.count()
        answer(published, published.images.last(), asked=False)
        assert answers_spent(published) == votes

    def test_goes_before_what_the_versions_say(self, dataset, version, judged):
        versions(version, 170, 170, 170, 170)
        policy(dataset, budget=1)
        answer(dataset, judged[0])
        assert because(dataset) == "The budget of 1 answer is spent."


@pytest.fixture
def solver_of(bob):
    """Bob solves one challenge."""

    def solve(dataset: DataSet) -> Challenge:
        annotator = annotator_for(bob)
        challenge = challenge_issue(dataset=dataset, annotator=annotator, kind="strip")
        challenge_answer(challenge=challenge, annotator=annotator, raw=right(challenge))
        return challenge

    return solve


def right(challenge: Challenge) -> str:
    return "".join("dml"[1 if tile.truth is None else tile.truth] for tile in challenge.tiles.order_by("position"))


class TestAnEndedCampaign:
    def test_asks_nobody_any_more(self, published, bob):
        campaign_end(dataset=published, reason=SPENT)
        assert not published_datasets().exists()
        with pytest.raises(NoChallenge, match="has ended"):
            challenge_issue(dataset=published, annotator=annotator_for(bob))

    def test_still_takes_the_answers_to_what_was_asked_before(self, published, bob):
        annotator = annotator_for(bob)
        challenge = challenge_issue(dataset=published, annotator=annotator, kind="strip")
        campaign_end(dataset=published, reason=SPENT)
        assert challenge_answer(challenge=challenge, annotator=annotator, raw=right(challenge)).passed
        assert Vote.objects.filter(challenge=challenge).exists()

    def test_empties_the_queue_but_for_what_is_held_or_begun(self, published, solver_of, bob):
        solver_of(published)
        begun = set(QueueItem.objects.exclude(image__consensus=None).values_list("image", flat=True))
        held, free = published.images.filter(split=Split.POOL, consensus=None, tags=None, queued=None)[:2]
        assert begun
        later = timezone.now() + timedelta(minutes=1)
        QueueItem.objects.create(dataset=published, image=held, leased_until=later)
        QueueItem.objects.create(dataset=published, image=free)
        campaign_end(dataset=published, reason=SPENT)
        assert set(QueueItem.objects.values_list("image", flat=True)) == begun | {held.pk}

    def test_chooses_no_more_rounds(self, ended, add_images):
        add_images(3, 0)
        with pytest.raises(NotNow, match="has ended"):
            round_request(dataset=ended)
        top_up_queue(ended)
        assert not SamplingRound.objects.exists()

    def test_is_left_alone_by_a_round_that_was_under_way(self, ended, add_images):
        (image,) = add_images(1, 0)
        QueueItem.objects.create(dataset=ended, image=image)
        tick()
        assert not QueueItem.objects.exists()

    def test_goes_on_learning(self, ended, version, monkeypatch):
        """A promotion re-tags, and asks for no round."""
        promoted = version(170, 50)
        monkeypatch.setattr("learning.services.tagging._retag", lambda retag: True)
        retag_execute(Retag.objects.create(version=promoted).pk)
        assert Retag.objects.get().state == WorkState.DONE
        assert not SamplingRound.objects.exists()
        assert run_request(dataset=ended, trigger="new labels") is not None

    def test_keeps_the_reason_and_the_time_that_it_ended_by_first(self, ended):
        before = campaign_of(ended).ended_at
        campaign_end(dataset=ended, reason="Another.")
        assert (campaign_of(ended).ended_at, campaign_of(ended).ended_because) == (before, SPENT)
        assert AuditEntry.objects.filter(verb="ended the campaign of").count() == 1

    def test_is_written_down_as_the_platforms_doing(self, ended, client, rita):
        entry = AuditEntry.objects.get()
        assert entry.actor is None and entry.detail["because"] == SPENT
        client.force_login(rita)
        html = client.get(reverse("audit_log")).content.decode()
        assert "the platform" in html and SPENT in html and "somebody erased" not in html


class TestGoingOn:
    def test_asks_again_from_a_new_round_on(self, ended, add_images, alice):
        add_images(3, 0)
        campaign = asking_resume(dataset=ended, by=alice)
        assert (campaign.ended_at, campaign.ended_because) == (None, "")
        assert campaign.resumed_at is not None
        assert SamplingRound.objects.get().state in {WorkState.WAITING, WorkState.DONE}
        assert AuditEntry.objects.filter(actor=alice, verb="went on asking about").exists()

    def test_is_judged_by_new_versions_alone(self, dataset, version, alice):
        versions(version, 170, 170, 170, 170)
        assert because(dataset)
        campaign_resume(dataset=dataset, by=alice)
        assert because(dataset) == ""
        versions(version, 170, 170, 170, labels=(250, 300, 350))
        assert because(dataset) == ""
        version(170, 400)
        assert "not significantly better" in because(dataset)

    def test_takes_a_budget_that_is_left(self, dataset, add_images, alice):
        (image,) = add_images(1, 0)
        policy(dataset, budget=1)
        answer(dataset, image)
        end_if_due(dataset)
        with pytest.raises(NotNow, match=r"The budget of 1 answer is spent\. Raise it first"):
            asking_resume(dataset=dataset, by=alice)
        assert campaign_of(dataset).ended_at is not None
        policy(dataset, budget=None)
        asking_resume(dataset=dataset, by=alice)
        assert because(dataset) == ""

    def test_takes_an_end(self, dataset, alice):
        with pytest.raises(NotNow, match="has not ended"):
            asking_resume(dataset=dataset, by=alice)


class TestTheTick:
    def test_ends_what_is_due(self, dataset, version):
        versions(version, 170, 170, 170, 170)
        tick()
        assert campaign_of(dataset).ended_at is not None
        assert not dataset.rounds.exists()

    def test_looks_at_what_has_not_changed_with_few_queries(self, dataset, version, django_assert_max_num_queries):
        versions(version, 120, 140, 150, 170)
        end_if_due(dataset)
        with django_assert_max_num_queries(4):
            end_if_due(dataset)
        campaign_end(dataset=dataset, reason=SPENT)
        with django_assert_max_num_queries(1):
            end_if_due(dataset)


def test_chance_falls_with_the_labels_the_champion_learned_from(dataset, version, add_images):
    policy(dataset, random_share=0.4, random_halving=100)
    assert round_request(dataset=dataset).random_share == 0.4
    version(170, 100)
    assert round_request(dataset=dataset).random_share == pytest.approx(0.2)
    policy(dataset, random_halving=0)
    assert round_request(dataset=dataset).random_share == 0.4


class TestASimulation:
    @pytest.fixture(autouse=True)
    def truth(self, monkeypatch):
        monkeypatch.setattr("learning.bench.rounds.whole_truth", lambda dataset: {})

    def test_is_not_ended_by_a_tick_meanwhile(self, dataset, monkeypatch):
        policy(dataset, strategy="margin", budget=1)
        seen = []

        def one_round(dataset, solvers, truth, number):
            found = policy_of(dataset)
            seen.append((found.strategy, found.stops, found.budget))

        monkeypatch.setattr("learning.bench.rounds._round", one_round)
        list(simulate(dataset, annotators=1, adversarial=0, strategy="entropy", rounds=2, seed=0))
        assert seen == [("entropy", False, None)] * 2
        found = policy_of(dataset)
        assert (found.strategy, found.stops, found.budget) == ("margin", True, 1)

    def test_of_an_ended_campaign_says_so_at_once(self, ended):
        with pytest.raises(CommandError, match="has ended"):
            call_command("simulate", dataset=ended.name, rounds=1)


class TestItsPages:
    @pytest.fixture
    def owner(self, client, alice):
        client.force_login(alice)
        return client

    def asked(self, client, dataset) -> str:
        return client.get(reverse("dataset_asked", args=[dataset.pk])).content.decode()

    def test_say_how_it_stands_before_it_ended(self, owner, dataset, version):
        assert "Asking goes on" not in self.asked(owner, dataset)
        versions(version, 120, 140, 150, 170)
        end_if_due(dataset)
        html = self.asked(owner, dataset)
        assert "Asking goes on: over the last 3 versions" in html and "Go on asking" not in html

    def test_say_that_and_why_it_ended(self, owner, ended):
        html = self.asked(owner, ended)
        assert "Asking has ended" in html and SPENT in html and "Go on asking" in html

    def test_refuse_to_choose_anew(self, owner, ended):
        html = owner.post(reverse("dataset_ask_anew", args=[ended.pk]), follow=True).content.decode()
        assert "Its campaign has ended" in html
        assert not SamplingRound.objects.exists()

    def test_let_the_owner_go_on(self, owner, ended):
        html = owner.post(reverse("dataset_resume", args=[ended.pk]), follow=True).content.decode()
        assert "People are asked again" in html and "Asking has ended" not in html
        again = owner.post(reverse("dataset_resume", args=[ended.pk]), follow=True).content.decode()
        assert "It has not ended" in again

    def test_let_nobody_else_go_on(self, client, ended, bob):
        address = reverse("dataset_resume", args=[ended.pk])
        assert client.post(address).status_code == 302
        client.force_login(bob)
        assert client.post(address).status_code == 404
        assert campaign_of(ended).ended_at is not None

    def test_tell_it_beside_the_campaigns_rule(self, owner, published):
        campaign_end(dataset=published, reason=SPENT)
        html = owner.get(reverse("dataset_campaign", args=[published.pk])).content.decode()
        assert "Ended" in html and SPENT in html and reverse("dataset_asked", args=[published.pk]) in html
        assert f"?dataset={published.pk}" not in html and 'id="campaign-withdraw"' in html

    def test_tell_everybody_that_nobody_is_asked_any_more(self, client, published):
        campaign_end(dataset=published, reason=SPENT)
        html = client.get(reverse("dataset_campaign", args=[published.pk])).content.decode()
        assert "People are not asked about these pictures any more." in html and SPENT not in html

    def test_answer_a_link_to_its_challenges_with_that(self, client, published):
        campaign_end(dataset=published, reason=SPENT)
        got = client.get(reverse("solve"), {"dataset": published.pk})
        assert got.status_code == 200 and "This campaign has ended" in got.content.decode()
        assert f'<option value="{published.pk}"' not in got.content.decode()
        assert not Challenge.objects.exists()

    def test_do_not_tell_of_a_private_one(self, client, published):
        campaign_end(dataset=published, reason=SPENT)
        DataSet.objects.update(visibility=Visibility.PRIVATE)
        assert client.get(reverse("solve"), {"dataset": published.pk}).status_code == 404


def test_scores_for_an_ended_campaign_are_refused_and_nothing_is_queued(dataset, squares, alice, client):
    images = squares(3, 0)
    campaign_end(dataset=dataset, reason="A test.")
    table = from_pairs([(f"id:{image.pk}", 0.5) for image in images])
    with pytest.raises(NotNow, match="has ended"):
        scores_import(dataset=dataset, table=table, by=alice)
    assert not QueueItem.objects.filter(dataset=dataset).exists()
    client.force_login(alice)
    file = SimpleUploadedFile("scores.csv", f"image,score\nid:{images[0].pk},1\n".encode())
    page = client.post(reverse("dataset_scores", args=[dataset.pk]), {"file": file})
    assert page.status_code == 422 and "has ended" in page.content.decode()
