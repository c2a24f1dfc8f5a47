from django.conf import settings
from django.core.validators import MinLengthValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from gallery.mixed import place
from gallery.work import Work


class Visibility(models.TextChoices):
    PRIVATE = "private", "only me and reviewers"
    PUBLIC = "public", "everybody"


class TaskType(models.TextChoices):
    CLASSIFICATION = "classification"


class DataSet(models.Model):
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="datasets")
    name = models.CharField(max_length=80)
    description = models.TextField(max_length=2000, blank=True)
    visibility = models.CharField(max_length=8, choices=Visibility.choices, default=Visibility.PRIVATE)
    task_type = models.CharField(max_length=16, choices=TaskType.choices, default=TaskType.CLASSIFICATION)
    open_for_contributions = models.BooleanField(
        default=False, help_text="Anybody signed in may add images; labels of others are votes."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    classes_changed_at = models.DateTimeField(
        null=True, editable=False, help_text="Until consensus and tags have followed; none: they have."
    )

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint("owner", Lower("name"), name="one_name_an_owner")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_public(self) -> bool:
        return self.visibility == Visibility.PUBLIC


class LabelClass(models.Model):
    """One of the K classes of a data set. Its index is its column in every posterior, so a removed class keeps it."""

    dataset = models.ForeignKey(DataSet, models.CASCADE, related_name="classes")
    index = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=60, validators=[MinLengthValidator(1)])
    key = models.CharField(max_length=1, blank=True, help_text="The one character that is typed for it in a strip.")
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["dataset", "index"]
        verbose_name_plural = "label classes"
        constraints = [
            models.UniqueConstraint(fields=["dataset", "index"], name="one_class_an_index"),
            models.UniqueConstraint("dataset", Lower("name"), name="one_class_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Split(models.TextChoices):
    POOL = "pool"
    GOLD = "gold"
    EVALUATION = "evaluation"
    TRAINING = "training"


class ImageQuerySet(models.QuerySet["Image"]):
    def present(self) -> "ImageQuerySet":
        return self.filter(deleted_at=None)

    def shown(self) -> "ImageQuerySet":
        """Neither deleted nor withdrawn: fit to be put before people."""
        return self.filter(deleted_at=None, withdrawn_at=None)


class Image(models.Model):
    """A picture. Deleting it leaves this row as a tombstone: the files go, the votes about it stay."""

    dataset = models.ForeignKey(DataSet, models.PROTECT, related_name="images")
    uploader = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="images")
    name = models.CharField(max_length=200)
    file = models.FileField(upload_to="images/%Y/%m/")
    thumbnail = models.FileField(upload_to="thumbnails/%Y/%m/")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of the decoded pixels.")
    split = models.CharField(max_length=10, choices=Split.choices, default=Split.POOL)
    uploaded_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    place = place("id")

    objects = ImageQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["dataset", "split", "place"]), models.Index(fields=["dataset", "place"])]
        constraints = [
            models.UniqueConstraint(
                fields=["dataset", "digest"], condition=Q(deleted_at=None), name="one_copy_a_dataset"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_shown(self) -> bool:
        """As `ImageQuerySet.shown`."""
        return self.deleted_at is None and self.withdrawn_at is None

    @property
    def audit_name(self) -> str:
        # The name alone is anybody's to choose, and many pictures may have it.
        return f"image {self.pk} of {self.dataset}"


class Source(models.TextChoices):
    """Who says so. An owner's word goes before the crowd's, the crowd's before a model's."""

    MODEL = "model"
    CROWD = "crowd"
    OWNER = "owner"


class TagQuerySet(models.QuerySet["Tag"]):
    def standing(self) -> "TagQuerySet":
        """Without those of classes that were removed: they are kept, and count again should the class come back."""
        return self.filter(label__removed_at=None)


class Tag(models.Model):
    image = models.ForeignKey(Image, models.CASCADE, related_name="tags")
    source = models.CharField(max_length=5, choices=Source.choices)
    label = models.ForeignKey(LabelClass, models.PROTECT, related_name="+")
    confidence = models.FloatField(default=1.0)
    version = models.PositiveIntegerField(null=True, blank=True, help_text="The model version that says so.")
    sure = models.BooleanField(default=True, help_text="A model's word may be a guess; people's word is not.")
    updated_at = models.DateTimeField(auto_now=True)

    objects = TagQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["image", "source"], name="one_tag_a_source")]
        indexes = [models.Index(fields=["source", "label"])]

    def __str__(self) -> str:
        return f"{self.label} ({self.source}, {self.confidence:.0%})"

    @property
    def percent(self) -> int:
        """Rounded down: nobody is 100% sure who isn't."""
        return int(self.confidence * 100)


class Tagging(Work):
    """The work of embedding an image and predicting its tag."""

    image = models.OneToOneField(Image, models.CASCADE, related_name="tagging")

    def __str__(self) -> str:
        return f"tagging of image {self.image_id}"
