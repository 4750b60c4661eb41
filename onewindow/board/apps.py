from django.apps import AppConfig


class Board(AppConfig):
    name = "onewindow.board"
    label = "board"
