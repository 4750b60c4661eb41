"""Masks never show what they should hide, however short it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onewindow.org.masking import mask_id, mask_mobile, mask_name


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"),
        ("王小明", "王**"),
        ("欧阳修文", "欧阳**"),
        ("欧阳娜", "欧阳*"),
        ("司马", "司*"),
        ("李", "*"),
        ("", ""),
        (" 张三 ", "张*"),
        ("Christopher Smith", "C********"),
    ],
)
def test_a_name_keeps_the_family_name(name, masked):
    assert mask_name(name) == masked


def test_the_name_of_an_enterprise_is_public():
    assert mask_name("肇东市甲有限公司", kind="enterprise") == "肇东市甲有限公司"


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("239999199001011231", "239999********1231"),
        ("E12345678", "E*******8"),
        ("E12", "E*2"),
        ("E1", "**"),
        ("E", "*"),
        ("", ""),
    ],
)
def test_a_number_keeps_its_ends(number, masked):
    assert mask_id(number) == masked


@pytest.mark.parametrize(
    ("number", "masked"),
    [("19900000001", "199****0001"), ("0455-7712345", "0**********5"), ("12", "**"), ("", "")],
)
def test_a_mobile_keeps_its_ends(number, masked):
    assert mask_mobile(number) == masked


@given(st.text(min_size=1, max_size=40).filter(lambda text: text.strip(" *") and text == text.strip()))
def test_no_mask_gives_back_what_it_was_given(text):
    for mask in (mask_name, mask_id, mask_mobile):
        assert mask(text) != text or set(text[1:-1]) <= {"*"}


@pytest.mark.parametrize("mask", [mask_name, mask_id, mask_mobile])
def test_nothing_is_masked_as_nothing(mask):
    assert mask(None) == ""
