import uuid

from django.db import models
from django.utils import timezone

from accounts.models import User
from annotations.models import Annotator, Challenge, Unseen
from annotations.sites.tokens import Pass, token_of
from gallery.models import DataSet


class Site(models.Model):
    """Somebody's pages that show the widget. `key` stands in them; their server proves itself with a `Secret`."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="sites")
    name = models.CharField(max_length=80)
    hosts = models.JSONField(help_text="Names of the hosts whose pages may show it.")
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    datasets = models.ManyToManyField(DataSet, related_name="sites", blank=True)
    test_mode = models.BooleanField(default=False, help_text="Tokens may be made by a command, for its owner's tests.")
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def audit_name(self) -> str:
        return f"site {self.pk}"


class Secret(models.Model):
    """What a site's server proves itself with, as a digest: it is random, and so needs no slow one."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="secrets")
    digest = models.CharField(max_length=64, unique=True)
    tail = models.CharField(max_length=4, help_text="Its last letters, by which people know which one it is.")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, help_text="Set once it is replaced.")

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"…{self.tail}"

    @property
    def works(self) -> bool:
        return self.expires_at is None or self.expires_at > timezone.now()


class Protocol(models.TextChoices):
    """Whose field names and error codes a page speaks."""

    HCAPTCHA = "hcaptcha"
    RECAPTCHA = "recaptcha"
    TURNSTILE = "turnstile"


class Visit(models.Model):
    """One person before one widget, from the first click to the token that the site's server redeems."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, models.CASCADE, related_name="visits")
    annotator = models.ForeignKey(Annotator, models.PROTECT, related_name="visits")
    protocol = models.CharField(max_length=9, choices=Protocol.choices)
    hostname = models.CharField(max_length=253)
    action = models.CharField(max_length=32, blank=True)
    cdata = models.CharField(max_length=255, blank=True)
    network = models.CharField(max_length=64, blank=True, help_text="A keyed hash of where they come from.")
    bits = models.PositiveSmallIntegerField(help_text="Zeros that a piece of its work begins with.")
    doubt = models.FloatField(help_text="About whoever it is, by where they come from, at the least.")
    worked_at = models.DateTimeField(null=True, help_text="When the work was seen to be done.")
    challenge = models.ForeignKey(Challenge, models.SET_NULL, null=True, related_name="+")
    unseen = models.ForeignKey(Unseen, models.SET_NULL, null=True, related_name="+")
    failed = models.PositiveSmallIntegerField(default=0)
    votes = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    passed_at = models.DateTimeField(null=True)
    redeemed_at = models.DateTimeField(null=True)
    idempotency_key = models.UUIDField(null=True, help_text="With it Turnstile's clients may redeem a token again.")

    class Meta:
        ordering = ["-opened_at"]
        indexes = [models.Index(fields=["site", "opened_at"])]

    def __str__(self) -> str:
        return f"visit {self.id}"

    @property
    def token(self) -> str:
        """What the page gets of one that has passed; the same each time."""
        return token_of(Pass(self.pk, self.site_id, self.passed_at, self.hostname, self.action, self.cdata))
