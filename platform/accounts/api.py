from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as Invalid
from django.db import IntegrityError, transaction
from drf_spectacular.utils import extend_schema
from knox.models import AuthToken
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import PerAddress, Reviewers, given
from accounts.models import AuditEntry, User


class AccountOut(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["id", "email", "name", "role", "joined_at"]


class AccountIn(serializers.Serializer):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=200, trim_whitespace=False, write_only=True)
    name = serializers.CharField(max_length=80, help_text="Shown beside what you upload.")

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        try:
            validate_password(attrs["password"], User(email=attrs["email"], name=attrs["name"]))
        except Invalid as error:
            raise ValidationError({"password": error.messages}) from None
        return attrs


class Accounts(APIView):
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (PerAddress,)

    @extend_schema(request=AccountIn, responses={201: AccountOut})
    def post(self, request: Request) -> Response:
        """Sign up."""
        data = given(request.data, AccountIn)
        try:
            with transaction.atomic():
                user = User.objects.create_user(**data)
        except IntegrityError:
            raise ValidationError({"email": ["There is an account with this address."]}) from None
        return Response(AccountOut(user).data, status.HTTP_201_CREATED)


class NameIn(serializers.Serializer):
    name = serializers.CharField(max_length=80)


class Me(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(responses=AccountOut)
    def get(self, request: Request) -> Response:
        """Your account."""
        return Response(AccountOut(request.user).data)

    @extend_schema(request=NameIn, responses=AccountOut)
    def patch(self, request: Request) -> Response:
        """Change the name that others see."""
        request.user.name = given(request.data, NameIn)["name"]
        request.user.save(update_fields=["name"])
        return Response(AccountOut(request.user).data)


class LogIn(serializers.Serializer):
    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=200, trim_whitespace=False, write_only=True)


class TokenOut(serializers.Serializer):
    token = serializers.CharField(help_text="Send it as «Authorization: Token …». It is shown this once.")
    expiry = serializers.DateTimeField(allow_null=True)


class Tokens(APIView):
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (PerAddress,)

    @extend_schema(request=LogIn, responses={201: TokenOut})
    def post(self, request: Request) -> Response:
        """Log in for a token."""
        data = given(request.data, LogIn)
        user = authenticate(request._request, username=data["email"], password=data["password"])
        if user is None:
            raise ValidationError({"password": ["The address or the password is wrong."]})
        row, token = AuthToken.objects.create(user=user)
        return Response(TokenOut({"token": token, "expiry": row.expiry}).data, status.HTTP_201_CREATED)


class CurrentToken(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Log out: the token that this request came with is good for nothing after it."""
        if request.auth is None:
            raise NotFound("This request came with a session, not with a token.")
        request.auth.delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class AuditOut(serializers.ModelSerializer):
    actor = serializers.CharField(
        allow_null=True, read_only=True, help_text="Null once the person is erased, or where the platform acted."
    )

    class Meta:
        model = AuditEntry
        fields = ["id", "at", "actor", "verb", "subject", "detail"]


class Audit(ListAPIView):
    """Who decided what, and when; the latest first. For reviewers."""

    permission_classes = (Reviewers,)
    queryset = AuditEntry.objects.select_related("actor")
    serializer_class = AuditOut
