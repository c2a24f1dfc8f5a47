from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import given
from gallery.access import class_write, dataset_read, dataset_write
from gallery.api.datasets import ClassIn, ClassOut
from gallery.selectors import present_classes
from gallery.services.classes import class_add, class_edit, class_remove


class Classes(APIView):
    @extend_schema(responses=ClassOut(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """The classes of a data set. An index is a class's for good: one that was removed leaves a gap."""
        return Response(ClassOut(present_classes(dataset_read(request, pk)), many=True).data)

    @extend_schema(request=ClassIn, responses={201: ClassOut})
    def post(self, request: Request, pk: int) -> Response:
        """Add a class, or restore the removed one of this name. For the data set's owner."""
        dataset = dataset_write(request, pk)
        label = class_add(dataset=dataset, by=request.user, **given(request.data, ClassIn))
        return Response(ClassOut(label).data, status.HTTP_201_CREATED)


class OneClass(APIView):
    @extend_schema(request=ClassIn, responses=ClassOut)
    def patch(self, request: Request, pk: int, index: int) -> Response:
        """Another name or key. What was said of the class holds. For the data set's owner."""
        label = class_write(request, pk, index)
        fields = {"name": label.name, "key": label.key} | given(request.data, ClassIn, changes=label)
        return Response(ClassOut(class_edit(label=label, by=request.user, **fields)).data)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, pk: int, index: int) -> Response:
        """Remove the class: nobody is asked about it, nothing is learned of it. What was said of it is kept."""
        class_remove(label=class_write(request, pk, index), by=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
