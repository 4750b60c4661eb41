from django.apps import AppConfig


class Pledges(AppConfig):
    name = "onewindow.pledges"
    label = "pledges"

    def ready(self) -> None:
        from onewindow.cases.desk import show
        from onewindow.pledges import actions  # noqa: F401 – declares the steps
        from onewindow.pledges.desk import Pledges as Shown

        show(Shown())
