from django.db import migrations, models

from onewindow.cases.append_only import protect, release


def open_table(apps, editor):
    release(editor, "voice_windowverdict")


def close_table(apps, editor):
    """SQLite makes the table anew for a column, and the triggers are gone with the old one."""
    protect(editor, "voice_windowverdict")


class Migration(migrations.Migration):
    dependencies = [("voice", "0002_append_only")]

    operations = [
        migrations.RunPython(open_table, close_table),
        migrations.AddField("windowverdict", "visit_ticket", models.CharField(blank=True, max_length=32)),
        migrations.RunPython(close_table, open_table),
    ]
