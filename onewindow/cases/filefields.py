"""A field for several photos or scans, for the forms of steps."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from onewindow.cases import files

MOST_FILES = 12


class Files(forms.ClearableFileInput):
    """Several photos or scans at once; a phone offers its camera."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files; the form that has it keeps them (:func:`kept`)."""

    widget = Files

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        given = data if isinstance(data, list | tuple) else [data]
        return [f for f in given if f]


def kept(form: Any, name: str, purpose: str) -> list[Any]:
    """The files of a field, stored; a bad one becomes an error at the field."""
    given = form.cleaned_data.get(name) or []
    if len(given) > MOST_FILES:
        form.add_error(name, _("At most %(n)d files, please.") % {"n": MOST_FILES})
        return []
    stored = []
    for upload in given if not form.errors else []:
        try:
            stored.append(files.store(upload, by=form.by.username, purpose=purpose))
        except files.BadFile as bad:
            form.add_error(name, bad.message)
    return stored
