"""Who sees a data set's gold, and who says what is gold. For everybody else there is none: it tells the controls."""

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from annotations.selectors_gold import gold_images
from gallery.access import dataset_own, dataset_read, may_see_splits
from gallery.models import DataSet, Image


def dataset_gold(request: HttpRequest, pk: int) -> DataSet:
    """Its owner, reviewers and administrators."""
    dataset = dataset_read(request, pk)
    if not may_see_splits(request.user, dataset):
        raise Http404
    return dataset


def dataset_gold_own(request: HttpRequest, pk: int) -> DataSet:
    """Its owner alone: what is gold is what the owner has said."""
    return dataset_own(request, pk)


def gold_image(request: HttpRequest, dataset: int, pk: int) -> Image:
    """A picture that is gold or was, for who may see the gold."""
    return get_object_or_404(gold_images(dataset_gold(request, dataset)).select_related("dataset"), pk=pk)
