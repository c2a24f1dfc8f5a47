from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from annotations.models import AnswerKind, Vote
from annotations.sites.figures import days_of, figures_of
from annotations.sites.models import Site, Visit
from annotations.sites.services import forgetting
from annotations.sites.services.sites import site_create
from annotations.sites.tasks import visits_forget

from .passing import visited


def test_visits_are_forgotten_after_thirty_days_and_figures_and_votes_stay(site: Site, bob, monkeypatch) -> None:
    monkeypatch.setattr(forgetting, "AT_ONCE", 2)
    other, _ = site_create(owner=bob, name="Another", hosts=["other.example"])
    old = [visited(site, timedelta(days=30, minutes=1 + n), votes=3) for n in range(5)]
    old.append(visited(other, timedelta(days=400), passed=False))
    first_day = timezone.localtime().replace(hour=0, minute=0) - timedelta(days=29)
    kept = [visited(site, ago, votes=2) for ago in (timedelta(0), timezone.now() - first_day)]
    image, voter = site.datasets.get().images.first(), old[0].annotator
    Vote.objects.create(dataset=image.dataset, annotator=voter, image=image, kind=AnswerKind.CHOICE, answer=1)
    figures = days_of(site), figures_of([site, other])
    for _ in range(2):
        visits_forget()
        assert set(Visit.objects.all()) == set(kept)
    assert (days_of(site), figures_of([site, other])) == figures
    assert figures[1][site.pk].visits == 2
    assert Vote.objects.get().annotator == voter


def test_they_are_forgotten_by_themselves() -> None:
    assert visits_forget.name in {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
