from django.contrib.auth import views as auth
from django.urls import path

from accounts import views
from accounts.doors import per_address
from accounts.forms import ForgottenForm, LoginForm, NewPasswordForm

login = per_address(
    auth.LoginView.as_view(
        template_name="accounts/login.html", authentication_form=LoginForm, redirect_authenticated_user=True
    )
)
password_reset = per_address(auth.PasswordResetView.as_view(form_class=ForgottenForm))
password_reset_confirm = per_address(auth.PasswordResetConfirmView.as_view(form_class=NewPasswordForm))

urlpatterns = [
    path("signup/", views.signup, name="signup"),
    path("login/", login, name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("password/reset/", password_reset, name="password_reset"),
    path("password/reset/sent/", auth.PasswordResetDoneView.as_view(), name="password_reset_done"),
    path("password/reset/done/", auth.PasswordResetCompleteView.as_view(), name="password_reset_complete"),
    path("password/reset/<uidb64>/<token>/", password_reset_confirm, name="password_reset_confirm"),
    path("account/", views.account, name="account"),
    path("account/tokens/", views.token_create, name="token_create"),
    path("account/tokens/<str:digest>/revoke/", views.token_revoke, name="token_revoke"),
]
