from typing import Any

from django import forms
from django.conf import settings

from accounts.forms import Plain
from accounts.models import User
from annotations.sites.hosts import hosts_read
from annotations.sites.models import Protocol, Site
from annotations.sites.selectors import datasets_offered
from annotations.sites.ways import WAYS
from gallery.models import DataSet

NAME_LENGTH = Site._meta.get_field("name").max_length
MOST_HOSTS, MOST_DATASETS = 50, 50
TOO_MANY_DATASETS = f"{MOST_DATASETS} data sets are the most."


class DataSetsField(forms.ModelMultipleChoiceField):
    def __init__(self, *args: Any, asker: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asker = asker

    def label_from_instance(self, obj: DataSet) -> str:
        if obj.owner_id == self.asker.pk:
            return f"{obj.name} (yours)"
        return f"{obj.name} (by {obj.owner})"


class SiteForm(Plain, forms.Form):
    name = forms.CharField(max_length=NAME_LENGTH, help_text="For yourself: people who solve don’t see it.")
    hosts = forms.CharField(
        label="Hosts",
        help_text="Whose pages may show the widget, one a line. *.shop.example stands for all names below "
        "shop.example. For trying it out on your machine, add localhost.",
        widget=forms.Textarea(attrs={"rows": 4, "placeholder": "shop.example\nwww.shop.example"}),
        error_messages={"required": "Name at least one host: the widget works nowhere else."},
    )

    def __init__(self, data: Any = None, *, owner: User, site: Site | None = None) -> None:
        initial = {"name": site.name, "hosts": "\n".join(site.hosts), "datasets": site.datasets.all()} if site else {}
        super().__init__(data, initial=initial)
        self.fields["datasets"] = DataSetsField(
            datasets_offered(owner).select_related("owner"),
            asker=owner,
            required=False,
            label="Data sets that it labels",
            help_text="Your own, and public ones. Several take turns at random. With none, people get questions "
            "without pictures.",
            widget=forms.CheckboxSelectMultiple,
            error_messages={"invalid_choice": "One of these data sets can’t be asked about by you any more."},
        )

    def clean_hosts(self) -> list[str]:
        hosts, wrong = hosts_read(self.cleaned_data["hosts"].splitlines())
        if wrong:
            raise forms.ValidationError([f"Line {line}: {reason}" for line, reason in wrong.items()])
        if len(hosts) > MOST_HOSTS:
            raise forms.ValidationError(f"{MOST_HOSTS} hosts are the most. *.shop.example stands for many.")
        return hosts

    def clean_datasets(self) -> list[DataSet]:
        datasets = list(self.cleaned_data["datasets"])
        if len(datasets) > MOST_DATASETS:
            raise forms.ValidationError(TOO_MANY_DATASETS)
        return datasets


class TryForm(Plain, forms.Form):
    """How the playground shows the widget."""

    protocol = forms.ChoiceField(label="As", choices=[(key, one.title) for key, one in WAYS.items()], required=False)
    theme = forms.ChoiceField(choices=[("light", "light"), ("dark", "dark")], required=False)
    size = forms.ChoiceField(
        choices=[("normal", "normal"), ("compact", "compact"), ("invisible", "invisible")], required=False
    )
    hl = forms.ChoiceField(label="Language", choices=[("", "the browser’s"), *settings.LANGUAGES], required=False)

    def chosen(self) -> dict[str, str]:
        """What makes no sense is left out, so that an old address still shows a widget."""
        said = self.cleaned_data if self.is_valid() else {}
        usual = {"protocol": Protocol.HCAPTCHA.value, "theme": "light", "size": "normal", "hl": ""}
        return {name: said.get(name) or value for name, value in usual.items()}
