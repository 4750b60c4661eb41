"""The catalogue at work: a version that was changed, a draft that waits, a licence that its head kept from the public."""

from __future__ import annotations

from random import Random

from onewindow.catalog import drafts, keep
from onewindow.org.models import Person
from onewindow.org.roles import Role
from onewindow.window import pace, publicity
from onewindow.window.models import Publication, PublicityState, Withholding

ORDER = 60
FASTER, WAITING = "ZD-MSA-004", "ZD-MSA-001"
FAQ = [
    {
        "q": "现场核查会提前通知吗？",
        "a": "会。核查前一个工作日电话告知，由两名工作人员到场，不需要您另外准备材料。",
        "q_en": "Am I told before the site check?",
        "a_en": "Yes, by telephone one working day before. Two officers come; you need not prepare further papers.",
    }
]


def plant(random: Random) -> None:
    """Acts as the administrator, the bureau and the head of the market regulation bureau would."""
    people = {p.username: p for p in Person.objects.filter(username__in=["admin", "bureau", "head"])}
    items = keep.SECTIONS["items"]
    if len(people) < 3 or any(items.document(code) is None for code in (FASTER, WAITING)):
        return
    change = drafts.begin(items, FASTER, by=people["bureau"])
    content = change.content | {"promised_limit": "8wd", "visit_reason": "现场核查", "faq": FAQ}
    drafts.save(change, content, by=people["bureau"])
    if not keep.errors(drafts.check(change)):
        drafts.publish(
            change, by=people["admin"], reason="政务服务提速：小作坊核准由 10 个工作日压缩到 8 个工作日"
        )
    change = drafts.begin(items, WAITING, by=people["head"])
    drafts.save(change, change.content | {"promised_limit": "4wd", "faq": FAQ}, by=people["head"])
    drafts.submit(change, by=people["head"], reason="拟将食品经营许可压缩到 4 个工作日")
    publicity.publish_due(10_000)
    _look_at_publications(people["head"])
    pace.work_out()


def _look_at_publications(head: Person) -> None:
    """One licence is kept from the public, and one that was published wrongly is taken back."""
    mine = Publication.objects.filter(office_id__in=head.offices_as(Role.HEAD)).select_related(
        "application__office"
    )
    waiting = mine.filter(state=PublicityState.WAITING).order_by("-id").first()
    if waiting:
        reason = "加工工艺属企业商业秘密，企业书面表示不同意公开"
        publicity.withhold(waiting, by=head, ground=Withholding.TRADE_SECRET, reason=reason)
    if wrong := mine.filter(state=PublicityState.PUBLISHED).order_by("-id").first():
        publicity.withdraw(wrong, by=head, reason="许可内容录入有误，更正后重新公示")
