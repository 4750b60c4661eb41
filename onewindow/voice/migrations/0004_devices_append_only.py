from django.db import migrations

from onewindow.cases.append_only import protect, release

TABLES = ("voice_deviceevent", "voice_windowverdict")


def forwards(apps, editor):
    for table in TABLES:
        protect(editor, table)


def backwards(apps, editor):
    for table in TABLES:
        release(editor, table)


class Migration(migrations.Migration):
    dependencies = [("voice", "0003_devices")]
    operations = [migrations.RunPython(forwards, backwards)]
