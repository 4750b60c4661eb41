from django.db import migrations

from onewindow.cases.append_only import protect, release

TABLES = ("cases_event", "cases_card", "cases_cardreply")


def forwards(apps, editor):
    for table in TABLES:
        protect(editor, table)
    if editor.connection.vendor == "postgresql":
        editor.execute("CREATE SEQUENCE cases_serial")
    else:
        editor.execute("CREATE TABLE cases_serial (value INTEGER NOT NULL)")
        editor.execute("INSERT INTO cases_serial VALUES (0)")


def backwards(apps, editor):
    for table in reversed(TABLES):
        release(editor, table)
    kind = "SEQUENCE" if editor.connection.vendor == "postgresql" else "TABLE"
    editor.execute(f"DROP {kind} cases_serial")


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
