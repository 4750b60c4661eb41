from django.apps import AppConfig


class Approvals(AppConfig):
    name = "onewindow.approvals"
    label = "approvals"

    def ready(self) -> None:
        from onewindow.approvals import actions, reactions  # noqa: F401 – declares the steps and what follows
        from onewindow.approvals.desk import Approvals as Shown
        from onewindow.cases.desk import show

        show(Shown())
