from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import given
from annotations.sites import access_owner as access
from annotations.sites.services.sites import secret_rotate

ONCE = {"Cache-Control": "no-store"}  # of answers in which a secret stands


class SecretIn(serializers.Serializer):
    at_once = serializers.BooleanField(default=False, help_text="The secrets of before stop now, not in a day.")


class SecretOut(serializers.Serializer):
    secret = serializers.CharField(help_text="Told this once.")


class SiteSecret(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(request=SecretIn, responses={201: SecretOut})
    def post(self, request: Request, pk: int) -> Response:
        """Another secret. Those of before work for a day more, or stop at once."""
        site = access.site_own(request, pk)
        secret = secret_rotate(site=site, **given(request.data, SecretIn))
        return Response(SecretOut({"secret": secret}).data, status.HTTP_201_CREATED, headers=ONCE)
