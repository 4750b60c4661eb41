"""All that a text may do which a county writes in its pages: fields, conditions, lists. Nothing else exists there."""

from django.template import Library
from django.template.defaultfilters import default, join, length
from django.template.defaulttags import do_for, do_if
from django.template.loader_tags import do_include

register = Library()
register.tag("if", do_if)
register.tag("for", do_for)
register.tag("include", do_include)
register.filter("default", default)
register.filter("join", join, is_safe=True)
register.filter("length", length)
