"""One captcha answer, followed from the HTTP request to the training set of a promoted version."""

from django.test import Client

from annotations.models import Challenge, Consensus, ConsensusState, Reliability, Vote
from annotations.selectors import campaign_of, known_classes
from annotations.services.annotators import annotator_for
from gallery.models import DataSet, Source, Split
from learning.models import TrainingExample, VersionState
from learning.selectors import champion_of
from learning.services.requests import run_request
from learning.services.training import run_execute


def publish(dataset: DataSet) -> None:
    campaign = campaign_of(dataset)
    campaign.publication = "approved"
    campaign.save()


def answer_a_strip(client: Client, dataset: DataSet) -> Challenge:
    """Through the API; the eyes know the class by the file's name, which the API never sends."""
    address = f"/api/v1/datasets/{dataset.pk}/challenges/"
    issued = client.post(address, {"kind": "strip"}, content_type="application/json")
    assert issued.status_code == 201, issued.content
    challenge = Challenge.objects.get(pk=issued.json()["id"])
    keys = "dml"
    typed = "".join(keys[int(tile.image.name[0])] for tile in challenge.tiles.order_by("position"))
    answered = client.post(f"{address}{challenge.pk}/answer/", {"answer": typed}, content_type="application/json")
    assert answered.json()["passed"] is True
    return challenge


def test_a_captcha_answer_reaches_the_training_set_of_a_promoted_version(learnable, bob, charlie):
    publish(learnable)
    people = []
    for user in (bob, charlie):
        client = Client()
        client.force_login(user)
        people.append(client)
    # Both show themselves reliable, on controls that nobody told them from the rest.
    for _ in range(4):
        challenges = [answer_a_strip(client, learnable) for client in people]
    assert Reliability.objects.filter(trusted=True).count() == 2

    accepted = Consensus.objects.filter(state=ConsensusState.ACCEPTED, image__split=Split.POOL).first()
    vote = Vote.objects.filter(image=accepted.image, annotator=annotator_for(bob)).get()
    assert vote.challenge_id and vote.challenge.annotator == annotator_for(bob)
    assert vote.image_id not in known_classes(learnable)
    assert challenges[0].votes.exists()

    run = run_execute(run_request(dataset=learnable, trigger="a test").pk)
    version = champion_of(learnable)
    assert version.run == run and version.state == VersionState.CHAMPION
    row = TrainingExample.objects.get(run=run, image=vote.image_id)
    assert row.source == "crowd"
    assert row.target[vote.answer] == max(row.target) and row.target[vote.answer] > 0.9
    assert vote.image.tags.get(source=Source.CROWD).label.index == vote.answer
