from django.apps import AppConfig


class Cases(AppConfig):
    name = "onewindow.cases"
    label = "cases"
