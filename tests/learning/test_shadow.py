"""A challenger beside the champion, from the gate to the page."""

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.models import AuditEntry
from gallery.models import Image, Source, Tag
from gallery.services.images import image_label
from learning.models import ModelVersion, ShadowTag, VersionState
from learning.selectors import challenger_of, champion_of, policy_of
from learning.selectors_shadow import shadow_of, shadow_words
from learning.services import tagging
from learning.services.requests import run_request
from learning.services.serving import version_bring_back, version_shadow
from learning.services.training import run_execute


@pytest.fixture
def pair(serve, alice) -> tuple[ModelVersion, ModelVersion]:
    """The one that serves, and the one that was tried beside it."""
    challenger, champion = serve(), serve()
    challenger.refresh_from_db()
    version_shadow(version=challenger, by=alice)
    return champion, challenger


def train(dataset) -> ModelVersion:
    return run_execute(run_request(dataset=dataset, trigger="a test").pk).version


def shadowing(version: ModelVersion):
    return shadow_of(version, Image.objects.all())


def say(version, champion, image, label, champion_label) -> None:
    ShadowTag.objects.create(
        version=version, champion=champion, image=image,
        label=label, confidence=0.75, champion_label=champion_label, champion_confidence=0.5,
    )  # fmt: skip


def test_a_better_version_stands_beside_the_one_that_serves_where_the_policy_says_so(serve, learnable):
    champion = serve()  # which has learned nothing
    policy = policy_of(learnable)
    policy.shadow = True
    policy.save()
    better = train(learnable)
    assert (champion_of(learnable), challenger_of(learnable)) == (champion, better)
    assert better.reason.startswith("Passed, and tried beside it: the accuracy changes by")
    assert not Tag.objects.filter(source=Source.MODEL).exists() and better.promoted_at is None


def test_the_first_version_serves_at_once(learnable):
    policy = policy_of(learnable)
    policy.shadow = True
    policy.save()
    assert train(learnable).state == VersionState.CHAMPION


def test_what_it_would_tag_is_kept_beside_the_tag_and_shown_as_none(pair, arrive):
    champion, challenger = pair
    (image,) = arrive(1)
    kept = ShadowTag.objects.get(image=image)
    tag = Tag.objects.get(image=image)
    assert (kept.version, kept.champion, tag.version) == (challenger, champion, champion.number)
    assert kept.champion_label == tag.label.index
    assert kept.champion_confidence == pytest.approx(tag.confidence)
    assert 1 / 3 < kept.confidence <= 1


def test_a_challenger_that_fails_costs_no_tag(pair, arrive, caplog):
    challenger = pair[1]
    challenger.weights.storage.delete(challenger.weights.name)
    (image,) = arrive(1)
    assert Tag.objects.filter(image=image).exists() and not ShadowTag.objects.exists()
    assert "uploads_shadow failed for 1 uploads" in caplog.text


def test_a_stream_that_fails_costs_the_challenger_nothing(pair, arrive, monkeypatch):
    def broken(**_) -> None:
        raise RuntimeError("the stream is broken")

    broken.__name__ = "uploads_offer"
    monkeypatch.setattr(tagging, "uploads_offer", broken)
    arrive(2)
    assert ShadowTag.objects.count() == 2


def test_both_are_judged_by_what_people_have_named_since(pair, squares, dataset):
    champion, challenger = pair
    images = squares(5, 0)
    for image, label, other in zip(images, (0, 0, 0, 1, 2), (0, 1, 1, 1, 0), strict=True):
        say(challenger, champion, image, label, other)
    assert shadowing(challenger).compared is None
    assert "They say the same of 40% of 5 uploads. Who is right can't be told" in shadow_words(shadowing(challenger))
    for image in images[:4]:
        image_label(image=image, label=dataset.classes.get(index=0))
    found = shadowing(challenger)
    assert (found.n, found.agree, found.judged, found.right, found.champion_right) == (5, 2, 4, 3, 1)
    assert (found.confidence, found.champion_confidence) == (0.75, 0.5)
    assert found.compared.gain == 0.5
    assert [(one.image.pk, one.truth) for one in found.differing] == [
        (images[4].pk, None), (images[2].pk, "dark"), (images[1].pk, "dark")
    ]  # fmt: skip
    assert "version 1 is right on 3 and version 2 on 1: version 1 is better with probability" in shadow_words(found)


def test_it_is_compared_with_the_one_that_serves_now(pair, serve, squares):
    champion, challenger = pair
    (image,) = squares(1, 0)
    say(challenger, champion, image, 0, 1)
    third = serve()
    ModelVersion.objects.filter(pk=challenger.pk).update(state=VersionState.CHALLENGER)
    challenger.refresh_from_db()
    assert (shadowing(challenger).champion, shadowing(challenger).n) == (third, 0)
    ModelVersion.objects.filter(pk=challenger.pk).update(state=VersionState.RETIRED)
    challenger.refresh_from_db()
    assert (shadowing(challenger).champion, shadowing(challenger).n) == (champion, 1)
    assert shadowing(third) is None


def test_there_is_one_challenger_and_it_can_serve(pair, serve, alice):
    champion, first = pair
    second = serve()
    version_bring_back(version=champion, by=alice)
    version_shadow(version=first, by=alice)
    second.refresh_from_db()
    version_shadow(version=second, by=alice)
    first.refresh_from_db()
    assert (first.state, challenger_of(champion.dataset)) == (VersionState.RETIRED, second)
    version_bring_back(version=second, by=alice)
    assert (champion_of(champion.dataset), challenger_of(champion.dataset)) == (second, None)


def test_the_page_compares_and_the_owner_decides(client, pair, squares, dataset, alice, bob):
    champion, challenger = pair
    address = reverse("version", args=[dataset.pk, challenger.number])
    assert "Nothing has been uploaded yet since it stands beside version 2" in client.get(address).content.decode()
    (image,) = squares(1, 0)
    say(challenger, champion, image, 0, 1)
    client.force_login(alice)
    html = client.get(address).content.decode()
    assert "Tried beside it" in client.get(reverse("dataset_learning", args=[dataset.pk])).content.decode()
    assert "Challenger" in html and "Let it serve" in html and reverse("image", args=[image.pk]) in html
    end, begin = (reverse(name, args=[dataset.pk, 1]) for name in ("version_shadow_end", "version_shadow"))
    client.force_login(bob)
    assert client.post(end).status_code == 404 and challenger_of(dataset) == challenger
    client.force_login(alice)
    assert client.post(end).status_code == 302 and challenger_of(dataset) is None
    assert "Try it beside version 2" in client.get(address).content.decode()
    client.post(begin)
    assert challenger_of(dataset) == challenger
    latest, before = AuditEntry.objects.order_by("-pk").values_list("verb", flat=True)[:2]
    assert latest == "tried beside the champion"
    assert before == "no longer tries beside the champion"


def test_what_serves_cannot_stand_beside_itself(client, serve, dataset, alice):
    serve()
    client.force_login(alice)
    told = client.post(reverse("version_shadow", args=[dataset.pk, 1]), follow=True).content.decode()
    assert "It takes another version that serves" in told and champion_of(dataset).number == 1


def test_the_api_begins_tells_and_ends_it(serve, arrive, dataset, alice, bob):
    serve(), serve()
    client, at = APIClient(), f"/api/v1/datasets/{dataset.pk}/"
    client.force_authenticate(bob)
    assert client.post(f"{at}models/1/shadow/").status_code == 404
    client.force_authenticate(alice)
    assert client.post(f"{at}models/2/shadow/").status_code == 409
    assert client.post(f"{at}models/1/shadow/").json()["state"] == "challenger"
    arrive(2)
    told = client.get(f"{at}versions/1/").json()["shadow"]
    assert (told["champion"], told["n"], told["judged"], told["p_better"]) == (2, 2, 0, None)
    assert told["words"].endswith("people have named none of them yet.")
    assert client.delete(f"{at}models/1/shadow/").json()["state"] == "retired"
    assert client.get(f"{at}versions/2/").json()["shadow"] is None
