import django.db.models.deletion
from django.db import migrations, models

from onewindow.cases.append_only import protect, release

TABLES = ("voice_devicestep", "voice_hallverdict")


def forwards(apps, editor):
    for table in TABLES:
        protect(editor, table)


def backwards(apps, editor):
    for table in reversed(TABLES):
        release(editor, table)


class Migration(migrations.Migration):
    dependencies = [("org", "0002_append_only"), ("voice", "0005_devices_know_their_hall")]

    operations = [
        migrations.AlterField(
            "device",
            "hall",
            models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="org.hall"),
        ),
        migrations.AlterField(
            "deviceassignment",
            "hall",
            models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="org.hall"),
        ),
        migrations.AlterField(
            "enroltoken",
            "hall",
            models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="org.hall"),
        ),
        migrations.RunPython(forwards, backwards),
    ]
