"""What a data set asks people about, and why: its rounds, and scores from outside."""

import csv
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from annotations.crowd_files import BadFile
from annotations.models import QueueItem
from annotations.services.publication import NotNow
from gallery.access import dataset_write
from gallery.models import DataSet
from gallery.work import WorkState
from learning.forms import ScoresForm
from learning.models import Pick, Policy, SamplingRound, VersionState
from learning.score_files import HEADER, read_scores
from learning.selectors import policy_of
from learning.services.requests import round_request
from learning.services.scores import scores_import
from learning.views.ending import ending_of

ROUNDS, PICKS = 20, 48


@never_cache
@login_required
@require_GET
def dataset_asked(request: HttpRequest, pk: int) -> HttpResponse:
    dataset = dataset_write(request, pk)
    return render(request, "learning/asked.html", _context(request, dataset, ScoresForm()))


@login_required
@require_POST
def dataset_ask_anew(request: HttpRequest, pk: int) -> HttpResponse:
    dataset = dataset_write(request, pk)
    try:
        round_request(dataset=dataset)
        messages.success(request, "A new round comes. What nobody has begun gives way to it.")
    except NotNow as reason:
        messages.warning(request, str(reason))
    return redirect("dataset_asked", pk)


@login_required
@require_POST
def dataset_scores(request: HttpRequest, pk: int) -> HttpResponse:
    """A file of scores becomes the order of the queue."""
    dataset = dataset_write(request, pk)
    form = ScoresForm(request.POST, request.FILES)
    if form.is_valid() and (queued := _import(request, dataset, form)):
        messages.success(request, f"{queued:,} pictures are asked in the order of these scores.")
        return redirect("dataset_asked", pk)
    return render(request, "learning/asked.html", _context(request, dataset, form), status=422)


@login_required
@require_GET
def round_scores(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """A round's picks as a file: image, score, rank, what picked it."""
    current = _round(dataset_write(request, pk), number)
    response = HttpResponse(content_type="text/csv")
    response["Content-Disposition"] = f'attachment; filename="round-{current.pk}.csv"'
    rows = csv.writer(response)
    rows.writerow([*HEADER, "rank", "reason"])
    for pick in current.picks.order_by("rank"):
        rows.writerow([f"id:{pick.image_id}", pick.score, pick.rank, pick.reason])
    return response


def _import(request: HttpRequest, dataset: DataSet, form: ScoresForm) -> int:
    """How many images the file put into the queue; what is wrong with it stands in the form."""
    try:
        done = scores_import(dataset=dataset, table=_read(form.cleaned_data["file"]), by=request.user)
    except (BadFile, NotNow) as reason:
        form.add_error("file", str(reason))
        return 0
    if not done.queued:
        form.add_error("file", "No line of it scores a picture that can be asked about.")
    for line, reason in done.bad.first:
        messages.warning(request, f"Line {line}: {reason}.")
    return done.queued


def _read(upload: UploadedFile) -> Any:
    with NamedTemporaryFile(prefix="scores-", suffix=".csv") as file:
        for chunk in upload.chunks():
            file.write(chunk)
        file.flush()
        try:
            return read_scores(Path(file.name))
        except BadFile as error:
            raise BadFile(str(error).replace(file.name, "The file")) from error


def _context(request: HttpRequest, dataset: DataSet, form: ScoresForm) -> dict[str, Any]:
    rounds, ending = _rounds(dataset), ending_of(dataset)
    shown = _shown(request, dataset, rounds)
    picks = Pick.objects.filter(round=shown).select_related("image").order_by("rank")
    page = Paginator(picks, PICKS).get_page(request.GET.get("page"))
    waiting = set(QueueItem.objects.filter(image__in=[p.image_id for p in page]).values_list("image", flat=True))
    return {
        "dataset": dataset,
        "rounds": rounds,
        "shown": shown,
        "page": page,
        "picks": [(pick, pick.image_id in waiting) for pick in page],
        "queued": QueueItem.objects.filter(dataset=dataset).count(),
        "busy": any(one.going for one in rounds),
        "form": form,
        "ending": ending,
        "streams": _streams(policy_of(dataset)) and not ending.campaign,
    }


def _streams(policy: Policy) -> bool:
    """Whether uploads are asked about as they arrive: a share of them, or those that are not sure."""
    return policy.stream_rate > 0 or policy.sure_from > 0


def _rounds(dataset: DataSet) -> list[SamplingRound]:
    """The latest, and the one that goes on among uploads, however long ago it began."""
    rows = dataset.rounds.select_related("version", "stream").defer("stream__arrays")
    latest = list(rows[:ROUNDS])
    going_on = rows.filter(streaming=True, version__state=VersionState.CHAMPION).exclude(pk__in=[r.pk for r in latest])
    return [*latest, *going_on]


def _shown(request: HttpRequest, dataset: DataSet, rounds: list[SamplingRound]) -> SamplingRound | None:
    """The round that is asked for, or the latest that has chosen from the whole pool."""
    if number := request.GET.get("round"):
        return _round(dataset, int(number) if number.isdecimal() and len(number) < 10 else 0)
    chosen = [one for one in rounds if one.state == WorkState.DONE]
    return min(chosen, key=lambda one: one.streaming, default=None)


def _round(dataset: DataSet, number: int) -> SamplingRound:
    found: SamplingRound | None = dataset.rounds.filter(pk=number).first()
    if found is None:
        raise Http404
    return found
