from django.apps import AppConfig


class Voice(AppConfig):
    name = "onewindow.voice"
    label = "voice"

    def ready(self) -> None:
        from onewindow.voice import reactions  # noqa: F401 – registers what follows an event
