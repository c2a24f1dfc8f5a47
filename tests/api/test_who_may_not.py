"""Doors that stay shut, one line each: what a visitor and what a signed-in stranger are told."""

import uuid
from importlib import import_module

import pytest

from annotations.sites.services.sites import site_create
from config.urls import APIS
from gallery.services.images import images_upload

NOBODY = uuid.UUID(int=0)

# Method, address below /api/v1/, then the answers to a visitor and to charlie. {d}: alice's private data set.
PRIVATE = [
    ("get", "datasets/{d}/", 404, 404),
    ("patch", "datasets/{d}/", 401, 404),
    ("get", "datasets/{d}/classes/", 404, 404),
    ("post", "datasets/{d}/classes/", 401, 404),
    ("patch", "datasets/{d}/classes/0/", 401, 404),
    ("delete", "datasets/{d}/classes/0/", 401, 404),
    ("get", "datasets/{d}/images/", 404, 404),
    ("post", "datasets/{d}/images/", 401, 404),
    ("get", "datasets/{d}/export/", 404, 404),
    ("get", "images/{i}/", 404, 404),
    ("delete", "images/{i}/", 401, 404),
    ("get", "images/{i}/file/", 404, 404),
    ("get", "images/{i}/thumbnail/", 404, 404),
    ("post", "images/{i}/correction/", 401, 404),
    ("get", "images/{i}/explanations/", 404, 404),
    ("post", "images/{i}/explanations/", 401, 404),
    ("get", "images/{i}/explanations/1/picture/", 404, 404),
    ("get", "datasets/{d}/campaign/", 404, 404),
    ("patch", "datasets/{d}/campaign/", 401, 404),
    ("post", "datasets/{d}/publication/", 401, 404),
    ("post", "datasets/{d}/campaign/resume/", 401, 404),
    ("get", "datasets/{d}/challenges/", 404, 404),
    ("post", "datasets/{d}/challenges/", 404, 404),
    ("get", "datasets/{d}/challenges/{c}/", 404, 404),
    ("get", "datasets/{d}/challenges/{c}/sprite/", 404, 404),
    ("get", "datasets/{d}/challenges/{c}/answer/", 404, 404),
    ("post", "datasets/{d}/challenges/{c}/answer/", 404, 404),
    ("post", "datasets/{d}/challenges/{c}/report/", 404, 404),
    ("get", "unseen/{c}/", 404, 404),
    ("get", "unseen/{c}/sounds/0/", 404, 404),
    ("post", "unseen/{c}/answer/", 404, 404),
    ("get", "datasets/{d}/models/", 404, 404),
    ("get", "datasets/{d}/models/1/weights/", 404, 404),
    ("post", "datasets/{d}/models/1/bring-back/", 401, 404),
    ("post", "datasets/{d}/models/1/shadow/", 401, 404),
    ("delete", "datasets/{d}/models/1/shadow/", 401, 404),
    ("get", "datasets/{d}/versions/1/", 404, 404),
    ("get", "datasets/{d}/compare/", 404, 404),
    ("post", "datasets/{d}/train/", 401, 404),
    ("get", "datasets/{d}/rounds/", 404, 404),
    ("post", "datasets/{d}/rounds/", 401, 404),
    ("get", "datasets/{d}/rounds/1/picks/", 404, 404),
    ("post", "datasets/{d}/scores/", 401, 404),
    ("get", "datasets/{d}/contested/", 404, 404),
    ("get", "datasets/{d}/agreement/", 404, 404),
    ("get", "datasets/{d}/gold/", 404, 404),
    ("post", "datasets/{d}/gold/", 401, 404),
    ("post", "datasets/{d}/gold/import/", 401, 404),
    ("post", "datasets/{d}/gold/{i}/retire/", 401, 404),
    ("post", "datasets/{d}/gold/{i}/bring-back/", 401, 404),
    ("get", "images/{i}/ruling/", 404, 404),
    ("post", "images/{i}/ruling/", 401, 404),
    ("delete", "images/{i}/ruling/", 401, 404),
    ("post", "datasets/{d}/train/schedule/", 401, 404),
    ("get", "datasets/{d}/runs/", 404, 404),
    ("get", "datasets/{d}/status/", 404, 404),
    ("get", "datasets/{d}/policy/", 404, 404),
    ("patch", "datasets/{d}/policy/", 401, 404),
]
OWNERS_ALONE = [
    ("patch", "datasets/{d}/", 401, 404),
    ("post", "datasets/{d}/classes/", 401, 404),
    ("patch", "datasets/{d}/classes/0/", 401, 404),
    ("delete", "datasets/{d}/classes/0/", 401, 404),
    ("post", "datasets/{d}/images/", 401, 404),
    ("get", "datasets/{d}/export/", 404, 404),
    ("get", "datasets/{d}/campaign/", 404, 404),
    ("patch", "datasets/{d}/campaign/", 401, 404),
    ("post", "datasets/{d}/publication/", 401, 404),
    ("post", "datasets/{d}/campaign/resume/", 401, 404),
    ("get", "datasets/{d}/models/1/weights/", 404, 404),
    ("post", "datasets/{d}/models/1/bring-back/", 401, 404),
    ("post", "datasets/{d}/models/1/shadow/", 401, 404),
    ("delete", "datasets/{d}/models/1/shadow/", 401, 404),
    ("post", "datasets/{d}/train/", 401, 404),
    ("get", "datasets/{d}/rounds/", 404, 404),
    ("post", "datasets/{d}/rounds/", 401, 404),
    ("get", "datasets/{d}/rounds/1/picks/", 404, 404),
    ("post", "datasets/{d}/scores/", 401, 404),
    ("post", "datasets/{d}/train/schedule/", 401, 404),
    ("get", "datasets/{d}/policy/", 404, 404),
    ("patch", "datasets/{d}/policy/", 401, 404),
]
REVIEWERS = [
    ("get", "audit/"),
    ("get", "review/annotators/"),
    ("get", "review/annotators/1/"),
    ("post", "review/annotators/1/decisions/"),
    ("get", "review/datasets/"),
    ("post", "review/datasets/1/decision/"),
    ("get", "review/reports/"),
    ("post", "review/reports/1/decision/"),
    ("get", "review/contested/"),
    ("get", "review/annotators/1/findings/"),
    ("get", "review/appeals/"),
    ("post", "review/appeals/1/decision/"),
    ("post", "review/decisions/"),
    ("get", "review/annotators/1/effect/"),
    ("get", "review/annotators/1/models/"),
    ("post", "review/annotators/1/models/1/train/"),
    ("get", "images/1/control/"),
    ("post", "images/1/control/"),
]
SIGNED_IN = [
    ("get", "me/"),
    ("patch", "me/"),
    ("delete", "tokens/current/"),
    ("post", "datasets/"),
    ("get", "sites/"),
    ("post", "sites/"),
]
# {s}: a site of alice's.
SITES = [
    ("get", "sites/{s}/"),
    ("patch", "sites/{s}/"),
    ("get", "sites/{s}/figures/"),
    ("post", "sites/{s}/secret/"),
    ("post", "sites/{s}/close/"),
    ("post", "sites/{s}/open/"),
]


@pytest.mark.parametrize(("method", "address", "visitor", "stranger"), PRIVATE)
def test_what_is_private_does_not_exist_for_others(
    secret, alice, charlie, picture, api, method, address, visitor, stranger
):

    image = images_upload(dataset=secret, files=[picture()], uploader=alice).accepted[0]
    path = "/api/v1/" + address.format(d=secret.pk, i=image.pk, c=NOBODY)
    assert getattr(api(), method)(path).status_code == visitor
    assert getattr(api(charlie), method)(path).status_code == stranger


@pytest.mark.parametrize(("method", "address", "visitor", "stranger"), OWNERS_ALONE)
def test_what_is_public_is_still_its_owners_to_change(dataset, charlie, rita, api, method, address, visitor, stranger):
    path = "/api/v1/" + address.format(d=dataset.pk)
    assert getattr(api(), method)(path).status_code == visitor
    assert getattr(api(charlie), method)(path).status_code == stranger
    assert getattr(api(rita), method)(path).status_code == stranger


@pytest.mark.parametrize(("method", "address"), REVIEWERS)
def test_rooms_of_reviewers_do_not_exist_for_others(alice, api, method, address):
    assert getattr(api(), method)(f"/api/v1/{address}").status_code == 404
    assert getattr(api(alice), method)(f"/api/v1/{address}").status_code == 404


@pytest.mark.parametrize(("method", "address"), SIGNED_IN)
def test_a_visitor_is_asked_to_sign_in(db, api, method, address):
    assert getattr(api(), method)(f"/api/v1/{address}").status_code == 401


@pytest.mark.parametrize(("method", "address"), SITES)
def test_a_site_is_there_for_its_owner_alone(alice, charlie, rita, api, method, address):
    site, _ = site_create(owner=alice, name="A shop", hosts=["shop.example"])
    path = "/api/v1/" + address.format(s=site.pk)
    assert getattr(api(), method)(path).status_code == 401
    assert {getattr(api(person), method)(path).status_code for person in (charlie, rita)} == {404}


def test_every_door_stands_in_a_list_above_or_is_open_to_all():
    """A new address has to be put to a list before this passes."""

    open_to_all = {"accounts/", "tokens/", "datasets/", "reliability/", "reliability/mistakes/", "appeals/", "unseen/"}
    open_to_all |= {"streak/", "scoreboard/", "scoreboard/me/", "taught/"}
    listed = {row[1] for row in [*PRIVATE, *OWNERS_ALONE, *REVIEWERS, *SIGNED_IN, *SITES]} | open_to_all
    shapes = {_shape(address) for address in listed}
    routes = {str(route.pattern) for app in APIS for route in import_module(f"{app}.api_urls").urlpatterns}
    assert {_shape(route) for route in routes} == shapes


def _shape(address: str) -> str:
    parts = address.strip("/").split("/")
    return "/".join("*" if part[0] in "{<" or part.isdigit() else part for part in parts)
