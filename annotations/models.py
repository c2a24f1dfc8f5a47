import uuid
from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from gallery.models import DataSet, Image


class LedgerQuerySet(models.QuerySet[Any]):
    def update(self, **fields: Any) -> NoReturn:
        raise TypeError(f"{self.model.__name__} rows are a ledger: they are never edited.")

    def delete(self) -> NoReturn:
        raise TypeError(f"{self.model.__name__} rows are a ledger: they are never deleted.")

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list[Any]:
        if kwargs.get("update_conflicts"):
            raise TypeError(f"{self.model.__name__} rows are a ledger: they are never edited.")
        return super().bulk_create(objs, *args, **kwargs)


class LedgerRow(models.Model):
    """Written once. Consensus, reliability and training sets are derived from such rows and from nothing else."""

    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = LedgerQuerySet.as_manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"  # so that `challenge.votes.add(vote)` can't edit either

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(f"{type(self).__name__} rows are a ledger: they are never edited.")
        # An INSERT, whatever: a new object with an old row's key would otherwise overwrite that row.
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(f"{type(self).__name__} rows are a ledger: they are never deleted.")


class Annotator(models.Model):
    """One face of a person who answers. Joining a visitor to an account points `same_as` at it; no vote row changes."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="annotator"
    )
    same_as = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="faces")
    blocked_at = models.DateTimeField(null=True, blank=True, help_text="Derived from the latest decision.")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.user) if self.user else f"Visitor {self.key.hex[:6]}"

    @property
    def audit_name(self) -> str:
        return f"annotator {self.pk}"

    @property
    def person_id(self) -> int:
        return self.same_as_id or self.pk


class Publication(models.TextChoices):
    CLOSED = "closed", "not in public challenges"
    REQUESTED = "requested", "waits for a reviewer"
    APPROVED = "approved", "in public challenges"
    REFUSED = "refused", "refused by a reviewer"


class Campaign(models.Model):
    """How a data set is asked about: whether the public is asked, and when an image has been asked enough."""

    dataset = models.OneToOneField(DataSet, models.CASCADE, primary_key=True, related_name="campaign")
    publication = models.CharField(max_length=10, choices=Publication.choices, default=Publication.CLOSED)
    threshold = models.FloatField(default=0.95, help_text="Posterior at which a label is accepted.")
    minimum_trusted = models.PositiveSmallIntegerField(default=2, help_text="Trusted people it takes at least.")
    cap = models.PositiveSmallIntegerField(default=7, help_text="Votes after which it is contested.")
    # Set by the background fit, read without a lock by every answer.
    population = models.JSONField(null=True, editable=False)
    class_prior = models.JSONField(null=True, editable=False)
    fitted_votes = models.PositiveIntegerField(default=0, editable=False)

    def __str__(self) -> str:
        return f"campaign of {self.dataset}"


class QueueItem(models.Model):
    """An image worth asking about. A lease keeps it from a second solver until it expires."""

    image = models.OneToOneField(Image, models.CASCADE, related_name="queued")
    dataset = models.ForeignKey(DataSet, models.CASCADE, related_name="queue")
    priority = models.PositiveSmallIntegerField(default=0, help_text="1: evaluation, which is asked first.")
    score = models.FloatField(default=0.0)
    reason = models.CharField(max_length=80, blank=True)
    round = models.PositiveIntegerField(null=True, help_text="The sampling round that asked.")
    leased_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-priority", "-score", "id"]
        indexes = [models.Index(fields=["dataset", "-priority", "-score"])]

    def __str__(self) -> str:
        return f"image {self.image_id}: {self.reason}"


class ChallengeState(models.TextChoices):
    OPEN = "open"
    PASSED = "passed"
    FAILED = "failed"
    REPLACED = "replaced"


class Challenge(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    dataset = models.ForeignKey(DataSet, models.PROTECT, related_name="challenges")
    annotator = models.ForeignKey(Annotator, models.PROTECT, related_name="challenges")
    kind = models.CharField(max_length=10)
    target = models.PositiveSmallIntegerField(null=True)
    seed = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=ChallengeState.choices, default=ChallengeState.OPEN)
    issued_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-issued_at"]
        indexes = [models.Index(fields=["annotator", "-issued_at"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Tile(models.Model):
    """One image of a challenge. `truth` is set on controls alone, and never leaves the server."""

    challenge = models.ForeignKey(Challenge, models.CASCADE, related_name="tiles")
    position = models.PositiveSmallIntegerField()
    image = models.ForeignKey(Image, models.PROTECT, related_name="tiles")
    truth = models.PositiveSmallIntegerField(null=True)

    class Meta:
        ordering = ["challenge", "position"]
        constraints = [
            models.UniqueConstraint(fields=["challenge", "position"], name="one_tile_a_position"),
            models.UniqueConstraint(fields=["challenge", "image"], name="one_tile_an_image"),
        ]

    def __str__(self) -> str:
        return f"tile {self.position} of {self.challenge_id}"


class AnswerKind(models.IntegerChoices):
    """The same numbers as annotations.consensus.votes.Kind."""

    CHOICE = 0, "names the class"
    YES = 1, "says it is"
    NO = 2, "says it is not"


class Answer(LedgerRow):
    """What both kinds of ledger row about an image have in common."""

    dataset = models.ForeignKey(DataSet, models.PROTECT, related_name="+")
    annotator = models.ForeignKey(Annotator, models.PROTECT, related_name="%(class)ss")
    image = models.ForeignKey(Image, models.PROTECT, related_name="%(class)ss")
    challenge = models.ForeignKey(Challenge, models.PROTECT, null=True, related_name="%(class)ss")
    kind = models.PositiveSmallIntegerField(choices=AnswerKind.choices)
    answer = models.PositiveSmallIntegerField(help_text="The index of the class that is named, or asked about.")

    class Meta:
        abstract = True


class Vote(Answer):
    """Somebody's word on an image whose class nobody knows."""

    class Meta:
        indexes = [models.Index(fields=["dataset", "image"]), models.Index(fields=["annotator", "dataset"])]
        constraints = [
            models.UniqueConstraint(
                fields=["challenge", "image"], condition=Q(challenge__isnull=False), name="one_vote_a_tile"
            )
        ]

    def __str__(self) -> str:
        return f"vote {self.pk} on image {self.image_id}"


class ControlAnswer(Answer):
    """An answer on a control, with the truth it was graded against: evidence about the person, never a vote."""

    truth = models.PositiveSmallIntegerField()
    correct = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=["annotator", "dataset"])]

    def __str__(self) -> str:
        return f"control answer {self.pk} on image {self.image_id}"


class ConsensusState(models.TextChoices):
    OPEN = "open"
    ACCEPTED = "accepted"
    CONTESTED = "contested"


class Consensus(models.Model):
    """What the votes on an image come to: derived, and always derivable again."""

    image = models.OneToOneField(Image, models.CASCADE, primary_key=True, related_name="consensus")
    dataset = models.ForeignKey(DataSet, models.CASCADE, related_name="+")
    posterior = models.JSONField()
    label = models.PositiveSmallIntegerField()
    confidence = models.FloatField()
    votes = models.PositiveIntegerField()
    trusted = models.PositiveIntegerField()
    state = models.CharField(max_length=9, choices=ConsensusState.choices, default=ConsensusState.OPEN)
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "consensus"
        indexes = [models.Index(fields=["dataset", "state", "accepted_at"])]

    def __str__(self) -> str:
        return f"image {self.image_id}: class {self.label} at {self.confidence:.0%}, {self.state}"


class Reliability(models.Model):
    """What a person's answers on one data set have shown: derived. `counts` is sparse, {"true,answered": expected}."""

    annotator = models.ForeignKey(Annotator, models.CASCADE, related_name="reliabilities")
    dataset = models.ForeignKey(DataSet, models.CASCADE, related_name="reliabilities")
    counts = models.JSONField(default=dict)
    agreed = models.FloatField(default=0.0, help_text="Votes that agree with what others made firm.")
    disagreed = models.FloatField(default=0.0)
    evidence = models.FloatField(default=0.0, help_text="Graded answers behind the figures.")
    accuracy = models.FloatField(default=0.0)
    low = models.FloatField(default=0.0)
    high = models.FloatField(default=1.0)
    weight = models.FloatField(default=0.0)
    trusted = models.BooleanField(default=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "reliabilities"
        constraints = [models.UniqueConstraint(fields=["annotator", "dataset"], name="one_reliability_a_dataset")]

    def __str__(self) -> str:
        return f"{self.annotator}: {self.accuracy:.0%} ({self.low:.0%} to {self.high:.0%})"


class FlagState(models.TextChoices):
    OPEN = "open"
    UPHELD = "upheld"
    CLEARED = "cleared"


class Flag(models.Model):
    """The platform's suspicion of a person on one data set, with its evidence; a reviewer decides."""

    annotator = models.ForeignKey(Annotator, models.CASCADE, related_name="flags")
    dataset = models.ForeignKey(DataSet, models.CASCADE, related_name="flags")
    reason = models.CharField(max_length=200)
    evidence = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=FlagState.choices, default=FlagState.OPEN)
    raised_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-raised_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["annotator", "dataset"], condition=Q(state="open"), name="one_open_flag_a_dataset"
            )
        ]

    def __str__(self) -> str:
        return f"{self.annotator}: {self.reason}"


class Verdict(models.TextChoices):
    BLOCK = "block", "blocked"
    CLEAR = "clear", "cleared"
    REINSTATE = "reinstate", "reinstated"


class Decision(LedgerRow):
    """A reviewer's word about a person. The latest one holds; none destroys anything."""

    annotator = models.ForeignKey(Annotator, models.PROTECT, related_name="decisions")
    verdict = models.CharField(max_length=9, choices=Verdict.choices)
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.annotator} {self.get_verdict_display()}"


class ReportState(models.TextChoices):
    OPEN = "open", "waits for a reviewer"
    UPHELD = "upheld", "taken out"
    DISMISSED = "dismissed", "fit to show"


class Report(models.Model):
    """«Not fit to show.» The image is withdrawn at once; a reviewer takes it out for good or puts it back."""

    image = models.ForeignKey(Image, models.CASCADE, related_name="reports")
    annotator = models.ForeignKey(Annotator, models.PROTECT, related_name="reports")
    state = models.CharField(max_length=9, choices=ReportState.choices, default=ReportState.OPEN)
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"report of image {self.image_id}"
