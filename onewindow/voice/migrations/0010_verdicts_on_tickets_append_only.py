from django.db import migrations

from onewindow.cases.append_only import protect, release

TABLES = ("voice_visitverdict", "voice_visitexclusion")


def forwards(apps, editor):
    for table in TABLES:
        protect(editor, table)


def backwards(apps, editor):
    for table in reversed(TABLES):
        release(editor, table)


class Migration(migrations.Migration):
    dependencies = [("voice", "0009_verdicts_on_tickets")]
    operations = [migrations.RunPython(forwards, backwards)]
