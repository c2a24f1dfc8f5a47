from django.urls import path

from accounts import api

urlpatterns = [
    path("accounts/", api.Accounts.as_view(), name="api-accounts"),
    path("me/", api.Me.as_view(), name="api-me"),
    path("tokens/", api.Tokens.as_view(), name="api-tokens"),
    path("tokens/current/", api.CurrentToken.as_view(), name="api-token-current"),
    path("audit/", api.Audit.as_view(), name="api-audit"),
]
