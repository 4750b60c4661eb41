"""一件事: one form, one set of papers, several applications – each with its own number, clock and decision."""

import pytest
from django.test import Client

from onewindow.cases.models import Attachment
from onewindow.catalog.bundles import Whole, import_bundles, steps
from onewindow.catalog.models import Bundle, MaterialSpec
from onewindow.catalog.plans import read_plans
from onewindow.window import actions, packages, procedures
from onewindow.window.models import Application, Package
from tests.rules.test_urls import BACKEND

pytestmark = pytest.mark.django_db
HEAD = "bundle,name,name_en,for,intro,intro_en,no,stage,item,external,external_en,department,condition,condition_en\n"


@pytest.fixture
def bundle(town, tmp_path):
    """Food licence and hygiene licence at once, the record afterwards; the business licence elsewhere."""
    file = tmp_path / "bundles.csv"
    file.write_text(
        HEAD + "T-1,开店“一件事”,Opening a shop,P/E,一次办,In one go,1,1,ZD-MSA-001,,,,,\n"
        "T-1,,,,,,2,1,ZD-HEALTH-009,,,,,\n"
        "T-1,,,,,,3,1,,营业执照,Business licence,MSA,,\n"
        "T-1,,,,,,4,2,ZD-HRSS-073,,,,,\n",
        encoding="utf-8",
    )
    assert import_bundles(file).errors == []
    return Bundle.objects.get(code="T-1")


def opened(town, bundle, key="k" * 16, **more):
    chosen = [s for s in steps(bundle) if s.item_id and s.stage == 1]
    papers = {p.no: ("paper", None) for p in Whole(chosen).materials}
    given = {"applicant": town.applicant(), "materials": papers, "delivery_form": "counter"} | more
    return packages.open_package(key, bundle, chosen, by=town.li, **given)


def test_the_same_paper_is_asked_for_once_and_required_if_one_item_requires_it(town, bundle):
    whole = Whole([s for s in steps(bundle) if s.stage == 1])
    assert [(p.name, p.necessity, len(p.specs)) for p in whole.materials] == [
        ("“一件事”联合申请表", 1, 2), ("平面图", 1, 2), ("健康证明", 3, 1),
    ]  # fmt: skip
    assert whole.asked - len(whole.materials) == 2


def test_one_press_opens_an_application_for_each_item_with_its_own_number_and_clock(town, bundle):
    package = opened(town, bundle)
    found = packages.children(package)
    assert [(a.item.code, a.status, a.office.code, a.clock_legal) for a in found] == [
        ("ZD-MSA-001", "examining", "MSA", "10wd"), ("ZD-HEALTH-009", "examining", "HEALTH", "20wd"),
    ]  # fmt: skip
    assert len({a.number for a in found}) == 2 and package.number.startswith("J")
    assert opened(town, bundle).pk == package.pk and Application.objects.count() == 2


def test_nothing_is_opened_if_one_of_them_cannot_be(town, bundle):
    town.take_in(town.health)
    with pytest.raises(actions.Duplicate):
        opened(town, bundle)
    assert (Package.objects.count(), Application.objects.count()) == (0, 1)


def test_a_file_given_once_belongs_to_each_application_that_needs_it(town, bundle):
    from onewindow.cases import instant

    file = Attachment.objects.create(
        name="图.pdf",
        content_type="application/pdf",
        size=1,
        sha256="0" * 64,
        path="x",
        added_at=instant.now(),
        added_by="li",
    )
    papers = {1: ("paper", None), 2: ("electronic", file), 3: ("paper", None)}
    found = packages.children(opened(town, bundle, materials=papers))
    held = [a.documents.get(spec__no=2).attachment for a in found]
    assert [h.number for h in held] == [a.number for a in found]
    assert held[0].pk != held[1].pk and held[0].path == held[1].path


def test_the_children_are_decided_apart_and_the_later_stage_opens_when_all_before_are_granted(town, bundle):
    package = opened(town, bundle)
    food, health = packages.children(package)
    every = steps(bundle)
    actions.decide(food, by=town.wang, result="grant")
    assert [ready for _s, ready in packages.later(package, every, packages.children(package))] == [False]
    actions.decide(health, by=town.qian, result="grant")
    now = packages.children(package)
    assert [ready for _s, ready in packages.later(package, every, now)] == [True]
    assert packages.state(now) == "done"


def test_all_is_taken_back_at_once_except_what_is_decided(town, bundle):
    package = opened(town, bundle)
    actions.decide(packages.children(package)[0], by=town.wang, result="grant")
    assert packages.withdraw_all(package, "不办了") == 1
    assert [a.status for a in packages.children(package)] == ["decided", "withdrawn"]


def test_one_page_shows_the_applicant_every_part_and_nobody_else_finds_it(town, bundle):
    package = opened(town, bundle)
    page = Client().get(f"/together/{package.track_token}")
    text = page.content.decode()
    assert page.status_code == 200 and page["Cache-Control"] == "private, no-store"
    assert "食品经营许可（新办）" in text and "公共场所卫生许可（新办）" in text and "营业执照" in text
    assert town.applicant()["name"] not in text
    assert Client().get("/together/" + "x" * 22).status_code == 404


def test_the_one_page_says_which_part_waits_for_the_applicant(town, bundle):
    package = opened(town, bundle)
    food, health = packages.children(package)
    assert packages.waits_for_applicant([food, health]) == set()
    procedures.offer_hearing(health, by=town.qian, why="拟不予许可")
    page = Client().get(f"/together/{package.track_token}").content.decode()
    assert packages.waits_for_applicant(packages.children(package)) == {health.pk}
    assert page.count("待您办理") == 1 and "等您办理" in page


def test_the_counter_takes_all_in_on_one_screen(town, bundle):
    client = Client()
    client.force_login(town.li, backend=BACKEND)
    assert "健康证明" in client.get("/desk/counter/together/?bundle=T-1").content.decode()
    who = town.applicant(5)
    given = {
        "bundle": "T-1", "asked": "1", "step": ["1", "2"], "key": "a" * 16, "do": "accept", "kind": "person",
        "id_type": "citizen_id", "id_number": who["id_number"], "name": who["name"], "mobile": who["mobile"],
        "delivery_form": "counter", "lang": "zh-hans", "m1": "paper", "m2": "paper", "m3": "paper",
    }  # fmt: skip
    short = client.post("/desk/counter/together/", given | {"m2": "missing"})
    assert short.status_code == 422 and Package.objects.count() == 0
    answer = client.post("/desk/counter/together/", given)
    package = Package.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/desk/counter/together/{package.number}/")
    assert client.get(answer["Location"]).status_code == 200
    child = packages.children(package)[0]
    assert package.number[:7] in client.get(f"/desk/{child.number}/").content.decode()


def test_what_is_complete_is_accepted_and_for_the_rest_all_is_told_once(town, bundle):
    """行政许可法 32(4): one incomplete paper keeps only the application waiting that needs it."""
    client = Client()
    client.force_login(town.li, backend=BACKEND)
    who = town.applicant(6)
    given = {
        "bundle": "T-1", "asked": "1", "step": ["1", "2"], "key": "b" * 16, "do": "tell", "kind": "person",
        "id_type": "citizen_id", "id_number": who["id_number"], "name": who["name"], "mobile": who["mobile"],
        "delivery_form": "counter", "lang": "zh-hans", "m1": "paper", "m2": "paper", "m3": "missing",
    }  # fmt: skip
    MaterialSpec.objects.filter(version=town.food, no=3).update(necessity=1)
    page = client.post("/desk/counter/together/", given | {"do": "refresh"}).content.decode()
    assert 'value="tell"' in page
    answer = client.post("/desk/counter/together/", given)
    food, health = packages.children(Package.objects.get())
    assert (food.status, health.status) == ("correcting", "examining")
    assert list(food.documents.exclude(to_correct="").values_list("spec__no", flat=True)) == [3]
    assert food.papers.get().kind == "correction" and food.corrections_told == 1
    done = client.get(answer["Location"]).content.decode()
    for a in (food, health):
        assert f"/desk/{a.number}/papers/{a.papers.get().pk}" in done
    assert "等您办理" in Client().get(f"/together/{Package.objects.get().track_token}").content.decode()


def test_the_guide_of_a_bundle_is_found_by_search_and_shows_the_one_set_of_papers(town, bundle):
    assert "开店" in Client().get("/items/?q=kdyjs").content.decode()
    text = Client().get("/bundles/T-1").content.decode()
    assert "“一件事”联合申请表" in text and "营业执照" in text
    assert Client().get("/bundles/none").status_code == 404


def test_a_broken_file_of_bundles_or_plans_writes_nothing(town, tmp_path):
    file = tmp_path / "b.csv"
    file.write_text(HEAD + "X,甲,A,P,,,1,1,ZD-NO-1,,,,,\nX,,,,,,2,1,,,,,,\n", encoding="utf-8")
    assert [(line, column) for line, column, _ in import_bundles(file).errors] == [(2, "item"), (3, "item")]
    assert not Bundle.objects.exists()
    plans = tmp_path / "p.csv"
    plans.write_text("item,stage,office,title,title_en,limit,legal_limit\nI,0,NONE,,,x,\n", encoding="utf-8")
    faults = []
    assert read_plans(plans, faults) == {} and [f[1] for f in faults] == ["office", "stage", "title", "limit"]
