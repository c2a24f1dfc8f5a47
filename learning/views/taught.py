from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from annotations.access_review import annotator_judged
from annotations.views.fragments import fragment
from learning.selectors_taught import taught_by


@never_cache
@require_GET
def solve_taught(request: HttpRequest) -> HttpResponse:
    """What somebody's own answers have taught the models, in figures that are known."""
    you = annotator_judged(request)
    context = {"taught": taught_by(you) if you else []}
    return fragment(request, "learning/taught.html", context, title=gettext("What your answers taught the model"))
