"""Inputs and select fields are built in Python: letter by letter what Django's templates give."""

import re

import pytest
from django import forms
from django.forms.renderers import TemplatesSetting
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from onewindow.org.widgets import INPUTS, SELECTS, Renderer

TEXTS = st.text(alphabet="ab\"'<>&= 甲\n", max_size=6)
VALUES = st.one_of(
    st.none(), TEXTS, TEXTS.map(mark_safe), st.integers(-9999, 9999), st.just(gettext_lazy("All"))
)
ATTRS = st.dictionaries(
    st.sampled_from(["id", "class", "data-x", "required", "maxlength"]),
    st.one_of(st.booleans(), st.integers(0, 99999), TEXTS, TEXTS.map(mark_safe)),
)
CHOICES = st.lists(
    st.one_of(
        st.tuples(st.one_of(TEXTS, st.integers(0, 9)), VALUES),
        st.tuples(TEXTS.filter(bool), st.lists(st.tuples(TEXTS, TEXTS), max_size=3)),
    ),
    max_size=5,
)


def both(widget, name, value, attrs):
    """The HTML of the product's renderer and of Django's, without the white space around options."""
    told = [widget.render(name, value, attrs, renderer) for renderer in (Renderer(), TemplatesSetting())]
    return [re.sub(r"\s*(</?(?:option|optgroup|select)\b[^>]*>)\s*", r"\1", html) for html in told]


@given(
    st.sampled_from(
        [forms.TextInput, forms.NumberInput, forms.EmailInput, forms.PasswordInput, forms.HiddenInput, forms.DateInput,
         forms.TimeInput, forms.CheckboxInput, forms.URLInput, forms.FileInput]
    ),
    VALUES,
    ATTRS,
)  # fmt: skip
def test_an_input_is_what_the_template_gives(kind, value, attrs):
    ours, theirs = both(kind(), "a<b", value, attrs)
    assert ours == theirs


@given(CHOICES, VALUES, ATTRS)
def test_a_select_field_is_what_the_template_gives(choices, value, attrs):
    ours, theirs = both(forms.Select(choices=choices), "n", value, attrs)
    assert ours == theirs


@given(CHOICES, st.lists(TEXTS, max_size=2))
def test_a_select_field_of_many_is_what_the_template_gives(choices, value):
    ours, theirs = both(forms.SelectMultiple(choices=choices), "n", value, {"id": "x"})
    assert ours == theirs


@pytest.mark.parametrize("name", sorted(INPUTS | SELECTS))
def test_what_is_built_here_is_a_template_of_djangos(name):
    assert TemplatesSetting().get_template(name)


def test_every_other_widget_has_its_template():
    html = forms.Textarea().render("t", "<b>", {"rows": 3}, Renderer())
    assert html == '<textarea name="t" cols="40" rows="3">\n&lt;b&gt;</textarea>'
