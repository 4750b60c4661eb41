"""导出 Excel: any list as a workbook, written row by row to a temporary file; memory does not grow with the rows."""

from __future__ import annotations

import datetime as dt
import io
import tempfile
from collections.abc import Iterable, Sequence
from typing import Any

import xlsxwriter
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST = 100_000  # rows; Excel opens 1,048,576, nobody reads them
SMALL = 256 * 1024  # bytes; up to so much is answered at once, more is sent from the file
#: A text that begins so is taken for a formula by a program to which the sheet is passed on as CSV.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet might run it."""
    return f"'{text}" if text.startswith(FORMULA) else text


def workbook(
    name: str, columns: Sequence[tuple[Any, int]], rows: Iterable[Sequence[Any]], *, most: int = MOST
) -> HttpResponseBase:
    """An answer with the workbook ``name.xlsx``. ``columns``: head and width in characters. Cells are text, number,
    day or instant (shown in Shanghai's time); texts stay texts, whatever they look like. The file is gone once sent."""
    file = tempfile.TemporaryFile(suffix=".xlsx")
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(file, options)
    sheet = book.add_worksheet()
    head = book.add_format({"bold": True, "bg_color": "#DDE9F8", "bottom": 1})
    instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm", "align": "left"})
    day = book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
    for n, (_label, width) in enumerate(columns):
        sheet.set_column(n, n, width)
    for n, (label, _width) in enumerate(columns):
        sheet.write_string(0, n, str(label), head)
    sheet.freeze_panes(1, 1)
    at = 0
    for at, row in enumerate(rows, 1):
        if at > most:
            sheet.write_string(
                at, 0, _("Only the first %(n)d rows are exported. Please narrow the list.") % {"n": most}
            )
            break
        for n, value in enumerate(row):
            if isinstance(value, dt.datetime):
                sheet.write_datetime(
                    at, n, timezone.localtime(value).replace(tzinfo=None, microsecond=0), instant
                )
            elif isinstance(value, dt.date):
                sheet.write_datetime(at, n, dt.datetime.combine(value, dt.time()), day)
            elif isinstance(value, int | float):
                sheet.write_number(at, n, value)
            elif value not in (None, ""):
                sheet.write_string(at, n, safe(str(value)))
    sheet.autofilter(0, 0, max(min(at, most), 1), len(columns) - 1)
    book.close()
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    answer: HttpResponseBase
    if size <= SMALL:
        with file:
            answer = HttpResponse(file.read(), content_type=TYPE)
        answer["Content-Disposition"] = content_disposition_header(True, f"{name}.xlsx")
    else:
        answer = FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=TYPE)
    answer["Cache-Control"] = "private, no-store"
    return answer
