"""Who acts for whom: offered, accepted, limited, ended; and what nobody else sees of it."""

import datetime as dt

import pytest

from onewindow.cases import instant
from onewindow.cases.models import Event
from onewindow.my import actions, rules
from onewindow.my.models import Authority, Scope
from onewindow.window import actions as window
from onewindow.window.models import Application
from tests.my.conftest import account, boss, enter
from tests.my.test_apply import fill, photo
from tests.town import citizen_id

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 1, 1)


def give(giver, holder, to, *, items=(), scope=Scope.ACT, kind="agent", days=300, accepted=True):
    today = instant.now().date()
    given = actions.empower(
        giver, holder, kind=kind, to_name=to.name, to_mobile=to.mobile, items=list(items), scope=scope,
        starts_on=today, ends_on=today + dt.timedelta(days=days),
    )  # fmt: skip
    if accepted:
        actions.accept_authority(to, given)
    to.person.__dict__.pop("_holders", None)
    return given


@pytest.fixture
def firm(town):
    """An enterprise bound by its legal representative; ``town.food`` is for enterprises too."""
    chief, firm = boss()
    bound = actions.bind_enterprise(chief, firm.uscc)
    holder = next(h for h in rules.holders(chief.person) if h.kind == "enterprise")
    return chief, firm, holder, bound


def test_the_register_decides_who_represents_an_enterprise(town):
    chief, firm = boss()
    with pytest.raises(actions.Refused, match="not_confirmed"):
        actions.bind_enterprise(account(1), firm.uscc)
    assert actions.bind_enterprise(chief, firm.uscc).holder_name == firm.name
    with pytest.raises(actions.Refused, match="already"):
        actions.bind_enterprise(chief, firm.uscc)


def test_an_agent_applies_for_an_enterprise_and_it_is_recorded_so(town, firm):
    chief, company, holder, _ = firm
    agent = account(1)
    given = give(chief, holder, agent, items=[town.food.item])
    client = enter(agent)
    client.post(fill(client, holder=given.key))
    a = Application.objects.get()
    assert (a.applicant_name, a.id_number, a.agent_name, a.agent_id_number) == (
        company.name, company.uscc, agent.name, citizen_id(1),
    )  # fmt: skip
    assert Event.objects.get(number=a.number).by == f"agent:{agent.person.username}"
    assert enter(chief).get(f"/my/cases/{a.number}/").status_code == 200
    assert "的代理人" in _course(town, a)
    window.receive(a, by=town.li)
    window.ask_correction(a, by=town.li, note="缺页", materials={1: "补第二页"})
    answer = client.post(f"/my/cases/{a.number}/correct", {"m1": photo()})
    assert answer.status_code == 302
    a.refresh_from_db()
    assert a.status == "received"
    assert Event.objects.of(a.number).last().by == f"agent:{agent.person.username}"


def _course(town, a):
    from django.test import Client

    staff = Client()
    staff.force_login(town.li, backend="allauth.account.auth_backends.AuthenticationBackend")
    return staff.get(f"/desk/{a.number}/").content.decode()


def test_everybody_else_sees_nothing_of_it(town, firm):
    chief, company, holder, _ = firm
    applicant = {"kind": "enterprise", "name": company.name, "id_type": "uscc", "id_number": company.uscc,
                 "mobile": company.mobile, "contact": "王五", "address": "兴业路1号"}  # fmt: skip
    a = town.accepted(applicant=applicant)
    other = town.take_in(town.health, applicant=applicant)
    me, stranger, unbound = account(1), account(2), account(3, bound=False)
    limited = give(chief, holder, me, items=[town.food.item])
    give(chief, holder, stranger, accepted=False)
    paper = a.papers.first().pk
    paths = ["", "correct", "withdraw", "ask", f"papers/{paper}.pdf", f"papers/{paper}", "files/none"]
    for who in (stranger, unbound):
        for path in paths:
            answer = enter(who).get(f"/my/cases/{a.number}/{path}")
            assert answer.status_code == 404, (path, answer.status_code)
            assert company.name not in answer.content.decode()
        page = enter(who).get("/my/").content.decode()
        assert a.number not in page and company.uscc not in page
    client = enter(me)
    assert client.get(f"/my/cases/{a.number}/").status_code == 200
    assert client.get(f"/my/cases/{other.number}/").status_code == 404  # not among the items of the power
    actions.end_authority(chief.person, limited)
    assert enter(me).get(f"/my/cases/{a.number}/").status_code == 404
    assert Authority.objects.get(pk=limited.pk).end == "revoked"


def test_who_may_only_follow_can_do_nothing(town, firm):
    chief, company, holder, _ = firm
    me = account(1)
    give(chief, holder, me, scope=Scope.FOLLOW)
    applicant = {"kind": "enterprise", "name": company.name, "id_type": "uscc", "id_number": company.uscc,
                 "mobile": company.mobile}  # fmt: skip
    a = town.accepted(applicant=applicant)
    client = enter(me)
    assert "/withdraw" not in client.get(f"/my/cases/{a.number}/").content.decode()
    client.post(f"/my/cases/{a.number}/withdraw")
    a.refresh_from_db()
    assert a.status == "examining"
    assert client.post("/my/apply/ZD-MSA-001/").status_code == 302  # for himself he may


def test_a_power_of_attorney_counts_only_accepted_by_the_one_it_names_and_in_its_time(town, firm):
    chief, _, holder, _ = firm
    me = account(1)
    given = give(chief, holder, me, accepted=False)
    assert [h.ground for h in rules._holders(me.person)] == ["self"]
    with pytest.raises(actions.Refused, match="not_you"):
        actions.accept_authority(account(2), given)
    given.to_name = "李四"
    with pytest.raises(actions.Refused, match="not_you"):
        actions.accept_authority(me, given)
    actions.accept_authority(me, Authority.objects.get(pk=given.pk))
    assert [h.ground for h in rules._holders(me.person)] == ["self", "agent"]
    Authority.objects.filter(pk=given.pk).update(starts_on=TODAY, ends_on=TODAY)
    assert [h.ground for h in rules._holders(me.person)] == ["self"]
    with pytest.raises(actions.Refused, match="dates"):
        give(chief, holder, me, days=4000)
    with pytest.raises(actions.Refused, match="not_yours"):
        give(chief, _agent_holder(holder), me)


def _agent_holder(holder):
    from dataclasses import replace

    return replace(holder, ground="agent")


def test_the_pages_of_agents_offer_accept_and_end(town, firm):
    chief, _, holder, _ = firm
    me = account(1)
    boss_client, client = enter(chief), enter(me)
    assert boss_client.get("/my/agents/new/").status_code == 200
    today = instant.now().date()
    data = {"holder": holder.key, "kind": "staff", "to_name": me.name, "to_mobile": me.mobile, "scope": "act",
            "starts_on": today.isoformat(), "ends_on": ""}  # fmt: skip
    assert boss_client.post("/my/agents/new/", data | {"to_mobile": "123"}).status_code == 422
    assert boss_client.post("/my/agents/new/", data).url == "/my/agents/"
    page = client.get("/my/agents/").content.decode()
    given = Authority.objects.get(kind="staff")
    assert f"/my/agents/{given.key}/accept" in page and me.mobile not in page
    assert enter(account(2)).post(f"/my/agents/{given.key}/accept").status_code == 404
    client.post(f"/my/agents/{given.key}/accept")
    assert [h.ground for h in rules._holders(me.person)] == ["self", "staff"]
    client.post(f"/my/agents/{given.key}/end")
    given.refresh_from_db()
    assert given.end == "given_up"
