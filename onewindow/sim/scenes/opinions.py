"""What people say, in public: words ruled on, a few replies, one withheld, some still waiting; sums and signals up to date."""

from __future__ import annotations

from random import Random

from onewindow.org.models import Person, Post
from onewindow.org.roles import Role
from onewindow.voice import examining, publishing, tallies
from onewindow.voice.actions import NotPossible
from onewindow.voice.models import Level, Review
from onewindow.voice.records import Ground
from onewindow.window.models import Application

ORDER = 90
WAITING = 4
REPLIES = (
    "感谢您的意见，我们已增开窗口，等候时间有所缩短。",
    "已核对办件过程，材料清单已在指南中补充说明。",
    "您反映的情况属实，已对经办人员提出要求，并向您致歉。",
)


def plant(random: Random) -> None:
    """Does nothing where nobody has written a word, or where it was played before."""
    bureau = Person.objects.filter(posts__role=Role.BUREAU).order_by("pk").first()
    rows = list(publishing.waiting())[WAITING:]
    if bureau is None or not rows:
        return
    heads = {p.office_id: p.person for p in Post.objects.filter(role=Role.HEAD).select_related("person")}
    for n, review in enumerate(rows):
        a = Application.objects.filter(number=review.number).first()
        try:
            _one(review, a, bureau, withhold=n == 2, head=heads.get(review.office_id), random=random)
        except NotPossible:  # nothing is left of it when all that tells who wrote it is gone
            continue
    tallies.bring_up_to_date()
    examining.weekly(1)


def _one(
    review: Review,
    a: Application | None,
    bureau: Person,
    *,
    withhold: bool,
    head: Person | None,
    random: Random,
) -> None:
    if withhold and review.level > Level.BAD:
        publishing.rule(
            review, by=bureau, publish=False, ground=Ground.ELSEWHERE, reason="谈的是公交线路，与本次服务无关"
        )
        return
    publishing.rule(review, by=bureau, publish=True, text=publishing.proposal(review, a))
    if head and review.level <= Level.BAD:
        publishing.reply(review, by=head, text=random.choice(REPLIES))
