from django.db import migrations

from onewindow.cases.append_only import protect, release


def forwards(apps, editor):
    protect(editor, "voice_review")


def backwards(apps, editor):
    release(editor, "voice_review")


class Migration(migrations.Migration):
    dependencies = [("voice", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
