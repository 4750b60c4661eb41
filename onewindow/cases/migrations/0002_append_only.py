from django.db import migrations

from onewindow.cases.append_only import protect, release


def forwards(apps, editor):
    protect(editor, "cases_event")
    if editor.connection.vendor == "postgresql":
        editor.execute("CREATE SEQUENCE cases_serial")
    else:
        editor.execute("CREATE TABLE cases_serial (value INTEGER NOT NULL)")
        editor.execute("INSERT INTO cases_serial VALUES (0)")


def backwards(apps, editor):
    release(editor, "cases_event")
    kind = "SEQUENCE" if editor.connection.vendor == "postgresql" else "TABLE"
    editor.execute(f"DROP {kind} cases_serial")


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
