"""The shipped data files: complete, lawful, and nobody's real number."""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import date, datetime, time, timedelta
from functools import cache

import pytest
from stdnum.cn import ric, uscc

from onewindow.config.settings import BASE_DIR
from onewindow.data import people
from onewindow.org.calendar import ZONE, Limit, deadline
from onewindow.org.calendar_file import shipped
from onewindow.org.identifiers import check_mobile, clean

DATA = BASE_DIR / "data"
COUNTS = {
    "items": 78,
    "materials": 346,
    "regions": 28,
    "offices": 69,
    "halls": 8,
    "counters": 113,
    "indicators": 40,
    "stop_reasons": 10,
    "reasons": 63,
}
KEYS = {"materials": ("item", "no"), "counters": ("hall", "code"), "reasons": ("kind", "code")}


@cache
def rows(name: str) -> list[dict[str, str]]:
    with open(DATA / f"{name}.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def column(name: str, of: str = "code") -> set[str]:
    return {row[of] for row in rows(name)}


def items_of(**wanted: str) -> list[dict[str, str]]:
    return [row for row in rows("items") if wanted.items() <= row.items()]


@pytest.mark.parametrize("name", COUNTS)
def test_a_file_is_whole_and_names_nothing_twice(name):
    table, key = rows(name), KEYS.get(name, ("code",))
    assert len(table) == COUNTS[name]
    assert [k for k, n in Counter(tuple(row[c] for c in key) for row in table).items() if n > 1] == []
    assert not (DATA / f"{name}.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert {len(row) for row in table} == {len(table[0])} and None not in table[0]
    for row in table:
        assert all(text == text.strip() for text in row.values()), row
        assert re.search("[\u4e00-\u9fff]", row["name"]), row
        assert row["name_en"] and not re.search("[\u3000-\uffef]", row["name_en"]), row


def test_the_city_has_the_size_the_newspaper_names():
    assert len(column("items", "department")) == 11
    assert len([r for r in rows("offices") if r["is_member"] == "1"]) == 36
    assert len([r for r in rows("regions") if r["parent"]]) == 27
    assert len([r for r in rows("counters") if r["has_device"] == "1"]) == 84
    stuck = [r for r in rows("counters") if r["kind"] == "stuck"]
    assert len(stuck) == 29 and {r["has_device"] for r in stuck} == {"0"}
    assert {r["office"] for r in stuck} == {f"T{r['code'][6:]}" for r in rows("regions") if r["parent"]} | {
        "YSJ"
    }


def test_what_a_row_refers_to_is_there_and_parents_come_first():
    seen = {""}
    for name in ("regions", "offices"):
        for row in rows(name):
            assert row["parent"] in seen, row
            seen.add(row["code"])
    assert column("offices", "region") | column("halls", "region") <= column("regions")
    assert column("counters", "hall") == column("halls")
    assert column("counters", "office") <= column("offices") | {""}
    assert column("items", "department") <= {r["code"] for r in rows("offices") if r["is_member"] == "1"}
    assert column("materials", "item") == column("items")
    assert {s for r in rows("items") for s in r["stop_reasons"].split("|") if s} <= column("stop_reasons")


def test_only_department_windows_belong_to_one_department():
    for row in rows("counters"):
        assert (row["office"] == "") == (row["kind"] == "comprehensive"), row


def test_an_item_says_the_same_about_its_speed_everywhere():
    for item in rows("items"):
        Limit.parse(item["statutory_limit"]), Limit.parse(item["promised_limit"])
        if item["statutory_extension"]:
            assert item["statutory_extension"] in ("5wd", "10wd"), item
        assert (item["promised_limit"] == "0wd") == (item["case_kind"] == "IMMEDIATE"), item
        assert (item["fee"] == "Y") == bool(item["fee_note"]), item
    assert len(items_of(case_kind="IMMEDIATE")) == 11
    assert len(items_of(hot="1")) == 10


@cache
def ends(limit: str) -> list[datetime]:
    starts = (date(2019, 1, 1) + timedelta(n) for n in range(8 * 365 - 100))
    calendar, parsed = shipped(), [Limit.parse(limit)]
    return [deadline(datetime.combine(day, time(10), ZONE), parsed, [], calendar).at for day in starts]


def test_no_promise_ends_after_the_law_whatever_the_day_of_acceptance():
    """Days of different kinds are compared over eight years of real calendar: 7 working days can outlast 15 days."""
    for promised, legal in {(i["promised_limit"], i["statutory_limit"]) for i in rows("items")}:
        late = [p for p, s in zip(ends(promised), ends(legal), strict=True) if p > s]
        assert not late or promised == legal == "0wd", (promised, legal, late[:3])


def test_a_material_asks_for_nothing_vague_and_defers_at_most_one_and_none_where_safety_is_at_stake():
    deferred = Counter(m["item"] for m in rows("materials") if m["necessity"] == "3")
    assert set(deferred.values()) == {1}
    assert not {c for c in deferred if c.split("-")[1] == "EMERG"}
    assert not set(deferred) & {i["code"] for i in items_of(case_kind="IMMEDIATE")}
    for m in rows("materials"):
        assert m["source"] in ("10", "20") and m["necessity"] in ("1", "2", "3"), m
        assert m["form"] in ("paper", "electronic", "either") and int(m["copies"]) >= 1, m
        assert "核验" not in m["name"] and "其他材料" not in m["name"], m


def test_indicators_are_eight_a_level_with_three_core_ones():
    for level, first in {"5": 510, "4": 406, "3": 307, "2": 207, "1": 108}.items():
        some = [r for r in rows("indicators") if r["level"] == level]
        assert [int(r["code"]) for r in some] == list(range(first, first + 8))
        assert [r["core"] for r in some] == list("11100000")
    facts = {r["code"]: r["fact"] for r in rows("indicators") if r["fact"]}
    assert facts == {"110": "late_law", "209": "late_promise", "109": "extra_material", "114": "visits"}


def test_a_clock_stops_by_article_45_or_by_a_law_that_must_be_named():
    for row in rows("stop_reasons"):
        assert ("第四十五条" in row["legal_basis"]) == (row["needs_basis"] == "0"), row
        assert not row["max_days"] or int(row["max_days"]) > 0, row


def test_no_telephone_can_ring():
    for name in ("offices", "halls"):
        for row in rows(name):
            assert re.fullmatch(r"0455-000\d{4}", row["phone"]), row


def test_invented_people_are_valid_in_form_and_impossible_in_fact():
    crowd = [*people.citizens(7, 600), *(firm.contact for firm in people.firms(7, 200))]
    towns = column("regions") - {"231282"}
    for person in crowd:
        number = person.id_number
        assert number.startswith("239999") and len(number) == 18
        assert number[-1] == ric.calc_check_digit(number)
        assert ric.get_birth_date(number) == person.born_on
        assert (int(number[16]) % 2 == 0) == person.female
        assert re.fullmatch(r"1990000\d{4}", person.mobile)
        assert person.region in towns and "（演示）" in person.address
        assert person.name_en.isascii() and person.name_en.count(" ") == 1
    assert len({p.id_number for p in crowd}) == len({p.mobile for p in crowd}) == 800


def test_invented_firms_are_valid_in_form_and_impossible_in_fact():
    firms = list(people.firms(7, 2500))
    assert all(uscc.is_valid(f.uscc) and f.uscc[2:8] == "239999" for f in firms)
    assert all(f.name.startswith("肇东市") for f in firms)
    assert len({f.uscc for f in firms}) == len({f.name for f in firms}) == 2500


def test_the_organisation_part_of_a_credit_code_has_its_own_check_character():
    """GB 11714 worked by hand: 0*3+0*7+0*9+1*10+... for MA000000 is 22*3+10*7 = 136, 11 - 136 % 11 = 7."""
    assert people.credit_code(0).startswith("91239999MA0000007")


def test_the_same_seed_gives_the_same_city_and_another_seed_another():
    for make in (lambda s: people.citizens(s, 20), lambda s: people.firms(s, 20), people.staff):
        assert list(make(1)) == list(make(1)) != list(make(2))


def test_officials_fill_every_role_and_share_no_telephone_with_applicants():
    staff = list(people.staff(1))
    assert Counter(s.role for s in staff) == people.STAFFING
    assert len({s.badge for s in staff}) == len(staff)
    assert not {s.mobile for s in staff} & {c.mobile for c in people.citizens(1, 7000)}


@pytest.mark.parametrize(("make", "n"), [(people.citizens, 7001), (people.firms, 2501)])
def test_a_crowd_larger_than_its_telephones_is_refused(make, n):
    with pytest.raises(ValueError, match="ask for fewer"):
        list(make(1, n))


def test_the_counter_takes_the_numbers_of_invented_people_and_firms():
    """Bug: numbers that only the library that made them found valid."""
    for one in people.citizens(5, 300):
        assert clean("citizen_id", one.id_number) == one.id_number
        assert check_mobile(one.mobile) == one.mobile
    for firm in people.firms(5, 300):
        assert clean("uscc", firm.uscc) == firm.uscc
