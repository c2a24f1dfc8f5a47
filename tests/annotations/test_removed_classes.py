"""A class that was removed keeps its column in every posterior, and nobody is asked about it."""

import pytest
from django.urls import reverse
from django.utils import timezone

from annotations.api.challenges import ChallengeOut
from annotations.challenges.registry import OFFERED
from annotations.challenges.tiles import AnswerError
from annotations.models import Annotator, Campaign, Consensus, ConsensusState
from annotations.selectors import campaign_of, keys_of
from annotations.services import candidates
from annotations.services.answering import challenge_answer
from annotations.services.issuing import challenge_issue, kinds_offered
from gallery.models import DataSet

pytestmark = pytest.mark.django_db
REMOVED = 1


@pytest.fixture
def fewer(shades: DataSet) -> DataSet:
    """Shades, of which «middle» was removed."""
    shades.classes.filter(index=REMOVED).update(removed_at=timezone.now())
    return shades


def test_the_others_keep_their_places(fewer: DataSet) -> None:
    assert keys_of(fewer) == [("d", "dark"), ("", ""), ("l", "light")]
    assert kinds_offered(fewer) == ["grid", "strip"]


def test_its_pictures_are_no_controls(fewer: DataSet, pictures, b: Annotator) -> None:
    for shade, image in enumerate(pictures(3, 0)):
        Consensus.objects.create(
            image=image, dataset=fewer, posterior=[], label=shade, confidence=1, votes=5, trusted=5,
            state=ConsensusState.ACCEPTED,
        )  # fmt: skip
    assert {control.truth for control in candidates.controls(fewer, b)} == {0, 2}
    assert len(candidates.controls(fewer, b)) == 50


@pytest.mark.parametrize("kind", OFFERED)
def test_it_is_never_asked_for(fewer: DataSet, pictures, b: Annotator, kind: str) -> None:
    pictures(30, 0, label=True)
    pictures(30, 2, label=True)
    Campaign.objects.filter(pk=campaign_of(fewer).pk).update(kinds=list(OFFERED))
    for _ in range(3):
        challenge = challenge_issue(dataset=fewer, annotator=b, kind=kind)
        assert REMOVED not in {challenge.target, *challenge.asked}


def test_a_strip_is_still_typed_and_lists_it_nowhere(fewer: DataSet, b: Annotator) -> None:
    challenge = challenge_issue(dataset=fewer, annotator=b, kind="strip")
    told = ChallengeOut(challenge, context={"dataset": fewer}).data
    assert "middle" not in told["prompt"]
    assert told["prompt"].startswith("Type one key a picture")
    assert [cls["name"] for cls in told["classes"]] == ["dark", "light"]
    with pytest.raises(AnswerError, match="isn't one of the keys"):
        challenge_answer(challenge=challenge, annotator=b, raw="m" * 10)
    for named in ("middle", "", REMOVED, str(REMOVED)):
        with pytest.raises(AnswerError):
            challenge_answer(challenge=challenge, annotator=b, raw=[named] * 10)
    challenge_answer(challenge=challenge, annotator=b, raw="l" * 10)
    assert set(challenge.votes.values_list("answer", flat=True)) == {2}


def test_a_correction_cannot_name_it(client, fewer: DataSet, pictures, bob) -> None:
    image = pictures(1, 0)[0]
    client.force_login(bob)
    client.post(reverse("image_correct", args=[image.pk]), {"label": REMOVED})
    assert client.post(f"/api/v1/images/{image.pk}/correction/", {"label": "middle"}).status_code == 400
    assert not image.votes.exists()


def test_with_one_class_left_nothing_is_offered(fewer: DataSet) -> None:
    fewer.classes.filter(index=0).update(removed_at=timezone.now())
    assert kinds_offered(fewer) == []
