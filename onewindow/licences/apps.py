from django.apps import AppConfig


class Licences(AppConfig):
    name = "onewindow.licences"
    label = "licences"
