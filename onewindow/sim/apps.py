from django.apps import AppConfig


class Sim(AppConfig):
    name = "onewindow.sim"
    label = "sim"
