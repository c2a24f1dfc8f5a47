"""Whose sites. For anybody but its owner a site isn't there, not for reviewers either: it is nobody else's business."""

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from annotations.sites.models import Site


def sites_own(request: HttpRequest) -> QuerySet[Site]:
    return Site.objects.filter(owner=request.user.pk)


def site_own(request: HttpRequest, pk: int) -> Site:
    return get_object_or_404(sites_own(request).select_related("owner"), pk=pk)
