"""What a policy says of asking and of training, as fields; rounds keep a copy of the former."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from learning.engine.strategies.options import Options


class Passing(models.Model):
    """What a strategy's ranking is passed over for: see `strategies.options.Options`."""

    duplicates = models.FloatField(
        default=1.0,
        validators=[MinValueValidator(0.5), MaxValueValidator(1)],
        help_text="Cosine of two pictures' features from which they are the same, asked once; 1: all are asked.",
    )
    outliers = models.FloatField(
        default=0.0,
        validators=[MinValueValidator(0), MaxValueValidator(0.5)],
        help_text="Share of the pool that is unlike the rest of it, asked last.",
    )
    balance = models.BooleanField(default=False, help_text="No class that the model names takes more than its turn.")

    class Meta:
        abstract = True

    @property
    def options(self) -> Options:
        return Options(self.duplicates, self.outliers, self.balance)


class Regime(models.TextChoices):
    AUTO = "auto", "As suits the network: a head on one that knows photographs, the whole of a small one"
    SCRATCH = "scratch", "The whole network, from nothing"
    HEAD = "head", "A head on the frozen network: seconds"
    TRANSFER = "transfer", "A head, then the whole network gently, kept only where that is better"
    ONLINE = "online", "Each buffer of new labels at once, on top of the version that serves"


class Training(models.Model):
    """How a network is trained: see `engine.trained.TrainingConfig`, which gives the reason of each."""

    backbone = models.CharField(max_length=60, default="small_cnn")
    regime = models.CharField(max_length=8, choices=Regime.choices, default=Regime.AUTO)
    head = models.CharField(
        max_length=6,
        choices=[("linear", "Linear"), ("mlp", "One hidden layer"), ("cosine", "Prototypes, for a handful of labels")],
        default="linear",
    )
    epochs = models.PositiveSmallIntegerField(default=10)
    frozen = models.FloatField(
        default=0.0,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text="Share of the network, from its beginning, that the gentle second stage leaves as it is.",
    )
    augment = models.CharField(
        max_length=12,
        choices=[
            ("shift", "Moved a little"),
            ("crop", "Cropped"),
            ("rand_augment", "Cropped and altered at random"),
        ],
        default="shift",
    )
    flips = models.BooleanField(default=False, help_text="Mirrored pictures show the same. Not so with digits.")
    mixup = models.FloatField(
        default=0.0, validators=[MinValueValidator(0), MaxValueValidator(2)], help_text="Alpha of mixup and CutMix."
    )
    even_classes = models.BooleanField(default=False, help_text="Classes count alike, however many labels each has.")
    patience = models.PositiveSmallIntegerField(
        default=0, help_text="Passes without a better held-out loss after which training ends; 0: none is held out."
    )
    ema = models.FloatField(
        default=0.0,
        validators=[MinValueValidator(0), MaxValueValidator(0.9999)],
        help_text="Decay of a mean of weights.",
    )
    replay = models.FloatField(
        default=4.0,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="Old labels learned again with each new one, online.",
    )
    recency = models.FloatField(
        default=1.0,
        validators=[MinValueValidator(0.01), MaxValueValidator(1)],
        help_text="What a buffer's age leaves of an old label's weight, online.",
    )
    self_training = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0.51), MaxValueValidator(1)],
        help_text="Confidence from which a picture without a label is learned from, too; without it none is.",
    )

    class Meta:
        abstract = True
