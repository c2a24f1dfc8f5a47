"""What others read of a person, and what the log of decisions says of its subjects."""

from django.urls import reverse

from accounts.audit import audit
from accounts.models import User
from annotations.services.annotators import annotator_for
from gallery.models import DataSet
from learning.models import ModelVersion


def test_who_has_no_name_shows_no_part_of_the_address(db):
    user = User.objects.create_user("dora.smith@example.org", "tessera-dora")
    assert str(user) == f"User {user.pk}"


def test_the_menu_shows_the_name_and_not_the_address(client, alice):
    client.force_login(alice)
    html = client.get(reverse("home")).content.decode()
    assert '<span class="menu-name">Alice</span>' in html
    assert "alice@example.org" not in html


def test_subjects_of_decisions_are_readable(dataset, alice, bob, add_images):
    [image] = add_images(1, 0)
    face = annotator_for(bob)
    version = ModelVersion(dataset=dataset, number=2)
    subjects = [audit(alice, "tried", subject).subject for subject in (dataset, version, face, bob, image, "a thing")]
    assert subjects == [
        "data set Shades",
        "model version 2 of Shades",
        f"annotator {face.pk}",
        f"user {bob.pk}",
        f"image {image.pk} of Shades",
        "a thing",
    ]


def test_a_long_name_is_cut_to_what_the_log_holds(alice):
    subject = audit(alice, "tried", DataSet(name="n" * 80)).subject
    assert len(subject) == 80
    assert subject.endswith("…")
