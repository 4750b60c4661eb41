"""数据跑: an enterprise whose papers of an earlier visit are offered again, a register that was silent, a grant asked for, a
question refused because nobody may ask it."""

from __future__ import annotations

import datetime as dt
import io
from random import Random

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.utils import override_settings
from PIL import Image, ImageDraw, ImageFont

from onewindow.cases import files, instant, numbers
from onewindow.cases.worker import follow
from onewindow.catalog.models import Item, ItemVersion
from onewindow.data.people import Firm, firms
from onewindow.exchange import actions as exchange
from onewindow.exchange.models import Dataset, Grant
from onewindow.org.models import Person
from onewindow.org.roles import Role
from onewindow.sim.city import WITHOUT_GRANT
from onewindow.window import actions, reuse, sitting
from onewindow.window.models import DocumentForm

ORDER = 40
EARLIER = dt.timedelta(days=40)


def plant(random: Random) -> None:
    """Plays the scene once; a city without food licences or shared data stays as it is."""
    item = Item.objects.published().filter(code="ZD-MSA-001").first()
    clerk = Person.objects.filter(username="clerk").first()
    if item is None or clerk is None or not Dataset.objects.exists():
        return
    item.current.item = item
    firm = next(firms(1, 1))
    _came_before(item.current, clerk, firm)
    _silent_register(item.current, clerk, list(firms(1, 30))[-1])
    _asked_without_grant(clerk, firm)
    _grant_asked_for()
    follow()


def _applicant(firm: Firm) -> dict[str, str]:
    return {
        "kind": "enterprise", "name": firm.name, "id_type": "uscc", "id_number": firm.uscc, "mobile": firm.mobile,
        "contact": firm.contact.name, "address": firm.address,
    }  # fmt: skip


def _came_before(version: ItemVersion, clerk: Person, firm: Firm) -> None:
    """The enterprise of the sign-in ``enterprise`` got a food licence forty days ago and brought its papers as scans."""
    day = instant.now() - EARLIER
    with instant.simulated(day.replace(hour=1, minute=40)):  # 9:40 in the town
        approver = Person.objects.get(username="approver")
        papers: dict[int, tuple[str, reuse.What]] = {}
        for spec in version.specs:
            scan = files.store(_scan(spec.name, firm), by=clerk.username, purpose=f"material {spec.no}")
            papers[spec.no] = (DocumentForm.ELECTRONIC, scan)
        a = actions.take_in(
            version, by=clerk, applicant=_applicant(firm), materials=papers, hall=sitting.hall_of(clerk), counter=clerk.counter,
            allow_duplicate=True,
        )  # fmt: skip
        actions.accept(a, by=clerk)
        actions.decide(a, by=approver, result="grant")
        actions.deliver(a, by=clerk, received_by=firm.contact.name)
        follow()


def _scan(title: str, firm: Firm) -> SimpleUploadedFile:
    """A page that can't be taken for a real paper."""
    page = Image.new("L", (620, 877), 255)
    font = ImageFont.truetype(str(settings.FONT_DIR / "NotoSerifSC_700Bold.ttf"), 30)
    draw = ImageDraw.Draw(page)
    for y, line in ((90, title[:18]), (160, firm.name), (230, "样例 SPECIMEN")):
        draw.text((60, y), line, fill=60, font=font)
    draw.rectangle((60, 330, 560, 780), outline=120, width=2)
    out = io.BytesIO()
    page.save(out, "PNG")
    return SimpleUploadedFile("scan.png", out.getvalue(), "image/png")


def _silent_register(version: ItemVersion, clerk: Person, firm: Firm) -> None:
    """The register of enterprises did not answer this morning: accepted all the same, fetched later."""
    number = numbers.new("A")
    need = reuse.need_for(number, version, "enterprise", firm.uscc, firm.name, hall="", is_open=True)
    registers = reuse.fetchable(version, "enterprise")
    with override_settings(REGISTERS_FAULTS=100):
        for dataset in registers.values():
            exchange.query(dataset, need, by=clerk)
    papers: dict[int, tuple[str, reuse.What]] = {
        spec.no: (DocumentForm.OWED if spec.no in registers else DocumentForm.PAPER, None)
        for spec in version.specs
    }
    a = actions.take_in(
        version, by=clerk, applicant=_applicant(firm), materials=papers, hall=sitting.hall_of(clerk), counter=clerk.counter,
        number=number, allow_duplicate=True,
    )  # fmt: skip
    actions.accept(a, by=clerk)


def _asked_without_grant(clerk: Person, firm: Firm) -> None:
    """A clerk asks for a department that has no grant yet; it is turned down, and on record."""
    item = Item.objects.published().filter(code="ZD-AGRI-020").first()  # asks for a business licence
    dataset = Dataset.objects.filter(code=WITHOUT_GRANT[1]).first()
    if item is None or dataset is None:
        return
    item.current.item = item
    number = numbers.new("A")
    need = reuse.need_for(number, item.current, "enterprise", firm.uscc, firm.name, hall="", is_open=True)
    try:
        exchange.query(dataset, need, by=clerk)
    except exchange.NotPossible:
        return


def _grant_asked_for() -> None:
    """The head of the department that has no grant yet asks for one; the market regulation bureau's head has to answer."""
    dataset = Dataset.objects.filter(code=WITHOUT_GRANT[1]).first()
    heads = Person.objects.filter(posts__role=Role.HEAD, posts__office__code=WITHOUT_GRANT[0])
    head = heads.order_by("username").first()
    if dataset is None or head is None or Grant.objects.filter(dataset=dataset, state="asked").exists():
        return
    exchange.ask_grant(
        dataset, head.posts.get(role=Role.HEAD).office, by=head,
        purpose="办理农药、种子经营许可时核验申请企业的登记状态，企业不再提交营业执照",
        legal_basis="《政务数据共享条例》；《种子法》第三十一条", fields=["uscc", "name", "status", "legal_person"],
    )  # fmt: skip
