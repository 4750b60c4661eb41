"""电子印章: putting a seal under a paper. An adapter does it, chosen by ``ONEWINDOW_SEAL``; none of ours is a real one.

By law an e-seal comes from the national unified e-seal system and equals the physical seal (国务院令第 716 号第 9 条). This
product never draws anything that could pass for one: the shipped adapter marks papers as a test. ``docs/howto/seals.md`` says
how a county plugs its seal service in.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from django.conf import settings
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Check:
    """What became of a seal: ``state`` is ``intact``, ``broken`` or ``none``; ``is_real`` says whether it counts as a seal."""

    state: str
    is_real: bool
    words: str | Promise


class Seal(Protocol):
    """What an adapter does. ``office`` is the code of the organ whose seal it is."""

    def hint(self) -> tuple[str, str]:
        """What stands in the place of the seal before it is set: Chinese, English."""

    def seal(self, pdf: bytes, office: str) -> bytes:
        """The sealed document. Called once a paper; what it returns is kept and handed out for ever."""

    def check(self, pdf: bytes) -> Check:
        """Whether the seal of a document that was kept is still whole."""


class TestSeal:
    """Leaves the dotted area as it is and adds a line that begins ``%OneWindow-TEST-SEAL`` after the end of the PDF: a keyed
    digest of all before it. It shows that the kept file is the one that was made, and nothing else."""

    MARK = b"\n%OneWindow-TEST-SEAL not-a-legal-seal "
    LINE = re.compile(re.escape(MARK) + rb"office=(\S+) hmac-sha256=([0-9a-f]{64})\n\Z")

    def _mac(self, body: bytes, office: str) -> str:
        key = hashlib.sha256(f"onewindow test seal {settings.FIELD_KEY}".encode()).digest()
        return hmac.new(key, office.encode() + b"\0" + body, hashlib.sha256).hexdigest()

    def hint(self) -> tuple[str, str]:
        if settings.DEMO:
            return "此处加盖印章。本页为演示，不具印章效力", "Seal area – test, not valid as seal"
        return "此处加盖印章，未盖章无效", "Seal area – not valid without the seal"

    def seal(self, pdf: bytes, office: str) -> bytes:
        return pdf + self.MARK + f"office={office} hmac-sha256={self._mac(pdf, office)}\n".encode()

    def check(self, pdf: bytes) -> Check:
        found = self.LINE.search(pdf)
        if found is None:
            return Check("none", False, _("No electronic seal: valid only with the seal on paper"))
        body, office, mac = pdf[: found.start()], found[1].decode(), found[2].decode()
        if hmac.compare_digest(self._mac(body, office), mac):
            return Check("intact", False, _("Test mark whole; it is not a legal seal"))
        return Check("broken", False, _("Test mark broken: the file was changed"))


@cache
def _adapter(path: str) -> Seal:
    return import_string(path)()


def adapter() -> Seal:
    """The adapter of this installation (setting ``SEAL``: a dotted path to a class without arguments)."""
    return _adapter(settings.SEAL)
