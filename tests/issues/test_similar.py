"""Texts that say the same in other words: how many are found, and what is shown as the reason."""

import pytest

from onewindow.issues import similar, words
from onewindow.issues.models import Issue
from tests.town import at

pytestmark = pytest.mark.django_db

#: Four people each about the same thing; written for this test, not taken from any real report.
TOPICS = (
    (
        "承诺五天办完，已经十天了没有消息。",
        "说好五个工作日办结，拖到第十天还没有结果，也没人通知",
        "过了承诺期限一个星期，到现在没有任何消息",
        "早就过了答应的日子，一直没有回音",
    ),
    (
        "市监说归住建管，住建说归市监管，没人受理。",
        "市场监管局让我找住建局，住建局又推回市监局，来回跑",
        "两个部门互相推，都说不归自己管，件收不进去",
        "城管说找住建，住建说找城管，没有人接",
    ),
    (
        "指南上没有要求房产证原件，窗口却说没有原件不给受理。",
        "办事指南没写要房产证，到了窗口说必须拿房产证原件",
        "窗口要的材料和网上公布的指南不一样，多要了房屋产权证明",
        "指南里找不到这一项，窗口非要产权证",
    ),
    (
        "网上申报系统一直提交不上去，窗口让回家再试。",
        "系统打不开，提交的时候总是报错，窗口说等系统好了再来",
        "网报平台登录不上，来大厅又说只能在网上办",
        "一体化平台点提交就转圈，材料传不上去",
    ),
    (
        "营业执照地址和许可证不一致，窗口不给办变更。",
        "执照上的地址改了，许可证地址没改，变更办不了",
        "经营场所搬家，执照变更了，食品经营许可证却不让变更地址",
        "营业执照换了新地址，许可证还是旧的，说要先注销",
    ),
    (
        "来了三次，每次都说少一样材料，没有一次说全。",
        "跑了三趟，每回都让补不同的材料，不能一次性告知吗",
        "没有一次性告知，补了两次材料还说缺",
        "今天少这个明天少那个，材料清单从来没给全",
    ),
    (
        "隔壁县同样的手续就能办，这里说办不了。",
        "安达市能办的业务，到咱们这儿就说没有政策",
        "别的县都可以跨区办理，这里不行",
        "省里文件说可以办，这里窗口说没接到通知不能办",
    ),
    (
        "老房子没有规划手续，登记办不下来。",
        "九十年代的房子没有规划许可，不动产登记不给办",
        "单位分的老楼没有竣工验收，产权证一直办不了",
        "历史遗留的平房没有土地证，过户办不成",
    ),
    (
        "窗口工作人员态度生硬，说话不耐烦。",
        "办事的时候窗口的人一直玩手机，爱答不理",
        "问了两句就发火，服务态度太差",
        "工作人员说话难听，还把材料扔回来",
    ),
    (
        "取号等了一个多小时才叫到，只开了一个窗口。",
        "排队两个小时，五个窗口只有一个人在办",
        "中午没人值班，下午等到四点才轮到我",
        "大厅人多窗口少，等候时间太长",
    ),
)
#: Eight things that nobody else writes about.
ALONE = (
    "社保卡激活不了，银行说找社保，社保说找银行。",
    "养老保险转移三个月了还没转过来",
    "异地就医备案办了，医院说查不到",
    "退休手续档案里年龄不一致，人社局不给认定",
    "农民工工资被拖欠，劳动监察不受理。",
    "劳务派遣公司许可证到期换证，要求重新验资",
    "孩子入学要居住证，派出所说没有租房备案办不了",
    "房东不给备案，居住证办不下来，上学报名来不及",
)


def test_the_same_said_in_other_words_is_found_and_little_else(town, life):
    """Of 40 texts, and 8 about which nobody else writes: whose first suggestion is right, wrong, or none; all suggestions."""
    topic = {
        life.stuck(text=text).pk: n
        for n, texts in enumerate((*TOPICS, *([t] for t in ALONE)))
        for text in texts
    }
    seen = Issue.objects.seen_by(town.bai).with_facts()
    first = {"right": 0, "wrong": 0, "none": 0}
    every = {"right": 0, "wrong": 0}
    for i in Issue.objects.all():
        found = [topic[one.issue.pk] == topic[i.pk] for one in similar.like(i, seen)]
        for is_right in found:
            every["right" if is_right else "wrong"] += 1
        if topic[i.pk] < len(TOPICS):
            first["none" if not found else "right" if found[0] else "wrong"] += 1
    assert (first, every) == ({"right": 26, "wrong": 1, "none": 13}, {"right": 48, "wrong": 8})


def test_each_suggestion_shows_words_that_stand_in_both_texts(town, life):
    issues = [life.stuck(text=text) for texts in TOPICS for text in texts]
    seen = Issue.objects.seen_by(town.bai).with_facts()
    for i in issues:
        for one in similar.like(i, seen):
            assert one.shared and all(word in one.issue.text for word in one.shared)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("住建局说归市监局管", ["住建局", "市监局"]),
        ("我们没有三个两天的了", []),
        ("来电 19900000001，找窗口", ["来电", "窗口"]),
        ("OCR 识别 App 打不开", ["识别", "打不开", "ocr", "app"]),
        ("", []),
    ],
)
def test_words_are_those_that_carry_the_matter(text, found):
    assert words.words(text) == found


def test_a_theme_has_words_not_pieces_of_them(town, life):
    for text in [TOPICS[3][0], TOPICS[1][0]] * 4 + list(TOPICS[9]):
        life.stuck(text=text)
    found = similar.themes(Issue.objects.seen_by(town.bai), at("2026-11-01 00:00"), at("2026-11-24 00:00"))
    assert [(t.words, t.now, t.usual) for t in found] == [
        ("市监、住建", 4, 0.0),
        ("网上申报系统、提交、回家", 4, 0.0),
    ]


def test_themes_are_counted_against_the_three_spans_before(town, life, monday):
    for moment, n in (("2026-11-02 10:00", 3), ("2026-11-10 10:00", 3), ("2026-11-23 10:00", 7)):
        monday.move_to(at(moment))
        for _ in range(n):
            life.stuck(text="居住证办不下来")
    seen = Issue.objects.seen_by(town.bai)
    week = similar.themes(seen, at("2026-11-17 00:00"), at("2026-11-24 00:00"))
    assert [(t.words, t.now, t.usual, len(t.numbers)) for t in week] == [("居住证", 7, 2.0, 7)]
    before = similar.themes(seen, at("2026-11-16 00:00"), at("2026-11-23 00:00"))  # three, and three before
    assert before == []


def test_no_theme_and_no_suggestion_comes_from_what_one_may_not_see(town, life):
    issues = [life.stuck(text=TOPICS[1][0]) for _ in range(4)]
    hidden = Issue.objects.seen_by(town.qian)
    assert similar.themes(hidden, at("2026-11-01 00:00"), at("2026-11-24 00:00")) == []
    assert similar.like(issues[0], hidden.with_facts()) == []
