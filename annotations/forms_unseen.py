from django import forms

from annotations.models import UnseenKind, UnseenWay


class UnseenForm(forms.Form):
    """How somebody would like to be asked. unseen.js says «work»; where no scripts run the page says «wait»."""

    kind = forms.ChoiceField(choices=UnseenKind.choices)
    way = forms.ChoiceField(choices=UnseenWay.choices)
