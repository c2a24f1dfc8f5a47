import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from annotations.challenges.registry import USUAL
from annotations.ledger_rows import LedgerRow, VoteQuerySet
from gallery.mixed import place
from gallery.models import DataSet, Image
from gallery.work import Work


class Annotator(models.Model):
    """One face of a person who answers. Joining a visitor to an account points `same_as` at it; no vote row changes."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="annotator"
    )
    same_as = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="faces")
    blocked_at = models.DateTimeField(null=True, blank=True, help_text="Derived from the latest decision.")
    created_at = models.DateTimeField(auto_now_add=True)
    public_name = models.CharField(
        max_length=30, blank=True, default="", db_default="", help_text="On the scoreboard, where they chose one."
    )
    unlisted = models.BooleanField(
        default=False, db_default=False, help_text="Doesn't want to stand on the scoreboard."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("public_name"), condition=~Q(public_name=""), name="one_annotator_a_name")
        ]

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


def usual_kinds() -> list[str]:
    return list(USUAL)


class Campaign(models.Model):
    """How a data set is asked about: whether the public is asked, and when an image has been asked enough."""

    dataset = models.OneToOneField(DataSet, models.CASCADE, primary_key=True, related_name="campaign")
    publication = models.CharField(max_length=10, choices=Publication.choices, default=Publication.CLOSED)
    threshold = models.FloatField(default=0.95, help_text="Posterior at which a label is accepted.")
    minimum_trusted = models.PositiveSmallIntegerField(default=2, help_text="Trusted people it takes at least.")
    cap = models.PositiveSmallIntegerField(default=7, help_text="Votes after which it is contested.")
    use_model = models.BooleanField(default=True, help_text="The model's predictions stand in as one more annotator.")
    kinds = models.JSONField(default=usual_kinds, help_text="The kinds of challenge that people are given.")
    flips = models.BooleanField(default=False, help_text="Mirrored pictures show the same. Not so with digits.")
    # Set by the background fit, read without a lock by every answer.
    population = models.JSONField(null=True, editable=False)
    class_prior = models.JSONField(null=True, editable=False)
    model_skill = models.JSONField(null=True, editable=False)
    model_version = models.PositiveIntegerField(null=True, editable=False, help_text="That serves, and is heard.")
    agreement = models.JSONField(null=True, editable=False)
    contributions_at = models.DateTimeField(null=True, editable=False, help_text="When they were counted last.")
    fitted_votes = models.PositiveIntegerField(default=0, editable=False)
    fits = models.PositiveIntegerField(default=0, editable=False, help_text="Full fits begun: the last one writes.")
    # Nobody is asked any more, until a person goes on.
    ended_at = models.DateTimeField(null=True, editable=False)
    ended_because = models.CharField(max_length=400, blank=True, editable=False)
    resumed_at = models.DateTimeField(null=True, editable=False)

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
        indexes = [models.Index(fields=["dataset", "-priority", "-score", "id"])]

    def __str__(self) -> str:
        return f"image {self.image_id}: {self.reason}"


class ChallengeState(models.TextChoices):
    READY = "ready"  # assembled ahead, for whoever comes: see services/shelf.py
    OPEN = "open"
    PASSED = "passed"
    FAILED = "failed"
    UNSURE = "unsure"  # nothing that was said is wrong, but a control could not be told: no verdict
    REPLACED = "replaced"


class Challenge(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    dataset = models.ForeignKey(DataSet, models.PROTECT, related_name="challenges")
    annotator = models.ForeignKey(Annotator, models.PROTECT, related_name="challenges")
    kind = models.CharField(max_length=20)
    target = models.PositiveSmallIntegerField(null=True)
    asked = models.JSONField(default=list, help_text="Further classes that its questions name.")
    doubt = models.FloatField(default=1.0, help_text="About a person, up to which its controls suffice for a verdict.")
    seed = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=ChallengeState.choices, default=ChallengeState.OPEN)
    assembled_at = models.DateTimeField(default=timezone.now, help_text="By what was known then it is graded.")
    issued_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-issued_at"]
        indexes = [
            models.Index(fields=["annotator", "-issued_at"]),
            models.Index(fields=["dataset", "issued_at"]),
            models.Index(
                fields=["dataset", "kind", "doubt", "assembled_at"],
                condition=Q(state=ChallengeState.READY),
                name="annotations_ready",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Tile(models.Model):
    """One image of a challenge. `truth` is set on controls alone, and never leaves the server.

    After the last tile that is asked about stands what is shown as an example, where the kind has one.
    """

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


class UnseenKind(models.TextChoices):
    SOUND = "sound", gettext_lazy("sounds to recognise")
    RIDDLE = "riddle", gettext_lazy("questions in words")


class UnseenWay(models.TextChoices):
    WORK = "work", "the browser does some work"
    WAIT = "wait", "more questions, and some time that has to pass"


class Unseen(models.Model):
    """Questions without pictures, for a verdict alone. They come from the seed, of no data set, and leave no votes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    annotator = models.ForeignKey(Annotator, models.PROTECT, related_name="unseen")
    kind = models.CharField(max_length=6, choices=UnseenKind.choices)
    way = models.CharField(max_length=4, choices=UnseenWay.choices)
    language = models.CharField(max_length=8, default="en", help_text="Of the riddles, which stay as they were asked.")
    seed = models.PositiveBigIntegerField()
    state = models.CharField(max_length=8, choices=ChallengeState.choices, default=ChallengeState.OPEN)
    issued_at = models.DateTimeField(default=timezone.now)
    opens_at = models.DateTimeField(help_text="An answer that comes before is asked to wait.")
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-issued_at"]
        indexes = [models.Index(fields=["annotator", "-answered_at"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class AnswerKind(models.IntegerChoices):
    """The same numbers as annotations.consensus.votes.Kind."""

    CHOICE = 0, "names the class"
    YES = 1, "says it is"
    NO = 2, "says it is not"


KINDS_OF_ANSWER = {"choice": AnswerKind.CHOICE, "yes": AnswerKind.YES, "no": AnswerKind.NO}  # as challenges name them


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
    """Somebody's word on an image whose class nobody knows.

    Of a person's rows on an image the latest counts; where it is `withdrawn`, they have no word on it. What a second
    thought says of a tile is a row that `supersedes` the first.
    """

    supersedes = models.OneToOneField("self", models.PROTECT, null=True, related_name="superseded_by")
    withdrawn = models.BooleanField(default=False, db_default=False, help_text="«I can't tell after all.»")

    objects = VoteQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["dataset", "image"]), models.Index(fields=["annotator", "dataset"])]
        constraints = [
            models.UniqueConstraint(
                fields=["challenge", "image"],
                condition=Q(challenge__isnull=False, supersedes=None),
                name="one_vote_a_tile",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn=False) | Q(supersedes__isnull=False), name="withdrawn_of_what"
            ),
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


class SecondThought(LedgerRow):
    """Somebody changed their answer to a challenge, once. All of it is kept, so that what they are shown of it tells
    no control from an unknown; only what it says of unknowns has become votes."""

    challenge = models.OneToOneField(Challenge, models.PROTECT, related_name="second_thought")
    said = models.JSONField(help_text="A row a tile that was answered: position, kind, class index.")

    def __str__(self) -> str:
        return f"second thought on {self.challenge_id}"


class WithheldVerdict(models.Model):
    """An answer whose verdict its annotator has not been told yet: until then they may change it. Goes when told."""

    challenge = models.OneToOneField(Challenge, models.CASCADE, primary_key=True, related_name="withheld")
    annotator = models.ForeignKey(Annotator, models.CASCADE, related_name="withheld_verdicts")
    raw = models.JSONField(help_text="What was answered, as it was sent.")
    votes = models.PositiveSmallIntegerField(help_text="That it brought at first: no change of mind shows in them.")

    def __str__(self) -> str:
        return f"withheld verdict of {self.challenge_id}"


class Streak(models.Model):
    """How many challenges a person has passed in a row, and on how many days running: derived from their challenges."""

    annotator = models.OneToOneField(Annotator, models.CASCADE, primary_key=True, related_name="streak")
    run = models.PositiveIntegerField(default=0)
    best = models.PositiveIntegerField(default=0)
    days = models.PositiveIntegerField(default=0, help_text="Up to the last day.")
    best_days = models.PositiveIntegerField(default=0)
    last_day = models.DateField(null=True, help_text="The last one with a challenge that was passed.")

    def __str__(self) -> str:
        return f"{self.annotator}: {self.run} in a row"


class ConsensusState(models.TextChoices):
    OPEN = "open"
    ACCEPTED = "accepted"
    CONTESTED = "contested"
    SET_ASIDE = "set aside"  # a reviewer says that nobody can tell


FIRM = 0.99  # consensus that serves as gold


class Consensus(models.Model):
    """What the votes on an image come to: derived, and always derivable again."""

    image = models.OneToOneField(Image, models.CASCADE, primary_key=True, related_name="consensus")
    dataset = models.ForeignKey(DataSet, models.CASCADE, related_name="+")
    posterior = models.JSONField()
    crowd = models.JSONField(null=True, help_text="The posterior without the model's word, where the model has one.")
    label = models.PositiveSmallIntegerField()
    confidence = models.FloatField()
    votes = models.PositiveIntegerField()
    trusted = models.PositiveIntegerField()
    further = models.FloatField(default=0.0, help_text="Votes that it is expected to take still.")
    value = models.FloatField(default=0.0, help_text="What a reviewer's word on it is worth: asked in this order.")
    state = models.CharField(max_length=9, choices=ConsensusState.choices, default=ConsensusState.OPEN)
    accepted_at = models.DateTimeField(null=True)
    place = place("image_id")

    class Meta:
        verbose_name_plural = "consensus"
        indexes = [
            models.Index(fields=["dataset", "state", "accepted_at"]),
            models.Index(
                fields=["dataset", "place"],
                condition=Q(state=ConsensusState.ACCEPTED, confidence__gte=FIRM),
                name="annotations_firm_places",
            ),
        ]

    def __str__(self) -> str:
        return f"image {self.image_id}: class {self.label} at {self.confidence:.0%}, {self.state}"


def no_sides() -> list[list[float]]:
    return [[0.0, 0.0], [0.0, 0.0]]


class Reliability(models.Model):
    """What a person's answers on one data set have shown: derived. `counts` is sparse, {"true,answered": expected}."""

    annotator = models.ForeignKey(Annotator, models.CASCADE, related_name="reliabilities")
    dataset = models.ForeignKey(DataSet, models.CASCADE, related_name="reliabilities")
    counts = models.JSONField(default=dict)
    agreed = models.FloatField(default=0.0, help_text="Votes that agree with what others made firm.")
    disagreed = models.FloatField(default=0.0)
    sides = models.JSONField(default=no_sides, help_text="Of those on tiles: [is the class, is not][right, wrong].")
    evidence = models.FloatField(default=0.0, help_text="Graded answers behind the figures.")
    accuracy = models.FloatField(default=0.0)
    low = models.FloatField(default=0.0)
    high = models.FloatField(default=1.0)
    weight = models.FloatField(default=0.0)
    trusted = models.BooleanField(default=False)
    proven = models.BooleanField(default=False, help_text="Right in nine of ten at least, by the lower bound.")
    bits = models.FloatField(default=0.0, help_text="What a vote of theirs tells, of the class, in bits.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "reliabilities"
        constraints = [models.UniqueConstraint(fields=["annotator", "dataset"], name="one_reliability_a_dataset")]

    def __str__(self) -> str:
        return f"{self.annotator}: {self.accuracy:.0%} ({self.low:.0%} to {self.high:.0%})"


class Contribution(models.Model):
    """How much a person has answered on a data set, counted in the background; what an answer of theirs is worth stands
    in their reliability."""

    reliability = models.OneToOneField(Reliability, models.CASCADE, primary_key=True, related_name="contribution")
    answers = models.FloatField(default=0.0, help_text="«It isn't c» is the part of one that it tells.")
    lately = models.FloatField(default=0.0, help_text="Those of the last seven days.")

    def __str__(self) -> str:
        return f"contribution to {self.reliability_id}"


class FlagState(models.TextChoices):
    OPEN = "open"
    UPHELD = "upheld"
    CLEARED = "cleared"


class Suspicion(models.TextChoices):
    ACCURACY = "accuracy", "too often wrong"
    DRIFT = "drift", "was better before"
    COLLUSION = "collusion", "wrong together with others"
    PATTERN = "pattern", "answers without looking"


class Flag(models.Model):
    """The platform's suspicion of a person on one data set, with its evidence; a reviewer decides."""

    annotator = models.ForeignKey(Annotator, models.CASCADE, related_name="flags")
    dataset = models.ForeignKey(DataSet, models.CASCADE, related_name="flags")
    kind = models.CharField(max_length=9, choices=Suspicion.choices, default=Suspicion.ACCURACY)
    reason = models.CharField(max_length=200)
    evidence = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=FlagState.choices, default=FlagState.OPEN)
    raised_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-raised_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["annotator", "dataset", "kind"], condition=Q(state="open"), name="one_open_flag_a_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.annotator}: {self.reason}"


class Verdict(models.TextChoices):
    BLOCK = "block", "blocked"
    CLEAR = "clear", "cleared"
    REINSTATE = "reinstate", "reinstated"


class DecisionRefit(Work):
    """What decisions about people change, worked out in the background: there are too many votes for a request."""

    changed = models.PositiveIntegerField(null=True, help_text="Images with another label or state; none until done.")

    def __str__(self) -> str:
        return f"refit {self.pk}, {self.state}"


class Decision(LedgerRow):
    """A reviewer's word about a person. The latest one holds; none destroys anything."""

    annotator = models.ForeignKey(Annotator, models.PROTECT, related_name="decisions")
    verdict = models.CharField(max_length=9, choices=Verdict.choices)
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    refit = models.ForeignKey(
        DecisionRefit, models.PROTECT, null=True, related_name="decisions", help_text="None: done in the request."
    )

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


class Ruling(LedgerRow):
    """A reviewer's word on a picture that people could not agree on. The latest one holds."""

    dataset = models.ForeignKey(DataSet, models.PROTECT, related_name="+")
    image = models.ForeignKey(Image, models.PROTECT, related_name="rulings")
    label = models.PositiveSmallIntegerField(null=True, help_text="The class's index; none: nobody can tell.")
    withdrawn = models.BooleanField(default=False, help_text="Takes back what was ruled before.")
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["dataset", "image"])]

    def __str__(self) -> str:
        return f"ruling {self.pk} on image {self.image_id}"


class Regrade(LedgerRow):
    """The truth that answers on a control count against from now on, or that they count not at all."""

    dataset = models.ForeignKey(DataSet, models.PROTECT, related_name="+")
    image = models.ForeignKey(Image, models.PROTECT, related_name="regrades")
    truth = models.PositiveSmallIntegerField(null=True, help_text="The class's index; none: the control was unfair.")
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [models.Index(fields=["dataset", "image"])]

    def __str__(self) -> str:
        return f"regrade {self.pk} of image {self.image_id}"


class Contradiction(LedgerRow):
    """Trusted people contradicted a firm image that they had as a control: from now on it is in doubt."""

    dataset = models.ForeignKey(DataSet, models.PROTECT, related_name="+")
    image = models.ForeignKey(Image, models.PROTECT, related_name="contradictions")
    truth = models.PositiveSmallIntegerField(help_text="The index of the class that was agreed on.")
    answers = models.JSONField(help_text="The control answers that contradict it.")

    class Meta:
        indexes = [models.Index(fields=["dataset", "image"])]

    def __str__(self) -> str:
        return f"contradiction {self.pk} of image {self.image_id}"


class OutOfFold(LedgerRow):
    """What a version, or a sister that had not learned from the image, said of it, calibrated. Who serves is heard."""

    dataset = models.ForeignKey(DataSet, models.PROTECT, related_name="+")
    image = models.ForeignKey(Image, models.PROTECT, related_name="out_of_fold")
    version = models.PositiveIntegerField()
    probabilities = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["dataset", "image"])]
        constraints = [models.UniqueConstraint(fields=["image", "version"], name="one_opinion_a_version")]

    def __str__(self) -> str:
        return f"version {self.version} on image {self.image_id}"


class Gold(models.Model):
    """Where a control with a known answer comes from, and whether it is retired: then it is never a control again."""

    image = models.OneToOneField(Image, models.CASCADE, related_name="gold")
    dataset = models.ForeignKey(DataSet, models.CASCADE, related_name="gold")
    added_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)
    retired_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    retired_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "gold"

    def __str__(self) -> str:
        return f"gold: image {self.image_id}"


class AppealState(models.TextChoices):
    OPEN = "open", "waits for a reviewer"
    GRANTED = "granted", "granted"
    DECLINED = "declined", "declined"


class Appeal(models.Model):
    """An annotator's objection to how they were judged."""

    annotator = models.ForeignKey(Annotator, models.PROTECT, related_name="appeals")
    dataset = models.ForeignKey(DataSet, models.CASCADE, related_name="+")
    text = models.CharField(max_length=1000)
    state = models.CharField(max_length=8, choices=AppealState.choices, default=AppealState.OPEN)
    answer = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["annotator", "dataset"], condition=Q(state="open"), name="one_open_appeal_a_dataset"
            )
        ]

    def __str__(self) -> str:
        return f"appeal of {self.annotator}"


class ImportedAnnotator(models.Model):
    """Whom a worker's name in imported votes stands for, in this data set."""

    dataset = models.ForeignKey(DataSet, models.CASCADE, related_name="imported_annotators")
    name = models.CharField(max_length=200)
    annotator = models.OneToOneField(Annotator, models.PROTECT, related_name="imported")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "name"], name="one_annotator_a_worker")]

    def __str__(self) -> str:
        return f"{self.name} in {self.dataset}"
