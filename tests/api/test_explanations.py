import pytest
from django.core.files.base import ContentFile

from gallery.models import DataSet, Image, Source, Tag, Visibility
from learning.models import Explanation, ModelVersion, TrainingRun, VersionState
from learning.services.explanations import MOST_WAITING


@pytest.fixture
def image(add_images) -> Image:
    return add_images(1, 2)[0]


@pytest.fixture
def version(dataset: DataSet, image: Image) -> ModelVersion:
    """It serves, and says that the picture is light."""
    run = TrainingRun.objects.create(dataset=dataset, epochs=1, trigger="a test", state="done")
    Tag.objects.create(image=image, source=Source.MODEL, label=dataset.classes.get(name="light"), version=7)
    return ModelVersion.objects.create(
        dataset=dataset, number=7, run=run, state=VersionState.CHAMPION, reason="first", backbone="small_cnn",
        configuration={}, metrics={"accuracy": 0.9}, labels=10, weights="models/7.safetensors",
    )  # fmt: skip


def address(image: Image, then: str = "") -> str:
    return f"/api/v1/images/{image.pk}/explanations/{then}"


def finish(row_id: int, png: bytes = b"PNG") -> Explanation:
    row = Explanation.objects.get(pk=row_id)
    row.picture.save("x.png", ContentFile(png), save=False)
    row.state, row.facts = "done", {"fit": 0.9}
    row.save()
    return row


def test_asking_is_accepted_and_waits_for_a_worker(image, version, bob, api):
    got = api(bob).post(address(image), {"kind": "lime"})
    assert got.status_code == 202
    row = got.json()
    assert (row["kind"], row["label"], row["version"], row["state"]) == ("lime", "light", 7, "waiting")
    assert (row["facts"], row["picture"], row["error"]) == ({}, None, "")
    assert Explanation.objects.get().asked_by == bob


def test_a_class_is_asked_about_by_its_name(image, version, bob, api):
    assert api(bob).post(address(image), {"kind": "lime", "label": "DARK"}).json()["label"] == "dark"
    assert api(bob).post(address(image), {"kind": "similar", "label": "dark"}).json()["label"] is None


def test_what_is_done_has_facts_and_a_picture(image, version, bob, api):
    row = finish(api(bob).post(address(image), {"kind": "lime"}).json()["id"])
    again = api(bob).post(address(image), {"kind": "lime"})
    assert again.status_code == 202 and again.json()["id"] == row.pk
    (listed,) = api().get(address(image)).json()["results"]
    assert (listed["state"], listed["facts"]) == ("done", {"fit": 0.9})
    got = api().get(listed["picture"])
    assert (got["Content-Type"], b"".join(got.streaming_content)) == ("image/png", b"PNG")


def test_the_list_is_filtered_by_kind_and_by_class(image, version, bob, api):
    client = api(bob)
    for kind, label in (("lime", "light"), ("lime", "dark"), ("occlusion", "dark"), ("similar", "dark")):
        client.post(address(image), {"kind": kind, "label": label})

    def found(query: str) -> list[tuple[str, str | None]]:
        return [(row["kind"], row["label"]) for row in client.get(address(image, query)).json()["results"]]

    assert found("?kind=lime") == [("lime", "dark"), ("lime", "light")]
    assert found("?label=dark") == [("occlusion", "dark"), ("lime", "dark")]
    assert found("?kind=similar") == [("similar", None)]
    for query in ("?kind=magic", "?label=cat"):
        assert client.get(address(image, query)).status_code == 400


def test_a_list_takes_as_many_queries_for_four_as_for_two(image, version, bob, api, queries):
    for kind in ("lime", "occlusion"):
        api(bob).post(address(image), {"kind": kind})
    few = queries(api(), address(image))
    for kind in ("grad_cam", "similar"):
        api(bob).post(address(image), {"kind": kind})
    assert queries(api(), address(image)) == few


@pytest.mark.parametrize(
    ("sent", "field"),
    [({}, "kind"), ({"kind": "magic"}, "kind"), ({"kind": "lime", "label": "cat"}, "label"), ({"kind": 1}, "kind")],
)
def test_nonsense_is_told_by_field(image, version, bob, api, sent, field):
    got = api(bob).post(address(image), sent)
    assert got.status_code == 400 and field in got.json()["errors"]
    assert not Explanation.objects.exists()


def test_where_no_model_serves_there_is_a_conflict(image, bob, api):
    got = api(bob).post(address(image), {"kind": "lime"})
    assert got.status_code == 409 and "No model" in got.json()["detail"]


def test_too_many_at_once_are_refused(image, version, bob, api, add_images):
    for other in add_images(MOST_WAITING, 0):
        Explanation.objects.create(image=other, version=version, kind="similar", asked_by=bob)
    got = api(bob).post(address(image), {"kind": "lime"})
    assert got.status_code == 429 and "20 explanations" in got.json()["detail"]
    assert got["Content-Type"] == "application/problem+json"


def test_a_visitor_reads_and_does_not_ask(image, version, bob, api):
    row = finish(api(bob).post(address(image), {"kind": "lime"}).json()["id"])
    assert api().post(address(image), {"kind": "occlusion"}).status_code == 401
    assert api().get(address(image)).json()["count"] == 1
    DataSet.objects.update(visibility=Visibility.PRIVATE)
    for then in ("", f"{row.pk}/picture/"):
        assert api().get(address(image, then)).status_code == 404


def test_a_picture_is_found_under_its_own_image_alone(image, version, bob, api, add_images):
    (other,) = add_images(1, 0)
    row = api(bob).post(address(image), {"kind": "lime"}).json()["id"]
    assert api().get(address(image, f"{row}/picture/")).status_code == 404  # not yet
    finish(row)
    assert api().get(address(other, f"{row}/picture/")).status_code == 404
    assert api().get(address(image, f"{row}/picture/")).status_code == 200


def test_a_worker_that_finds_no_weights_says_so(image, version, bob, api, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        api(bob).post(address(image), {"kind": "occlusion"})
    (row,) = api().get(address(image)).json()["results"]
    assert (row["state"], row["error"]) == ("failed", "The weights of version 7 can't be read.")
