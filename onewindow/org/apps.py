from django.apps import AppConfig


class Org(AppConfig):
    name = "onewindow.org"
    label = "org"
