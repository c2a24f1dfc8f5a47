"""Which scoreboard somebody looks at, and how they stand on it."""

import unicodedata
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext, gettext_lazy, gettext_noop, override

from accounts.models import User
from annotations.models import Annotator
from annotations.selectors import approved

TAKEN = gettext_lazy("Somebody has that name already: choose another.")
GIVEN = (gettext_noop("Visitor %(number)s"), gettext_noop("Volunteer %(number)s"))


class BoardForm(forms.Form):
    dataset = forms.ModelChoiceField(
        approved(), required=False, empty_label=gettext_lazy("All"), label=gettext_lazy("Data set")
    )
    span = forms.ChoiceField(
        choices=[("week", gettext_lazy("Last 7 days")), ("all", gettext_lazy("Since the beginning"))],
        required=False,
        label=gettext_lazy("Span"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})


class ListingForm(forms.Form):
    """A visitor has no name to choose: whoever finds their cookie gone would leave it behind for good."""

    listed = forms.BooleanField(required=False, label=gettext_lazy("Show me on the scoreboard"))
    public_name = forms.CharField(
        min_length=2,
        max_length=30,
        required=False,
        label=gettext_lazy("Name on the scoreboard"),
        help_text=gettext_lazy("Everybody can read it. Without one you stand there under a number."),
    )

    def __init__(self, data: Any = None, *, annotator: Annotator) -> None:
        self.annotator = annotator
        initial = {"listed": not annotator.unlisted, "public_name": annotator.public_name}
        super().__init__(data, initial=initial, label_suffix="")
        if annotator.user_id is None:
            del self.fields["public_name"]

    def clean_public_name(self) -> str:
        name = " ".join(unicodedata.normalize("NFKC", self.cleaned_data["public_name"]).split())
        if any(unicodedata.category(character).startswith("C") for character in name):
            raise forms.ValidationError(gettext("Use letters, digits and signs that can be seen."))
        if name.casefold().startswith(_reserved()):
            raise forms.ValidationError(gettext("Names that begin like that are given to those who choose none."))
        others = Annotator.objects.exclude(pk=self.annotator.pk).filter(public_name__iexact=name)
        accounts = User.objects.exclude(pk=self.annotator.user_id).filter(name__iexact=name)
        if name and (others.exists() or accounts.exists()):
            raise forms.ValidationError(TAKEN)
        return name


def _reserved() -> tuple[str, ...]:
    """How the names begin that are given to those who choose none, in whichever language they are read."""
    found = set()
    for code, _ in settings.LANGUAGES:
        with override(code):
            found |= {(gettext(name) % {"number": ""}).strip().casefold() for name in GIVEN}
    return tuple(found)
