"""The pages of 提醒: the list behind the bell."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from onewindow.cases import notices
from onewindow.cases.views import staff


@staff
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """What I was told, newest first; the unread first of all."""
    show = "all" if request.GET.get("show") == "all" else "unread"
    cursor = request.GET.get("cursor", "")
    before = int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 18 else None
    rows, after = notices.mine(request.user, show=show, before=before)  # type: ignore[arg-type]
    lines = [{"notice": n, "text": notices.words(n), "icon": notices.icon(n)} for n in rows]
    context = {"lines": lines, "next": after, "show": show, "newest": rows[0].pk if rows else 0}
    return render(request, "cases/inbox.html", context)


@staff
@require_POST
def open_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """Marks a notice as read and goes to what it is about."""
    notice = notices.open_one(request.user, pk)  # type: ignore[arg-type]
    if notice is None:
        raise Http404
    if notice.url.startswith("/") and not notice.url.startswith("//"):
        return redirect(notice.url)
    return redirect("case", notice.number) if notice.number else redirect("inbox")


@staff
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Marks all that the page showed as read."""
    up_to = request.POST.get("up_to", "")
    if up_to.isascii() and up_to.isdigit() and len(up_to) < 18:
        notices.read_all(request.user, int(up_to))  # type: ignore[arg-type]
    return redirect("inbox")
