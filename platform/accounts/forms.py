from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordResetForm, SetPasswordForm
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext, gettext_lazy

from accounts.models import User

PASSWORD_HELP = gettext_lazy("At least 8 characters; not your name, not a common one, not digits alone.")


class Plain:
    """Labels without a colon, as the style sheet expects them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})


class SignupForm(Plain, forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        help_text=gettext_lazy("For logging in and for a forgotten password. Other people don’t see it."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}),
    )
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("Shown beside what you upload."),
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        help_text=PASSWORD_HELP,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].lower()
        if User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError(
                gettext("There is an account with this address already: log in, or reset its password.")
            )
        return email

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        person = User(email=said.get("email", ""), name=said.get("name", ""))
        try:
            validate_password(said.get("password", ""), person)
        except forms.ValidationError as error:
            if "password" in said:
                self.add_error("password", error)
        return said


class NameForm(Plain, forms.ModelForm):
    class Meta:
        model = User
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True


class LoginForm(Plain, AuthenticationForm):
    error_messages = {
        "invalid_login": gettext_lazy(
            "This address and this password don’t belong together. Capitals count in a password."
        ),
        "inactive": gettext_lazy("This account is closed."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs |= {"autocomplete": "email", "inputmode": "email"}


class ForgottenForm(Plain, PasswordResetForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = gettext("E-mail address")


class NewPasswordForm(Plain, SetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].help_text = PASSWORD_HELP
