from django.apps import AppConfig


class My(AppConfig):
    name = "onewindow.my"
    label = "my"
