"""What reviewers and owners send about pictures and controls, and annotators about how they were judged."""

from typing import Any

from django import forms

from annotations.models import Annotator, Verdict
from gallery.models import DataSet, LabelClass

NOBODY = "nobody"  # nobody can tell; or, of a control, that it counts for nobody


class ClassOrNoneForm(forms.Form):
    """One of a data set's classes by its index, or none of them: `picked` is then None."""

    note = forms.CharField(max_length=500, required=False, strip=True)

    def __init__(self, data: Any, *, dataset: DataSet) -> None:
        super().__init__(data)
        classes = dataset.classes.filter(removed_at=None)
        self._by_index = {str(cls.index): cls for cls in classes}
        self.fields["label"] = forms.ChoiceField(choices=[(key, key) for key in [*self._by_index, NOBODY]])

    @property
    def picked(self) -> LabelClass | None:
        return self._by_index.get(self.cleaned_data["label"])


class PeopleField(forms.ModelMultipleChoiceField):
    def clean(self, value: Any) -> Any:
        # SQLite has no number for more digits, and would fail instead of finding nobody.
        if any(len(str(pk)) > 18 for pk in value or ()):
            raise forms.ValidationError("There is nobody of that number.")
        return super().clean(value)


class BulkForm(forms.Form):
    """One verdict on several people, who are named by number."""

    verdict = forms.ChoiceField(choices=[(v, v) for v in (Verdict.BLOCK, Verdict.CLEAR)])
    note = forms.CharField(max_length=500, required=False, strip=True)
    person = PeopleField(Annotator.objects.all())


class AppealForm(forms.Form):
    text = forms.CharField(max_length=1000, strip=True)


class AppealAnswerForm(forms.Form):
    verdict = forms.ChoiceField(choices=[("yes", "yes"), ("no", "no")])
    answer = forms.CharField(max_length=500, required=False, strip=True)

    @property
    def is_yes(self) -> bool:
        return bool(self.cleaned_data["verdict"] == "yes")
