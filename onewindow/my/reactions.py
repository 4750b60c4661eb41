"""What follows for accounts: notices go the ways that somebody prefers, and questions reach the department."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.cases.channels import PAGE_CHANNEL
from onewindow.cases.models import Event
from onewindow.cases.notices import bilingual, say
from onewindow.cases.notices import tell as tell_staff
from onewindow.cases.reactions import on
from onewindow.my.models import Account, Authority, Question
from onewindow.org.models import Person, Post
from onewindow.org.roles import Role
from onewindow.window.models import Application
from onewindow.window.reactions import by_text, tell

say(
    "my.question",
    _("%(item)s: an applicant has asked a question"),
    icon="message-circle-question-mark",
    while_=lambda a, _n: Question.objects.filter(number=a.number).open().exists(),
)


def roads(a: Application) -> list[tuple[str, str]]:
    """For those with an account the page always, text message and e-mail as they prefer; for all others a text message. The
    page of an enterprise is read by those who act for it."""
    opened = Account.objects.filter(closed_at__isnull=True)
    account = opened.filter(Q(person_id=a.account_id) if a.account_id else Q(id_digest=a.id_digest)).first()
    if account is None:
        acted_for = Authority.objects.filter(holder_digest=a.id_digest, ended_at__isnull=True).exists()
        return [(PAGE_CHANNEL, ""), *by_text(a)] if acted_for else by_text(a)
    ways = [(PAGE_CHANNEL, "")]
    if account.by_sms:
        ways += by_text(a)
    if account.by_email and account.email:
        ways.append(("email", account.email))
    return ways


@on("application.ask")
def question_to_department(event: Event) -> None:
    """The approvers of the department get a line in their inbox."""
    a = Application.objects.with_facts().get(number=event.number)
    day = timezone.localdate(instant.now())
    posts = Post.objects.on(day).filter(role__in=[Role.APPROVER, Role.HEAD], office_id=a.office_id)
    people = Person.objects.filter(is_active=True, pk__in=posts.values("person_id")).order_by("pk")
    tell_staff(
        people, "my.question", number=a.number, key=f"{event.number} {event.seq}", item=bilingual(a.item)
    )


@on("application.answer")
def answer_to_applicant(event: Event) -> None:
    """The applicant hears that there is an answer."""
    tell(Application.objects.with_facts().get(number=event.number), "answer", event)
