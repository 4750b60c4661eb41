from django.db import migrations

from onewindow.cases.append_only import protect, release

#: What happened to a ticket or a window is never changed, and deleted only when it is a year old (parameter ticket_days).
TABLES = ("hall_ticketevent", "hall_windowevent")
DAYS = 365


def forwards(apps, editor):
    for table in TABLES:
        protect(editor, table, kept_days=DAYS)


def backwards(apps, editor):
    for table in TABLES:
        release(editor, table)


class Migration(migrations.Migration):
    dependencies = [("hall", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
