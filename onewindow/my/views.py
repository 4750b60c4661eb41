"""The pages of an applicant's account: what waits for me, my cases, messages, materials, who acts for whom, myself."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onewindow.cases import files, numbers
from onewindow.cases.views import staff
from onewindow.my import actions, inbox, overview, rules
from onewindow.my.forms import (
    AuthorityForm,
    CloseForm,
    CodeForm,
    EmailForm,
    EnterpriseForm,
    NameForm,
    NoticesForm,
    QuestionForm,
    SignInForm,
)
from onewindow.my.models import Authority, AuthorityKind, Draft
from onewindow.org.models import SignIn
from onewindow.voice.public import rate_page
from onewindow.window import public, rate, shares
from onewindow.window.models import Application
from onewindow.window.ways import Way

View = Callable[..., HttpResponse]
ASKED_AT_A_TIME = 20  # names or codes that one account may try in an hour
HOUR = 3600


def mine(view: View) -> View:
    """For people with an account (or an enterprise's post); a stranger signs in first and comes back."""

    @public.confidential
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect(f"{reverse('my_sign_in')}?{urlencode({'next': request.get_full_path()})}")
        if not rules.may_use(request.user):
            raise PermissionDenied
        request.account = rules.account_of(request.user)  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)

    return answer


def owner(view: View) -> View:
    """For people with an account of their own; the post of an enterprise has its cases only."""

    @mine
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.account is None:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return answer


def page(request: HttpRequest, here: str, template: str, status: int = 200, **given: Any) -> HttpResponse:
    """A page of the account with its menu."""
    account = request.account
    given |= {"here": here, "account": account, "unread": inbox.unread(request.user, account)}
    return render(request, template, given, status=status)


# --- what waits, and my cases ------------------------------------------------------------------------------


@mine
@require_safe
def my(request: HttpRequest) -> HttpResponse:
    """我的: what I must do now, what is half filled in, my applications with the open ones first."""
    person = request.user
    chosen = request.GET.get("holder", "")
    holders = rules.holders(person)
    cases = Application.objects.seen_by(person)
    if holder := next((h for h in holders if h.key == chosen), None):
        cases = cases.filter(id_digest=holder.digest)
    state, text = request.GET.get("state", ""), request.GET.get("q", "").replace("\0", "").strip()[:60]
    cases = overview.asked_for(cases, state, text)
    found = Paginator(overview.ordered(cases), overview.PAGE).get_page(request.GET.get("page"))
    drafts = Draft.objects.seen_by(person).unfinished()
    given = {
        "todo": overview.todo(person, request.account),
        "drafts": [(d, overview.draft_line(d)) for d in drafts],
        "rows": overview.rows(found.object_list, person),
        "found": found,
        "q": text,
        "states": [(name, label, name == state) for name, label in overview.STATES.items()],
        "filtered": bool(text or holder or state in overview.STATES),
        "holders": holders if len(holders) > 1 else [],
        "holder": holder,
    }
    return page(request, "cases", "my/home.html", **given)


def _way(request: HttpRequest, number: str) -> Way:
    a = Application.objects.seen_by(request.user).with_facts().filter(number=numbers.clean(number)).first()
    if a is None:
        raise Http404
    return Way(a, rules.actor(request.user, a), "my", a.number, ("ask",))


@mine
@require_safe
def case(request: HttpRequest, number: str) -> HttpResponse:
    """One case, as by its link, with the questions about it."""
    return public.status_page(request, _way(request, number))


@mine
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, number: str) -> HttpResponse:
    """Corrections from the account."""
    return public.correct_page(request, _way(request, number))


@mine
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """Withdrawing from the account."""
    return public.withdraw_page(request, _way(request, number))


@mine
@require_http_methods(["GET", "HEAD", "POST"])
def supply(request: HttpRequest, number: str) -> HttpResponse:
    """What was put off at acceptance (容缺后补), from the account."""
    return public.supply_page(request, _way(request, number))


@mine
@require_http_methods(["GET", "HEAD", "POST"])
def state(request: HttpRequest, number: str, pledge: str) -> HttpResponse:
    """陈述申辩 from the account."""
    return public.state_page(request, _way(request, number), pledge)


@mine
@require_http_methods(["GET", "HEAD", "POST"])
def answer_share(request: HttpRequest, number: str, share: str) -> HttpResponse:
    """What a department wants to know, answered from the account."""
    return shares.answer_page(request, _way(request, number), share) or public.missing(request)


@mine
@require_http_methods(["GET", "HEAD", "POST"])
def hearing(request: HttpRequest, number: str) -> HttpResponse:
    """The wish for a hearing, from the account."""
    return public.hearing_page(request, _way(request, number))


@mine
@require_http_methods(["GET", "HEAD", "POST"])
def rate_case(request: HttpRequest, number: str) -> HttpResponse:
    """评价 from the account; who only follows a case has no verdict on it."""
    way = _way(request, number)
    if not way.may_act:
        raise PermissionDenied
    return rate_page(request, way)


@mine
@require_safe
def paper(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """A letter as PDF."""
    return public.paper_pdf(request, _way(request, number), pk)


@mine
@require_safe
def paper_print(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """A letter as a page."""
    return public.paper_page(request, _way(request, number), pk)


@mine
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, number: str) -> HttpResponse:
    """Asking the department about a case."""
    way = _way(request, number)
    post = request.method == "POST"
    form = QuestionForm(request.POST) if post else QuestionForm()
    if post and form.is_valid():
        try:
            asked = actions.ask(way.case, form.cleaned_data["text"], by=request.user)
        except actions.Refused as refused:
            form.add_error(None, refused.text)
        else:
            messages.success(request, overview.asked_words(asked))
            return redirect(way.status)
    given = {"a": way.case, "way": way, "form": form}
    return render(request, "my/ask.html", given, status=422 if post else 200)


# --- messages and materials --------------------------------------------------------------------------------


@mine
@require_safe
def inbox_page(request: HttpRequest) -> HttpResponse:
    """消息: every notice once more, the newest first. Opening the page reads them."""
    found = Paginator(inbox.seen_by(request.user), inbox.PAGE).get_page(request.GET.get("page"))
    read_until = request.account.read_until if request.account else 0
    lines = [(m, m.pk > read_until, inbox.url(m)) for m in found.object_list]
    response = page(request, "messages", "my/messages.html", found=found, lines=lines)
    inbox.read(request.account, found.object_list)
    return response


@mine
@require_safe
def material(request: HttpRequest, number: str, key: str) -> HttpResponse:
    """One's own file back."""
    way = _way(request, number)
    found = overview.material(way.case, key)
    if found is None:
        raise Http404
    return files.answer(found)


# --- who acts for whom -------------------------------------------------------------------------------------


def _authority(request: HttpRequest, key: str) -> Authority:
    found = Authority.objects.seen_by(request.user).filter(key=key).first()
    if found is None:
        raise Http404
    return found


@owner
@require_safe
def agents(request: HttpRequest) -> HttpResponse:
    """授权委托: offered to me, held by me, given by me or in my enterprise."""
    rows = Authority.objects.seen_by(request.user).select_related("grantee").prefetch_related("items")
    return page(request, "agents", "my/agents.html", **overview.authorities(rows, request.user))


@owner
@require_http_methods(["GET", "HEAD", "POST"])
def empower(request: HttpRequest) -> HttpResponse:
    """A new power: for me, or for an enterprise that I legally represent."""
    if not request.account.is_bound:
        return redirect(f"{reverse('my_name')}?{urlencode({'next': request.path})}")
    able = [h for h in rules.holders(request.user) if h.ground in ("self", AuthorityKind.LEGAL)]
    post = request.method == "POST"
    form = AuthorityForm(request.POST, holders=able) if post else AuthorityForm(holders=able)
    if post and form.is_valid():
        given = form.cleaned_data
        chosen = given.pop("holder")
        holder = next(h for h in able if h.key == chosen)
        given.setdefault("kind", AuthorityKind.AGENT)
        try:
            actions.empower(request.account, holder, **(given | {"items": list(given["items"])}))
        except actions.Refused as refused:
            form.add_error("ends_on" if refused.code == "dates" else None, refused.text)
        else:
            messages.success(request, _("Offered. It counts as soon as the other person has accepted it."))
            return redirect("my_agents")
    return page(request, "agents", "my/empower.html", status=422 if post else 200, form=form)


@owner
@require_POST
def authority(request: HttpRequest, key: str, verb: str) -> HttpResponse:
    """Accepting, or ending: declined, given up, taken back."""
    found = _authority(request, key)
    try:
        if verb == "accept":
            actions.accept_authority(request.account, found)
            messages.success(request, _("Accepted. You can act for them now."))
        elif verb == "end":
            actions.end_authority(request.user, found)
            messages.success(request, _("Ended. Nothing more can be done with it."))
        else:
            raise Http404
    except actions.Refused as refused:
        messages.warning(request, refused.text)
        if refused.code == "not_bound":
            return redirect(f"{reverse('my_name')}?{urlencode({'next': reverse('my_agents')})}")
    return redirect("my_agents")


# --- myself ------------------------------------------------------------------------------------------------


def _spent(request: HttpRequest, scope: str) -> bool:
    who = request.user.username
    if rate.spent(scope, who, most=ASKED_AT_A_TIME, seconds=HOUR):
        return True
    rate.count(scope, who, seconds=HOUR)
    return False


@owner
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """账户: who I am, how I am told, where I signed in, how to leave."""
    post = request.method == "POST"
    form = NoticesForm(request.POST if post else None, account=request.account)
    if post and form.is_valid():
        actions.prefer(request.account, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("my_account")
    history = SignIn.objects.seen_by(request.user).before(None)[:10]
    firms = [h for h in rules.holders(request.user) if h.kind == "enterprise"]
    return page(request, "account", "my/account.html", form=form, history=history, firms=firms)


def _next(request: HttpRequest) -> str:
    return public.safe_next(request, request.GET.get("next", "")) or reverse("my_account")


@owner
@require_http_methods(["GET", "HEAD", "POST"])
def name(request: HttpRequest) -> HttpResponse:
    """实名认证."""
    if request.account.is_bound:
        return redirect(_next(request))
    post = request.method == "POST"
    form = NameForm(request.POST) if post else NameForm()
    if post and form.is_valid():
        if _spent(request, "my-name"):
            return public.too_many(request)
        given = form.cleaned_data
        try:
            actions.bind(request.account, name=given["name"], id_number=given["id_number"])
        except actions.Refused as refused:
            form.add_error(None, refused.text)
        else:
            messages.success(request, _("Your name is confirmed. Your earlier applications appear here too."))
            return redirect(_next(request))
    return page(request, "account", "my/name.html", status=422 if post else 200, form=form)


@owner
@require_http_methods(["GET", "HEAD", "POST"])
def enterprise(request: HttpRequest) -> HttpResponse:
    """法定代表人认证."""
    if not request.account.is_bound:
        return redirect(f"{reverse('my_name')}?{urlencode({'next': request.path})}")
    post = request.method == "POST"
    form = EnterpriseForm(request.POST) if post else EnterpriseForm()
    if post and form.is_valid():
        if _spent(request, "my-enterprise"):
            return public.too_many(request)
        try:
            bound = actions.bind_enterprise(request.account, form.cleaned_data["uscc"])
        except actions.Refused as refused:
            form.add_error("uscc", refused.text)
        else:
            messages.success(request, _("You act for %(name)s now.") % {"name": bound.holder_name})
            return redirect("my_account")
    return page(request, "account", "my/enterprise.html", status=422 if post else 200, form=form)


def _proved(
    request: HttpRequest, use: str, ask: type[Form], done: Callable[[Any, str], None], template: str
) -> HttpResponse:
    """An address (the field named like ``use``) that gets a code first; ``done`` is called once the code came back."""
    slot, post, account = f"my_{use}_key", request.method == "POST", request.account
    waiting = request.session.get(slot, "")
    if post and "code" in request.POST and waiting:
        form: Any = CodeForm(request.POST)
        if form.is_valid():
            if to := actions.use_code(waiting, form.cleaned_data["code"], use=use):
                del request.session[slot]
                try:
                    done(account, to)
                except actions.Refused as refused:
                    messages.warning(request, refused.text)
                else:
                    messages.success(request, _("Notices go to %(to)s now.") % {"to": to})
                return redirect("my_account")
            form.add_error("code", _("This code is wrong or too old. Look again, or ask for a new one."))
        return page(request, "account", template, 422, form=form, waiting=True, shown="")
    form = ask(request.POST) if post else ask()
    if post and form.is_valid():
        if _spent(request, f"my-{use}"):
            return public.too_many(request)
        try:
            code = actions.send_code(form.cleaned_data[use], use=use, lang=get_language())
        except actions.Refused as refused:
            form.add_error(use, refused.text)
        else:
            request.session[slot] = code.key
            shown = inbox.demo_code(code.key)
            return page(request, "account", template, form=CodeForm(), waiting=True, shown=shown)
    return page(request, "account", template, 422 if post else 200, form=form, waiting=False, shown="")


@owner
@require_http_methods(["GET", "HEAD", "POST"])
def email(request: HttpRequest) -> HttpResponse:
    """A mail address, proved by a code that is sent there."""
    return _proved(request, "email", EmailForm, actions.confirm_email, "my/email.html")


@owner
@require_http_methods(["GET", "HEAD", "POST"])
def mobile(request: HttpRequest) -> HttpResponse:
    """换绑手机: a new number, proved by a code that is sent there; the account is entered with it from then on."""
    return _proved(request, "mobile", SignInForm, actions.change_mobile, "my/mobile.html")


@owner
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: HttpRequest) -> HttpResponse:
    """注销账户 (PIPL 47)."""
    post = request.method == "POST"
    form = CloseForm(request.POST) if post else CloseForm()
    if post and form.is_valid():
        actions.close(request.account)
        logout(request)
        messages.success(request, _("Your account is closed and its personal data are erased."))
        return redirect("home")
    open_cases = Application.objects.seen_by(request.user).open()
    own = open_cases.filter(id_digest=request.account.id_digest) if request.account.is_bound else []
    return page(request, "account", "my/close.html", 422 if post else 200, form=form, open_cases=len(own))


# --- the department's side of a question -------------------------------------------------------------------


@staff
@require_safe
def questions(request: HttpRequest) -> HttpResponse:
    """咨询: what applicants have asked this person's department, the one that is due first on top."""
    found = Paginator(overview.open_questions(request.user), overview.PAGE).get_page(request.GET.get("page"))
    return render(request, "my/questions.html", {"found": found})


@staff
@require_POST
def answer(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    """答复, from the case page."""
    a = Application.objects.seen_by(request.user).with_facts().filter(number=numbers.clean(number)).first()
    question = overview.question(a, pk) if a else None
    if a is None or question is None:
        raise Http404
    if not overview.may_answer(a, request.user):
        raise PermissionDenied
    text = request.POST.get("text", "").replace("\0", "").strip()[:500]
    if not text:
        messages.warning(request, _("Please write an answer."))
        return redirect("case", a.number)
    try:
        actions.answer(a, question, text, by=request.user)
    except actions.Refused as refused:
        messages.warning(request, refused.text)
    else:
        messages.success(request, _("Answered; the applicant gets a message."))
    return redirect("case", a.number)
