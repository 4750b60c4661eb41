from django.apps import AppConfig


class Config(AppConfig):
    name = "onewindow.config"
    label = "config"
