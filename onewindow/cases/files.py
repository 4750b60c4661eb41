"""附件: files from people are hostile until shown otherwise. One way in, :func:`store`; two ways out, :func:`read` and
:func:`answer`.

What a file is follows from its bytes, never from its name or the browser's word. Pictures are written anew, which turns
them upright and drops hidden places, comments and whatever else was tied to them; documents are kept byte for byte and
refused if they carry programs. Nothing lies under the web root, and nothing is found by its name.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
import unicodedata
import warnings
import zipfile
from collections.abc import Callable

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from onewindow.cases import instant
from onewindow.cases.models import Attachment

#: What the file dialog offers; phones photograph, scanners and offices send documents.
ACCEPT = ".pdf,.jpg,.jpeg,.png,.webp,.docx,.xlsx,.ofd"
MAX_PIXELS = 50_000_000  # a 50-megapixel phone; decoded that is 150 MB for a moment
PAGE_EDGE = 2400  # px; an A4 page at 200 dpi
LONGEST_EDGE = 5000  # px; an A3 page at 300 dpi
MAX_UNPACKED = 200 * 1024 * 1024  # bytes in an office file
MAX_PARTS = 2000
IMAGES = {"JPEG": ("image/jpeg", "jpg"), "PNG": ("image/png", "png"), "WEBP": ("image/webp", "webp")}
OFFICE = "application/vnd.openxmlformats-officedocument."
#: part that must be in the package → its type and extension
PACKAGES = {
    "word/document.xml": (f"{OFFICE}wordprocessingml.document", "docx"),
    "xl/workbook.xml": (f"{OFFICE}spreadsheetml.sheet", "xlsx"),
    "OFD.xml": ("application/ofd", "ofd"),
}
#: Signs of programs in a PDF; names may be written with hexadecimal escapes (/J#61vaScript).
ACTIVE = (b"/JavaScript", b"/Launch", b"/EmbeddedFile", b"/RichMedia")


class BadFile(ValueError):
    """The file can't be taken. ``code`` is stable: empty, too_big, wrong_type, damaged, too_many_pixels, locked,
    active_content; ``message`` says what to do instead. Neither holds anything of the file."""

    def __init__(self, code: str, message: str | Promise):
        super().__init__(code)
        self.code, self.message = code, message

    def __str__(self) -> str:
        return str(self.message)


def store(upload: UploadedFile, *, by: str, purpose: str, number: str = "") -> Attachment:
    """Checks and keeps a file; ``number`` may follow later. Raises :class:`BadFile`, then nothing was kept.

    The bytes are on the disk before the row is in the database: a row never names a file that is not there.
    """
    if not upload.size:
        raise BadFile("empty", _("The file is empty. Please choose another one."))
    if upload.size > settings.UPLOAD_MAX_BYTES:
        raise _too_big()
    upload.seek(0)
    content, content_type, extension = _sniffed(upload.read())
    path = f"{instant.now():%Y/%m}/{secrets.token_hex(16)}"
    kept = default_storage.save(path, ContentFile(content))
    with default_storage.open(kept) as file:
        os.fsync(file.fileno())
    return Attachment.objects.create(
        number=number,
        purpose=purpose,
        name=clean_name(upload.name or "", extension),
        content_type=content_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        path=kept,
        added_at=instant.now(),
        added_by=by,
    )


def together(uploads: list[UploadedFile]) -> UploadedFile:
    """Several photos of one paper as one PDF, a page each, in their order. Raises :class:`BadFile`."""
    pages = []
    for upload in uploads:
        if upload.size and upload.size > settings.UPLOAD_MAX_BYTES:
            raise _too_big()
        upload.seek(0)
        content, content_type, _extension = _sniffed(upload.read())
        if not content_type.startswith("image/"):
            raise BadFile("mixed", _("Please choose either several photos or one document, not both."))
        page = Image.open(io.BytesIO(content)).convert("RGB")
        page.thumbnail((PAGE_EDGE, PAGE_EDGE))
        pages.append(page)
    out = io.BytesIO()
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:], resolution=200)
    return SimpleUploadedFile(clean_name(uploads[0].name or "", "pdf"), out.getvalue(), "application/pdf")


def read(attachment: Attachment) -> bytes:
    """The bytes, proved to be those that were stored. Raises ``OSError`` if they are gone or have been changed."""
    with default_storage.open(attachment.path) as file:
        content = file.read()
    if hashlib.sha256(content).hexdigest() != attachment.sha256:
        raise OSError(f"attachment {attachment.pk} is not what was stored")
    return content


def answer(attachment: Attachment) -> HttpResponse:
    """The file for a browser that must not trust it: pictures and PDF are shown, all else is saved; no script can run.

    The caller has checked that the reader may see the case.
    """
    response = HttpResponse(read(attachment), content_type=attachment.content_type)
    pdf, image = attachment.content_type == "application/pdf", attachment.content_type.startswith("image/")
    response["Content-Disposition"] = (
        content_disposition_header(not (pdf or image), attachment.name) or "attachment"
    )
    # A browser shows no PDF in a sandbox; its viewer is one.
    response["Content-Security-Policy"] = (
        f"default-src 'none'; frame-ancestors 'none'{'' if pdf else '; sandbox'}"
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def loose(keys: list[str], by: str) -> dict[str, Attachment]:
    """Files that this person has uploaded and that belong to no case yet, by key; all others are left out."""
    return {a.key: a for a in Attachment.objects.filter(key__in=keys, number="", added_by=by)}


def forget(attachment: Attachment) -> None:
    """Removes the bytes of a file that never belonged to a case; its row is the caller's to delete."""
    if attachment.number:
        raise ValueError("what belongs to a case is kept")
    default_storage.delete(attachment.path)


def erase(path: str) -> None:
    """Removes the bytes of a file whose row is gone because its time is over."""
    default_storage.delete(path)


def clean_name(name: str, extension: str) -> str:
    """A name that can be shown and saved anywhere: no folders, no invisible signs, at most 80 characters, and the
    extension of what the file is (``报告.php.jpg`` that is a PNG becomes ``报告_php.png``)."""
    text = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    stem = text.rpartition(".")[0] or text
    stem = "".join("_" if c in '.<>:"|?*&%' else c for c in stem if unicodedata.category(c)[0] != "C")
    return f"{stem.strip(' _')[:80] or 'file'}.{extension}"


def _sniffed(content: bytes) -> tuple[bytes, str, str]:
    """(bytes to keep, content type, extension) or BadFile."""
    for begins, check in KINDS:
        if content.startswith(begins):
            return check(content)
    if content[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1"):
        raise BadFile(
            "wrong_type",
            _("This is a HEIC photo. Please set the camera to JPEG, or send a screenshot of it."),
        )
    raise _wrong_type()


def _too_big() -> BadFile:
    most = settings.UPLOAD_MAX_BYTES // 1024**2
    return BadFile(
        "too_big", _("The file is larger than %(most)d MB. Please scan it smaller.") % {"most": most}
    )


def _wrong_type() -> BadFile:
    return BadFile(
        "wrong_type",
        _("Only PDF, JPEG, PNG, WebP, Word (docx), Excel (xlsx) and OFD files can be taken. This is none."),
    )


def _damaged() -> BadFile:
    return BadFile("damaged", _("The file is damaged and cannot be opened. Please scan or save it again."))


def _too_many_pixels() -> BadFile:
    message = _("The picture has more than %(most)d million pixels. Please scan it smaller.")
    return BadFile("too_many_pixels", message % {"most": MAX_PIXELS // 1_000_000})


def _image(content: bytes) -> tuple[bytes, str, str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # our own cap on pixels is lower than the library's warning
        try:
            picture = Image.open(io.BytesIO(content), formats=list(IMAGES))
            kind = picture.format or ""
            if picture.width * picture.height > MAX_PIXELS:
                raise _too_many_pixels()
            picture.draft("RGB", (LONGEST_EDGE, LONGEST_EDGE))
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((LONGEST_EDGE, LONGEST_EDGE))
            if upright.mode not in ("L", "RGB") and (
                kind == "JPEG" or upright.mode not in ("1", "LA", "RGBA")
            ):
                upright = upright.convert(
                    "RGBA" if "transparency" in picture.info and kind != "JPEG" else "RGB"
                )
            upright.info.clear()
            out = io.BytesIO()
            upright.save(out, kind, **({"quality": 88} if kind != "PNG" else {}))
        except BadFile:
            raise
        except Image.DecompressionBombError as wrong:
            raise _too_many_pixels() from wrong
        except Exception as wrong:  # a decoder fed with rubbish may raise anything
            raise _damaged() from wrong
    return out.getvalue(), *IMAGES[kind]


def _pdf(content: bytes) -> tuple[bytes, str, str]:
    if b"%%EOF" not in content[-2048:] or b"startxref" not in content[-4096:]:
        raise _damaged()
    names = re.sub(rb"#([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), content)
    if b"/Encrypt" in names:
        raise BadFile("locked", _("The PDF is protected by a password. Please save it without one."))
    if any(sign in names for sign in ACTIVE):
        raise BadFile(
            "active_content", _("The PDF contains programs or other files. Please print it to PDF once more.")
        )
    return content, "application/pdf", "pdf"


def _package(content: bytes) -> tuple[bytes, str, str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as wrong:
        raise _damaged() from wrong
    names = {p.filename for p in parts}
    found = next((kind for part, kind in PACKAGES.items() if part in names), None)
    if found is None:
        raise _wrong_type()
    if len(parts) > MAX_PARTS or sum(p.file_size for p in parts) > MAX_UNPACKED:
        raise _damaged()
    if any(
        n.lower().endswith(("vbaproject.bin", ".js", ".exe", ".dll")) or ".." in n.split("/") for n in names
    ):
        raise BadFile(
            "active_content", _("The document contains macros. Please save it without them, or as PDF.")
        )
    return content, *found


KINDS: list[tuple[bytes, Callable[[bytes], tuple[bytes, str, str]]]] = [
    (b"%PDF-", _pdf),
    (b"\xff\xd8\xff", _image),
    (b"\x89PNG\r\n\x1a\n", _image),
    (b"RIFF", _image),
    (b"PK\x03\x04", _package),
]
