"""Who changed who may see a data set is on record, and what nobody may see nobody is asked."""

import pytest
from django.urls import reverse

from accounts.audit import audit
from accounts.models import AuditEntry
from annotations.selectors import published as published_ones
from gallery.services import datasets as services
from gallery.services.datasets import dataset_edit

FIELDS = {"name": "Shades", "description": "", "open_for_contributions": False}


def entries() -> list[tuple[str, str, str]]:
    return [(str(entry.actor), entry.verb, entry.subject) for entry in AuditEntry.objects.order_by("pk")]


def test_a_change_of_visibility_is_on_record(client, dataset, alice):
    client.force_login(alice)
    for visibility in ("private", "private", "public"):
        client.post(reverse("dataset_edit", args=[dataset.pk]), FIELDS | {"visibility": visibility})
    assert entries() == [("Alice", "made private", "data set Shades"), ("Alice", "made public", "data set Shades")]


def test_another_change_is_not(dataset, alice):
    dataset_edit(dataset=dataset, by=alice, visibility="public", **FIELDS | {"name": "Greys"})
    assert entries() == []


def test_a_change_that_cannot_be_recorded_is_not_made(dataset, alice, monkeypatch):
    def fail(*args: object) -> None:
        audit(*args)
        raise RuntimeError

    monkeypatch.setattr(services, "audit", fail)
    with pytest.raises(RuntimeError):
        dataset_edit(dataset=dataset, by=alice, visibility="private", **FIELDS)
    dataset.refresh_from_db()
    assert dataset.is_public
    assert entries() == []


def test_an_administrators_change_is_on_record_too(client, dataset, ada):
    client.force_login(ada)
    address = reverse("admin:gallery_dataset_change", args=[dataset.pk])
    forms = {"classes-TOTAL_FORMS": "0", "classes-INITIAL_FORMS": "0"}
    client.post(address, FIELDS | forms | {"owner": dataset.owner_id, "visibility": "private"})
    assert entries() == [("Ada", "made private", "data set Shades")]


def test_what_goes_private_leaves_public_challenges(client, published, alice):
    assert published in published_ones()
    dataset_edit(dataset=published, by=alice, visibility="private", **FIELDS)
    assert published not in published_ones()
    assert client.get(reverse("solve")).context["nothing"]
    assert client.post(f"/api/v1/datasets/{published.pk}/challenges/").status_code == 404
