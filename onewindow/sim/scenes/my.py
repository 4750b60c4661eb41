"""网上办事: a citizen with an account, an agent, an application handed in online, a question, a half-filled form."""

from __future__ import annotations

import datetime as dt
import io
from random import Random

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image, ImageDraw

from onewindow.cases import files, instant
from onewindow.cases.models import Attachment
from onewindow.cases.worker import follow
from onewindow.catalog.models import Item
from onewindow.data.people import citizens
from onewindow.my import actions, applying, rules
from onewindow.my.identity import FAKE_CITIZENS, FAKE_SEED
from onewindow.my.models import Account, Authority, Draft
from onewindow.org.calendar import ZONE
from onewindow.org.models import Hall, Person, current_calendar
from onewindow.org.roles import Role
from onewindow.window import actions as window
from onewindow.window import staff
from onewindow.window.models import Application, DocumentForm

ORDER = 40
#: whose account the demonstration names at its start
CITIZEN = "19900000001"


def plant(random: Random) -> None:
    """Makes two accounts, if the items have forms; on a second call nothing."""
    nurse = Item.objects.published().filter(code="ZD-HEALTH-016").first()
    hall = Hall.objects.order_by("code").first()
    if nurse is None or not nurse.current.is_online or hall is None or Account.objects.exists():
        return
    people = list(citizens(FAKE_SEED, FAKE_CITIZENS))
    me = _account(CITIZEN, people[0])
    helper = _account(people[1].mobile, people[1])
    a = _hand_in(
        me, nurse.current, hall, {"exam_year": "2024", "hospital": "肇东市人民医院（演示）", "first": "yes"}
    )
    clerk = _clerk(hall)
    if a is not None and clerk is not None:
        window.receive(a, by=clerk)
        asked = {1: "照片不清晰，请重新拍摄"}
        window.ask_correction(a, by=clerk, note="请按所列材料逐项补正。", materials=asked)
    unemployed = Item.objects.published().get(code="ZD-HRSS-072")
    b = _hand_in(
        me,
        unemployed.current,
        hall,
        {"since": "2026-10-08", "why": "ended", "employer": "演示公司", "training": "yes"},
    )
    if b is not None:
        actions.ask(b, "登记后多久可以申领失业金？", by=me.person)
    road = Item.objects.published().get(code="ZD-TRANS-032")
    applying.begin(me.person, road.current)
    holder = rules.holders(me.person)[0]
    given = actions.empower(
        me, holder, kind="agent", to_name=helper.name, to_mobile=helper.mobile, items=[nurse],
        scope="act", starts_on=instant.now().date(), ends_on=instant.now().date().replace(year=instant.now().year + 1),
    )  # fmt: skip
    actions.accept_authority(helper, Authority.objects.get(pk=given.pk))
    follow()
    _earlier(me, hall)


def _earlier(me: Account, hall: Hall) -> None:
    """What she has from before: a licence that ends in forty days, and papers that need not be handed in again."""
    now = instant.now()
    hygiene = Item.objects.published().filter(code="ZD-HEALTH-009").first()
    if hygiene is not None and (clerk := _clerk(hall)) is not None:
        day = timezone.localdate(now)
        _granted(
            me,
            hygiene,
            hall,
            clerk,
            _at(day.replace(year=day.year - 4, day=min(day.day, 28)) + dt.timedelta(40)),
        )
    workshop = Item.objects.published().filter(code="ZD-MSA-004").first()
    if workshop is not None and (clerk := _clerk(hall)) is not None:
        _granted(me, workshop, hall, clerk, _at(timezone.localdate(now) - dt.timedelta(21)), scanned=True)
    while follow():
        pass


def _at(day: dt.date) -> dt.datetime:
    """Ten in the morning of the first working day from this one on."""
    calendar = current_calendar()
    day = day if calendar.is_working(day) else calendar.next_working(day)
    return dt.datetime.combine(day, dt.time(10), ZONE)


def _granted(
    me: Account, item: Item, hall: Hall, clerk: Person, at: dt.datetime, *, scanned: bool = False
) -> None:
    """One application from the window to its result, as it was then."""
    version, office = item.current, staff.of_office(item.office_id, Role.APPROVER)
    assert version is not None
    version.item = item
    if not office:
        return
    applicant = {
        "kind": "person",
        "name": me.name,
        "id_type": me.id_type,
        "id_number": me.id_number,
        "mobile": me.mobile,
    }
    with instant.simulated(at):
        form = (
            (lambda: (DocumentForm.ELECTRONIC, _scan())) if scanned else (lambda: (DocumentForm.PAPER, None))
        )
        a = window.take_in(
            version, by=clerk, hall=hall, counter=clerk.counter, applicant=applicant, allow_duplicate=True,
            materials={spec.no: form() for spec in version.specs},
        )  # fmt: skip
        a = window.accept(a, by=clerk)
    with instant.simulated(at + dt.timedelta(hours=5)):
        a = window.decide(a, by=office[0], result="grant")
    with instant.simulated(at + dt.timedelta(hours=6)):
        window.deliver(a, by=clerk)
        while follow():
            pass


def _scan() -> Attachment:
    """A page that says of itself that it is none."""
    page = Image.new("RGB", (620, 877), "white")
    ImageDraw.Draw(page).text((150, 420), "SPECIMEN - demonstration only", fill="#5B6776")
    out = io.BytesIO()
    page.save(out, "PNG")
    return files.store(
        SimpleUploadedFile("scan.png", out.getvalue(), "image/png"), by="demo", purpose="material"
    )


def _account(mobile: str, one) -> Account:  # type: ignore[no-untyped-def]
    found = actions.enter(mobile)
    actions.bind(found, name=one.name, id_number=one.id_number)
    found.refresh_from_db()
    return found


def _clerk(hall: Hall) -> Person | None:
    return Person.objects.filter(posts__role=Role.CLERK, posts__hall=hall).order_by("username").first()


def _hand_in(me: Account, version, hall: Hall, answers: dict[str, str]) -> Application | None:  # type: ignore[no-untyped-def]
    draft = Draft.objects.select_related("version__item__office").get(
        pk=applying.begin(me.person, version).pk
    )
    sheet = applying.sheet(draft, me.person)
    sheet.said |= {
        "who": {"holder": "self", "mobile": me.mobile},
        "answers": answers,
        "materials": {str(s.no): {"form": applying.BRING} for s in sheet.specs()},
        "delivery": {"form": "counter", "hall": hall.code},
        "notice": {"agree": True},
    }
    sheet.save()
    try:
        return applying.hand_in(sheet, lang="zh-hans")
    except window.Duplicate:
        return None
