from datetime import timedelta

import pytest
from django.urls import reverse

from gallery.models import Image, Source, Tag, Tagging
from gallery.work import WorkState


@pytest.fixture
def image(add_images) -> Image:
    return add_images(1, 0)[0]


def get(client, name, image):
    return client.get(reverse(name, args=[image.pk]))


PAGES = ("image", "image_tags", "image_file", "image_thumbnail", "image_votes")


def test_everybody_sees_a_public_picture(client, image, bob):
    assert [get(client, name, image).status_code for name in PAGES] == [200] * 5
    client.force_login(bob)
    assert [get(client, name, image).status_code for name in PAGES] == [200] * 5


def test_a_private_picture_and_its_files_do_not_exist_for_strangers(client, image, private, alice, charlie, rita):
    assert [get(client, name, image).status_code for name in PAGES] == [404] * 5
    client.force_login(charlie)
    assert [get(client, name, image).status_code for name in PAGES] == [404] * 5
    for person in (alice, rita):
        client.force_login(person)
        assert [get(client, name, image).status_code for name in PAGES] == [200] * 5


def test_a_deleted_picture_is_gone_for_its_owner_too(client, image, alice, charlie, django_capture_on_commit_callbacks):
    delete = reverse("image_delete", args=[image.pk])
    client.force_login(charlie)
    assert client.post(delete).status_code == 404
    client.force_login(alice)
    assert client.get(delete).status_code == 405
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(delete).url == reverse("dataset", args=[image.dataset_id])
    assert [get(client, name, image).status_code for name in PAGES] == [404] * 5
    assert not image.file.storage.exists(image.file.name)


def test_a_visitor_deletes_nothing(client, image):
    assert client.post(reverse("image_delete", args=[image.pk])).url.startswith("/login/")
    assert Image.objects.present().exists()


def test_an_uploader_takes_back_their_own_picture(client, image, bob):
    Image.objects.update(uploader=bob)
    client.force_login(bob)
    client.post(reverse("image_delete", args=[image.pk]))
    assert not Image.objects.present().exists()


def test_files_come_through_us_with_safe_headers(client, image):
    for name, kind in (("image_file", "image/png"), ("image_thumbnail", "image/webp")):
        response = get(client, name, image)
        assert response["Content-Type"] == kind
        assert response["Cache-Control"] == "private, max-age=3600"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response.getvalue()


def test_a_file_has_no_second_address(client, image):
    assert client.get(f"/media/{image.file.name}").status_code == 404
    assert client.get(f"/{image.file.name}").status_code == 404


def test_the_owner_s_correction_shows_at_once_and_stays(client, image, alice):
    classes = list(image.dataset.classes.all())
    Tag.objects.create(image=image, source=Source.MODEL, label=classes[0], confidence=0.97)
    client.force_login(alice)
    address = reverse("image", args=[image.pk])
    page = client.post(reverse("image_correct", args=[image.pk]), {"label": 2, "next": address}, follow=True)
    assert [tag.label.name for tag in page.context["tags"]] == ["light", "dark"]
    Tag.objects.filter(source=Source.MODEL).update(label=classes[1], confidence=0.999)
    page = client.get(address)
    assert [tag.source for tag in page.context["tags"]] == ["owner", "model"]
    assert page.context["tags"][0].label.name == "light"
    assert "99% sure" in page.content.decode()


def test_bob_s_correction_is_a_vote_and_no_word_of_the_owner_s(client, image, bob):
    client.force_login(bob)
    client.post(reverse("image_correct", args=[image.pk]), {"label": 2})
    assert not Tag.objects.filter(source=Source.OWNER).exists()


def test_a_visitor_is_asked_to_log_in_before_correcting(client, image):
    page = get(client, "image", image).content.decode()
    assert f"/login/?next=/images/{image.pk}/" in page
    assert "/correct/" not in page


def state(image, to, age=timedelta()):
    Tagging.objects.filter(image=image).update(state=to, created_at=image.uploaded_at - age)


def test_the_tags_are_asked_for_until_they_are_there(client, image):
    state(image, WorkState.WAITING)
    assert 'hx-trigger="every 200ms"' in get(client, "image_tags", image).content.decode()
    state(image, WorkState.WAITING, age=timedelta(seconds=20))
    assert 'hx-trigger="every 1s"' in get(client, "image_tags", image).content.decode()
    state(image, WorkState.RUNNING, age=timedelta(minutes=2))
    assert 'hx-trigger="every 10s"' in get(client, "image_tags", image).content.decode()
    state(image, WorkState.DONE)
    Tag.objects.create(image=image, source=Source.MODEL, label=image.dataset.classes.first(), confidence=0.5)
    said = get(client, "image_tags", image).content.decode()
    assert "hx-trigger" not in said
    assert "dark" in said
    assert "50% sure" in said


def test_without_a_model_the_owner_is_told_what_is_missing(client, image, alice):
    state(image, WorkState.DONE)
    said = get(client, "image_tags", image).content.decode()
    assert "No model yet" in said
    assert "hx-trigger" not in said
    client.force_login(alice)
    assert reverse("dataset_label", args=[image.dataset_id]) in get(client, "image_tags", image).content.decode()


def test_a_picture_that_no_model_can_read_is_not_waited_for(client, image):
    state(image, WorkState.FAILED)
    assert "could not read it" in get(client, "image_tags", image).content.decode()


def test_the_page_costs_little(client, image, alice, django_assert_max_num_queries):
    client.force_login(alice)
    with django_assert_max_num_queries(8):
        get(client, "image", image)
