"""A backup that was never restored is none: written, read back, damaged, restored, proved."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from io import BytesIO

import pytest

from onewindow.config import backups

pytestmark = pytest.mark.own_instance
ONEWINDOW = [sys.executable, "-m", "onewindow.config.cli"]
FILL = """
from tests.town import build
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from onewindow.org.models import SignIn
town = build()
for n in range(1, 4):
    case = town.accepted(n=n)
default_storage.save("ab/scan.pdf", ContentFile(b"%PDF-1.7 a scan"))
SignIn.objects.create(username="li", outcome="ok")
"""


class Instance:
    """An instance of its own in a folder, driven by the command line."""

    def __init__(self, folder, url="", begin_with=None):
        folder.mkdir()
        if begin_with:
            shutil.copy(begin_with, folder / "db.sqlite3")
        self.data = folder / "data"
        clean = {
            k: v for k, v in os.environ.items() if not k.startswith(("ONEWINDOW_", "DATABASE_URL", "PYTEST"))
        }
        self.env = clean | {
            "ONEWINDOW_DATA_DIR": str(self.data),
            "ONEWINDOW_DEMO": "1",
            "ONEWINDOW_LOG_LEVEL": "ERROR",
        }
        self.env["DATABASE_URL"] = url or f"sqlite:///{folder}/db.sqlite3"

    def run(self, *words, code=0):
        done = subprocess.run(
            [*ONEWINDOW, *map(str, words)], env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def cases(self):
        """How many applications its database holds: asked of the file, as starting the program takes a second."""
        with contextlib.closing(sqlite3.connect(self.env["DATABASE_URL"].removeprefix("sqlite:///"))) as db:
            return db.execute("SELECT count(*) FROM window_application").fetchone()[0]

    def ask(self, expression):
        given = (
            "from onewindow.window.models import Application as A; from onewindow.cases.models import Event;"
        )
        return self.run("shell", "--no-imports", "-c", f"{given} print({expression})").strip()


@pytest.fixture(scope="module")
def filled(tmp_path_factory, migrated):
    here = Instance(tmp_path_factory.mktemp("a") / "old", begin_with=migrated)
    here.run("shell", "--no-imports", "-c", FILL)
    return here


@pytest.fixture(scope="module")
def backup(filled, tmp_path_factory):
    file = tmp_path_factory.mktemp("b") / "monday.tar.gz"
    assert "read back and equal" in filled.run("backup", file)
    return file


@pytest.fixture
def fresh(tmp_path, filled):
    """Another machine that knows the old one's field key."""
    there = Instance(tmp_path / "new")
    there.env["ONEWINDOW_FIELD_KEY"] = (filled.data / "field-key").read_text()
    return there


def rewrite(source, target, change):
    """The same archive with some parts changed: ``change(name, body)`` gives the new body, None leaves it out."""
    with tarfile.open(source) as old, tarfile.open(target, "w:gz") as new:
        for member in old:
            if (body := change(member.name, old.extractfile(member).read())) is not None:
                member.size = len(body)
                new.addfile(member, BytesIO(body))
    return target


def test_a_backup_restores_into_an_empty_instance_and_is_proved(filled, backup, fresh):
    said = fresh.run("restore", backup)
    assert "6 events of 3 cases read, 0 broken" in said
    facts = "[a.id_number for a in A.objects.order_by('id')], [e.hash for e in Event.objects.all()]"
    assert fresh.ask(facts) == filled.ask(facts)
    assert (fresh.data / "files/ab/scan.pdf").read_bytes() == b"%PDF-1.7 a scan"
    refused = fresh.run(
        "shell",
        "--no-imports",
        "-c",
        "from onewindow.cases.models import Event; Event.objects.update(by='mallory')",
        code=1,
    )
    assert "append-only" in refused  # the triggers came along


def test_an_instance_that_holds_cases_is_left_alone_unless_forced_and_then_put_aside(
    backup, filled, tmp_path, migrated
):
    other = Instance(tmp_path / "other", begin_with=migrated)
    other.env["ONEWINDOW_FIELD_KEY"] = (filled.data / "field-key").read_text()
    other.run("shell", "--no-imports", "-c", "from tests.town import build; build().take_in()")
    assert "Nothing was changed" in other.run("restore", backup, code=1)
    assert other.cases() == 1
    other.run("restore", backup, "--force")
    assert other.cases() == 3
    assert len(list(other.data.glob("before-restore-*/database.sqlite3"))) == 1


def test_the_keys_are_in_only_when_asked_for(filled, backup, tmp_path):
    key = (filled.data / "field-key").read_text().strip()
    with tarfile.open(backup) as tar:
        assert not [n for n in tar.getnames() if "key" in n]
        assert all(key.encode() not in tar.extractfile(m).read() for m in tar)
    told = json.loads(filled.run("backup", tmp_path / "keys.tar.gz", "--with-keys", "--json"))
    assert (told["with_keys"], told["counts"]["window_application"]) == (True, 3)
    assert told["bytes"] == (tmp_path / "keys.tar.gz").stat().st_size
    there = Instance(tmp_path / "new")
    put_back = json.loads(there.run("restore", tmp_path / "keys.tar.gz", "--json"))
    assert (put_back["events"], put_back["cases"], put_back["broken"]) == (6, 3, [])
    assert put_back["counts"] == told["counts"]
    assert there.ask("A.objects.order_by('id').first().id_number") == filled.ask(
        "A.objects.order_by('id').first().id_number"
    )


def test_an_instance_that_was_never_set_up_is_no_backup(tmp_path):
    there = Instance(tmp_path / "new")
    assert "nothing to keep" in there.run("backup", tmp_path / "none.tar.gz", code=1)
    assert list(tmp_path.glob("*none*")) == []


def test_another_field_key_is_noticed_before_anything_is_changed(backup, tmp_path):
    there = Instance(tmp_path / "new")
    assert "another ONEWINDOW_FIELD_KEY" in there.run("restore", backup, code=1)


def test_a_backup_is_readable_by_its_owner_only_and_overwrites_nothing(filled, backup):
    assert backup.stat().st_mode & 0o777 == 0o600
    before = backup.read_bytes()
    assert "overwrites" in filled.run("backup", backup, code=1)
    assert backup.read_bytes() == before
    assert [p.name for p in backup.parent.iterdir()] == [backup.name]


def damaged(kind, source, folder):
    target = folder / "bad.tar.gz"
    if kind == "cut":
        target.write_bytes(source.read_bytes()[:-200])
    elif kind == "one bit":
        raw = bytearray(source.read_bytes())
        raw[len(raw) // 2] ^= 1
        target.write_bytes(raw)
    elif kind == "other file":
        rewrite(source, target, lambda name, body: b"%PDF-1.7 forged" if name.startswith("files/") else body)
    elif kind == "file missing":
        rewrite(source, target, lambda name, body: None if name.startswith("files/") else body)
    elif kind == "no manifest":
        rewrite(source, target, lambda name, body: None if name == "manifest.json" else body)
    elif kind == "newer":

        def newer(name, body):
            facts = json.loads(body) if name == "manifest.json" else {}
            return json.dumps(facts | {"migrations": ["cases.9999_later"]}).encode() if facts else body

        rewrite(source, target, newer)
    else:
        target.write_bytes(b"no archive at all")
    return target


@pytest.mark.parametrize(
    "kind", ["cut", "one bit", "other file", "file missing", "no manifest", "newer", "rubbish"]
)
def test_a_damaged_or_strange_backup_is_refused_before_anything_is_changed(kind, backup, tmp_path, db):
    bad = damaged(kind, backup, tmp_path)
    with pytest.raises(backups.BadBackup):
        backups.fits(backups.read(bad), force=True)


def test_a_bit_anywhere_in_a_backup_is_noticed(backup, tmp_path, db):
    """Some hit the compression, some the archive, some what is in it."""
    raw = backup.read_bytes()
    for n in range(40):
        bad = bytearray(raw)
        bad[len(raw) * n // 40 + 100] ^= 1 << n % 8
        (tmp_path / "bad.tar.gz").write_bytes(bad)
        with pytest.raises(backups.BadBackup):
            backups.read(tmp_path / "bad.tar.gz")


def test_no_path_leaves_the_folder(tmp_path):
    bad = tmp_path / "bad.tar.gz"
    with tarfile.open(bad, "w:gz") as tar:
        info = tarfile.TarInfo("files/../../escaped")
        info.size = 1
        tar.addfile(info, BytesIO(b"x"))
    (tmp_path / "into").mkdir()
    with pytest.raises(backups.BadBackup, match="no backup of ours"):
        backups.read(bad, tmp_path / "into")
    assert not (tmp_path / "escaped").exists()
