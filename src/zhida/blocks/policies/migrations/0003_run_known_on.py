from django.db import migrations, models


def take_over(apps, schema_editor):
    """A run knows what its snapshot knew."""
    known = dict(apps.get_model("records", "Snapshot").objects.values_list("hash", "known_on"))
    for run in apps.get_model("policies", "Run").objects.all():
        run.known_on = known.get(run.snapshot_hash, run.law_as_of)
        run.save(update_fields=["known_on"])


class Migration(migrations.Migration):
    dependencies = [("policies", "0002_simulation"), ("records", "0001_initial")]

    operations = [
        migrations.AddField(model_name="run", name="known_on", field=models.DateField(null=True)),
        migrations.RunPython(take_over, migrations.RunPython.noop),
        migrations.AlterField(model_name="run", name="known_on", field=models.DateField()),
    ]
