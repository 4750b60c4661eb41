"""The evaluator at the window, from its pairing to the bureau's list."""

import pytest

from onewindow.cases import worker
from onewindow.config.settings import BASE_DIR
from onewindow.hall.models import MatterGroup
from onewindow.voice.actions import load_indicators
from onewindow.voice.device_models import DeviceAlarm, DeviceChain, DeviceEvent, HallVerdict, WindowVerdict
from onewindow.voice.enrol import Spot, enrol, print_for, print_slips
from onewindow.voice.models import Device, DeviceBeat, Prompt, Review
from onewindow.voice.placing import first_word, heard, retire, revoke, suspend
from onewindow.window import actions

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TABLET = {"width": 1024, "height": 600}


def emptied(page):
    """Waits until the server has acknowledged all that the device kept."""
    for _try in range(100):
        if not page.evaluate("odp.waiting().then((waiting) => waiting.count)"):
            return
        page.wait_for_timeout(100)
    raise AssertionError("the device still keeps what it could not send")


@pytest.fixture
def tablet(town, new_page):
    """A screen that its hall manager has just put to window 03."""
    load_indicators(BASE_DIR / "data/indicators.csv")
    screen = new_page(**TABLET)
    screen.goto("/device/")
    code = screen.locator("[data-fill=code]:visible").inner_text()
    check = screen.locator("[data-fill=check]:visible").inner_text()
    manager = new_page(by=town.zhou)
    manager.goto("/desk/devices/")
    manager.fill("[name=code]", code.lower())
    manager.select_option("[name=counter]", str(town.counter.pk))
    manager.locator("form:has([name=code]) button").click()
    assert check in manager.inner_text("main")
    manager.locator("[name=confirm]").click()
    screen.get_by_role("heading", name="欢迎").wait_for()
    return screen


def test_a_person_says_on_the_spot_how_it_was_and_the_bureau_reads_it(town, tablet, new_page, axe):
    assert town.counter.name in tablet.inner_text("header")
    axe(tablet)
    town.accepted()
    worker.follow()
    tablet.locator("[data-screen=ask]:visible").wait_for()
    assert "食品经营许可（新办）" in tablet.inner_text("main") and "张三" not in tablet.content()
    sizes = {
        (round(b["width"]), round(b["height"]))
        for f in tablet.locator(".ow-face:visible").all()
        if (b := f.bounding_box())
    }
    assert len(sizes) == 1, "five faces of one size"
    axe(tablet)
    tablet.locator(".ow-face--2:visible").click()
    chips = tablet.locator("[data-code]:visible")
    assert chips.first.get_attribute("data-code") == "207" and chips.count() == 8
    assert tablet.locator("[aria-pressed=true]").count() == 0, "nothing is chosen beforehand"
    axe(tablet)
    chips.nth(2).click()
    tablet.locator("textarea:visible").fill('说三天办好，等了一周 "\\😀\n！')
    tablet.get_by_role("button", name="提交评价").click()
    tablet.get_by_role("heading", name="感谢您的评价").wait_for()
    axe(tablet)
    emptied(tablet)
    review = Review.objects.get()
    assert (review.level, review.codes, review.channel, review.counter) == (2, ["209"], 4, town.counter)
    # the browser's own hashes and signature hold against ours, rare characters and all
    events = list(DeviceEvent.objects.order_by("seq"))
    assert [(e.kind, e.result) for e in events] == [
        (k, "accepted") for k in ("boot", "shown", "touched", "answered")
    ]
    assert (Device.objects.get().assurance, DeviceAlarm.objects.exists()) == ("high", False)
    assert (DeviceChain.objects.get().acked_seq, {e.time_quality for e in events}) == (4, {"exact"})
    assert Prompt.objects.get().state == "answered"
    tablet.get_by_role("heading", name="欢迎").wait_for()
    bureau = new_page(by=town.bai)
    bureau.goto("/desk/reviews/")
    assert "说三天办好，等了一周" in bureau.inner_text("main")
    axe(bureau)


def test_it_speaks_english_to_one_person_and_chinese_to_the_next(town, tablet):
    town.accepted()
    worker.follow()
    tablet.locator("[data-screen=ask]:visible").wait_for()
    tablet.get_by_role("button", name="English").click()
    assert "Food business licence (new)" in tablet.inner_text("main")
    assert tablet.evaluate("document.documentElement.lang") == "en"
    tablet.get_by_role("button", name="rather not say").click()
    tablet.get_by_role("heading", name="欢迎").wait_for()
    emptied(tablet)
    assert Prompt.objects.get().state == "declined" and not Review.objects.exists()


def test_a_broken_line_loses_no_verdict(town, tablet, browser_problems):
    town.accepted()
    worker.follow()
    tablet.locator("[data-screen=ask]:visible").wait_for()
    emptied(tablet)
    tablet.context.set_offline(True)
    tablet.locator(".ow-face--5:visible").click()
    tablet.get_by_role("button", name="提交评价").click()
    tablet.get_by_role("heading", name="感谢您的评价").wait_for()
    tablet.locator("#offline").wait_for()
    assert not Review.objects.exists()
    tablet.context.set_offline(False)
    emptied(tablet)
    assert Review.objects.get().level == 5
    assert browser_problems and all("ERR_INTERNET_DISCONNECTED" in line for line in browser_problems)
    browser_problems.clear()


def test_without_a_line_the_window_can_still_be_rated_and_nothing_is_lost_by_a_restart(
    town, tablet, browser_problems
):
    tablet.context.set_offline(True)
    tablet.get_by_role("button", name="现在评价本窗口").click()
    tablet.locator(".ow-face--1:visible").click()
    tablet.locator("[data-ticket]:visible").fill("A012")
    tablet.get_by_role("button", name="提交评价").click()
    tablet.get_by_role("heading", name="感谢您的评价").wait_for()
    tablet.context.set_offline(False)
    tablet.reload()  # the device is switched off and on
    tablet.get_by_role("heading", name="欢迎").wait_for()
    emptied(tablet)
    verdict = WindowVerdict.objects.get()
    assert (verdict.level, verdict.ticket, verdict.counter) == (1, "A012", town.counter)
    assert not Review.objects.exists() and DeviceChain.objects.get().missing == 0
    browser_problems.clear()


def test_a_tablet_that_scans_a_printed_slip_belongs_to_its_window(town, new_page, axe):
    load_indicators(BASE_DIR / "data/indicators.csv")
    manager = new_page(by=town.zhou)
    manager.goto("/desk/devices/")
    axe(manager)
    manager.locator(".dvt-slips > summary").click()
    manager.get_by_role("button", name="打印凭条").click()
    manager.get_by_role("img", name="综合受理窗口 03 的二维码").wait_for()
    axe(manager)
    token = print_slips([town.counter], by=town.zhou)[0].token
    screen = new_page(**TABLET)
    screen.goto(f"/device/#enrol={token}")
    screen.get_by_role("heading", name="欢迎").wait_for()
    assert "enrol" not in screen.url and town.counter.name in screen.inner_text("header")
    emptied(screen)
    assert (Device.objects.get().assurance, Device.objects.get().counter) == ("high", town.counter)
    manager.goto("/desk/devices/")
    assert "在线" in manager.inner_text(".dvt-tile--online")
    axe(manager)
    manager.locator(".dvt-tile--online a").click()
    axe(manager)


def test_the_tiles_are_new_every_half_minute_without_a_click(town, new_page):
    device, _secret = enrol(print_slips([town.counter], by=town.zhou)[0].token)
    first_word(device.pk)
    heard(device.pk, None)
    device.refresh_from_db()
    manager = new_page(by=town.zhou)
    manager.clock.install()
    manager.goto("/desk/devices/")
    manager.locator(".dvt-tile--online").wait_for()
    suspend(device, by=town.zhou)
    manager.clock.run_for(31_000)
    manager.locator(".dvt-tile--suspended").wait_for()


def test_a_revoked_device_forgets_its_secret(town, tablet, browser_problems):
    revoke(Device.objects.get(), by=town.zhou)
    tablet.get_by_text("请联系大厅负责人").locator("visible=true").wait_for()
    assert tablet.evaluate("[odp.known.device, odp.known.key]") == [None, None]
    assert all("401" in line for line in browser_problems)
    browser_problems.clear()


def test_a_window_that_hands_over_asks_about_the_end(town, tablet):
    a = town.accepted()
    actions.decide(a, by=town.wang, result="grant")
    actions.deliver(a, by=town.li, received_by="张三1")
    worker.follow()
    tablet.get_by_role("heading", name="我们的服务怎么样？").wait_for()


def test_without_a_script_it_says_so(new_page):
    page = new_page(java_script_enabled=False, **TABLET)
    page.goto("/device/")
    assert "JavaScript" in page.inner_text("main")


def scanned(town, new_page, kind, **size):
    """A device of the hall that scans its slip."""
    load_indicators(BASE_DIR / "data/indicators.csv")
    token = print_for([Spot(kind, town.hall, None, "入口左侧")], by=town.zhou)[0].token
    screen = new_page(**size)
    screen.goto(f"/device/{kind}/#enrol={token}")
    return screen


def test_at_a_stand_anybody_says_how_the_hall_is_and_it_leaves_in_good_order(
    town, new_page, axe, browser_problems
):
    stand = scanned(town, new_page, "feedback", **TABLET)
    stand.get_by_role("heading", name="您对本大厅的服务满意吗？").wait_for()
    axe(stand)
    assert stand.get_by_role("button", name="我不想评价").count() == 0
    stand.locator(".ow-face--2:visible").click()
    stand.get_by_role("button", name="提交评价").click()
    stand.get_by_role("heading", name="感谢您的评价").wait_for()
    emptied(stand)
    verdict = HallVerdict.objects.get()
    assert (verdict.level, verdict.hall, verdict.place) == (2, town.hall, "入口左侧")
    assert verdict.shown_order in ("high_first", "low_first")
    retire(Device.objects.get(), by=town.zhou)
    stand.reload()  # or at its next heartbeat, within a minute
    stand.get_by_text("设备已停止使用").locator("visible=true").wait_for()
    assert Device.objects.get().state == "retired" and not DeviceAlarm.objects.exists()
    assert stand.evaluate("[odp.known.device, odp.known.key]") == [None, None]
    browser_problems.clear()  # it was told by a 401


def test_a_display_is_led_to_its_board_and_says_since_when_it_is_old(town, new_page, axe, browser_problems):
    MatterGroup.objects.create(hall=town.hall, letter="A", name="许可", name_en="Licences").counters.set(
        [town.counter]
    )
    screen = scanned(town, new_page, "signage", width=1920, height=1080)
    screen.wait_for_url(f"**/hall/{town.hall.code}/board/")
    screen.get_by_text("请到窗口办理").wait_for()
    axe(screen)
    for _try in range(50):
        if DeviceBeat.objects.filter(device__kind="signage", dark_since=None).exists():
            break
        screen.wait_for_timeout(100)
    screen.clock.install()
    screen.reload()
    screen.get_by_text("请到窗口办理").wait_for()
    assert screen.locator("[data-stale-band]").is_hidden()
    screen.context.set_offline(True)
    screen.clock.run_for(21_000)
    assert "现在显示的是" in screen.locator("[data-stale-band]").inner_text()
    assert screen.get_by_text("请到窗口办理").is_visible()
    screen.context.set_offline(False)
    screen.clock.run_for(5_000)
    screen.locator("[data-stale-band]").wait_for(state="hidden")
    browser_problems.clear()  # the line was broken on purpose
