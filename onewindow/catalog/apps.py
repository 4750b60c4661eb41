from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class Catalog(AppConfig):
    name = "onewindow.catalog"
    verbose_name = _("Catalogue")
    label = "catalog"

    def ready(self) -> None:
        from onewindow.catalog import drafts, keep, kept_bundles, ladders  # noqa: F401 – declare sections and notices
        from onewindow.org import rail
        from onewindow.org.roles import Role

        rail.add(80, "keep", _("Catalogue"), "library", Role.ADMIN, Role.BUREAU, Role.HEAD)
