from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.sites import access_owner as access
from annotations.sites.api.sites import SiteOut
from annotations.sites.services.sites import site_close, site_open


class SiteClose(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(request=None, responses=SiteOut)
    def post(self, request: Request, pk: int) -> Response:
        """Its widget gives nobody a challenge any more. Nothing is deleted."""
        site = access.site_own(request, pk)
        return Response(SiteOut(site_close(site=site, by=request.user)).data)


class SiteOpen(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(request=None, responses=SiteOut)
    def post(self, request: Request, pk: int) -> Response:
        """Its widget gives challenges again."""
        site = access.site_own(request, pk)
        return Response(SiteOut(site_open(site=site, by=request.user)).data)
