"""The catalogue, the list of cases and the figures: what they hold, how they are paged, what they cost."""

import pytest

from onewindow.cases.desk import KINDS
from onewindow.org.models import Person
from tests.town import at

pytestmark = pytest.mark.django_db


def numbers(answer):
    assert answer.status_code == 200, answer.content
    return [case["number"] for case in answer.data["items"]]


def walk(program, path, **query):
    """All pages of a list, one after the other."""
    pages, cursor = [], ""
    while cursor is not None:
        answer = program.get(path, cursor=cursor, **query)
        assert answer.status_code == 200, answer.content
        pages.append(answer.data["items"])
        cursor = answer.data["next"]
    return pages


def test_items_are_found_by_chinese_pinyin_initials_and_code(town, program):
    caller = program(town.nobody)
    for q in ("食品", "shipin", "spjyxk", "ZD-MSA-001", "msa001"):
        assert [i["code"] for i in caller.get("/items", q=q).data["items"]] == ["ZD-MSA-001"], q
    assert caller.get("/items", q="没有这个").data == {"items": [], "next": None}
    assert [i["code"] for i in caller.get("/items", department="HEALTH").data["items"]] == ["ZD-HEALTH-009"]
    assert [len(page) for page in walk(caller, "/items", limit=2)] == [2, 1]


def test_an_item_tells_its_limits_and_materials(town, program):
    item = program(town.nobody).get("/items/ZD-MSA-001").data
    assert (item["legal_limit"], item["promised_limit"], item["legal_extension"]) == ("10wd", "5wd", "5wd")
    assert [(m["no"], m["necessity"]) for m in item["materials"]] == [(1, 1), (2, 1), (3, 3)]
    assert program(town.nobody).get("/items/ZD-MSA-999").status_code == 404


def test_pages_follow_one_another_without_gap_or_repetition(town, program, monday):
    made = []
    for n in range(7):
        monday.move_to(at(f"2026-11-23 10:0{n // 2}"))  # some at the same instant
        made.append(town.take_in(n=n + 1).number)
    pages = walk(program(town.li), "/cases", limit=3)
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [c["number"] for page in pages for c in page] == made[::-1]
    newcomer = program(town.li).get("/cases", limit=3).data["next"]
    town.take_in(n=9)
    assert numbers(program(town.li).get("/cases", limit=3, cursor=newcomer)) == made[3::-1][:3]


@pytest.mark.parametrize(
    "cursor", ["x", "eyJ9", "WzFd", "WyJ4IiwxLCJBIl0", "钥匙", "WyIyMDI2LTExLTIzIiwxLCJBIl0"]
)
def test_a_cursor_that_is_none_is_refused(town, program, cursor):
    answer = program(town.li).get("/cases", cursor=cursor)
    assert answer.status_code == 422 and answer.data["errors"][0]["pointer"] == "cursor"


def test_the_list_is_narrowed_by_each_filter(town, program, monday):
    old = town.accepted().number
    monday.move_to(at("2026-12-01 10:00"))
    new = town.take_in(town.health, n=2).number
    town.take_in(town.food, n=3, by=town.ma, hall=town.hall2, counter=town.counter2)
    caller = program(town.li)
    assert numbers(caller.get("/cases")) == [new, old]
    for query, found in (
        ({"kind": "application"}, [new, old]),
        ({"kind": "complaint"}, []),
        ({"status": "examining"}, [old]),
        ({"office": "HEALTH"}, [new]),
        ({"item": "ZD-MSA-001"}, [old]),
        ({"light": "green"}, [new, old]),
        ({"light": "late"}, []),
        ({"opened_from": "2026-11-24"}, [new]),
        ({"opened_to": "2026-11-23"}, [old]),
        ({"q": old}, [old]),
        ({"q": "张三2"}, [new]),
    ):
        assert numbers(caller.get("/cases", **query)) == found, query
    assert caller.get("/cases", light="pink").status_code == 422
    assert caller.get("/cases", opened_from="2026-02-30").status_code == 422


def test_nothing_personal_is_told_in_full(town, program):
    a = town.accepted()
    caller = program(town.wang)
    for path in ("/cases", f"/cases/{a.number}", f"/cases/{a.number}/events", f"/cases/{a.number}/clock"):
        text = caller.get(path).content.decode()
        for secret in (a.applicant_name, a.id_number, a.mobile, a.track_token, a.query_code):
            assert secret not in text, path
    applicant = caller.get(f"/cases/{a.number}").data["facts"]["applicant"]
    assert applicant["name"] == "张**" and applicant["mobile"] == "199****0001"
    assert applicant["id_number"].startswith("239999********")


def test_a_list_costs_the_same_for_one_row_and_for_thirty(town, program, django_assert_num_queries):
    caller = program(town.li)
    town.take_in(n=1)
    caller.get("/cases")
    with django_assert_num_queries(2 + len(KINDS)):  # token, posts, cases
        assert len(numbers(caller.get("/cases"))) == 1
    for n in range(2, 31):
        town.take_in(n=n)
    with django_assert_num_queries(2 + len(KINDS)):
        assert len(numbers(caller.get("/cases"))) == 30


def test_what_writing_costs(town, program, body, django_assert_num_queries):
    """In service the outer savepoint is BEGIN … COMMIT. The key itself costs four: savepoint, read, write, release."""
    clerk, department = program(town.li), program(town.wang)
    first = clerk.post("/applications", body(1)).data["number"]
    clerk.post(f"/cases/{first}/accept")  # from now on ladders and letters are known to the process
    with django_assert_num_queries(13):
        number = clerk.post("/applications", body(2)).data["number"]
    with django_assert_num_queries(17):
        clerk.post("/applications", body(3), key="k")
    with django_assert_num_queries(11):
        assert clerk.post(f"/cases/{number}/accept").status_code == 200
    with django_assert_num_queries(11):
        assert department.post(f"/cases/{number}/decide", {"result": "grant"}).status_code == 200


def test_a_figure_tells_its_formula_and_counts_only_what_you_may_see(town, program, monday):
    late, kept = town.accepted(n=1), town.accepted(n=2)
    town.take_in(town.health, n=3)
    town.take_in(n=4, by=town.ma, hall=town.hall2, counter=town.counter2)
    from onewindow.window import actions

    monday.move_to(at("2026-11-25 10:00"))
    actions.decide(kept, by=town.wang, result="grant")
    monday.move_to(at("2026-12-02 10:00"))
    actions.decide(late, by=Person.objects.get(pk=town.wang.pk), result="grant")
    bureau, clerk = program(town.bai), program(town.li)
    received = bureau.get("/stats/received", by="hall").data
    assert (received["numerator"], received["denominator"], received["value"]) == (4, None, 4)
    assert [(r["code"], r["numerator"]) for r in received["rows"]] == [("H1", 3), ("H2", 1)]
    assert received["formula"] and received["as_of"] == "2026-12-02T10:00:00+08:00"
    assert clerk.get("/stats/received").data["value"] == 3
    on_time = bureau.get("/stats/on_time", by="office").data
    assert (on_time["numerator"], on_time["denominator"], on_time["value"]) == (1, 2, 0.5)
    assert bureau.get("/stats/within_law").data["value"] == 1.0
    assert bureau.get("/stats/on_time", **{"from": "2026-12-02", "to": "2026-12-02"}).data["value"] == 0.0
    assert bureau.get("/stats/on_time", **{"from": "2026-01-01", "to": "2026-01-02"}).data["value"] is None
    assert bureau.get("/stats/happiness").status_code == 404
    assert bureau.get("/stats/received", **{"from": "2026-02-02", "to": "2026-01-02"}).status_code == 422
    assert program(town.it).get("/stats/received").data["value"] == 0


def test_who_looks_on_from_outside_does_not_read_the_names_of_staff(town, program):
    them = {
        "kind": "enterprise",
        "name": "满口香餐饮",
        "id_type": "uscc",
        "id_number": town.firm.uscc,
        "mobile": "19900000009",
    }
    a = town.take_in(applicant=them)
    assert program(town.firm).get(f"/cases/{a.number}/events").data["items"][0]["by"] == ""
    assert program(town.li).get(f"/cases/{a.number}/events").data["items"][0]["by"] == "li"
