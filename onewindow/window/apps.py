from django.apps import AppConfig


class Window(AppConfig):
    name = "onewindow.window"
    label = "window"
