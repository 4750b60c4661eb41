"""Error pages that say what to do next."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was open too long or came from elsewhere: nothing was done, and the page says so."""
    return render(request, "403.html", {"csrf": True}, status=403)
