from django.db import migrations

from onewindow.cases.append_only import closed_list, open_list, protect, release

TABLES = (
    "voice_review",
    "voice_deviceevent",
    "voice_windowverdict",
    "voice_moderation",
    "voice_reply",
    "voice_exclusion",
    "voice_check",
)


def forwards(apps, editor):
    for table in TABLES:
        protect(editor, table)
    closed_list(editor, "voice_indicator", ["version", "level"], 8)  # eight a level (GB/T 39735-2020)


def backwards(apps, editor):
    open_list(editor, "voice_indicator")
    release(editor, "voice_indicator")
    for table in reversed(TABLES):
        release(editor, table)


class Migration(migrations.Migration):
    dependencies = [("voice", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
