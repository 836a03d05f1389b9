"""One signature for each power to sign, and how many checkers a sum needs until a checker sets other limits."""

from django.db import migrations, models


# From so many yuan on, so many checkers.
LIMITS = ((0, 1), (10_000_000, 2), (500_000_000, 3))


def set_limits(apps, schema_editor):
    limits = apps.get_model("payments", "ApprovalLimit").objects
    for from_yuan, checkers in LIMITS:
        limits.get_or_create(from_fen=from_yuan * 100, defaults={"checkers": checkers})


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0004_append_only'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='batchapproval',
            constraint=models.UniqueConstraint(models.F('batch'), models.Case(models.When(on_behalf_of='', then=models.F('account')), default=models.F('on_behalf_of')), name='one_signature_of_a_power'),
        ),
        migrations.RunPython(set_limits, migrations.RunPython.noop),
    ]
