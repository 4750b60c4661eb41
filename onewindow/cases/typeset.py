"""Setting papers as PDF with our own fonts, and QR codes: for letters and for licences alike."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import segno
import typst
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

FONTS = ("NotoSerifSC_400Regular.ttf", "NotoSerifSC_700Bold.ttf")


class FontsMissing(RuntimeError):
    """The fonts of the papers are not in their folder; ``onewindow doctor`` says so too."""


def fonts_missing() -> list[str]:
    """Names of the font files that are not there (empty: all is well). Put there by ``tools/collect.py``."""
    return [name for name in FONTS if not (Path(settings.FONT_DIR) / name).is_file()]


def qr_svg(url: str, scale: int = 4) -> SafeString:
    """A QR code (level M, quiet zone of 2) as inline SVG, sized by the page's style sheet."""
    out = io.BytesIO()
    segno.make(url, error="m", micro=False).save(
        out, kind="svg", scale=scale, border=2, xmldecl=False, svgns=True, nl=False, omitsize=True
    )
    return mark_safe(out.getvalue().decode())


def pdf(source: Path, name: str, data: dict[str, Any], at: dt.datetime) -> bytes:
    """Sets a Typst source with ``data`` (as JSON in ``sys.inputs``, under ``name``) and the fonts of
    ``settings.FONT_DIR`` alone; system fonts would differ. The same data and instant give the same bytes.

    Raises :class:`FontsMissing` where the set-up has not put the fonts there.
    """
    if missing := fonts_missing():
        raise FontsMissing(
            f"not in {settings.FONT_DIR}: {', '.join(missing)}. Run: npm ci && python tools/collect.py"
        )
    return typst.compile(
        str(source),
        font_paths=[str(settings.FONT_DIR)],
        ignore_system_fonts=True,
        sys_inputs={name: json.dumps(data, ensure_ascii=False)},
        timestamp=int(at.timestamp()),
    )
