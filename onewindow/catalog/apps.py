from django.apps import AppConfig


class Catalog(AppConfig):
    name = "onewindow.catalog"
    label = "catalog"
