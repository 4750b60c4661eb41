"""The same on PostgreSQL: the dump of one snapshot, restored past the triggers into the same server."""

import pytest
from django.core.management import call_command
from django.db import connection

from onewindow.cases.models import Event
from onewindow.config import backups
from onewindow.window.models import Application


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_backup_of_postgresql_comes_back_as_it_was(town, tmp_path, capsys, settings):
    settings.DATA_DIR = tmp_path
    call_command("createcachetable", verbosity=0)
    case = town.accepted()
    before = list(Event.objects.order_by("pk").values_list("hash", flat=True))
    call_command("backup", tmp_path / "a.tar.gz")
    town.take_in(n=2)
    with pytest.raises(Exception, match="holds cases or files"):
        call_command("restore", tmp_path / "a.tar.gz")
    call_command("restore", tmp_path / "a.tar.gz", "--force")
    assert "0 broken" in capsys.readouterr().out
    assert list(Event.objects.order_by("pk").values_list("hash", flat=True)) == before
    assert Application.objects.get().number == case.number
    assert len(list(tmp_path.glob("before-restore-*/database.pgdump"))) == 1
    with connection.cursor() as cursor, pytest.raises(Exception, match="append-only"):
        cursor.execute("UPDATE cases_event SET by = 'mallory'")
    assert backups.count_rows()["cases_event"] == len(before)
