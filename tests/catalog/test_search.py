"""The search box of the counter, the public site and the API."""

from __future__ import annotations

import time

import pytest

from onewindow.catalog.actions import spell
from onewindow.catalog.models import Item

NAMES = {
    "食品经营许可（新办）": "Food business licence (new)",
    "食品生产加工小作坊核准": "Approval of a small food workshop",
    "药品零售经营许可": "Retail pharmacy licence",
    "公共场所卫生许可（新办）": "Public-place hygiene licence (new)",
    "施工许可证核发": "Building permit",
    "个体工商户注册登记": "Registration of a sole trader",
}


@pytest.fixture
def items(db):
    from onewindow.org.models import Office, Region

    region = Region.objects.create(code="231282", name="肇东市", name_en="Zhaodong", level="county")
    office = Office.objects.create(code="MSA", name="市监局", name_en="MSA", kind="department", region=region)
    for n, (name, name_en) in enumerate(NAMES.items(), 1):
        Item.objects.create(code=f"ZD-MSA-{n:03d}", office=office, name=name, name_en=name_en, **spell(name))


def found(text: str) -> list[str]:
    return [item.name for item in Item.objects.search(text)]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("食品经营", "食品经营许可（新办）"),
        ("食品许可", "食品经营许可（新办）"),  # characters in order, with a gap
        ("许可 药品", "药品零售经营许可"),  # words in any order
        ("spjyxk", "食品经营许可（新办）"),
        ("SPJYXK", "食品经营许可（新办）"),
        ("ｓｐｊｙｘｋ", "食品经营许可（新办）"),  # full-width, as an input method may leave it
        ("spxk", "食品经营许可（新办）"),  # initials with gaps
        ("ggcs", "公共场所卫生许可（新办）"),
        ("shipinjingying", "食品经营许可（新办）"),
        ("yaopin", "药品零售经营许可"),
        ("ZD-MSA-005", "施工许可证核发"),
        ("zdmsa005", "施工许可证核发"),
        ("005", "施工许可证核发"),
        ("building", "施工许可证核发"),
        ("sole trader", "个体工商户注册登记"),
        ("gtgsh", "个体工商户注册登记"),
    ],
)
def test_what_people_type_finds_the_item_first(items, typed, first):
    assert found(typed)[0] == first


def test_the_closer_match_comes_first(items):
    assert found("食品") == ["食品经营许可（新办）", "食品生产加工小作坊核准"]
    assert found("jyxk") == ["食品经营许可（新办）", "药品零售经营许可"]


def test_an_item_in_demand_comes_before_its_equals(items):
    Item.objects.filter(name="食品生产加工小作坊核准").update(is_hot=True)
    assert found("食品")[0] == "食品生产加工小作坊核准"


def test_nothing_typed_leaves_everything_and_nonsense_finds_nothing(items):
    assert len(found("")) == len(found("  ")) == len(NAMES)
    for text in ("？！", "%", "_", "\x00", "'; DROP TABLE", "火箭", "zzz", "(" * 50, "\\"):
        assert found(text) == [], text


def test_it_is_one_query_and_can_be_filtered_further(items, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert list(Item.objects.published().search("食品")) == []


def test_a_search_made_to_hurt_is_answered_at_once(items):
    began = time.thread_time()  # of this program, whatever else the machine does
    for text in ("a" * 60, "ab" * 5000, "食" * 60, " ".join("spjyxk") * 3):
        found(text)
    assert time.thread_time() - began < 4
