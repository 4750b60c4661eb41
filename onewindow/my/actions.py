"""What can be done with an account: signing in by a code, binding a name, empowering somebody, asking, leaving."""

from __future__ import annotations

import datetime as dt
import hmac
import secrets
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from onewindow.cases import files, flow, instant
from onewindow.cases.models import Attachment, Message
from onewindow.catalog.models import Item
from onewindow.my import identity, rules
from onewindow.my.models import (
    Account,
    Authority,
    AuthorityKind,
    Draft,
    OneTimeCode,
    Question,
    Scope,
    account_of,
)
from onewindow.org.calendar import deadline
from onewindow.org.models import Person, SignIn, current_calendar, limit
from onewindow.org.sealed import digest
from onewindow.window.models import Application

CODE_MINUTES, CODE_TRIES = 5, 5
#: how many codes one mobile may be sent: (seconds, most)
CODES_PER = ((60, 1), (3600, 5), (86400, 10))
AGENT_YEARS = 3


class Refused(Exception):
    """It can't be done; ``text`` says why and what to do instead, ``code`` is stable."""

    def __init__(self, code: str, text: Any):
        super().__init__(code)
        self.code, self.text = code, text


# --- codes -------------------------------------------------------------------------------------------------


def send_code(to: str, *, use: str, lang: str) -> OneTimeCode:
    """验证码 — makes a code and puts it into the queue of messages. ``to`` is a mobile, or a mail address for the use
    ``email``. Known and unknown numbers are treated alike. Raises :class:`Refused` (``too_many``)."""
    now, mark = instant.now(), digest(to)
    for seconds, most in CODES_PER:
        recent = OneTimeCode.objects.filter(to_digest=mark, sent_at__gt=now - dt.timedelta(seconds=seconds))
        if recent.count() >= most:
            raise Refused(
                "too_many", _("We have just sent a code there. Wait a minute, then ask for a new one.")
            )
    digits = f"{secrets.randbelow(10**6):06d}"
    with transaction.atomic():
        OneTimeCode.objects.filter(to_digest=mark, use=use, used_at__isnull=True).update(ends_at=now)
        code = OneTimeCode(
            use=use, to=to, to_digest=mark, sent_at=now, ends_at=now + dt.timedelta(minutes=CODE_MINUTES)
        )
        code.code_digest = digest(f"{code.key}:{digits}")
        code.save()
        Message.objects.create(
            number="",
            template="code",
            event_seq=code.pk,
            channel="email" if use == "email" else settings.SMS_CHANNEL,
            address=to,
            lang=lang,
            body=_words("code", lang, code=digits, minutes=CODE_MINUTES),
            created_at=now,
            next_at=now,
        )
    return code


def _words(name: str, lang: str, **given: Any) -> str:
    """The first wording of a text in the language."""
    tail = "en" if lang.startswith("en") else "zh"
    with translation.override(lang):
        return render_to_string(f"messages/{name}.{tail}.txt", given).strip().splitlines()[0]


def use_code(key: str, digits: str, *, use: str) -> str | None:
    """Where the code was sent to, if it is the right one, in time and unused; else None. Each call costs one try, counted
    before it is compared, so that two at once can't share one."""
    now = instant.now()
    live = OneTimeCode.objects.filter(key=key, use=use, used_at__isnull=True, ends_at__gt=now)
    if not live.filter(tries__lt=CODE_TRIES).update(tries=F("tries") + 1):
        return None
    code = OneTimeCode.objects.get(key=key)
    if not hmac.compare_digest(code.code_digest, digest(f"{key}:{''.join(digits.split())}")):
        return None
    return code.to if live.update(used_at=now) else None


def sent_to(key: str) -> str:
    """Where a code was sent to; empty for an unknown key."""
    found = OneTimeCode.objects.filter(key=key).first()
    return found.to if found else ""


def enter(mobile: str) -> Account:
    """The account of a mobile whose holder has just proved it; made if there is none."""
    if (found := account_of(mobile)) is not None:
        return found
    try:
        with transaction.atomic():
            person = Person(username=f"p{secrets.token_hex(8)}")
            person.set_unusable_password()
            person.save()
            return Account.objects.create(
                person=person, mobile=mobile, mobile_digest=digest(mobile), opened_at=instant.now()
            )
    except IntegrityError:  # the same person in two windows
        found = account_of(mobile)
        assert found is not None
        return found


def write_down(account: Account | None, outcome: str, *, ip: str | None, agent: str) -> None:
    """One line of the sign-in history; an unknown number leaves none (PIPL 6)."""
    if account is not None:
        SignIn.objects.create(username=account.person.username, outcome=outcome, ip=ip, agent=agent[:200])


def change_mobile(account: Account, mobile: str) -> None:
    """换绑手机 — another mobile, already proved by a code. The own open applications are told there from now on, and the old
    number learns of the change. Raises :class:`Refused` if another account has it."""
    old, lang = account.mobile, "zh-hans"
    try:
        with transaction.atomic():
            Account.objects.filter(pk=account.pk).update(mobile=mobile, mobile_digest=digest(mobile))
    except IntegrityError:
        raise Refused("taken", _("Another account uses this number. Sign in with it instead.")) from None
    account.mobile, account.mobile_digest = mobile, digest(mobile)
    for a in (
        Application.objects.seen_by(account.person).open().with_facts().filter(mobile_digest=digest(old))
    ):
        if a.id_digest == account.id_digest or a.account_id == account.person_id:
            with suppress(
                flow.Stale
            ):  # somebody moves the case right now; its papers keep the number they had
                new = {"mobile": mobile, "mobile_digest": digest(mobile)}
                flow.note(a, "contact", by=rules.actor(account.person, a), **new)
    now = instant.now()
    Message.objects.create(
        number="",
        template="mobile_changed",
        event_seq=_next_seq("mobile_changed"),
        channel=settings.SMS_CHANNEL,
        address=old,
        lang=lang,
        body=_words("mobile_changed", lang),
        created_at=now,
        next_at=now,
    )


def _next_seq(template: str) -> int:
    """A number for a message that belongs to no event of a case."""
    last = (
        Message.objects.filter(number="", template=template).order_by("-event_seq").values_list("event_seq")
    )
    return (last.first() or (0,))[0] + 1


def confirm_email(account: Account, email: str) -> None:
    """The mail address, already proved by a code; notices go there too."""
    Account.objects.filter(pk=account.pk).update(email=email, by_email=True)


def prefer(account: Account, *, by_sms: bool, by_email: bool = False) -> None:
    """How notices come besides the page, where they always are."""
    Account.objects.filter(pk=account.pk).update(by_sms=by_sms, by_email=by_email)


# --- who somebody is ---------------------------------------------------------------------------------------


def bind(account: Account, *, name: str, id_number: str) -> None:
    """实名认证 — binds name and identity number after the register has confirmed them. Once bound they stay.

    Raises :class:`Refused`: ``already``, ``not_confirmed``, ``taken``, ``not_connected``.
    """
    if account.is_bound:
        raise Refused("already", _("Your name is confirmed already."))
    try:
        answer = identity.register().person(name, id_number)
    except identity.NotConnected:
        raise Refused(
            "not_connected",
            _(
                "Names can't be checked at the moment. Try again later, or come to any window with your identity card."
            ),
        ) from None
    if not answer.ok:
        raise Refused(
            "not_confirmed",
            _(
                "Name and number do not belong together. Enter both exactly as they stand on your identity card."
            ),
        )
    bound = {
        "name": name,
        "id_type": "citizen_id",
        "id_number": id_number,
        "id_digest": digest(id_number),
        "bound_at": instant.now(),
        "bound_through": answer.through,
    }
    try:
        with transaction.atomic():
            Account.objects.filter(pk=account.pk, id_digest="").update(**bound)
            Person.objects.filter(pk=account.person_id).update(name=name)
    except IntegrityError:
        raise Refused(
            "taken",
            _("This identity is bound to another account. Sign in with that number, or come to any window."),
        ) from None
    for field, value in bound.items():
        setattr(account, field, value)


def bind_enterprise(account: Account, uscc: str) -> Authority:
    """法定代表人认证 — the register confirms that this person legally represents the enterprise.

    Raises :class:`Refused`: ``not_bound``, ``already``, ``not_confirmed``, ``not_connected``.
    """
    _bound(account)
    mine = Authority.objects.filter(
        grantee=account.person, holder_digest=digest(uscc), kind=AuthorityKind.LEGAL, ended_at__isnull=True
    )
    if mine.exists():
        raise Refused("already", _("This enterprise is bound to your account already."))
    try:
        answer = identity.register().enterprise(uscc, account.name, account.id_number)
    except identity.NotConnected:
        raise Refused(
            "not_connected",
            _(
                "The register of enterprises can't be asked at the moment. Try again later, or come to any window."
            ),
        ) from None
    if not answer.ok:
        raise Refused(
            "not_confirmed",
            _(
                "The register does not name you as legal representative of this enterprise. Ask that person to add you."
            ),
        )
    now = instant.now()
    return Authority.objects.create(
        kind=AuthorityKind.LEGAL,
        holder_kind="enterprise",
        holder_name=answer.name,
        holder_id_type="uscc",
        holder_id_number=uscc,
        holder_digest=digest(uscc),
        to_name=account.name,
        to_mobile=account.mobile,
        to_digest=account.mobile_digest,
        grantee=account.person,
        starts_on=timezone.localdate(now),
        offered_at=now,
        accepted_at=now,
    )


def _bound(account: Account) -> None:
    if not account.is_bound:
        raise Refused("not_bound", _("Please confirm your name first."))


# --- who acts for whom -------------------------------------------------------------------------------------


def empower(
    account: Account,
    holder: rules.Holder,
    *,
    kind: str,
    to_name: str,
    to_mobile: str,
    items: list[Item],
    scope: str,
    starts_on: dt.date,
    ends_on: dt.date | None,
) -> Authority:
    """授权委托 — offers somebody the power to act for ``holder``: oneself, or an enterprise that one legally represents.

    It counts when he has accepted it. Raises :class:`Refused`: ``not_bound``, ``not_yours``, ``yourself``, ``dates``.
    """
    _bound(account)
    if holder.ground not in ("self", AuthorityKind.LEGAL):
        raise Refused(
            "not_yours", _("Only the person himself, or the legal representative, can empower somebody.")
        )
    if digest(to_mobile) == account.mobile_digest:
        raise Refused("yourself", _("This is your own number."))
    today = timezone.localdate(instant.now())
    if kind == AuthorityKind.AGENT and (
        ends_on is None or ends_on > today.replace(day=1) + dt.timedelta(366 * AGENT_YEARS)
    ):
        raise Refused("dates", _("A power of attorney needs an end, at most three years away."))
    if ends_on is not None and ends_on < max(today, starts_on):
        raise Refused("dates", _("The end lies before the beginning."))
    with transaction.atomic():
        now = instant.now()
        given = Authority.objects.create(
            kind=kind if holder.kind == "enterprise" else AuthorityKind.AGENT,
            holder_kind=holder.kind,
            holder_name=holder.name,
            holder_id_type=holder.id_type,
            holder_id_number=holder.id_number,
            holder_digest=holder.digest,
            given_by=account.person,
            to_name=to_name,
            to_mobile=to_mobile,
            to_digest=digest(to_mobile),
            scope=scope if kind == AuthorityKind.AGENT else Scope.ACT,
            starts_on=starts_on,
            ends_on=ends_on,
            offered_at=now,
        )
        given.items.set(items)
        Message.objects.create(
            number="",
            template="authority",
            event_seq=given.pk,
            channel=settings.SMS_CHANNEL,
            address=to_mobile,
            lang="zh-hans",
            body=_words("authority", "zh-hans", who=given.masked_holder, link=f"{settings.BASE_URL}/my/"),
            created_at=now,
            next_at=now,
        )
    return given


def accept_authority(account: Account, authority: Authority) -> None:
    """接受委托 — by the one whom it names: number and name must be his. Raises :class:`Refused`."""
    _bound(account)
    if authority.to_digest != account.mobile_digest or authority.to_name != account.name:
        raise Refused("not_you", _("It names somebody else. Ask the person who gave it to correct the name."))
    waiting = Authority.objects.filter(pk=authority.pk, accepted_at__isnull=True, ended_at__isnull=True)
    if not waiting.update(grantee=account.person, accepted_at=instant.now()):
        raise Refused("over", _("It is accepted already, or was taken back."))


def end_authority(person: Person, authority: Authority) -> None:
    """撤销委托 / 辞去委托 — either side ends it at any time (民法典 173)."""
    how = "given_up" if authority.grantee_id == person.pk else "declined"
    if authority.given_by_id == person.pk or (authority.grantee_id and authority.grantee_id != person.pk):
        how = "revoked"
    Authority.objects.filter(pk=authority.pk, ended_at__isnull=True).update(ended_at=instant.now(), end=how)


# --- asking ------------------------------------------------------------------------------------------------

#: open questions that one case may have at a time
MOST_QUESTIONS = 3


def ask(a: Application, text: str, *, by: Person) -> Question:
    """咨询 — asks the department about a case; the limit is the parameter ``question_limit``. Raises :class:`Refused`."""
    if Question.objects.filter(number=a.number).open().count() >= MOST_QUESTIONS:
        raise Refused(
            "too_many", _("Your earlier questions are still being answered. Please wait for the answer.")
        )
    with transaction.atomic():
        now = instant.now()
        question = Question.objects.create(
            number=a.number,
            office=a.office,
            account=by,
            text=text,
            asked_at=now,
            due_at=deadline(now, [limit("question_limit")], [], current_calendar()).at,
        )
        flow.note(a, "ask", by=rules.actor(by, a), data={"question": question.pk})
    return question


def answer(a: Application, question: Question, text: str, *, by: Person) -> None:
    """答复 — answers a question, once; the applicant is told by message. Raises :class:`Refused` if somebody was faster."""
    with transaction.atomic():
        open_one = Question.objects.filter(pk=question.pk, number=a.number, answered_at__isnull=True)
        if not open_one.update(answer=text, answered_at=instant.now(), answered_by=by.username):
            raise Refused("over", _("This question has been answered already."))
        flow.note(a, "answer", by=by, data={"question": question.pk})


# --- leaving -----------------------------------------------------------------------------------------------


def close(account: Account) -> None:
    """注销账户 — erases everything personal of the account and ends what it was empowered to do (PIPL 47). The applications
    stay in the files of the government, as the law on archives asks; they hang on the identity, not on the account."""
    with transaction.atomic():
        now, person = instant.now(), account.person
        loose = Attachment.objects.filter(added_by=f"account:{person.username}", number="")
        for attachment in loose:
            files.forget(attachment)
        loose.delete()
        Draft.objects.filter(person=person, number="").delete()
        mine = Q(grantee=person) | Q(given_by=person)
        Authority.objects.filter(mine, ended_at__isnull=True).update(ended_at=now, end="closed")
        Authority.objects.filter(to_digest=account.mobile_digest).update(
            to_mobile="", to_name="", to_digest=""
        )
        OneTimeCode.objects.filter(to_digest=account.mobile_digest).delete()
        Account.objects.filter(pk=account.pk).update(
            mobile="",
            mobile_digest="",
            name="",
            id_number="",
            id_digest="",
            email="",
            by_email=False,
            closed_at=now,
        )
        Person.objects.filter(pk=person.pk).update(name="", is_active=False)
