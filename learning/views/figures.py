from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from annotations.models import Consensus, ConsensusState, ControlAnswer, Vote
from annotations.views.fragments import fragment
from gallery.models import Image
from learning.models import ModelVersion


@require_GET
def loop_figures(request: HttpRequest) -> HttpResponse:
    """How far the loop has turned, counted and not estimated."""
    context = {
        "pictures": Image.objects.present().count(),
        "answers": Vote.objects.first_words().count() + ControlAnswer.objects.count(),
        "agreed": Consensus.objects.filter(state=ConsensusState.ACCEPTED, image__deleted_at=None).count(),
        "versions": ModelVersion.objects.count(),
    }
    return fragment(request, "learning/figures.html", context, title="The loop in figures")
