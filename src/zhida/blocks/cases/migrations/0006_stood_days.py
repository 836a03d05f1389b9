"""How long an item's clock has stood: captains see it apart from the time at the desk."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0005_appeals"),
    ]

    operations = [
        migrations.AddField(
            model_name="caseitem",
            name="stood_days",
            field=models.IntegerField(db_default=0, default=0),
        ),
    ]
