"""Files from people: what comes in, in which state; what is refused and why (promise A21)."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from onewindow.cases import files
from onewindow.cases.models import Attachment

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SCRIPT = b"<html><script>alert(1)</script></html>"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"

pytestmark = pytest.mark.django_db


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), **more: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "white").save(out, kind, **more)
    return out.getvalue()


def package(*names: str, fill: int = 10) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name in names:
            z.writestr(name, b"0" * fill)
    return out.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """A few bytes that unpack to width × height pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 9999))
        + chunk(b"IEND", b"")
    )


def store(content: bytes, name: str = "扫描.pdf") -> Attachment:
    return files.store(SimpleUploadedFile(name, content), by="li", purpose="material")


@pytest.mark.parametrize(
    ("content", "content_type", "extension"),
    [
        (PDF, "application/pdf", "pdf"),
        (picture("PNG"), "image/png", "png"),
        (picture("JPEG"), "image/jpeg", "jpg"),
        (picture("WEBP"), "image/webp", "webp"),
        (package("[Content_Types].xml", "word/document.xml"), files.PACKAGES["word/document.xml"][0], "docx"),
        (package("[Content_Types].xml", "xl/workbook.xml"), files.PACKAGES["xl/workbook.xml"][0], "xlsx"),
        (package("OFD.xml", "Doc_0/Document.xml"), "application/ofd", "ofd"),
    ],
    ids=["pdf", "png", "jpeg", "webp", "docx", "xlsx", "ofd"],
)
def test_what_a_file_is_follows_from_its_bytes_not_from_its_name(content, content_type, extension):
    kept = store(content, "说明.exe")
    assert (kept.content_type, kept.name) == (content_type, f"说明.{extension}")
    assert len(files.read(kept)) == kept.size


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "空.pdf", "empty"),
        (EICAR, "发票.pdf", "wrong_type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "图.svg", "wrong_type"),
        (b"<?xml version='1.0'?><svg onload='alert(1)'/>", "图.png", "wrong_type"),
        (SCRIPT, "网页.html", "wrong_type"),
        (SCRIPT, "照片.jpg", "wrong_type"),
        (b"MZ\x90\x00" + b"\0" * 100, "安装.pdf", "wrong_type"),
        (b"\x00\x00\x00\x18ftypheic" + b"\0" * 50, "IMG_1.HEIC", "wrong_type"),
        (b"\xff\xd8\xff\xe0" + SCRIPT, "照片.jpg", "damaged"),
        (picture("JPEG", (400, 400))[:300], "照片.jpg", "damaged"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "声音.webp", "damaged"),
        (png_that_claims(50_000, 50_000), "大图.png", "too_many_pixels"),
        (png_that_claims(5_000, 5_000), "假图.png", "damaged"),
        (b"%PDF-1.4 cut off", "半.pdf", "damaged"),
        (PDF.replace(b"/Type", b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>/Type"), "a.pdf", "active_content"),
        (PDF.replace(b"/Type", b"/OpenAction<</S/J#61vaScript>>/Type"), "a.pdf", "active_content"),
        (PDF.replace(b"/Type", b"/A<</S/Launch/F(cmd.exe)>>/Type"), "a.pdf", "active_content"),
        (PDF.replace(b"trailer<<", b"trailer<</Encrypt 2 0 R"), "a.pdf", "locked"),
        (package("word/document.xml", "word/vbaProject.bin"), "宏.docx", "active_content"),
        (package("word/document.xml", "../../etc/passwd"), "a.docx", "active_content"),
        (package("META-INF/MANIFEST.MF", "A.class"), "a.docx", "wrong_type"),
        (package("word/document.xml", fill=files.MAX_UNPACKED + 1), "弹.docx", "damaged"),
        (b"PK\x03\x04" + b"\0" * 40, "a.docx", "damaged"),
    ],
)  # fmt: skip
def test_a_hostile_or_useless_file_is_refused_with_a_reason_and_nothing_is_kept(content, name, code):
    before = (
        list(Path(default_storage.location).rglob("*")) if Path(default_storage.location).exists() else []
    )
    with pytest.raises(files.BadFile) as refused:
        store(content, name)
    assert refused.value.code == code
    assert len(str(refused.value)) > 10
    assert not Attachment.objects.exists()
    after = list(Path(default_storage.location).rglob("*")) if Path(default_storage.location).exists() else []
    assert after == before


def test_a_file_larger_than_the_limit_is_refused(settings):
    settings.UPLOAD_MAX_BYTES = 1024**2
    with pytest.raises(files.BadFile, match="1 MB") as refused:
        store(PDF + b"x" * 1024**2)
    assert refused.value.code == "too_big"


def test_a_picture_with_a_page_behind_it_comes_out_without_the_page():
    assert SCRIPT not in files.read(store(picture("PNG") + SCRIPT, "照片.png"))
    assert SCRIPT not in files.read(store(picture("JPEG", comment=SCRIPT), "照片.jpg"))


def test_a_photo_loses_its_place_and_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif.get_ifd(0x8825)[1] = "N"
    exif[0x010F] = "Phone of Zhang"
    kept = store(picture("JPEG", (40, 30), exif=exif), "照片.jpg")
    content = files.read(kept)
    with Image.open(io.BytesIO(content)) as shown:
        assert shown.size == (30, 40)
        assert not dict(shown.getexif())
    assert b"Zhang" not in content


def test_a_huge_photo_is_scaled_to_what_can_be_read():
    with Image.open(io.BytesIO(files.read(store(picture("PNG", (6000, 1000)), "长图.png")))) as shown:
        assert max(shown.size) == files.LONGEST_EDGE


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("身份证.pdf", "身份证.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\me\\scan.PDF", "scan.pdf"),
        ("a\x00b.pdf", "ab.pdf"),
        ("报告.php.jpg", "报告_php.pdf"),
        ("..", "file.pdf"),
        ("", "file.pdf"),
        ("x\u202efdp.exe", "xfdp.pdf"),
        ("<b>x.pdf", "b_x.pdf"),
        ("长" * 300 + ".pdf", "长" * 80 + ".pdf"),
    ],
)
def test_a_name_can_be_shown_and_saved_anywhere(name, clean):
    assert files.clean_name(name, "pdf") == clean


def test_a_file_lies_outside_the_web_root_under_a_random_name():
    kept = store(PDF, "../../身份证.pdf")
    assert re.fullmatch(r"\d{4}/\d{2}/[0-9a-f]{32}", kept.path)
    assert Path(default_storage.path(kept.path)).is_relative_to(settings.DATA_DIR / "files")


def test_a_file_changed_on_the_disk_is_not_given_out():
    kept = store(PDF)
    Path(default_storage.path(kept.path)).write_bytes(PDF + b"forged")
    with pytest.raises(OSError, match="not what was stored"):
        files.read(kept)


def test_the_browser_is_told_not_to_trust_what_it_gets():
    answer = files.answer(store(picture("PNG"), "照 片\r\nSet-Cookie: a=b.png"))
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "\n" not in answer["Content-Disposition"]
    assert files.answer(store(package("word/document.xml")))["Content-Disposition"].startswith("attachment")


def test_only_the_one_who_uploaded_a_file_can_put_it_to_a_case():
    mine = store(PDF)
    filed = files.store(
        SimpleUploadedFile("a.pdf", PDF), by="li", purpose="material", number="A261124000001X"
    )
    assert list(files.loose([mine.key, filed.key, "nonsense"], "li")) == [mine.key]
    assert files.loose([mine.key], "ma") == {}
