"""Words, masks, icons and links that the templates of every app share."""

import datetime as dt
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from onewindow.org.templatetags import ow

SHANGHAI = ZoneInfo("Asia/Shanghai")
THURSDAY = dt.date(2026, 11, 26)
MORNING = dt.datetime(2026, 11, 23, 1, 46, tzinfo=dt.UTC)  # 09:46 in Shanghai


@pytest.fixture(params=["zh-hans", "en"])
def lang(request):
    with translation.override(request.param):
        yield request.param


@pytest.fixture(autouse=True)
def _november():
    with time_machine.travel(dt.datetime(2026, 11, 23, 10, tzinfo=SHANGHAI), tick=False):
        yield


def render(text, path="/desk/", **context):
    request = RequestFactory().get(path)
    return Template("{% load ow %}" + text).render(Context({"request": request, **context}))


# days and times


def test_a_day_in_a_table_is_written_in_figures():
    assert ow.day(THURSDAY) == "2026-11-26"
    assert ow.day(None) == ""


def test_an_instant_counts_by_the_day_in_shanghai():
    assert ow.day(dt.datetime(2026, 11, 22, 16, 30, tzinfo=dt.UTC)) == "2026-11-23"
    assert ow.clock_time(dt.datetime(2026, 11, 22, 16, 30, tzinfo=dt.UTC)) == "00:30"


def test_a_day_in_a_sentence_names_its_weekday(lang):
    assert ow.day_long(THURSDAY) == {"zh-hans": "11 月 26 日（周四）", "en": "Thu 26 Nov"}[lang]


def test_a_day_of_another_year_says_which(lang):
    assert (
        ow.day_long(dt.date(2027, 1, 4))
        == {"zh-hans": "2027 年 1 月 4 日（周一）", "en": "Mon 4 Jan 2027"}[lang]
    )


def test_a_moment_has_a_short_and_a_long_form(lang):
    assert ow.moment(MORNING) == "2026-11-23 09:46"
    assert ow.moment_long(MORNING) == {"zh-hans": "11 月 23 日（周一）09:46", "en": "Mon 23 Nov, 09:46"}[lang]
    assert ow.moment_long(None) == ow.moment(None) == ""


# limits and deadlines


@pytest.mark.parametrize(
    ("limit", "chinese", "english"),
    [
        ("20wd", "20 个工作日", "20 working days"),
        ("1wd", "1 个工作日", "1 working day"),
        ("60d", "60 天", "60 days"),
        ("6mo", "6 个月", "6 months"),
        ("24h", "24 小时", "24 hours"),
        ("4wh", "4 个工作小时", "4 working hours"),
        ("0wd", "当场办结", "On the spot"),
        ("20wd+10wd", "20 个工作日 + 10 个工作日", "20 working days + 10 working days"),
        ("by agreement", "by agreement", "by agreement"),
        (None, "", ""),
    ],
)
def test_a_limit_is_said_in_words(limit, chinese, english, lang):
    assert ow.limit(limit) == (chinese if lang == "zh-hans" else english)


@pytest.mark.parametrize(
    ("left", "chinese", "english"),
    [
        (2, "剩 2 个工作日", "2 working days left"),
        (1, "剩 1 个工作日", "1 working day left"),
        (0, "今天到期", "Due today"),
        (-1, "超期 1 个工作日", "1 working day late"),
        (-3, "超期 3 个工作日", "3 working days late"),
        (None, "", ""),
        ("", "", ""),
    ],
)
def test_the_days_left_are_said_in_words(left, chinese, english, lang):
    assert ow.days_left(left) == (chinese if lang == "zh-hans" else english)


def test_a_share_of_nothing_is_a_dash():
    assert ow.percent(0.982) == "98.2%"
    assert ow.percent(1, 0) == "100%"
    assert ow.percent(None) == "–"


# numbers, masks, names


def test_a_case_number_is_cut_into_parts_that_can_be_read_out():
    assert ow.case_number("A261124000037K") == "A261124-000037-K"
    assert ow.case_number("A261124000037") == "A261124000037"
    assert ow.case_number(None) == ""


def test_masks_hide_and_empty_stays_empty():
    assert render(
        "{{ n|mask_name }} {{ i|mask_id }} {{ m|mask_mobile }}",
        n="张三",
        i="239999199001011234",
        m="19900000001",
    ) == ("张* 239999********1234 199****0001")
    assert render("{{ n|mask_name:'enterprise' }}", n="满口香餐饮") == "满口香餐饮"
    assert render("[{{ n|mask_name }}{{ n|mask_id }}{{ n|mask_mobile }}]", n=None) == "[]"


def test_a_thing_is_named_in_the_language_of_the_page_if_it_can(lang):
    both = SimpleNamespace(name="水务局", name_en="Water Bureau")
    chinese_only = {"name": "水务局", "name_en": ""}
    assert ow.local(both) == {"zh-hans": "水务局", "en": "Water Bureau"}[lang]
    assert ow.local(chinese_only) == "水务局"
    assert ow.local(None) == ""


# icons, lights


def test_an_icon_is_silent_unless_it_has_a_label():
    assert 'aria-hidden="true"' in render("{% icon 'camera' %}")
    spoken = render("{% icon 'camera' 'ow-green' 'Scanned' %}")
    assert 'role="img" aria-label="Scanned"' in spoken
    assert 'class="ow-ico ow-green"' in spoken
    assert "aria-hidden" not in spoken


def test_a_label_cannot_break_out_of_the_icon():
    assert 'aria-label="&quot;&gt;&lt;b&gt;"' in render("{% icon 'camera' '' label %}", label='"><b>')


def test_a_missing_icon_says_what_to_do(settings):
    with pytest.raises(ImproperlyConfigured, match=r"tools/collect\.py"):
        render("{% icon 'no-such-icon' %}")


def test_a_missing_icon_does_not_take_a_page_down_in_service(settings):
    settings.TESTING = settings.DEBUG = False
    assert render("{% icon 'not-this-one-either' %}").endswith("></svg>")  # an icon is drawn once a process


@pytest.mark.parametrize("code", ow.TONES)
def test_every_status_has_an_icon_that_exists(code):
    assert "<path" in ow.icon(ow.tone_icon(code)) or "<circle" in ow.icon(ow.tone_icon(code))


def test_every_light_is_words_with_a_colour(lang):
    words = {
        code: " ".join(
            render('{% include "parts/light.html" with left=None %}', light=code).split("</svg>")[1].split()
        )
        for code in ("green", "amber", "yellow", "red", "stopped")
    }
    expected = {
        "zh-hans": ["正常", "即将到期", "超过承诺时限", "超过法定时限", "已暂停"],
        "en": ["On time", "Due soon", "Past the promise", "Past the statute", "Clock stopped"],
    }[lang]
    assert [w.removesuffix("</span>") for w in words.values()] == expected
    assert render('{% include "parts/light.html" with left=None %}', light="").strip() == ""


# links that keep the filters


def test_a_link_changes_one_parameter_and_keeps_the_others():
    assert render("{% query light='red' %}", "/desk/?q=%E9%A3%9F&light=green") == "?q=%E9%A3%9F&amp;light=red"
    assert render("{% query light=None %}", "/desk/?q=a&light=green") == "?q=a"


def test_a_changed_filter_starts_again_at_the_first_page():
    assert render("{% query light='red' %}", "/desk/?cursor=abc") == "?light=red"
    assert render("{% query cursor='def' %}", "/desk/?cursor=abc&q=1") == "?cursor=def&amp;q=1"


@pytest.mark.parametrize(
    ("path", "order", "href"),
    [
        ("/desk/", None, "?sort=due"),
        ("/desk/?sort=due", "ascending", "?sort=-due"),
        ("/desk/?sort=-due", "descending", "?sort=due"),
        ("/desk/?sort=number", None, "?sort=due"),
    ],
)
def test_a_table_head_sorts_up_then_down(path, order, href):
    head = render("{% sort 'due' 'Deadline' %}", path)
    assert f'href="{href}"' in head
    assert ("aria-sort" in head) is (order is not None)
    assert order is None or f'aria-sort="{order}"' in head


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36", "Chrome 109, Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36 Edg/120.0.2210.91", "Edge 120, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 15_4 like Mac OS X) AppleWebKit/605.1.15 Version/15.4 Mobile/15E148 Safari/604.1", "Safari 15, iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0", "Firefox 115, Linux"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_browser_is_named_as_people_call_it(agent, said):
    assert ow.browser(agent) == said


@pytest.mark.parametrize(
    ("light", "left", "said"),
    [
        ("amber", 0, "今天到期"),
        ("yellow", 0, "刚超期"),  # due on a Friday, looked at on the Saturday
        ("yellow", -1, "超期 1 个工作日"),
        ("in_time", None, "未超期"),
        ("green", None, "正常"),
    ],
)
def test_a_day_that_has_passed_is_not_due_today(light, left, said):
    with translation.override("zh-hans"):
        assert said in ow.light_tag(light, left)
