from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.api.campaigns import CampaignOut
from gallery.access import dataset_write
from learning.services.resuming import asking_resume


class Resume(APIView):
    @extend_schema(request=None, responses=CampaignOut)
    def post(self, request: Request, pk: int) -> Response:
        """Go on with a campaign that has ended: people are asked again, and a new round comes. For the owner."""
        return Response(CampaignOut(asking_resume(dataset=dataset_write(request, pk), by=request.user)).data)
