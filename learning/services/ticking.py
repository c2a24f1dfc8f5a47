"""The tick: every few seconds, ring for rows that are due and ask which data sets are."""

from functools import partial

from django.conf import settings
from django.utils import timezone

from annotations.models import Campaign, DecisionRefit, QueueItem, Vote
from annotations.selectors import has_ended
from annotations.services.agreement import agreement_refresh
from annotations.services.campaigns import queue_empty
from annotations.services.consensus import consensus_refit
from annotations.services.contributions import contributions_if_due
from annotations.services.suspicions import suspicions_refresh
from gallery.models import DataSet, Tagging
from gallery.work import ring
from learning.models import Drift, Explanation, Mode, Retag, SamplingRound, TrainingRun
from learning.policy_fields import Regime
from learning.selectors import askable, champion_of, current_run, fresh_labels, policy_of, uploads_since
from learning.services.classes import classes_settle
from learning.services.ending import end_if_due
from learning.services.explanations import explanations_forget
from learning.services.opinions import opinions_refresh
from learning.services.requests import drift_request, round_request, run_request
from learning.triggers import drift_due, training_due

RINGS = 500
EVERY = settings.CELERY_BEAT_SCHEDULE["tick"]["schedule"]  # seconds between two ticks
REFIT_SHARE = 0.05  # the ledger's growth after which the full fit reconciles it


def train_what_is_due() -> None:
    """More often than the rest: whoever fills a buffer is to see soon what came of it."""
    for dataset in DataSet.objects.order_by("pk"):
        train_if_due(dataset)


def tick() -> None:
    _ring_due()
    explanations_forget()
    train_what_is_due()
    for dataset in DataSet.objects.order_by("pk"):
        classes_settle(dataset=dataset)
        refit_if_due(dataset)
        contributions_if_due(dataset=dataset)
        end_if_due(dataset)
        top_up_queue(dataset)
        drift_if_due(dataset)


def _ring_due() -> None:
    """What a busy worker hasn't heard by the next tick is rung again then."""
    again = partial(ring, expires=EVERY)
    waiting = list(Tagging.objects.due().values_list("image", flat=True)[:RINGS])
    if waiting:
        again("learning.tag_images", waiting)
    for pk in TrainingRun.objects.due().filter(due_at__lte=timezone.now()).values_list("pk", flat=True):
        again("learning.train", pk)
    for pk in Retag.objects.due().values_list("pk", flat=True):
        again("learning.retag", pk)
    for pk in Drift.objects.due().values_list("pk", flat=True):
        again("learning.drift", pk)
    for pk in DecisionRefit.objects.due().values_list("pk", flat=True):
        again("annotations.refit", pk)
    for pk in SamplingRound.objects.due().values_list("pk", flat=True):
        again("learning.sample", pk)
    for pk in Explanation.objects.due().order_by("pk").values_list("pk", flat=True)[:RINGS]:
        again("learning.explain", pk)


def train_if_due(dataset: DataSet) -> TrainingRun | None:
    policy = policy_of(dataset)
    if not policy.automatic or current_run(dataset):
        return None
    fresh = fresh_labels(dataset)
    reason = training_due(
        fresh=fresh.count,
        oldest_age=fresh.oldest_age,
        buffer_size=policy.buffer_size,
        delay_seconds=policy.delay_seconds,
    )
    mode = Mode.ONLINE if policy.regime == Regime.ONLINE else Mode.NEW_CYCLE
    return run_request(dataset=dataset, trigger=reason, mode=mode) if reason else None


def refit_if_due(dataset: DataSet) -> None:
    votes = Vote.objects.filter(dataset=dataset).count()
    fitted = Campaign.objects.filter(dataset=dataset).values_list("fitted_votes", flat=True).first() or 0
    if votes - fitted > max(10, REFIT_SHARE * fitted):
        opinions_refresh(dataset=dataset)
        consensus_refit(dataset=dataset)
        suspicions_refresh(dataset=dataset)
        agreement_refresh(dataset=dataset)


def top_up_queue(dataset: DataSet) -> None:
    if has_ended(dataset):
        # A round that was under way then fills it again, and what was on lease is given back.
        queue_empty(dataset=dataset)
        return
    waiting = QueueItem.objects.filter(dataset=dataset).count()
    if waiting < policy_of(dataset).round_size / 2 and askable(dataset).exclude(queued__isnull=False).exists():
        round_request(dataset=dataset)


def drift_if_due(dataset: DataSet) -> Drift | None:
    """Of the version that serves alone: what the others would make of new pictures troubles nobody."""
    champion = champion_of(dataset)
    if champion is None:
        return None
    last = Drift.objects.filter(version=champion).first()
    if last and last.going:
        return None
    uploads = uploads_since(champion).count()
    due = drift_due(uploads=uploads, seen=last.seen if last else 0)
    return drift_request(champion, uploads=uploads) if due else None
