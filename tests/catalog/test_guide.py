"""The front door and the guides: everybody finds what to do, with what, how long it takes and on what basis."""

import json
import re

import pytest

from onewindow.catalog import guide
from onewindow.catalog.models import Item

pytestmark = pytest.mark.django_db


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.mark.parametrize("query", ["", "?lang=en", "?elder=1"])
def test_the_front_door_has_a_search_three_doors_and_the_halls(client, town, query):
    html = client.get(f"/{query}").content.decode()
    for link in (
        'action="/items/"',
        'href="/items/"',
        'href="/track/"',
        'href="/stuck/"',
        'href="tel:12345"',
    ):
        assert link in html, link
    assert (town.hall.name_en if "en" in query and "elder" not in query else town.hall.name) in html


def test_the_front_door_shows_what_is_asked_for_most(client, town):
    Item.objects.filter(pk=town.food.item_id).update(is_hot=True)
    said = text(client.get("/"))
    assert "食品经营许可（新办）" in said and "公共场所卫生许可（新办）" not in said


def test_the_guide_tells_all_that_an_applicant_must_know(client, town):
    said = text(client.get(f"/items/{town.food.item.code}"))
    for words in (
        "食品经营许可（新办）", "自然人、企业", "申请书", "平面图", "健康证明", "必要", "5 个工作日", "10 个工作日",
        "可延长一次，延长 5 个工作日", "不收费", "一次性告知", "行政许可法 42", "许可证", town.hall.name,
    ):  # fmt: skip
        assert words in said, words


def test_an_item_done_on_the_spot_has_one_stage(town):
    assert [s.limit for s in guide.stages(town.proof)] == ["当场办结"]
    assert len(guide.stages(town.food)) == 4


def test_the_guide_carries_a_data_block_that_no_name_can_break_out_of(client, town):
    Item.objects.filter(pk=town.food.item_id).update(name="</script><b>食品&许可")
    html = client.get(f"/items/{town.food.item.code}").content.decode()
    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', html, re.S)[1]
    said = json.loads(block)
    assert said["@type"] == "GovernmentService" and said["name"] == "</script><b>食品&许可"
    assert "<b>食品" not in html


def test_items_that_are_not_published_have_no_guide(client, town):
    Item.objects.filter(pk=town.food.item_id).update(current=None)
    assert client.get(f"/items/{town.food.item.code}").status_code == 404
    assert client.get("/items/NOSUCH").status_code == 404
    assert "食品经营许可" not in text(client.get("/items/"))


def test_the_list_is_searched_filtered_and_paged(client, town, monkeypatch):
    said = text(client.get("/items/", {"q": "食品"}))
    assert "食品经营许可（新办）" in said and "公共场所" not in said
    said = text(client.get("/items/", {"department": town.health_office.code}))
    assert "公共场所卫生许可（新办）" in said and "食品经营" not in said
    monkeypatch.setattr("onewindow.catalog.public.PAGE", 2)
    assert "第 2 页，共 2 页" in text(client.get("/items/", {"page": "2"}))
    assert "第 2 页，共 2 页" in text(client.get("/items/", {"page": "99999999999999999999"}))
    assert "第 1 页，共 2 页" in text(client.get("/items/", {"page": "x"}))


def test_nothing_found_says_what_to_do_next(client, town):
    said = text(client.get("/items/", {"q": "没有这个"}))
    assert "没有找到" in said and "12345" in said


@pytest.mark.parametrize(
    "bad", [{"q": "\x00' OR 1=1 --"}, {"q": "﷽" * 500}, {"department": "\x00"}, {"q": "(((", "page": "-3"}]
)
def test_odd_searches_are_answered(client, town, bad):
    assert client.get("/items/", bad).status_code == 200


def test_english_guides_have_no_chinese_besides_the_law_and_places(client, town):
    html = client.get(f"/items/{town.food.item.code}?lang=en").content.decode()
    main = html.partition("<main")[2].partition("</main>")[0]
    main = re.sub(r'lang="zh-Hans">[^<]*<', "<", main)
    assert re.findall("[\u4e00-\u9fff]+", re.sub(r"<[^>]+>", " ", main)) in ([], [town.food.result])


def test_lists_take_the_same_queries_however_long(client, town, django_assert_num_queries):
    client.get("/")
    with django_assert_num_queries(4):
        client.get("/")
    with django_assert_num_queries(4):
        client.get("/items/")


def test_the_legal_basis_has_an_english_gloss_beside_its_own_name(client, town):
    page = text(client.get(f"/items/{town.food.item.code}?lang=en"))
    assert "行政许可法 42" in page and "Administrative Licensing Law" in page
    client.get("/?lang=zh-hans")
    assert "Administrative Licensing Law" not in text(client.get(f"/items/{town.food.item.code}"))


def test_every_law_that_a_shipped_item_names_has_a_gloss():
    import csv

    from onewindow.config.settings import BASE_DIR
    from onewindow.data.laws import GLOSS

    with open(BASE_DIR / "data/items.csv", encoding="utf-8") as file:
        named = {n for row in csv.DictReader(file) for n in re.findall("《(.+?)》", row["legal_basis"])}
    assert named - set(GLOSS) == set()
