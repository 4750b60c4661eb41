from django.apps import AppConfig


class Window(AppConfig):
    name = "onewindow.window"
    label = "window"

    def ready(self) -> None:
        from onewindow.window import actions, reactions  # noqa: F401 – declares the steps and what follows
