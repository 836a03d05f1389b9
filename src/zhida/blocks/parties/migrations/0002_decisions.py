from django.db import migrations, models


def take_over(apps, schema_editor):
    """Of pairs that were decided before decisions were kept, the last one is known."""
    for merge in apps.get_model("parties", "ResidentMerge").objects.exclude(state="proposed"):
        merge.decisions = [[merge.state, str((merge.decided_at or merge.created_at).date())]]
        merge.save(update_fields=["decisions"])


class Migration(migrations.Migration):
    dependencies = [("parties", "0001_initial")]

    operations = [
        migrations.AddField(model_name="residentmerge", name="decisions", field=models.JSONField(default=list)),
        migrations.RunPython(take_over, migrations.RunPython.noop),
    ]
