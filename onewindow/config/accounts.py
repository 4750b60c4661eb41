"""Sign-in of staff: nobody opens an account for himself; every try is written down; wrong tries close the door.

Hooks of allauth's adapter, not signals: what must be written down is written where it happens.
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import LoginForm
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from onewindow.org.models import Person, SignIn
from onewindow.org.sealed import seal, unseal


def write_down(request: HttpRequest, username: str, outcome: str) -> None:
    """One line of the sign-in history: ``ok``, ``failed``, ``locked`` or ``out``.

    A name that no account has is not kept: people type passwords and identity numbers into the wrong field.
    """
    known = Person.objects.filter(username__iexact=username).values_list("username", flat=True).first()
    try:
        ip = StaffAdapter(request).get_client_ip(request)
    except PermissionDenied:  # over a Unix socket without a trusted proxy there is none
        ip = None
    agent = request.headers.get("User-Agent", "")[:200]
    SignIn.objects.create(username=known or "", outcome=outcome, ip=ip, agent=agent)


class StaffAdapter(DefaultAccountAdapter):
    """Accounts are made by the IT administrator, with a post; there is no public sign-up and no reset by e-mail."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _(
            "User name and password do not fit together. Please check both, and the Caps Lock key."
        ),
        "too_many_login_attempts": _(
            "Too many wrong tries. Wait five minutes, then try again; "
            "if you forgot the password, ask the IT administrator of your office."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """One allowance an account, whichever of our host names the caller uses."""
        return str(credentials.get("username", "")).lower()

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            write_down(request, str(credentials.get("username", "")), "locked")
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        write_down(request, str(credentials.get("username", "")), "failed")

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        write_down(request, user.get_username(), "failed")
        return super().respond_user_inactive(request, user)

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        super().login(request, user)
        write_down(request, user.get_username(), "ok")

    def logout(self, request: HttpRequest) -> None:
        if request.user.is_authenticated:
            write_down(request, request.user.get_username(), "out")
        super().logout(request)


class StaffFactorAdapter(DefaultMFAAdapter):
    """The shared secret of an authenticator app is sealed in the database like an identity number."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _(
            "This code is not right. Wait for the next one in your app; the clock of your phone must be right."
        ),
    }

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)


class StaffLoginForm(LoginForm):
    """Labels stand above the fields; the same word again inside them only looks like something typed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class SecondFactorForm(AuthenticateForm):
    """The code of the second factor at the sign-in; a wrong one is a failed try like a wrong password."""

    def _emit_authentication_failed(self, authenticator: Authenticator) -> None:
        from allauth.core import context

        super()._emit_authentication_failed(authenticator)
        write_down(context.request, self.user.get_username(), "failed")
