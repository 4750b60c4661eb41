"""The form on which an applicant supplies what was asked for: one file field a material, several photos each.

A browser does not send files twice. So what was good is kept at once and comes back with a hidden key when some other
part has to be mended.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from onewindow.cases import files
from onewindow.cases.models import Attachment
from onewindow.org.templatetags.ow import local
from onewindow.window.models import Application, Document, DocumentForm

MOST = 10  # photos of one material


class Photos(forms.ClearableFileInput):
    """A file input for several photos or one document; the phone offers its camera."""

    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """Any number of files; the form looks at them, because it must keep the good ones even if others are bad."""

    widget = Photos

    def clean(self, data: Any, initial: Any = None) -> None:
        return None


class CorrectionForm(forms.Form):
    """``supplied`` is, once valid, what the step ``correct`` takes: number of the material → (form, attachment)."""

    def __init__(self, data: Any = None, uploads: MultiValueDict | None = None, *, case: Application):
        super().__init__(data, uploads)
        self.case, self.by = case, "applicant"
        documents = list(Document.objects.filter(application=case).select_related("spec"))
        asked = self.asked(documents)
        self.documents = {f"m{d.spec.no}": d for d in asked or documents}
        self.all_needed = self.all_at_once and bool(asked)
        self.held: dict[str, Attachment] = {}
        for name, document in self.documents.items():
            self.fields[name] = PhotosField(
                label=local(document.spec),
                help_text=document.to_correct,
                required=False,
                widget=Photos(attrs={"accept": "image/*,application/pdf", "data-photos": ""}),
            )

    #: whether what was asked for has to come in one go
    all_at_once = True

    def asked(self, documents: list[Document]) -> list[Document]:
        """What was asked for, of all materials."""
        return [d for d in documents if d.to_correct]

    def rows(self) -> list[tuple[Any, Document, Attachment | None]]:
        """(field, document, the file already held) for the page."""
        return [(self[name], d, self.held.get(name)) for name, d in self.documents.items()]

    def clean(self) -> dict[str, Any]:
        keys = [self.data.get(f"{name}-held", "").replace("\0", "") for name in self.documents]
        known = files.loose([k for k in keys if k], self._owner)
        for name in self.documents:
            if found := known.get(self.data.get(f"{name}-held", "")):
                self.held[name] = found
            given = [f for f in self.files.getlist(name) if f]
            if given:
                self._take(name, given)
        for name in self.documents:
            if self.all_needed and name not in self.held and name not in self.errors:
                self.add_error(name, _("Please take a photo or choose a file."))
        if not self.held and not self.errors:
            self.add_error(None, _("Please add at least one photo or file."))
        return self.cleaned_data

    @property
    def _owner(self) -> str:
        return f"applicant:{self.case.number}"

    def _take(self, name: str, given: list[UploadedFile]) -> None:
        if len(given) > MOST:
            return self.add_error(name, _("At most %(n)d photos, please.") % {"n": MOST})
        purpose = f"material {self.documents[name].spec.no}"
        try:
            whole = given[0] if len(given) == 1 else files.together(given)
            self.held[name] = files.store(whole, by=self._owner, purpose=purpose)
        except files.BadFile as bad:
            self.held.pop(name, None)
            self.add_error(name, bad.message)

    @property
    def supplied(self) -> dict[int, tuple[str, Attachment | None]]:
        form = DocumentForm.ELECTRONIC
        return {self.documents[name].spec.no: (form, file) for name, file in self.held.items()}


class SupplyForm(CorrectionForm):
    """The same for what was put off at acceptance (容缺后补): any of it, as soon as it is there."""

    all_at_once = False

    def asked(self, documents: list[Document]) -> list[Document]:
        return [d for d in documents if d.form == DocumentForm.DEFERRED]
