from django.db import migrations

from onewindow.cases.append_only import protect, release

TABLES = ("catalog_wording",)


def forwards(apps, editor):
    for table in TABLES:
        protect(editor, table)


def backwards(apps, editor):
    for table in reversed(TABLES):
        release(editor, table)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
