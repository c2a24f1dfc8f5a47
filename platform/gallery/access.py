"""Who may see and change what. A stranger gets 404, not 403: what they may not see does not exist for them."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from accounts.models import User
from gallery.models import DataSet, Image, LabelClass, Visibility

Person = User | AnonymousUser


def visible_datasets(user: Person) -> QuerySet[DataSet]:
    public = Q(visibility=Visibility.PUBLIC)
    if not user.is_authenticated:
        return DataSet.objects.filter(public)
    return DataSet.objects.all() if user.is_reviewer else DataSet.objects.filter(public | Q(owner=user))


def visible_images(user: Person) -> QuerySet[Image]:
    """Withdrawn ones are seen by the owner, the uploader and reviewers alone."""
    images = Image.objects.present().filter(dataset__in=visible_datasets(user))
    if not user.is_authenticated:
        return images.filter(withdrawn_at=None)
    if user.is_reviewer:
        return images
    return images.filter(Q(withdrawn_at=None) | Q(dataset__owner=user) | Q(uploader=user))


def dataset_read(request: HttpRequest, pk: int) -> DataSet:
    return get_object_or_404(visible_datasets(request.user), pk=pk)


def dataset_write(request: HttpRequest, pk: int) -> DataSet:
    """Its owner, or an administrator."""
    dataset = dataset_read(request, pk)
    if not may_write(request.user, dataset):
        raise Http404
    return dataset


def class_write(request: HttpRequest, pk: int, index: int, *, removed: bool = False) -> LabelClass:
    """A class that there is, or one that was removed, for who may change its data set."""
    classes = dataset_write(request, pk).classes.select_related("dataset")
    return get_object_or_404(classes, index=index, removed_at__isnull=not removed)


def dataset_own(request: HttpRequest, pk: int) -> DataSet:
    """Its owner alone: nobody else's word is the owner's."""
    return get_object_or_404(DataSet, pk=pk, owner_id=request.user.pk)


def dataset_contribute(request: HttpRequest, pk: int) -> DataSet:
    """Who may add pictures: the owner, and where it is open for contributions everybody signed in."""
    dataset = dataset_read(request, pk)
    if not may_contribute(request.user, dataset):
        raise Http404
    return dataset


def may_write(user: Person, dataset: DataSet) -> bool:
    return user.is_authenticated and (user.pk == dataset.owner_id or user.is_administrator)


def may_see_splits(user: Person, dataset: DataSet) -> bool:
    """Who knows which pictures are gold knows which tiles of a challenge are controls."""
    return may_write(user, dataset) or (user.is_authenticated and user.is_reviewer)


def may_contribute(user: Person, dataset: DataSet) -> bool:
    return user.is_authenticated and (dataset.open_for_contributions or may_write(user, dataset))


def contributable_datasets(user: Person) -> QuerySet[DataSet]:
    """Of what they see, where they may add pictures."""
    if not user.is_authenticated:
        return DataSet.objects.none()
    return visible_datasets(user).filter(Q(owner=user) | Q(open_for_contributions=True))


def image_read(request: HttpRequest, pk: int) -> Image:
    return get_object_or_404(visible_images(request.user).select_related("dataset"), pk=pk)


def image_write(request: HttpRequest, pk: int) -> Image:
    """Its uploader, the data set's owner, or an administrator."""
    image = image_read(request, pk)
    if request.user.pk != image.uploader_id and not may_write(request.user, image.dataset):
        raise Http404
    return image
