"""Classes come and go while people answer: what they said stays; what it comes to is of the classes that there are."""

import numpy as np
import pytest
from django.urls import reverse

from accounts.models import User
from annotations.challenges.registry import OFFERED
from annotations.models import Annotator, Campaign, Consensus, ConsensusState, ControlAnswer, QueueItem, Vote
from annotations.selectors import campaign_of, known_of
from annotations.services import candidates
from annotations.services.answering import challenge_answer
from annotations.services.consensus import consensus_refit, consensus_touch
from annotations.services.effects import decision_preview
from annotations.services.issuing import challenge_issue, kinds_offered
from annotations.services.refusals import ChallengeGone
from annotations.services.rulings import ruling_make
from annotations.services.votes import vote_correct
from annotations.timeline import read
from gallery.models import DataSet, Image, LabelClass, Source
from gallery.services.classes import class_add, class_remove, class_restore

pytestmark = pytest.mark.django_db
MIDDLE, PITCH = 1, 3


def name(image: Image, cls: int, *people: Annotator) -> Consensus:
    """Each of these people says that the image is of this class."""
    label = image.dataset.classes.get(index=cls)
    for person in people:
        vote_correct(image=image, label=label, annotator=person)
    return Consensus.objects.get(image=image)


def middle(dataset: DataSet) -> LabelClass:
    return dataset.classes.get(index=MIDDLE)


def crowd(image: Image) -> list[str]:
    return [str(tag.label) for tag in image.tags.filter(source=Source.CROWD)]


def test_an_image_that_was_begun_goes_on_with_one_class_more(dataset, alice, pictures, grade, b, c) -> None:
    grade([b, c])
    image = pictures(1, 0)[0]
    assert len(name(image, 0, b).posterior) == 3
    class_add(dataset=dataset, by=alice, name="pitch", key="p")
    agreed = name(image, 0, c)
    assert len(agreed.posterior) == 4 and agreed.state == ConsensusState.ACCEPTED
    consensus_refit(dataset=dataset)
    agreed.refresh_from_db()
    assert len(agreed.posterior) == 4 and (agreed.label, agreed.state) == (0, ConsensusState.ACCEPTED)


@pytest.mark.parametrize("refitted", [True, False])
def test_people_agree_on_a_new_class(dataset, alice, pictures, grade, b, c, refitted) -> None:
    grade([b, c])
    class_add(dataset=dataset, by=alice, name="pitch", key="p")
    if refitted:
        consensus_refit(dataset=dataset)
    image = pictures(1, 0)[0]
    assert name(image, PITCH, b, c).label == PITCH
    assert crowd(image) == ["pitch"]


def test_challenges_go_on_with_one_class_more(shades, alice, pictures, solve, b) -> None:
    solve(b)
    class_add(dataset=shades, by=alice, name="pitch", key="p")
    assert kinds_offered(shades) == ["grid", "strip"]
    assert solve(b).state == solve(b, kind="grid").state == "passed"
    consensus_refit(dataset=shades)
    assert decision_preview(annotator=b, verdict="block").votes == Vote.objects.count()


def test_what_was_agreed_on_a_removed_class_is_asked_again(dataset, alice, pictures, grade, b, c) -> None:
    grade([b, c])
    image = pictures(1, MIDDLE)[0]
    name(image, MIDDLE, b, c)
    class_remove(label=middle(dataset), by=alice)
    consensus_refit(dataset=dataset)
    assert not crowd(image) and not Consensus.objects.filter(image=image).exists()
    assert QueueItem.objects.filter(image=image).exists()
    assert Vote.objects.filter(image=image, answer=MIDDLE).count() == 2
    assert name(image, 2, b).trusted == 1
    assert name(image, 2, c).state == ConsensusState.ACCEPTED
    assert crowd(image) == ["light"]


def test_a_restored_class_has_its_votes_and_its_labels_back(dataset, alice, pictures, grade, b, c) -> None:
    grade([b, c])
    image, doubted = pictures(2, MIDDLE)
    name(image, MIDDLE, b, c)
    before = name(doubted, MIDDLE, b)
    consensus_refit(dataset=dataset)
    before.refresh_from_db()
    for change in (class_remove, class_restore):
        change(label=middle(dataset), by=alice)
        consensus_refit(dataset=dataset)
    after = Consensus.objects.get(image=doubted)
    assert (after.posterior, after.state) == (before.posterior, before.state)
    assert crowd(image) == ["middle"]


@pytest.mark.parametrize("refit", [True, False])
def test_no_belief_is_left_in_a_removed_class(dataset, alice, pictures, grade, b, c, refit) -> None:
    grade([b, c])
    image = pictures(1, MIDDLE)[0]
    name(image, MIDDLE, b)
    assert name(image, 0, c).posterior[MIDDLE] > 0.2
    class_remove(label=middle(dataset), by=alice)
    if refit:
        consensus_refit(dataset=dataset)
    else:
        consensus_touch(dataset=dataset, images=[image.pk])
    left = Consensus.objects.get(image=image)
    assert left.posterior[MIDDLE] == 0 and np.isclose(sum(left.posterior), 1, atol=1e-5)
    assert (left.label, left.votes, left.trusted, left.state) == (0, 1, 1, ConsensusState.OPEN)


def test_answers_to_controls_of_a_removed_class_still_tell_of_people(dataset, alice, pictures, grade, b) -> None:
    grade([b])
    before = b.reliabilities.get().accuracy
    class_remove(label=middle(dataset), by=alice)
    consensus_refit(dataset=dataset)
    assert ControlAnswer.objects.filter(truth=MIDDLE).exists()
    assert b.reliabilities.get().accuracy == pytest.approx(before, abs=0.02)
    assert read(dataset, known={}).votes.n_classes == 3


def test_a_ruling_for_a_removed_class_holds_no_more_and_holds_again(dataset, alice, pictures, rita, b) -> None:
    image = pictures(1, MIDDLE)[0]
    name(image, 0, b)
    ruling_make(image=image, label=middle(dataset), by=rita)
    assert crowd(image) == ["middle"]
    class_remove(label=middle(dataset), by=alice)
    consensus_refit(dataset=dataset)
    assert not crowd(image) and not known_of(dataset).ruled
    class_restore(label=middle(dataset), by=alice)
    consensus_refit(dataset=dataset)
    assert crowd(image) == ["middle"]


def test_people_are_asked_what_the_owner_had_named_so(client, shades, alice: User, b) -> None:
    gold = set(shades.images.filter(tags__label=middle(shades)).values_list("pk", flat=True))
    class_remove(label=middle(shades), by=alice)
    asked = {one.image_id for one in candidates.unknowns(shades, b, 100)}
    assert gold <= asked and not known_of(shades).owned.keys() & gold
    client.force_login(alice)
    address = reverse("dataset_gold", args=[shades.pk])
    pages = [client.get(address, {"page": page}).content.decode() for page in (1, 2, 3)]
    assert sum(page.count("Class removed") for page in pages) == len(gold)
    class_restore(label=middle(shades), by=alice)
    assert not gold & {one.image_id for one in candidates.unknowns(shades, b, 100)}


@pytest.mark.parametrize("kind", OFFERED)
def test_a_challenge_that_asks_for_a_removed_class_is_taken_back(shades, alice, answers, b, kind) -> None:
    Campaign.objects.filter(pk=campaign_of(shades).pk).update(kinds=list(OFFERED))
    for _ in range(20):
        challenge = challenge_issue(dataset=shades, annotator=b, kind=kind)
        asked = {challenge.target, *challenge.asked, *challenge.tiles.values_list("truth", flat=True)}
        if MIDDLE in asked:
            break
    raw = answers(challenge)
    class_remove(label=middle(shades), by=alice)
    with pytest.raises(ChallengeGone, match="removed meanwhile"):
        challenge_answer(challenge=challenge, annotator=b, raw=raw)
    challenge.refresh_from_db()
    assert challenge.state == "replaced" and not ControlAnswer.objects.exists()
