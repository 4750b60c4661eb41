from django.db import migrations, models

from onewindow.cases.append_only import protect, release

#: SQLite makes the table anew for a column, and the triggers are gone with the old one.
CHANGED = "voice_dayroot"


def open_table(apps, editor):
    release(editor, CHANGED)


def close_table(apps, editor):
    protect(editor, CHANGED)


class Migration(migrations.Migration):
    dependencies = [("voice", "0011_adapters")]

    operations = [
        migrations.RunPython(open_table, close_table),
        migrations.AddField("dayroot", "scheme", models.PositiveSmallIntegerField(default=1, db_default=1)),
        migrations.AddField("dayroot", "visits", models.PositiveIntegerField(default=0, db_default=0)),
        migrations.AddField("dayroot", "stands", models.PositiveIntegerField(default=0, db_default=0)),
        migrations.RunPython(close_table, open_table),
        migrations.AddIndex("hallverdict", models.Index(fields=["at"], name="hall_verdict_at")),
    ]
