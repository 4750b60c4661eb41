from django.apps import AppConfig


class Pledges(AppConfig):
    name = "onewindow.pledges"
    label = "pledges"
