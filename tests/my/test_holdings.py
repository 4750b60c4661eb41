"""My licences and my materials: seen, shown, renewed online, used again with consent, and taken back."""

import datetime as dt
import re

import pytest
import time_machine

from onewindow.cases.models import Message
from onewindow.catalog.models import Item, ItemVersion
from onewindow.exchange import actions as exchange
from onewindow.exchange.kinds import code_of
from onewindow.exchange.models import Call, Material, Reuse
from onewindow.exchange.needs import Need
from onewindow.licences import actions as licences
from onewindow.licences.models import Licence
from onewindow.my import applying, holdings
from onewindow.my.models import Draft, Scope
from onewindow.window import actions as window
from onewindow.window import reuse
from onewindow.window.models import Application
from tests.exchange.conftest import FIELDS
from tests.exchange.conftest import granted as grant
from tests.licences.test_licences import follow, granted
from tests.my.conftest import account, enter
from tests.my.test_agents import give
from tests.my.test_apply import fill
from tests.town import at, citizen_id

pytestmark = pytest.mark.django_db
START = "/my/apply/ZD-MSA-001/"


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(at("2026-11-23 10:00"), tick=False) as clock:
        yield clock


def handed_in(town, n=1, name="平面图", **more):
    """A floor plan in the library of applicant n, handed in with an earlier application."""
    exchange.register(
        {"kind": "person", "id_number": citizen_id(n)}, name, source=f"A26112300000{n}X", no=2,
        about="食品经营许可（新办）", issued_on=dt.date(2026, 11, 2), **more,
    )  # fmt: skip
    return Material.objects.get(source=f"A26112300000{n}X")


def ticked(page):
    """The way of handing in that is ticked on the page of a material."""
    tags = re.findall(r"<input[^>]*>", page)
    return re.search(r'value="(\w+)"', next(t for t in tags if 'name="form"' in t and " checked" in t))[1]


# --- licences ----------------------------------------------------------------------------------------------


def test_my_licences_are_mine_and_nobody_elses(town):
    x, other = granted(town, n=1), granted(town, n=2)
    client = enter(account(1))
    page = client.get("/my/licences/").content.decode()
    assert f"/my/licences/{x.number}/" in page and other.number not in page
    shown = client.get(f"/my/licences/{x.number}/").content.decode()
    assert (
        "<svg" in shown and "样例 SPECIMEN" in shown and x.identifier in shown and citizen_id(1) not in shown
    )
    assert "王" not in shown  # the history names no staff
    assert client.get(f"/my/licences/{x.number}.pdf").content[:5] == b"%PDF-"
    for path in (f"/my/licences/{other.number}/", f"/my/licences/{other.number}.pdf"):
        assert client.get(path).status_code == 404
    assert enter(account(3, bound=False)).get("/my/licences/").content.decode().count("/my/licences/L") == 0


def test_what_ends_first_stands_first_and_what_is_over_last(town):
    forever, soon, over = granted(town, validity=""), granted(town, validity="6mo", allow_duplicate=True), granted(
        town, validity="12mo", allow_duplicate=True)  # fmt: skip
    me = account(1)
    licences.cancel(over, by=town.head, reason_code="own_wish")
    follow()
    assert [x.pk for x in holdings.ordered(me.person)] == [soon.pk, forever.pk, over.pk]
    notice = Message.objects.filter(template="licence_cancelled", channel="page").get()
    page = enter(me).get("/my/messages/").content.decode()
    assert 'href="/my/licences/">' in page and notice.body in page


def test_a_licence_is_renewed_online_for_its_holder_alone(town, monday):
    x = granted(town, validity="12mo")
    monday.move_to(at("2027-10-11 10:00"))  # 42 days before the end
    me = account(1)
    client = enter(me)
    assert f"/my/licences/{x.number}/" in client.get("/my/").content.decode()  # among what waits
    start = f"{START}?renews={x.number}"
    assert f'href="{start}"' in client.get(f"/my/licences/{x.number}/").content.decode()
    assert f'name="renews" value="{x.number}"' in client.get(start).content.decode()
    page = client.post(START, {"renews": x.number}).url
    assert Draft.objects.get().key in page
    check = fill(client, start={"renews": x.number})
    assert x.number[:7] in client.get(check).content.decode()
    client.post(check)
    a = Application.objects.get(renews=x.number)
    assert (a.applicant_name, a.channel) == ("张三1", "online")
    listed = client.get("/my/licences/").content.decode()
    assert f"/my/cases/{a.number}/" in listed  # under way: it is not asked for twice
    assert f"{START}?renews" not in client.get(f"/my/licences/{x.number}/").content.decode()
    window.receive(a, by=town.li)
    window.check_materials(a, by=town.li, materials={2: ("paper", None), 3: ("paper", None)})
    window.decide(window.accept(a, by=town.li), by=town.wang, result="grant")
    follow()
    assert Licence.objects.get(pk=x.pk).valid_to == dt.date(2028, 11, 22)


def test_a_licence_is_renewed_with_the_service_for_renewals_of_its_kind(town):
    x = granted(town)
    assert licences.renewal_item(x) == x.item
    renewal = Item.objects.create(
        code="ZD-MSA-002", office=town.msa, name="食品经营许可（变更/延续）", name_en="Renewal"
    )
    assert licences.renewal_item(x) == x.item  # not published
    version = ItemVersion.objects.create(item=renewal, version=1, state="published", kind_code="01", legal_basis="x",
                                         legal_limit="10wd", promised_limit="3wd", case_kind="PROMISED", result="许可证",
                                         service_object="P/E", handling_forms="1/3")  # fmt: skip
    Item.objects.filter(pk=renewal.pk).update(current=version)
    Item.objects.create(code="ZD-Q-002", office=town.health_office, name="食品经营许可（延续）", name_en="Elsewhere",
                        current=version)  # fmt: skip
    assert licences.renewal_item(x) == renewal
    client = enter(account(1))
    assert (
        f"/my/apply/ZD-MSA-002/?renews={x.number}" in client.get(f"/my/licences/{x.number}/").content.decode()
    )
    start = client.get(f"/my/apply/ZD-MSA-002/?renews={x.number}").content.decode()
    assert f'name="renews" value="{x.number}"' in start


def test_another_ones_licence_is_not_renewed(town):
    other = granted(town, n=2)
    client = enter(account(1))
    assert 'name="renews"' not in client.get(f"{START}?renews={other.number}").content.decode()
    client.post(START, {"renews": other.number})
    draft = Draft.objects.get()
    assert applying.sheet(draft, draft.person).renews == ""


def test_a_form_that_is_turned_to_a_renewal_asks_anew_for_whom(town):
    x = granted(town)
    me = account(1)
    draft = applying.begin(me.person, town.food)
    sheet = applying.sheet(draft, me.person)
    sheet.said["who"] = {"holder": "self", "mobile": me.mobile}
    sheet.save()
    again = applying.sheet(applying.begin(me.person, town.food, x.number), me.person)
    assert (again.draft.pk, again.renews, again.next()) == (draft.pk, x.number, "who")
    assert [h.key for h in again.able()] == ["self"]


def test_an_agent_sees_what_he_may_renew_and_no_papers(town):
    x = granted(town, n=2)
    ended = granted(town, n=2, allow_duplicate=True)
    licences.cancel(ended, by=town.head, reason_code="own_wish")
    chief, me, reader = account(2), account(1), account(3)
    holder = next(h for h in applying.eligible(chief.person, town.food) if h.key == "self")
    give(chief, holder, me)
    give(chief, holder, reader, scope=Scope.FOLLOW)
    handed_in(town, n=2)
    client = enter(me)
    page = client.get("/my/licences/").content.decode()
    assert x.number in page and ended.number not in page
    assert "平面图" not in client.get("/my/materials/").content.decode()
    assert x.number not in enter(reader).get("/my/licences/").content.decode()


def test_the_pages_cost_the_same_with_one_and_three_rows(town, django_assert_num_queries):
    me = account(1)
    for n in range(3):
        x = granted(town, n=1, allow_duplicate=True)
        handed_in(town, 1, name=f"证明{n}") if not n else exchange.register(
            {"kind": "person", "id_number": citizen_id(1)}, f"证明{n}", source=x.application, no=9
        )
        client = enter(me)
        client.get("/my/")
        if n != 1:
            with django_assert_num_queries(11):
                client.get("/my/licences/")
            with django_assert_num_queries(13):
                client.get("/my/materials/")


# --- materials ---------------------------------------------------------------------------------------------


def test_what_was_handed_in_before_is_used_again_by_a_tap_of_its_holder(town):
    m = handed_in(town)
    client = enter(account(1))
    page = client.post(START).url.rsplit("/", 2)[0]
    fill(client, until="m-2")
    shown = client.get(f"{page}/m-2/").content.decode()
    assert "已有这份材料" in shown and "11 月 2 日" in shown
    assert ticked(shown) == "upload"  # offered, not ticked: consent is a tap
    check = fill(client, m2={"form": "held"})
    assert "11 月 2 日" in client.get(check).content.decode()
    client.post(check)
    a = Application.objects.get()
    document = a.documents.get(spec__no=2)
    assert (document.form, document.material_id) == ("reused", m.pk)
    use = Reuse.objects.get()
    assert (use.number, use.no, use.basis, use.given, use.material_id) == (
        a.number,
        2,
        "consent",
        "online",
        m.pk,
    )
    assert use.by == f"applicant:{a.account.username}" and "个人信息保护法" in use.article
    listed = client.get("/my/materials/").content.decode()
    assert a.number in listed  # where it was used


def test_what_expires_or_is_taken_back_meanwhile_is_asked_for_again(town, monday):
    m = handed_in(town, valid_until=dt.date(2026, 11, 24))
    client = enter(account(1))
    check = fill(client, m2={"form": "held"})
    monday.move_to(at("2026-11-25 10:00"))
    client = enter(account(1))
    assert client.post(check).url.endswith("/m-2/")
    assert (Application.objects.count(), Reuse.objects.count()) == (0, 0)
    Material.objects.filter(pk=m.pk).update(valid_until=dt.date(2027, 1, 1))
    client.post(f"/my/materials/{m.key}/forget")
    m.refresh_from_db()
    assert m.revoked_reason == "持有人撤回同意"
    assert client.get(check).url.endswith("/m-2/")


def test_what_was_issued_here_is_ticked_for_nobody_may_be_asked_for_it(town):
    m = handed_in(town, origin="issued", issuer="市场监督管理局", reference="X")
    client = enter(account(1))
    page = client.post(START).url.rsplit("/", 2)[0]
    fill(client, until="m-2")
    assert ticked(client.get(f"{page}/m-2/").content.decode()) == "held"
    client.post(fill(client, m2={"form": "held"}))
    assert (Reuse.objects.get().basis, Reuse.objects.get().given) == ("duty", "")
    client.post(f"/my/materials/{m.key}/forget")  # not his to take back
    m.refresh_from_db()
    assert m.revoked_at is None


def test_an_agent_is_not_offered_what_his_principal_handed_in_elsewhere(town):
    handed_in(town, n=2)
    chief, me = account(2), account(1)
    holder = next(h for h in applying.eligible(chief.person, town.food) if h.key == "self")
    given = give(chief, holder, me)
    draft = applying.begin(me.person, ItemVersion.objects.select_related("item__office").get(pk=town.food.pk))
    sheet = applying.sheet(draft, me.person)
    sheet.said["who"] = {"holder": given.key}
    assert sheet.holder().is_agent and sheet.offers() == {}


def test_materials_of_others_are_not_there(town):
    mine, other = handed_in(town, 1), handed_in(town, 2)
    client = enter(account(1))
    page = client.get("/my/materials/").content.decode()
    assert mine.key in page and other.key not in page
    assert client.get(f"/my/materials/{other.key}").status_code == 404
    assert client.post(f"/my/materials/{other.key}/forget").status_code == 404
    other.refresh_from_db()
    assert other.revoked_at is None


def test_everybody_sees_who_asked_registers_about_him(town):
    town.identity = exchange.add_dataset(
        town.msa, {"code": "IDENTITY", "name": "居民身份信息核验", "name_en": "Check of citizen identity",
                   "kind": "identity", "method": "identity", "sharing": "conditional", "sensitivity": "personal",
                   "legal_basis": "居民身份证法 13", "valid_days": 30, "fields": FIELDS},
    )  # fmt: skip
    grant(town)
    a = town.take_in(town.health)
    need = Need(a.number, a.item.code, a.office.code, "H1", "person", citizen_id(1), "张三1", frozenset({"identity"}),
                True, a.item.name)  # fmt: skip
    exchange.query(town.identity, need, by=town.li)
    assert Call.objects.get().outcome == "found"
    extract = Material.objects.get(origin="extract")
    page = enter(account(1)).get("/my/materials/").content.decode()
    assert page.count("居民身份信息核验") == 1 and "办理卫生许可核验申请人身份" in page
    shown = enter(account(1)).get(f"/my/materials/{extract.key}").content.decode()
    assert "姓名与号码一致" in shown and citizen_id(1) not in shown
    assert "居民身份信息核验" not in enter(account(2)).get("/my/materials/").content.decode()


def test_whoever_hands_in_online_has_the_receipt_at_once(town):
    client = enter(account(1))
    done = client.post(fill(client)).url
    a = Application.objects.get()
    receipt = a.papers.get()
    assert f"/my/cases/{a.number}/papers/{receipt.pk}.pdf" in client.get(done).content.decode()
    assert (receipt.kind, receipt.event_seq, receipt.facts) == (
        "receipt", a.version, {"materials": [[1, "electronic"], [3, "deferred"]]},
    )  # fmt: skip
    page = client.get(f"/my/cases/{a.number}/papers/{receipt.pk}").content.decode()
    assert "申请材料接收凭证" in page and "食品经营许可" in page


def test_an_item_that_is_handed_in_by_phone_needs_no_questions_of_its_own(town):
    assert not town.health.is_online
    town.health.handling_forms = "1/3"
    assert town.health.is_online


def test_what_a_register_can_answer_is_not_asked_of_the_applicant(town):
    """政务数据共享条例: the form says that the government fetches it; the window does, nobody comes for it."""
    plans = exchange.add_dataset(
        town.health_office, {"code": "PLANS", "name": "建筑图纸信息", "name_en": "Building plans",
                             "kind": code_of("平面图"), "method": "certificate", "sharing": "open",
                             "sensitivity": "internal", "legal_basis": "政务数据共享条例", "valid_days": 30,
                             "fields": [{"code": "status", "name": "状态", "name_en": "Status"}]},
    )  # fmt: skip
    town.identity = plans
    grant(town, office=town.msa, fields=["status"])
    client = enter(account(1))
    page = client.post(START).url.rsplit("/", 2)[0]
    fill(client, until="m-2")
    shown = client.get(f"{page}/m-2/").content.decode()
    assert ticked(shown) == "fetch" and "由政府部门共享获取：建筑图纸信息" in shown
    client.post(fill(client, m2={"form": "fetch"}))
    a = Application.objects.with_facts().get()
    assert a.documents.get(spec__no=2).form == "owed"
    window.receive(a, by=town.li)
    came, left = reuse.fetch_owed(a, by=town.li)
    assert ([d.spec.no for d in came], left) == ([2], [])
    assert (Reuse.objects.get().origin, Reuse.objects.get().basis) == ("extract", "duty")
    # the grant ends while another form is open: then the paper is asked for after all
    again = enter(account(2))
    check = fill(again, m2={"form": "fetch"}, contact="李四", mobile="19900000002")
    plans.grants.update(until=dt.date(2026, 11, 22))
    assert again.post(check).url.endswith("/m-2/")
