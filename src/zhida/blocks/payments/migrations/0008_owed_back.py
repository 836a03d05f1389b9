"""An envelope may have had more back than has left it: a part of a payment was brought back, and then the bank returned it whole."""

from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0007_returned_money'),
    ]

    operations = [
        migrations.RemoveConstraint('BudgetEnvelope', 'envelope_not_overdrawn'),
        migrations.AddConstraint(
            'BudgetEnvelope', models.CheckConstraint(condition=Q(committed_fen__lte=F('amount_fen')), name='envelope_not_overdrawn')
        ),
    ]
