from django.db import migrations

from onewindow.cases.append_only import protect, release


def forwards(apps, editor):
    protect(editor, "cases_card")
    protect(editor, "cases_cardreply")


def backwards(apps, editor):
    release(editor, "cases_cardreply")
    release(editor, "cases_card")


class Migration(migrations.Migration):
    dependencies = [("cases", "0005_cards_and_the_day")]
    operations = [migrations.RunPython(forwards, backwards)]
