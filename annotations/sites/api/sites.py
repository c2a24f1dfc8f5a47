"""A person's sites: for who owns them, and for nobody else."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import given
from annotations.sites import access_owner as access
from annotations.sites.api.secrets import ONCE
from annotations.sites.forms import MOST_DATASETS, MOST_HOSTS, NAME_LENGTH
from annotations.sites.hosts import LONGEST, hosts_read
from annotations.sites.models import Site
from annotations.sites.selectors import datasets_offered
from annotations.sites.services import sites as services
from gallery.models import DataSet

LARGEST_ID = 2**63 - 1


class SiteOut(serializers.ModelSerializer):
    sitekey = serializers.UUIDField(source="key", read_only=True, help_text="What stands in the pages.")
    hosts = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Site
        fields = ["id", "name", "sitekey", "hosts", "datasets", "test_mode", "created_at", "closed_at"]
        read_only_fields = fields


class RegisteredOut(SiteOut):
    secret = serializers.CharField(help_text="Told this once.")

    class Meta(SiteOut.Meta):
        fields = [*SiteOut.Meta.fields, "secret"]


class HostsField(serializers.ListField):
    """Names of hosts, as browsers write them; what is no name is said for each."""

    child = serializers.CharField(max_length=LONGEST, allow_blank=True)

    def to_internal_value(self, data: Any) -> list[str]:
        hosts, wrong = hosts_read(super().to_internal_value(data))
        if wrong:
            raise ValidationError(list(wrong.values()))
        if not hosts:
            raise ValidationError("Name at least one host.")
        return hosts


class SiteChange(serializers.Serializer):
    name = serializers.CharField(max_length=NAME_LENGTH)
    hosts = HostsField(
        max_length=MOST_HOSTS, help_text="Whose pages may show the widget: shop.example, *.shop.example."
    )
    datasets = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID),
        max_length=MOST_DATASETS,
        required=False,
        help_text="Ids of what it labels: your own, or those the public is asked about.",
    )
    test_mode = serializers.BooleanField(required=False)


class Sites(ListAPIView):
    """Your sites."""

    permission_classes = (IsAuthenticated,)
    queryset = Site.objects.none()
    serializer_class = SiteOut

    def get_queryset(self) -> QuerySet[Site]:
        return access.sites_own(self.request).prefetch_related("datasets")

    @extend_schema(request=SiteChange, responses={201: RegisteredOut})
    def post(self, request: Request) -> Response:
        """Register a site. Its secret stands in this answer and in no other."""
        data = given(request.data, SiteChange)
        test_mode = data.pop("test_mode", False)
        data["datasets"] = _datasets(request, data.get("datasets", []))
        site, secret = services.site_create(owner=request.user, **data)
        if test_mode:
            services.test_mode_set(site=site, on=True)
        site.secret = secret
        return Response(RegisteredOut(site).data, status.HTTP_201_CREATED, headers=ONCE)


class OneSite(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(responses=SiteOut)
    def get(self, request: Request, pk: int) -> Response:
        """One of your sites."""
        return Response(SiteOut(access.site_own(request, pk)).data)

    @extend_schema(request=SiteChange, responses=SiteOut)
    def patch(self, request: Request, pk: int) -> Response:
        """Change it. What is left out stays as it is."""
        site = access.site_own(request, pk)
        data = given(request.data, SiteChange, changes=site)
        if "test_mode" in data:
            services.test_mode_set(site=site, on=data["test_mode"])
        datasets = _datasets(request, data["datasets"]) if "datasets" in data else site.datasets.all()
        services.site_edit(
            site=site, name=data.get("name", site.name), hosts=data.get("hosts", site.hosts), datasets=datasets
        )
        return Response(SiteOut(site).data)


def _datasets(request: Request, ids: list[int]) -> list[DataSet]:
    found = {dataset.pk: dataset for dataset in datasets_offered(request.user).filter(pk__in=ids)}
    if missing := [pk for pk in ids if pk not in found]:
        raise ValidationError({"datasets": [f"You can’t ask about a data set with the id {pk}." for pk in missing]})
    return list(found.values())
