"""What each signal is called, what it may mean (and what innocent thing it may be), and its evidence in one sentence."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from onewindow.org.templatetags.ow import percent
from onewindow.voice.records import Finding

#: Code → name, and what else it may be.
LABELS: dict[str, tuple[Any, Any]] = {
    "fast": (
        _("Answered before anybody could read"),
        _(
            "A device that reports touches late, or a child at the counter; or somebody who answers for the person."
        ),
    ),
    "burst": (
        _("Answers in quick succession"),
        _("One person with several matters, each rated at once; or somebody who answers for those who left."),
    ),
    "same_run": (
        _("The same answer again and again"),
        _("A window with one item and contented people; or one and the same finger."),
    ),
    "same_answer": (
        _("One answer far more often than elsewhere"),
        _("People who follow an example beside the device; or one and the same finger."),
    ),
    "same_words": (
        _("The same words again and again"),
        _("A saying that people share; or a text that was handed out."),
    ),
    "one_phone": (
        _("Many of the best verdicts from one telephone"),
        _(
            "An agent with many matters who is always content; or a telephone that was written down for people who have none."
        ),
    ),
    "one_browser": (
        _("One browser spoke for several people"),
        _(
            "A family at one computer, or a computer at which people are helped; or one person who opens the links of others."
        ),
    ),
    "outside": (
        _("Answers while the hall was shut"),
        _("Service beyond hours; a wrong clock of the device; or somebody who stayed behind."),
    ),
    "closing": (
        _("Answers pile up before closing"),
        _("A rush at the end of the day; or a day that is topped up."),
    ),
    "wordless": (
        _("Everybody answers, nobody says a word"),
        _("Nearly nobody stays silent, nearly nobody writes: people are like that nowhere."),
    ),
    "everybody": (
        _("Far fewer silent people than elsewhere"),
        _("Kind reminders; or answers given for those who left."),
    ),
    "nobody": (
        _("Far more silent people than elsewhere"),
        _("A device that is hard to reach; or people are not asked."),
    ),
    "no_bad": (
        _("No low marks where others have some"),
        _("Very good work; or low marks that never arrive."),
    ),
    "all_top": (
        _("Hardly anything but the best level"),
        _("Very good work; or people are told what to press."),
    ),
    "late_silent": (
        _("Those whose matter was late stay silent"),
        _("People who fetch late papers are in a hurry; or they are not asked."),
    ),
    "again": (
        _("Asked twice more often than elsewhere"),
        _("A device that drops the question; or people are asked until the answer pleases."),
    ),
    "left": (
        _("Touched but not sent off"),
        _("A screen that reacts badly; or a device that is taken away."),
    ),
    "own_phone": (
        _("The applicant's telephone is that of our own people"),
        _("Own matters of staff; or a telephone lent to the figures."),
    ),
    "raised": (
        _("Low marks become good ones within the day"),
        _("Something was put right at once; or people were talked out of them. Ring up some of them."),
    ),
    "helped": (
        _("Good verdicts typed in by our own people"),
        _("A hotline that helps many old people; or a favour."),
    ),
    "one_pace": (
        _("Answers come in the very same second"),
        _("A device that counts its time-out as an answer; or a program."),
    ),
    "silent_days": (
        _("Whole days without a word"),
        _("A broken device; or one that is put away on bad days."),
    ),
    "unasked_days": (
        _("Days on which no question came to the device"),
        _(
            "A loose plug, or a network that fails now and then; or a device that is switched off on bad days."
        ),
    ),
}


def chance(p: float | None) -> str:
    """How rarely chance does it, in words that a reader can weigh."""
    if p is None:
        return gettext("not a matter of chance")
    if p < 1e-9:
        return gettext("chance: less than once in a billion")
    return gettext("chance: once in %(n)s") % {"n": f"{round(1 / p, 1 - len(str(int(1 / p)))):,.0f}"}


def says(finding: Finding) -> str:
    """The evidence: so many of so many, and how it is elsewhere."""
    c = finding.counts
    words = {
        "same_run": gettext("%(run)s in a row of %(n)s; elsewhere this answer is %(usual)s of the best ones"),
        "one_phone": gettext(
            "%(k)s of %(n)s are the best verdict by link from one telephone; the busiest elsewhere gives %(usual)s"
        ),
        "one_browser": gettext(
            "%(k)s of %(n)s by browsers that spoke for several people in a day, on %(days)s days, at most %(most)s in one; "
            "the usual number is %(expected)s"
        ),
        "same_answer": gettext(
            "%(k)s of %(n)s best ones on the device (%(share)s); by what is said by link here, and elsewhere, "
            "%(usual)s would be usual"
        ),
        "same_words": gettext("%(k)s of %(n)s with the same words, %(elsewhere)s elsewhere"),
        "wordless": gettext("%(n)s reviews on %(served)s occasions, %(k)s with words"),
        "own_phone": gettext("%(k)s of %(n)s"),
        "one_pace": gettext(
            "%(k)s of %(n)s after %(second)s seconds; the seconds around it let expect %(usual)s"
        ),
        "unasked_days": gettext(
            "%(k)s times in %(n)s days with people at the window; elsewhere %(expected)s in as many"
        ),
        "silent_days": gettext("%(k)s of %(n)s days; by chance and faults %(expected)s"),
    }.get(finding.code, gettext("%(k)s of %(n)s (%(share)s); elsewhere %(usual)s"))
    share = c.get("k", 0) / c["n"] if c.get("n") else None
    return words % (
        c
        | {
            "share": percent(share),
            "usual": percent(c.get("usual", c.get("share")), 2),
            "expected": c.get("usual"),
        }
    )
