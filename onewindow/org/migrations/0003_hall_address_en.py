from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("org", "0002_append_only")]

    operations = [
        migrations.AddField("hall", "address_en", models.CharField(blank=True, max_length=200)),
    ]
