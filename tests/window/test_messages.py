"""Applicants are told once, shortly, in their language."""

import pytest
from django.test import override_settings

from onewindow.cases import worker
from onewindow.cases.models import Event, Message
from onewindow.window import actions, links, reactions
from onewindow.window.models import Application

# As long as city hosts are in practice: 24 characters.
HOST = "https://zwfw.zhaodong-example.cn"


def life(town, **more):
    """One application through nearly every event that is told."""
    a = town.take_in(**more)
    actions.ask_correction(a, by=town.li, note="缺页", materials={1: "补第二页"})
    actions.correct(a, by=town.li, materials={1: ("paper", None)})
    actions.accept(a, by=town.li)
    actions.suspend(a, by=town.wang, reason="expert_review", notice="专家评审约需十个工作日")
    actions.resume(a, by=town.wang)
    actions.extend(a, by=town.head, reason="等待检测报告")
    actions.decide(a, by=town.wang, result="grant")
    return actions.deliver(a, by=town.li)


def follow_all():
    while worker.follow():
        pass


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
@pytest.mark.parametrize("base", ["http://localhost:8000", HOST])
def test_every_text_fits_into_one_message_with_its_link(town, lang, base):
    assert len(HOST.removeprefix("https://")) == 24
    with override_settings(BASE_URL=base):
        a = life(town, lang=lang)
        b = town.take_in(n=2, lang=lang)
        actions.refuse_acceptance(b, by=town.li, reason_code="not_ours", reason="不属于本局")
        c = town.accepted(n=3, lang=lang)
        actions.decide(c, by=town.wang, result="refuse", reason_code="conditions_not_met", reason="距离不足")
        actions.withdraw(town.take_in(n=4, lang=lang), by=town.li)
        actions.void(town.take_in(n=5, lang=lang), by=town.zhou, reason="重复登记")
        follow_all()
        bodies = {m.template: m.body for m in Message.objects.all()}
        assert set(bodies) == set(reactions.TEXTS.values())
        assert [b for b in bodies.values() if len(b) > 70] == []
        assert all(f"{base}/q/" in b for b in bodies.values())
        # With a million cases behind us the link is at its longest.
        a.pk = 36**4 - 1
        for event in Event.objects.of(a.number):
            if name := reactions.TEXTS.get(event.verb):
                assert len(reactions.text(name, a, event)) <= 70


def test_the_fullest_wording_that_fits_is_chosen(town):
    with override_settings(BASE_URL="http://localhost:8000"):
        life(town)
        follow_all()
        body = Message.objects.get(template="accept").body
        assert body.startswith("“食品经营许可（新办）”已受理，最迟")
        assert body.endswith(links.short_url(Application.objects.get()))


def test_an_event_is_told_once_even_if_its_reaction_runs_again(town):
    a = town.accepted()
    follow_all()
    event = Event.objects.of(a.number).get(kind="application.accept")
    reactions.tell_applicant(event)
    assert Message.objects.filter(number=a.number, template="accept").count() == 1


def test_an_item_decided_on_the_spot_is_told_only_its_decision(town):
    a = town.accepted(town.proof)
    actions.decide(a, by=town.li, result="grant")
    follow_all()
    assert list(Message.objects.filter(number=a.number).values_list("template", flat=True)) == ["decide"]


def test_the_short_link_finds_its_case_and_no_other(town):
    a, b = town.take_in(), town.take_in(n=2)
    code = links.short_url(a).rpartition("/")[2]
    assert links.by_short(code) == a
    assert links.by_short(code[: links.MAC] + links.short_url(b).rpartition("/")[2][links.MAC :]) is None
    assert links.by_short(code[:-2]) is None
    assert links.by_short("") is None
