from django.db import migrations

from onewindow.cases.append_only import protect, release


def forwards(apps, editor):
    protect(editor, "issues_weekreview")


def backwards(apps, editor):
    release(editor, "issues_weekreview")


class Migration(migrations.Migration):
    dependencies = [("issues", "0004_weeks_and_their_reviews")]
    operations = [migrations.RunPython(forwards, backwards)]
