"""Claims, objections and every step of bringing back what was paid too much."""

import django.db.models.deletion
import django.db.models.expressions
import zhida.kernel.clock
from django.db import migrations, models


TABLE = "payments_recoverystep"
POSTGRESQL = "CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION payments_append_only();"
SQLITE = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE ON {table}
BEGIN
    SELECT RAISE(ABORT, '{table} is append-only: take a further step instead');
END
"""


def fill(apps, schema_editor):
    rows = apps.get_model("payments", "Overpayment").objects
    rows.update(debtor_key=models.F("payee_key"), claimed_fen=models.F("recovered_fen") + models.F("waived_fen"))


def guard(apps, schema_editor):
    """As 0004 guards the ledger."""
    schema_editor.execute((POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE).format(table=TABLE))


def unguard(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    schema_editor.execute(f"DROP TRIGGER {TABLE}_append_only" + (f" ON {TABLE}" if is_postgresql else ""))


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0005_approval'),
    ]

    operations = [
        migrations.CreateModel(
            name='RecoveryStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.CharField(max_length=16)),
                ('amount_fen', models.BigIntegerField(default=0)),
                ('text', models.CharField(blank=True, max_length=2000)),
                ('account', models.CharField(max_length=150)),
                ('at', models.DateTimeField()),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.AddField(
            model_name='deduction',
            name='planned_on',
            field=models.DateField(default=zhida.kernel.clock.today),
        ),
        migrations.AddField(
            model_name='deduction',
            name='booked_in',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='overpayment',
            name='claimed_fen',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='overpayment',
            name='debtor_key',
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name='overpayment',
            name='resume_state',
            field=models.CharField(blank=True, max_length=10),
        ),
        migrations.AddField(
            model_name='overpayment',
            name='share',
            field=models.JSONField(default=list),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name='overpayment',
            index=models.Index(fields=['debtor_key'], name='overpayment_debtor'),
        ),
        migrations.AddIndex(
            model_name='overpayment',
            index=models.Index(fields=['community', 'state'], name='overpayment_area'),
        ),
        migrations.AddConstraint(
            model_name='overpayment',
            constraint=models.CheckConstraint(condition=models.Q(('claimed_fen__gte', django.db.models.expressions.CombinedExpression(models.F('recovered_fen'), '+', models.F('waived_fen')))), name='claim_covers_recovery'),
        ),
        migrations.AddConstraint(
            model_name='overpayment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'waiving'), _negated=True), models.Q(('proposed_by', ''), _negated=True), _connector='OR'), name='waiver_is_proposed'),
        ),
        migrations.AddConstraint(
            model_name='overpayment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'waived'), _negated=True), models.Q(models.Q(('proposed_by', ''), _negated=True), models.Q(('decided_by', ''), _negated=True)), _connector='OR'), name='waiver_takes_two'),
        ),
        migrations.AddField(
            model_name='recoverystep',
            name='overpayment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='payments.overpayment'),
        ),
        migrations.AddConstraint(
            model_name='recoverystep',
            constraint=models.CheckConstraint(condition=models.Q(('event__in', ['changed', 'netting', 'agreed', 'objected', 'answered', 'waiver_proposed', 'waived', 'waiver_refused', 'deducted', 'undeducted', 'lifted', 'repaid'])), name='recovery_event_known'),
        ),
        migrations.RunPython(guard, unguard),
    ]
