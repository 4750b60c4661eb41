"""延续: an application that renews a licence of the register (行政许可法 50)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from onewindow.cases import numbers
from onewindow.cases.rules import Reason
from onewindow.catalog.models import ItemVersion
from onewindow.licences import actions as licences
from onewindow.licences.models import Licence
from onewindow.window.pledging import NotOffered


def check(version: ItemVersion, number: str, id_number: str) -> Licence:
    """The licence that is to be renewed; raises :class:`NotOffered` if this applicant can't renew it with this item."""
    licence = Licence.objects.with_facts().filter(number=numbers.clean(number)).first()
    if licence is None:
        raise NotOffered(Reason("no_licence", _("The register has no licence with this number.")))
    if reason := licences.renewable(licence, id_number):
        raise NotOffered(reason)
    if licence.office_id != version.item.office_id:
        text = _("This licence is renewed by another department.")
        raise NotOffered(Reason("other_department", text))
    return licence
