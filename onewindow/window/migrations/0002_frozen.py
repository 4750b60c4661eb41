from django.db import migrations

from onewindow.cases.append_only import frozen_column, unfreeze_column

COLUMNS = ("opened_at", "received_at", "accepted_at", "decided_at", "delivered_at", "forwarded_at")


def forwards(apps, editor):
    for column in COLUMNS:
        frozen_column(editor, "window_application", column)


def backwards(apps, editor):
    for column in COLUMNS:
        unfreeze_column(editor, "window_application", column)


class Migration(migrations.Migration):
    dependencies = [("window", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
