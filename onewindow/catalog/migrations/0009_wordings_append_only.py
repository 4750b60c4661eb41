from django.db import migrations

from onewindow.cases.append_only import protect, release


def forwards(apps, editor):
    protect(editor, "catalog_wording")


def backwards(apps, editor):
    release(editor, "catalog_wording")


class Migration(migrations.Migration):
    dependencies = [("catalog", "0008_wordings_of_letters")]
    operations = [migrations.RunPython(forwards, backwards)]
