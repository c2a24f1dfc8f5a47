"""Who has told the models most, and how oneself stands there."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from annotations.access_review import annotator_judged
from annotations.forms_scoreboard import TAKEN, BoardForm, ListingForm
from annotations.scoreboard import name_of, scoreboard
from annotations.services.listing import NameTaken, listing_change
from annotations.views.fragments import fragment


@never_cache
@require_GET
def solve_scoreboard(request: HttpRequest) -> HttpResponse:
    form = BoardForm(request.GET)
    if not form.is_valid():
        raise Http404
    dataset, span = form.cleaned_data["dataset"], form.cleaned_data["span"] or "week"
    you = annotator_judged(request)
    board = scoreboard(dataset=dataset, lately=span == "week", you=you)
    context = {
        "form": BoardForm(initial={"dataset": dataset, "span": span}),
        "board": board,
        "lately": span == "week",
        "dataset": dataset,
        "you": you,
        "listing": ListingForm(annotator=you) if you else None,
        "your_name": name_of(you) if you else "",
    }
    return render(request, "annotations/solve_scoreboard.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def scoreboard_listing(request: HttpRequest) -> HttpResponse:
    """Listed or not, and under which name. Who has never answered stands nowhere, so there is nothing to change."""
    you = annotator_judged(request)
    if you is None:
        return _listing(request, None, "")
    form = ListingForm(request.POST if request.method == "POST" else None, annotator=you)
    if request.method != "POST":
        return _listing(request, form, name_of(you))
    if not form.is_valid():
        return _listing(request, form, name_of(you), status=422)
    listed, name = form.cleaned_data["listed"], form.cleaned_data.get("public_name", "")
    try:
        listing_change(annotator=you, listed=listed, public_name=name)
    except NameTaken:
        form.add_error("public_name", TAKEN)
        return _listing(request, form, name_of(you), status=422)
    messages.success(
        request,
        gettext("You are shown on the scoreboard.")
        if listed
        else gettext("You are on no scoreboard any more, as of now."),
    )
    return redirect("solve_scoreboard")


def _listing(request: HttpRequest, form: ListingForm | None, name: str, *, status: int = 200) -> HttpResponse:
    context = {"listing": form, "your_name": name}
    return fragment(
        request, "annotations/scoreboard_listing.html", context, title=gettext("You on the scoreboard"), status=status
    )
