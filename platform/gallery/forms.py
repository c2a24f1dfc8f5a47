from typing import Any

from django import forms

from accounts.forms import Plain
from accounts.models import User
from gallery.models import DataSet, LabelClass, Source, Split, Visibility
from gallery.selectors import present_classes
from gallery.services.datasets import BadClasses, check_classes, classes_from_text

CLASS_NAME = LabelClass._meta.get_field("name").max_length


class DataSetForm(Plain, forms.ModelForm):
    class Meta:
        model = DataSet
        fields = ("name", "description", "visibility", "open_for_contributions")
        widgets = {"description": forms.Textarea(attrs={"rows": 3}), "visibility": forms.RadioSelect}
        labels = {"visibility": "Who may see it", "open_for_contributions": "Others may add pictures"}
        help_texts = {
            "description": "What is in the pictures, and what a label means.",
            "open_for_contributions": "Who is signed in and sees the data set may upload. You stay the owner.",
        }

    def __init__(self, *args: Any, owner: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner = owner

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        others = DataSet.objects.filter(owner=self.owner, name__iexact=name).exclude(pk=self.instance.pk)
        if others.exists():
            raise forms.ValidationError("You have a data set of this name already.")
        return name

    def clean_visibility(self) -> Visibility:
        return Visibility(self.cleaned_data["visibility"])


class NewDataSetForm(DataSetForm):
    classes = forms.CharField(
        label="Classes",
        help_text="One a line. A key after = lets people type it: cat = c.",
        widget=forms.Textarea(attrs={"rows": 6, "placeholder": "cat = c\ndog = d\nneither = n"}),
    )
    field_order = ("name", "description", "classes", "visibility", "open_for_contributions")

    def clean_classes(self) -> list[tuple[str, str]]:
        classes = classes_from_text(self.cleaned_data["classes"])
        try:
            check_classes(classes)
        except BadClasses as reason:
            raise forms.ValidationError(str(reason)) from None
        if long := [name for name, _ in classes if len(name) > CLASS_NAME]:
            raise forms.ValidationError(f"“{long[0]}” is longer than {CLASS_NAME} characters.")
        return classes


class ClassForm(Plain, forms.ModelForm):
    class Meta:
        model = LabelClass
        fields = ("name", "key")
        help_texts = {"key": "The one character that people may type for it."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # The data set's own form stands on the same page, and has a name, too.
        super().__init__(*args, **{"auto_id": "class_%s", **kwargs})

    def clean(self) -> dict[str, Any]:
        """As at the creation a name of one character is its own key."""
        said = super().clean() or self.cleaned_data
        if len(name := said.get("name", "")) == 1 and not said.get("key"):
            said["key"] = name
        return said


class ImageFilterForm(Plain, forms.Form):
    label = forms.TypedChoiceField(label="Label", required=False, coerce=int, empty_value=None)
    source = forms.ChoiceField(
        label="Said by",
        required=False,
        choices=[
            ("", "anybody"),
            (Source.OWNER, "the owner"),
            (Source.CROWD, "the crowd"),
            (Source.MODEL, "the model alone"),
            ("none", "nobody yet"),
        ],
    )
    sure = forms.TypedChoiceField(
        label="How sure",
        required=False,
        choices=[("", "any"), ("no", "not sure"), ("yes", "sure")],
        coerce=lambda word: word == "yes",
        empty_value=None,
    )
    split = forms.ChoiceField(label="Split", required=False, choices=[("", "any"), *Split.choices])

    def __init__(self, *args: Any, dataset: DataSet, splits: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["label"].choices = [("", "any"), *((cls.index, cls.name) for cls in present_classes(dataset))]
        if not splits:
            # Which pictures are gold tells which of a challenge are its controls.
            del self.fields["split"]
