from django.apps import AppConfig


class Approvals(AppConfig):
    name = "onewindow.approvals"
    label = "approvals"
