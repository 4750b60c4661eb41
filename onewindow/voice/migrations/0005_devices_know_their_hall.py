from django.db import migrations
from django.db.models import OuterRef, Subquery


def forwards(apps, editor):
    """Every device stood at a window, whose hall is its own; one that was never heard of is only authorised."""
    Counter = apps.get_model("org", "Counter")
    hall = Subquery(Counter.objects.filter(pk=OuterRef("counter")).values("hall")[:1])
    for name in ("Device", "DeviceAssignment", "EnrolToken"):
        apps.get_model("voice", name).objects.filter(hall__isnull=True).update(hall=hall)
    Device, Step = apps.get_model("voice", "Device"), apps.get_model("voice", "DeviceStep")
    heard = apps.get_model("voice", "DeviceBeat").objects.values("device")
    Device.objects.filter(state="active").exclude(pk__in=heard).update(state="authorised")
    Step.objects.bulk_create(
        [
            Step(
                device=device,
                after=device.state,
                by=device.paired_by,
                note="as it was",
                at=device.changed_at or device.paired_at,
            )
            for device in Device.objects.all()
        ]
    )


def backwards(apps, editor):
    apps.get_model("voice", "DeviceStep").objects.all().delete()
    Device = apps.get_model("voice", "Device")
    Device.objects.filter(state="authorised").update(state="active")
    Device.objects.filter(state__in=["pending", "retired"]).update(state="revoked")


class Migration(migrations.Migration):
    dependencies = [("voice", "0004_device_kinds")]
    operations = [migrations.RunPython(forwards, backwards)]
