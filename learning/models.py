from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from gallery.models import DataSet, Image, LabelClass
from gallery.work import Work
from learning.policy_fields import Passing, Training

LEARNING_LOSS = "learning_loss"  # the strategy that a network has to be trained for


class Policy(Passing, Training):
    """How a data set learns: what to ask, when to train and what to train.

    What is asked at first is the “default” of `docs/strategies.md`: measured there against every other strategy.
    """

    dataset = models.OneToOneField(DataSet, models.CASCADE, primary_key=True, related_name="policy")
    strategy = models.CharField(max_length=40, default="badge", help_text="What is worth asking first.")
    random_share = models.FloatField(
        default=0.1,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text="Share of the questions that is drawn at random instead.",
    )
    random_halving = models.PositiveIntegerField(
        default=0, help_text="Labels after which that share has halved, and again after as many more; 0: it stays."
    )
    round_size = models.PositiveIntegerField(default=100, help_text="Images that a sampling round asks about.")
    stream_rate = models.FloatField(
        default=0.1,
        validators=[MinValueValidator(0), MaxValueValidator(0.9)],
        help_text="Share of new uploads that is asked about as they arrive; 0: rounds alone choose.",
    )
    sure_from = models.FloatField(
        default=0.5,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text="Confidence below which a tag is shown as a guess, and the picture goes to the solvers; 0: none is.",
    )
    budget = models.PositiveIntegerField(
        null=True, blank=True, help_text="Answers to spend; without it, as many as it takes."
    )
    balance = models.BooleanField(default=True, help_text=Passing._meta.get_field("balance").help_text)
    stops = models.BooleanField(default=True, help_text="End when new versions are no longer better.")
    automatic = models.BooleanField(default=True, help_text="Train without being asked to.")
    buffer_size = models.PositiveIntegerField(default=50, help_text="New labels that start a training run.")
    delay_seconds = models.PositiveIntegerField(default=60, help_text="Longest wait of a new label, in seconds.")
    deadline_minutes = models.PositiveIntegerField(default=240, help_text="After which a run is given up.")
    sure_of_better = models.FloatField(
        default=0.8,
        validators=[MinValueValidator(0.8), MaxValueValidator(0.999)],
        help_text="Probability of being better that a version needs to serve.",
    )
    shadow = models.BooleanField(
        default=False, help_text="A better version says of new uploads beside the one that serves what it would tag."
    )

    class Meta:
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return f"policy of {self.dataset}"


class Mode(models.TextChoices):
    NEW_CYCLE = "new_cycle", "from scratch"
    CONTINUE = "continue", "from the champion's weights"
    ONLINE = "online", "the new labels alone, from the champion's weights"


class TrainingRun(Work):
    forgiven = models.F("turns")

    dataset = models.ForeignKey(DataSet, models.CASCADE, related_name="runs")
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.NEW_CYCLE)
    epochs = models.PositiveSmallIntegerField()
    trigger = models.CharField(max_length=80)
    due_at = models.DateTimeField(default=timezone.now)
    phase = models.CharField(max_length=40, blank=True)
    progress = models.FloatField(default=0.0)
    turns = models.PositiveSmallIntegerField(default=0, help_text="Attempts that ended by giving way to other work.")
    waited = models.FloatField(default=0.0, help_text="Seconds between those, which its deadline doesn't count.")
    finished_at = models.DateTimeField(null=True)
    plan = models.JSONField(null=True, editable=False, help_text="What it does, decided when it first began.")
    checkpoint = models.FileField(upload_to="checkpoints/", blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            # A data set has one run at a time; a later trigger joins the one that waits or runs.
            models.UniqueConstraint(
                fields=["dataset"], condition=Q(state__in=["waiting", "running"]), name="one_run_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.dataset}: {self.trigger}"


class VersionState(models.TextChoices):
    CHAMPION = "champion"
    CHALLENGER = "challenger"
    REJECTED = "rejected"
    RETIRED = "retired"


class ModelVersion(models.Model):
    dataset = models.ForeignKey(DataSet, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    parent = models.ForeignKey("self", models.SET_NULL, null=True, related_name="children")
    run = models.OneToOneField(TrainingRun, models.PROTECT, related_name="version")
    state = models.CharField(max_length=10, choices=VersionState.choices)
    provisional = models.BooleanField(default=False, help_text="Judged by cross-validation, for want of evaluation.")
    reason = models.CharField(max_length=300, help_text="What the gate said.")
    backbone = models.CharField(max_length=60)
    frozen = models.BooleanField(default=False, help_text="A head on the backbone's own features.")
    configuration = models.JSONField()
    metrics = models.JSONField()
    predictions = models.JSONField(default=dict, help_text="What it said of the images it was judged on.")
    labels = models.PositiveIntegerField(help_text="Images it learned from.")
    temperature = models.FloatField(default=1.0)
    weights = models.FileField(upload_to="models/")
    created_at = models.DateTimeField(auto_now_add=True)
    promoted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["dataset", "number"], name="one_version_a_number"),
            models.UniqueConstraint(fields=["dataset"], condition=Q(state="champion"), name="one_champion"),
            models.UniqueConstraint(fields=["dataset"], condition=Q(state="challenger"), name="one_challenger"),
        ]

    def __str__(self) -> str:
        return f"version {self.number} of {self.dataset}"

    @property
    def audit_name(self) -> str:
        return f"model {self}"


class TrainingExample(models.Model):
    """One row of a run's training set, as it was: what the image was taken for, and on whose word."""

    run = models.ForeignKey(TrainingRun, models.CASCADE, related_name="examples")
    image = models.ForeignKey(Image, models.PROTECT, related_name="examples")
    target = models.JSONField(help_text="The posterior it was trained on.")
    source = models.CharField(max_length=5, choices=[("owner", "owner"), ("crowd", "crowd"), ("model", "model")])
    weight = models.FloatField(default=1.0)
    replayed = models.BooleanField(default=False, help_text="An old label learned again, online.")
    out_of_fold = models.JSONField(null=True, help_text="What a model that had not seen it predicted.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "image"], name="one_example_an_image")]

    def __str__(self) -> str:
        return f"image {self.image_id} in run {self.run_id}"


class Feature(models.Model):
    """A frozen backbone's features of an image, float16, computed once."""

    image = models.ForeignKey(Image, models.CASCADE, related_name="+")
    backbone = models.CharField(max_length=64, help_text="The digest of the backbone's weights.")
    vector = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["image", "backbone"], name="one_feature_a_backbone")]

    def __str__(self) -> str:
        return f"features of image {self.image_id}"


class Retag(Work):
    """After a promotion: every tag of the data set by the new champion, then a new sampling round."""

    version = models.OneToOneField(ModelVersion, models.CASCADE, related_name="retag")
    after = models.BigIntegerField(default=0, help_text="The last image that it has tagged, by id; it goes on after.")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"re-tag by {self.version}"


class ShadowTag(models.Model):
    """What a challenger would have tagged an upload as, beside what the champion did. Nobody is shown it as a tag."""

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="shadow_tags")
    champion = models.ForeignKey(ModelVersion, models.CASCADE, related_name="+")
    image = models.ForeignKey(Image, models.CASCADE, related_name="+")
    label = models.PositiveSmallIntegerField(help_text="A class by its index.")
    confidence = models.FloatField()
    champion_label = models.PositiveSmallIntegerField()
    champion_confidence = models.FloatField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "image"], name="one_shadow_tag_an_image")]

    def __str__(self) -> str:
        return f"image {self.image_id} by {self.version}"


class Drift(Work):
    """Whether what was uploaded since a version was made looks to it like what was there before. Worked out anew as
    uploads come; `seen` were there when it was last asked for."""

    version = models.OneToOneField(ModelVersion, models.CASCADE, related_name="drift")
    seen = models.PositiveIntegerField(default=0)
    reference = models.PositiveIntegerField(default=0, help_text="Evaluation pictures from before that it looked at.")
    current = models.PositiveIntegerField(default=0, help_text="Uploads since, the latest, that it looked at.")
    p_value = models.FloatField(null=True, help_text="Null where either was too few.")
    shifted = models.BooleanField(default=False)
    classes = models.JSONField(default=list, help_text="Of each class its shares and their change, by index.")
    checked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"drift since {self.version}"


class SamplingRound(Work, Passing):
    dataset = models.ForeignKey(DataSet, models.CASCADE, related_name="rounds")
    version = models.ForeignKey(ModelVersion, models.SET_NULL, null=True, related_name="+")
    strategy = models.CharField(max_length=40)
    random_share = models.FloatField()
    size = models.PositiveIntegerField()
    queued = models.PositiveIntegerField(default=0)
    phase = models.CharField(max_length=40, blank=True)
    progress = models.FloatField(default=0.0)
    finished_at = models.DateTimeField(null=True)
    streaming = models.BooleanField(default=False, help_text="It chooses among uploads as they arrive, on and on.")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["version"], condition=Q(streaming=True), name="one_stream_a_version")
        ]

    def __str__(self) -> str:
        return f"round {self.pk} of {self.dataset}"


class StreamState(models.Model):
    """What a stream of uploads remembers from one to the next: of bounded size however many come."""

    round = models.OneToOneField(SamplingRound, models.CASCADE, primary_key=True, related_name="stream")
    seen = models.PositiveBigIntegerField(default=0)
    arrays = models.BinaryField(help_text="`Stream.state` of the engine, as an npz file.")

    def __str__(self) -> str:
        return f"stream of {self.round}"


class Pick(models.Model):
    """One image of a round: what chose it, its place and its score. It stays when the queue has gone on."""

    round = models.ForeignKey(SamplingRound, models.CASCADE, related_name="picks")
    image = models.ForeignKey(Image, models.CASCADE, related_name="picks")
    rank = models.PositiveIntegerField(help_text="From 1, which is asked first.")
    score = models.FloatField(help_text="No common scale from one strategy to another.")
    reason = models.CharField(max_length=40)

    class Meta:
        ordering = ["round", "rank"]
        constraints = [models.UniqueConstraint(fields=["round", "image"], name="one_pick_a_round")]

    def __str__(self) -> str:
        return f"image {self.image_id} in round {self.round_id}: {self.reason}"


class ExplanationKind(models.TextChoices):
    LIME = "lime", "Parts that matter"
    GRAD_CAM = "grad_cam", "Where it looks"
    OCCLUSION = "occlusion", "What it misses when covered"
    SIMILAR = "similar", "Most alike of what it learned from"


class Explanation(Work):
    """Why a version says of an image what it says: worked out when somebody asks, once a question."""

    image = models.ForeignKey(Image, models.CASCADE, related_name="explanations")
    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="explanations")
    kind = models.CharField(max_length=9, choices=ExplanationKind.choices)
    label = models.ForeignKey(
        LabelClass, models.PROTECT, null=True, related_name="+", help_text="The class; none for the most alike."
    )
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    picture = models.FileField(upload_to="explanations/%Y/%m/", blank=True)
    facts = models.JSONField(default=dict, help_text="What was found, by kind: see docs/explanations.md.")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["image", "version", "kind", "label"], name="one_explanation_a_question"),
            # To a database two questions about no class are two questions.
            models.UniqueConstraint(
                fields=["image", "version", "kind"], condition=Q(label=None), name="one_explanation_without_a_class"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of image {self.image_id} by {self.version}"
