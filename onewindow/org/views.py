"""The page after the sign-in: everybody goes straight to his own work."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from onewindow.org.roles import Role

#: role → URL name of its first page, most particular first: somebody with two posts begins at the busier one
HOMES = [
    (Role.CLERK, "counter"),
    (Role.APPROVER, "desk"),
    (Role.HEAD, "desk"),
    (Role.HALL_MANAGER, "desk"),
    (Role.LEADER, "board"),
    (Role.BUREAU, "board"),
    (Role.ENTERPRISE, "my"),
    (Role.ADMIN, "admin:index"),
]


@login_required
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Sends a person on to the first page of the post held today; says what to do to one who holds none."""
    for role, name in HOMES:
        if not request.user.has_role(role):
            continue
        try:
            return redirect(reverse(name))
        except NoReverseMatch:  # that part of the product is not installed
            continue
    if request.user.is_superuser:
        return redirect("admin:index")
    if getattr(request.user, "account", None) is not None:  # an applicant's account, from an app above
        return redirect("my")
    return render(request, "org/start.html")
