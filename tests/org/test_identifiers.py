"""Identity numbers: what is accepted, and what is said of what is not."""

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from onewindow.org.identifiers import (
    ID_TYPES,
    BadIdentifier,
    check_citizen_id,
    check_mobile,
    check_uscc,
    clean,
    is_checked,
    with_check,
)

LI = "239999199001011231"
FIRM = "91239999MA10000015"


def wrong(id_type: str, text: str) -> tuple[str, str]:
    with pytest.raises(BadIdentifier) as caught, translation.override("en"):
        clean(id_type, text)
    with translation.override("en"):
        return caught.value.code, caught.value.message


def test_the_invented_people_and_firms_pass():
    assert clean("citizen_id", LI) == LI
    assert clean("uscc", FIRM) == FIRM


@pytest.mark.parametrize("text", [f" {LI} ", "239999 1990 0101 1231", "２３９９９９１９９００１０１１２３１"])
def test_a_number_is_kept_in_one_form_however_it_was_typed(text):
    assert check_citizen_id(text) == LI


def test_the_check_character_x_may_be_typed_small():
    body = next(b for n in range(1000) if ric.calc_check_digit((b := f"23999919900101{n:03}") + "0") == "X")
    assert check_citizen_id(f"{body}x") == f"{body}X"


@pytest.mark.parametrize(
    ("id_type", "text", "code", "message"),
    [
        ("citizen_id", "", "empty", "The number is missing. Please enter it."),
        ("citizen_id", LI[:-1], "too_short", "1 digit missing, please check"),
        ("citizen_id", LI[:-3], "too_short", "3 digits missing, please check"),
        ("citizen_id", LI + "1", "too_long", "1 digit too many, please check"),
        (
            "citizen_id",
            "23999919900101123O",
            "bad_character",
            "The last character must be a digit or X. Please check.",
        ),
        (
            "citizen_id",
            "2399991990O1011231",
            "letter_for_digit",
            "Character 11 is the letter O; it should probably be the digit 0.",
        ),
        (
            "citizen_id",
            "239999199001?11231",
            "bad_character",
            "Character 13 (?) cannot be there. Please check.",
        ),
        (
            "citizen_id",
            "239999199002301231",
            "bad_date",
            "Characters 7 to 14 (19900230) are not a possible date of birth. Please check.",
        ),
        (
            "citizen_id",
            "239999299001011231",
            "bad_date",
            "Characters 7 to 14 (29900101) are not a possible date of birth. Please check.",
        ),
        (
            "citizen_id",
            "239999199001011241",
            "bad_check",
            "The check digit does not fit: at least one digit is wrong. Please compare with the document.",
        ),
        ("uscc", FIRM[:-2], "too_short", "2 digits missing, please check"),
        (
            "uscc",
            "91239999MAI0000015",
            "letter_for_digit",
            "Character 11 is the letter I; it should probably be the digit 1.",
        ),
        ("uscc", "9123999VMA10000015", "bad_character", "Character 8 (V) cannot be there. Please check."),
        (
            "uscc",
            "91239999MA10000016",
            "bad_check",
            "The check digit does not fit: at least one digit is wrong. Please compare with the document.",
        ),
        ("passport", "E12", "too_short", "2 digits missing, please check"),
        (
            "passport",
            "护照123456",
            "bad_form",
            "A passport number consists of letters and digits. Please check.",
        ),
        (
            "hk_macao_permit",
            "X12345678",
            "bad_form",
            "The number should look like this: H or M, then 8 digits. Please check.",
        ),
        ("taiwan_permit", "1234567", "too_short", "1 digit missing, please check"),
        ("foreign_residence", "9" * 19, "too_long", "1 digit too many, please check"),
        (
            "library_card",
            "1",
            "unknown_type",
            "Unknown kind of identity document. Please choose one of the list.",
        ),
    ],
)
def test_what_is_wrong_is_said_exactly(id_type, text, code, message):
    assert wrong(id_type, text) == (code, message)


def test_the_reason_is_told_in_the_language_of_the_reader_not_of_the_check():
    with translation.override("en"), pytest.raises(BadIdentifier) as caught:
        check_citizen_id(LI[:-1])
    with translation.override("zh-hans"):
        assert str(caught.value) == "少 1 位，请核对"


def test_the_number_itself_does_not_travel_with_the_error():
    with pytest.raises(BadIdentifier) as caught:
        check_citizen_id("239999199002301231")
    assert caught.value.args == ("bad_date",)


@pytest.mark.parametrize(
    ("id_type", "text", "kept"),
    [
        ("passport", "ea 1234567", "EA1234567"),
        ("hk_macao_permit", "h12345678", "H12345678"),
        ("hk_macao_permit", "M1234567801", "M1234567801"),
        ("taiwan_permit", "12345678", "12345678"),
        ("foreign_residence", "abc123456789012", "ABC123456789012"),
        ("foreign_residence", "911156199001011231", "911156199001011231"),
    ],
)
def test_other_documents_are_accepted_by_their_form(id_type, text, kept):
    assert clean(id_type, text) == kept


def test_a_village_collective_may_have_a_letter_in_front():
    body = "N2239999MF1000001"
    assert check_uscc(body + uscc.calc_check_digit(body)) == body + uscc.calc_check_digit(body)


@pytest.mark.parametrize("text", ["19900000001", "+86 199-0000-0001", "0086 19900000001", "199 0000 0001"])
def test_a_mobile_is_kept_as_eleven_digits(text):
    assert check_mobile(text) == "19900000001"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1990000000", "too_short"),
        ("12900000001", "bad_form"),
        ("1990000000l", "letter_for_digit"),
        ("", "empty"),
    ],
)
def test_a_wrong_mobile_is_refused(text, code):
    with pytest.raises(BadIdentifier) as caught:
        check_mobile(text)
    assert caught.value.code == code


def test_every_kind_of_document_has_a_check_and_a_name_in_both_languages():
    for id_type, name in ID_TYPES.items():
        assert wrong(id_type, "")[0] == "empty"
        with translation.override("zh-hans"):
            chinese = str(name)
        with translation.override("en"):
            assert str(name) != chinese


# The check character of our own numbers


def test_dashes_do_not_matter_to_the_check_character():
    assert with_check("S2026-000123") == "S2026-000123" + with_check("S2026000123")[-1]
    assert is_checked(with_check("S2026-000123"))


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=20), st.data())
def test_one_wrong_character_is_always_noticed(body, data):
    number = with_check(body)
    place = data.draw(st.integers(0, len(number) - 1))
    other = data.draw(st.sampled_from(sorted(set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") - {number[place]})))
    assert is_checked(number)
    assert not is_checked(number[:place] + other + number[place + 1 :])


@pytest.mark.parametrize("text", ["", "A", "-", "S2026000123"])
def test_what_has_no_check_character_is_refused(text):
    assert not is_checked(text)
