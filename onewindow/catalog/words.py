"""Names of the lists that the product itself knows."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

#: code list → what it is for
LISTS = {
    "stop_reason": _("What may stop a clock"),
    "refuse_acceptance": _("Why acceptance is refused"),
    "refuse": _("Why an application is refused"),
    "correction": _("What is to be corrected"),
    "withdraw": _("Why an application is withdrawn"),
    "void": _("Why a case is voided"),
}
