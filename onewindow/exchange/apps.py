from django.apps import AppConfig


class Exchange(AppConfig):
    name = "onewindow.exchange"
    label = "exchange"
