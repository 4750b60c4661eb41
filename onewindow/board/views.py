"""The leaders' page and the wall screen: the same figures, each within what the person may see."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from onewindow.board.charts import course
from onewindow.board.figures import Overview
from onewindow.board.mine import mine
from onewindow.board.wall import Wall
from onewindow.cases.views import staff
from onewindow.org.roles import Role

READERS = (Role.LEADER, Role.BUREAU, Role.HALL_MANAGER, Role.HEAD)


def readers(view: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Only for people who answer for more than their own cases."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not request.user.has_role(*READERS):
            raise PermissionDenied
        return view(request)

    return staff(guarded)


@readers
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """Today, what is open and how it stands, how words were kept, what people said, and what cannot wait."""
    seen = Overview(request.user)
    charts = {"wide": course(seen.hours, 880, 200), "narrow": course(seen.hours, 340, 190)}
    return render(request, "board/board.html", {"seen": seen} | charts)


@readers
@require_safe
def screen(request: HttpRequest) -> HttpResponse:
    """The same for a wall: 1920×1080, read from metres away, anew every 30 seconds."""
    wall = Wall(request.user)
    return render(request, "board/screen.html", {"seen": wall, "wide": course(wall.hours, 414, 206)})


@staff
@require_safe
def mine_page(request: HttpRequest) -> HttpResponse:
    """The own figures of somebody who takes in, examines or decides."""
    person = request.user
    examines = person.has_role(Role.APPROVER, Role.HEAD)
    clerk = person.has_role(Role.CLERK)
    if not examines and not clerk:
        raise PermissionDenied
    return render(request, "board/mine.html", {"seen": mine(person), "examines": examines, "clerk": clerk})
