from django.db import migrations


def mark(apps, editor):
    """The two shipped reasons that stop a clock only where a law says so (行政许可法 45 doesn't list them)."""
    codes = apps.get_model("catalog", "Code").objects
    codes.filter(list="stop_reason", code__in=["publicity", "consultation"]).update(needs_basis=True)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0006_codes_that_need_a_basis")]

    operations = [migrations.RunPython(mark, migrations.RunPython.noop, elidable=True)]
