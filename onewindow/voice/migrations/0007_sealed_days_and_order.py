from django.db import migrations, models

from onewindow.cases.append_only import protect, release

#: SQLite makes a table anew for a column, and the triggers are gone with the old one.
CHANGED, NEW = ("voice_review", "voice_hallverdict"), ("voice_dayroot",)


def open_tables(apps, editor):
    for table in CHANGED:
        release(editor, table)


def close_tables(apps, editor):
    for table in CHANGED:
        protect(editor, table)


def protect_new(apps, editor):
    for table in NEW:
        protect(editor, table)


def release_new(apps, editor):
    for table in NEW:
        release(editor, table)


class Migration(migrations.Migration):
    dependencies = [("voice", "0006_every_device_has_a_hall")]

    operations = [
        migrations.RunPython(open_tables, close_tables),
        migrations.CreateModel(
            name="DayRoot",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("reviews", models.PositiveIntegerField()),
                ("events", models.PositiveIntegerField()),
                ("root", models.CharField(max_length=64)),
                ("link", models.CharField(max_length=64)),
                ("made_at", models.DateTimeField()),
            ],
            options={"ordering": ["day"]},
        ),
        migrations.AddField("hallverdict", "shown_order", models.CharField(blank=True, max_length=10)),
        migrations.AddField("prompt", "order", models.CharField(default="high_first", max_length=10)),
        migrations.AddField("review", "shown_order", models.CharField(blank=True, max_length=10)),
        migrations.AddIndex(
            "deviceevent", models.Index(fields=["received_at"], name="device_event_received")
        ),
        migrations.AddConstraint("dayroot", models.UniqueConstraint(fields=("day",), name="day_root_once")),
        migrations.RunPython(close_tables, open_tables),
        migrations.RunPython(protect_new, release_new),
    ]
