"""How a message leaves the house: one small adapter a channel. Real SMS gateways are added here."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from django.conf import settings

from onewindow.cases.models import Message

Channel = Callable[[Message], str]


def to_console(message: Message) -> str:
    """Writes the text to standard output; the address stays hidden, because consoles end up in logs."""
    sys.stdout.write(f"SMS {message.number}: {message.body}\n")
    return "console"


def to_file(message: Message) -> str:
    """Appends the message to ``messages.jsonl`` in the data directory (readable by the server's user only)."""
    line = {"to": message.address, "text": message.body, "number": message.number, "lang": message.lang}
    with open(settings.DATA_DIR / "messages.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return f"file:{message.pk}"


CHANNELS: dict[str, Channel] = {"console": to_console, "file": to_file}


def send(message: Message) -> str:
    """Sends a message over its channel and returns the channel's receipt; raises what the channel raises."""
    return CHANNELS[message.channel](message)
