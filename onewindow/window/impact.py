"""What a new version of an item means for applications that are open."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from onewindow.catalog import impact
from onewindow.catalog.models import Change
from onewindow.window.models import Application


@impact.register
def open_applications(change: Change) -> Iterator[str]:
    """How many stay with which version; one query over the open ones of the department."""
    if change.section != "items" or change.before is None:
        return
    mine = Application.objects.open().filter(item__code=change.key, office__code=change.before["office"])
    rows = mine.order_by("item_version__version").values_list("item_version__version").annotate(n=Count("pk"))
    counted = list(rows)
    total = sum(n for _v, n in counted)
    if not total:
        yield _("No application for this item is open.")
        return
    which = _(", ").join(f"v{version} {n}" for version, n in counted)
    yield ngettext(
        "%(n)d open application keeps its version, its papers and its deadline (%(which)s).",
        "%(n)d open applications keep their version, their papers and their deadlines (%(which)s).",
        total,
    ) % {"n": total, "which": which}
