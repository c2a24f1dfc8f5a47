import pytest

from annotations.models import AnswerKind, ControlAnswer, Vote
from annotations.services.agreement import agreement_refresh
from annotations.services.annotators import annotator_for
from annotations.services.consensus import consensus_refit


@pytest.fixture
def answered(dataset, add_images, bob, charlie) -> None:
    """Bob and Charlie have named six pictures, and differ on one."""
    images = add_images(3, 0) + add_images(3, 1)
    for person in (bob, charlie):
        for at, image in enumerate(images):
            says = 1 if person == charlie and at == 0 else at // 3
            Vote.objects.create(dataset=dataset, annotator=annotator_for(person), image=image, kind=0, answer=says)
    consensus_refit(dataset=dataset)


def address(dataset) -> str:
    return f"/api/v1/datasets/{dataset.pk}/agreement/"


def test_agreement_comes_with_its_interval_and_by_class(dataset, answered, alice, api):
    agreement_refresh(dataset=dataset)
    got = api(alice).get(address(dataset)).json()
    (asked,) = got["asked"]
    assert got["computed_at"]
    assert (asked["kind"], asked["questions"], asked["answers"]) == ("choices", 6, 12)
    # Krippendorff's worked sums: D_o = 2 / 12, D_e = 2 · 5 · 7 / (12 · 11).
    assert asked["alpha"]["value"] == pytest.approx(1 - (2 / 12) / (70 / 132), abs=1e-4)
    assert asked["alpha"]["low"] <= asked["alpha"]["value"] <= asked["alpha"]["high"]
    assert [row["index"] for row in asked["classes"]] == [0, 1]
    assert asked["cohen"] is None  # nobody shares thirty


def test_before_it_was_worked_out_there_is_none(dataset, answered, alice, api):
    got = api(alice).get(address(dataset)).json()
    assert (got["computed_at"], got["asked"]) == (None, [])
    assert got["savings"]["waiting"] == 6
    assert got["savings"]["further"] > 0


def test_a_reader_sees_it_and_a_stranger_finds_nothing(dataset, secret, bob, rita, api):
    assert api().get(address(dataset)).status_code == 200
    assert api(bob).get(address(dataset)).status_code == 200
    assert api().get(address(secret)).status_code == 404
    assert api(bob).get(address(secret)).status_code == 404
    assert api(rita).get(address(secret)).status_code == 200


def test_it_takes_as_many_queries_for_many_pictures_as_for_few(dataset, answered, add_images, alice, api, queries):
    client = api(alice)
    few = queries(client, address(dataset))
    bob = alice.datasets.get().images.first().votes.first().annotator
    for image in add_images(6, 2):
        Vote.objects.create(dataset=dataset, annotator=bob, image=image, kind=AnswerKind.CHOICE, answer=2)
    consensus_refit(dataset=dataset)
    assert queries(client, address(dataset)) == few


# ── What a person's answers show ─────────────────────────────────────────────────────────────────────────────────────


def test_a_reviewer_reads_what_somebodys_answers_show(dataset, answered, add_images, bob, rita, api):
    person, (control,) = annotator_for(bob), add_images(1, 0, label=True)
    for at in range(100):
        right = at < 70
        ControlAnswer.objects.create(
            dataset=dataset, annotator=person, image=control, kind=0, truth=0, answer=0 if right else 1 + at % 2,
            correct=right,
        )  # fmt: skip
    consensus_refit(dataset=dataset)
    (got,) = api(rita).get(f"/api/v1/review/annotators/{person.pk}/findings/").json()
    assert (got["dataset"], got["compared"]) == (dataset.pk, 6)
    assert got["agreement"] == pytest.approx(5 / 6)
    (drift,) = got["drift"]
    assert (drift["asked"], drift["since"]) == ("choices", 71)
    assert drift["peak"] > drift["threshold"]
    assert {row["name"] for row in got["patterns"]} >= {"choice_run", "choice_share"}
    assert got["partners"] == []


def test_nobody_else_may(dataset, answered, bob, api):
    person = annotator_for(bob)
    for caller in (None, bob):
        assert api(caller).get(f"/api/v1/review/annotators/{person.pk}/findings/").status_code in {401, 404}
