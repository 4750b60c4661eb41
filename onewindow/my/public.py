"""Signing in with a mobile and a code: two pages, the same for those who have an account and those who get one."""

from __future__ import annotations

from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from onewindow.my import actions, inbox
from onewindow.my.forms import CodeForm, SignInForm
from onewindow.my.models import account_of
from onewindow.org.masking import mask_mobile
from onewindow.window import rate
from onewindow.window.public import confidential, safe_next, too_many

#: codes and wrong tries of one network address
CODES, TRIES, SPAN = 30, 30, 1800
SESSION_SECONDS = 30 * 60


@confidential
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The mobile number."""
    if "next" in request.GET:
        request.session["my_next"] = safe_next(request, request.GET["next"])
    post = request.method == "POST"
    form = SignInForm(request.POST) if post else SignInForm()
    if post and form.is_valid():
        who, mobile = rate.address(request), form.cleaned_data["mobile"]
        if rate.spent("my-code", who, most=CODES, seconds=SPAN):
            return too_many(request)
        rate.count("my-code", who, seconds=SPAN)
        try:
            code = actions.send_code(mobile, use="sign_in", lang=get_language())
        except actions.Refused as refused:
            form.add_error("mobile", refused.text)
        else:
            request.session["my_code"], request.session["my_to"] = code.key, mask_mobile(mobile)
            return redirect("my_code")
    return render(request, "my/sign_in.html", {"form": form}, status=422 if post else 200)


@confidential
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """The code that was sent there."""
    key = request.session.get("my_code", "")
    if not key:
        return redirect("my_sign_in")
    post = request.method == "POST"
    form = CodeForm(request.POST) if post else CodeForm()
    if post and form.is_valid():
        who = rate.address(request)
        if rate.spent("my-try", who, most=TRIES, seconds=SPAN):
            return too_many(request)
        mobile = actions.use_code(key, form.cleaned_data["code"], use="sign_in")
        if mobile is not None:
            return _enter(request, mobile)
        rate.count("my-try", who, seconds=SPAN)
        to = actions.sent_to(key)
        ip = who if who != "unknown" else None
        actions.write_down(
            account_of(to) if to else None, "failed", ip=ip, agent=request.headers.get("User-Agent", "")
        )
        form.add_error("code", _("This code is wrong or too old. Look again, or ask for a new one."))
    given = {"form": form, "to": request.session.get("my_to", ""), "shown": inbox.demo_code(key)}
    return render(request, "my/code.html", given, status=422 if post else 200)


def _enter(request: HttpRequest, mobile: str) -> HttpResponse:
    """Through allauth's own door, so that a second factor is asked for and the history is written."""
    account = actions.enter(mobile)
    go_on = request.session.get("my_next") or reverse("my")
    for name in ("my_code", "my_to", "my_next"):
        request.session.pop(name, None)
    response = perform_login(request, account.person, redirect_url=go_on)
    if request.user.is_authenticated:
        list(messages.get_messages(request))  # "signed in as p3f…" says nothing to a citizen
        request.session.set_expiry(min(SESSION_SECONDS, settings.SESSION_COOKIE_AGE))
    return response
