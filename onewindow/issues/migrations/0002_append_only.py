from django.db import migrations

from onewindow.cases.append_only import protect, release

TABLES = ("issues_attempt", "issues_said", "issues_panelvote", "issues_refusal")


def forwards(apps, editor):
    for table in TABLES:
        protect(editor, table)


def backwards(apps, editor):
    for table in reversed(TABLES):
        release(editor, table)


class Migration(migrations.Migration):
    dependencies = [("issues", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
