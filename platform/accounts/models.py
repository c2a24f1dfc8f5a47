from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy


class Role(models.TextChoices):
    UPLOADER = "uploader"
    REVIEWER = "reviewer"
    ADMINISTRATOR = "administrator"


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{**fields, "role": Role.ADMINISTRATOR})

    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email__iexact=email)


class User(AbstractBaseUser):
    """A person with an account. What they may do follows from their role and from what they own."""

    email = models.EmailField(gettext_lazy("e-mail address"), unique=True)
    name = models.CharField(gettext_lazy("name shown to others"), max_length=80, blank=True)
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.UPLOADER)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserManager()

    EMAIL_FIELD = USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="one_account_an_address")]

    def __str__(self) -> str:
        # Others read this: no part of the address is theirs to see.
        return self.name or gettext("User %(number)s") % {"number": self.pk}

    @property
    def audit_name(self) -> str:
        return f"user {self.pk}"

    @property
    def is_reviewer(self) -> bool:
        return self.is_active and self.role in {Role.REVIEWER, Role.ADMINISTRATOR}

    @property
    def is_administrator(self) -> bool:
        return self.is_active and self.role == Role.ADMINISTRATOR

    # What Django's admin asks a user for.
    is_staff = is_administrator
    is_superuser = is_administrator

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_administrator

    def has_perms(self, perms: list[str], obj: object = None) -> bool:
        return self.is_administrator

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_administrator


class AuditEntry(models.Model):
    """Who decided what, and when. Written once, with the change that it tells of."""

    at = models.DateTimeField(default=timezone.now, editable=False)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    verb = models.CharField(max_length=40)
    subject = models.CharField(max_length=80)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.actor or self.detail.get('by', 'somebody erased')} {self.verb} {self.subject}"
