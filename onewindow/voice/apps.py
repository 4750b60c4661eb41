from django.apps import AppConfig


class Voice(AppConfig):
    name = "onewindow.voice"
    label = "voice"
