"""Sign-in of staff: nobody opens an account for himself; every try is written down."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class StaffAdapter(DefaultAccountAdapter):
    """Accounts are made by the IT administrator, with a post; there is no public sign-up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
