"""Payments that close the loop: a payment's row is written once, the bank's answers and the ledger stand beside it (decision 0023).

The tables of before are made anew; what they held is carried over (_carried_over.py).
"""

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

from zhida.blocks.payments.migrations._carried_over import carry_over, set_aside


def drop_guard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION IF EXISTS payments_ledger_append_only CASCADE")


class Migration(migrations.Migration):

    dependencies = [("payments", "0002_ledger_append_only")]

    operations = [
        migrations.RunPython(set_aside, migrations.RunPython.noop),
        migrations.RunPython(drop_guard, migrations.RunPython.noop),
        migrations.DeleteModel("LedgerEntry"),
        migrations.DeleteModel("PaymentTotal"),
        migrations.DeleteModel("CreditTransferTransaction"),
        migrations.DeleteModel("Overpayment"),
        migrations.DeleteModel("LedgerAccount"),
        migrations.DeleteModel("BudgetEnvelope"),
        migrations.DeleteModel("BankFileProblem"),
        migrations.DeleteModel("BankFile"),
        migrations.DeleteModel("PaymentInstruction"),
        migrations.CreateModel(
            name='BankFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('content_hash', models.CharField(max_length=64, unique=True)),
                ('file_name', models.CharField(max_length=120)),
                ('message_name', models.CharField(max_length=20)),
                ('message_id', models.CharField(max_length=35)),
                ('imported_by', models.CharField(max_length=150)),
                ('imported_on', models.DateField()),
                ('rows', models.IntegerField(default=0)),
                ('applied', models.IntegerField(default=0)),
                ('repeated', models.IntegerField(default=0)),
                ('problem_count', models.IntegerField(default=0)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='AccountChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('payee_key', models.CharField(max_length=40)),
                ('account_before', models.CharField(max_length=34)),
                ('account_now', models.CharField(max_length=34)),
                ('community', models.BigIntegerField()),
                ('first_seen_on', models.DateField()),
                ('hold_until', models.DateField()),
                ('state', models.CharField(default='waiting', max_length=9)),
                ('decided_by', models.CharField(blank=True, max_length=150)),
                ('decided_at', models.DateTimeField(null=True)),
                ('note', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('payee_key', 'account_before', 'account_now'), name='one_account_change'), models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'confirmed', 'refused'])), name='account_change_state_known')],
            },
        ),
        migrations.CreateModel(
            name='ApprovalLimit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_fen', models.BigIntegerField(unique=True)),
                ('checkers', models.IntegerField()),
            ],
            options={
                'ordering': ['from_fen'],
                'constraints': [models.CheckConstraint(condition=models.Q(('checkers__gte', 1), ('from_fen__gte', 0)), name='a_checker_at_least')],
            },
        ),
        migrations.CreateModel(
            name='BankAnswer',
            fields=[
                ('pk', models.CompositePrimaryKey('transaction_id', 'event', blank=True, editable=False, primary_key=True, serialize=False)),
                ('transaction_id', models.BigIntegerField()),
                ('event', models.CharField(max_length=12)),
                ('bank_file_id', models.BigIntegerField()),
                ('booked_on', models.DateField()),
                ('reason_code', models.CharField(blank=True, max_length=35)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('event__in', ['accepted', 'paid', 'rejected', 'returned'])), name='answer_event_known')],
            },
        ),
        migrations.CreateModel(
            name='AccountStatement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_no', models.CharField(max_length=34)),
                ('begin', models.DateField(null=True)),
                ('end', models.DateField(null=True)),
                ('opening_fen', models.BigIntegerField()),
                ('closing_fen', models.BigIntegerField()),
                ('bank_file', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='statements', to='payments.bankfile')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='BudgetEnvelope',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('benefit', models.CharField(max_length=64)),
                ('year', models.IntegerField()),
                ('level', models.CharField(default='city', max_length=8)),
                ('area_code', models.IntegerField(default=0)),
                ('amount_fen', models.BigIntegerField()),
                ('committed_fen', models.BigIntegerField(default=0)),
            ],
            options={
                'ordering': ['year', 'benefit', 'level', 'area_code'],
                'constraints': [models.UniqueConstraint(fields=('benefit', 'year', 'level', 'area_code'), name='one_envelope'), models.CheckConstraint(condition=models.Q(('level__in', ['central', 'province', 'city', 'district'])), name='level_known'), models.CheckConstraint(condition=models.Q(('committed_fen__gte', 0), ('committed_fen__lte', models.F('amount_fen'))), name='envelope_not_overdrawn')],
            },
        ),
        migrations.CreateModel(
            name='CostShare',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('benefit', models.CharField(blank=True, max_length=64)),
                ('valid_from', models.DateField()),
                ('central_bp', models.IntegerField(default=0)),
                ('province_bp', models.IntegerField(default=0)),
                ('city_bp', models.IntegerField(default=0)),
                ('district_bp', models.IntegerField(default=0)),
                ('source', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'ordering': ['benefit', 'valid_from'],
                'constraints': [models.UniqueConstraint(fields=('benefit', 'valid_from'), name='one_cost_share'), models.CheckConstraint(condition=models.Q(('central_bp__gte', 0), ('city_bp__gte', 0), ('district_bp__gte', 0), ('province_bp__gte', 0)), name='shares_not_negative'), models.CheckConstraint(condition=models.Q(('central_bp', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.Value(10000), '-', models.F('province_bp')), '-', models.F('city_bp')), '-', models.F('district_bp')))), name='shares_are_a_whole')],
            },
        ),
        migrations.CreateModel(
            name='LedgerAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=12)),
                ('benefit', models.CharField(blank=True, max_length=64)),
                ('year', models.IntegerField(default=0)),
                ('level', models.CharField(blank=True, max_length=8)),
                ('area_code', models.IntegerField(default=0)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('kind', 'benefit', 'year', 'level', 'area_code'), name='one_ledger_account')],
            },
        ),
        migrations.CreateModel(
            name='LedgerEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=16)),
                ('reference', models.CharField(max_length=60)),
                ('amount_fen', models.BigIntegerField()),
                ('count', models.IntegerField(default=1)),
                ('detail_hash', models.CharField(blank=True, max_length=64)),
                ('booked_on', models.DateField()),
                ('posted_at', models.DateTimeField()),
                ('previous_hash', models.CharField(max_length=64)),
                ('entry_hash', models.CharField(max_length=64, unique=True)),
                ('credit_account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='credits', to='payments.ledgeraccount')),
                ('debit_account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='debits', to='payments.ledgeraccount')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='LedgerClose',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(unique=True)),
                ('entries', models.IntegerField()),
                ('balances', models.JSONField()),
                ('in_transit_fen', models.BigIntegerField()),
                ('close_hash', models.CharField(max_length=64)),
                ('closed_by', models.CharField(max_length=150)),
                ('closed_at', models.DateTimeField()),
                ('last_entry', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='payments.ledgerentry')),
            ],
            options={
                'ordering': ['day'],
            },
        ),
        migrations.CreateModel(
            name='Overpayment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run_id', models.BigIntegerField(null=True)),
                ('benefit', models.CharField(max_length=64)),
                ('period_key', models.CharField(max_length=40)),
                ('entity_no', models.BigIntegerField()),
                ('payee_key', models.CharField(max_length=40)),
                ('community', models.BigIntegerField()),
                ('district', models.IntegerField(default=0)),
                ('budget_year', models.IntegerField(default=0)),
                ('instructed_fen', models.BigIntegerField()),
                ('decided_fen', models.BigIntegerField()),
                ('recovered_fen', models.BigIntegerField(default=0)),
                ('waived_fen', models.BigIntegerField(default=0)),
                ('state', models.CharField(default='found', max_length=10)),
                ('limit_bp', models.IntegerField(default=0)),
                ('instalment_fen', models.BigIntegerField(default=0)),
                ('found_on', models.DateField()),
                ('objection_until', models.DateField(null=True)),
                ('proposed_by', models.CharField(blank=True, max_length=150)),
                ('decided_by', models.CharField(blank=True, max_length=150)),
                ('note', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'indexes': [models.Index(fields=['payee_key'], name='overpayment_payee')],
                'constraints': [models.UniqueConstraint(fields=('benefit', 'period_key', 'entity_no'), name='one_overpayment'), models.CheckConstraint(condition=models.Q(('recovered_fen__gte', 0), ('waived_fen__gte', 0)), name='recovery_not_negative'), models.CheckConstraint(condition=models.Q(('state__in', ['found', 'netting', 'agreed', 'waiving', 'waived', 'disputed', 'closed'])), name='overpayment_state_known'), models.CheckConstraint(condition=models.Q(('instalment_fen__gte', 0), ('limit_bp__gte', 0), ('limit_bp__lte', 10000)), name='recovery_limit'), models.CheckConstraint(condition=models.Q(models.Q(('decided_by', models.F('proposed_by')), _negated=True), ('decided_by', ''), _connector='OR'), name='recovery_second_officer')],
            },
        ),
        migrations.CreateModel(
            name='Deduction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('transaction_id', models.BigIntegerField(db_index=True)),
                ('amount_fen', models.BigIntegerField()),
                ('state', models.CharField(default='planned', max_length=7)),
                ('overpayment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deductions', to='payments.overpayment')),
            ],
        ),
        migrations.CreateModel(
            name='PayeeArrangement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('benefit', models.CharField(blank=True, max_length=64)),
                ('entity_no', models.BigIntegerField(db_index=True)),
                ('payee_key', models.CharField(max_length=40)),
                ('kind', models.CharField(max_length=12)),
                ('share_bp', models.IntegerField(default=10000)),
                ('begin', models.DateField()),
                ('end', models.DateField(null=True)),
                ('community', models.BigIntegerField()),
                ('reason', models.CharField(max_length=300)),
                ('made_by', models.CharField(max_length=150)),
                ('made_at', models.DateTimeField()),
                ('confirmed_by', models.CharField(blank=True, max_length=150)),
                ('confirmed_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['entity_no', 'id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('share_bp__gte', 1), ('share_bp__lte', 10000)), name='arrangement_share'), models.CheckConstraint(condition=models.Q(('kind__in', ['guardian', 'institution', 'head', 'member'])), name='payee_kind_known'), models.CheckConstraint(condition=models.Q(('end__isnull', True), ('end__gt', models.F('begin')), _connector='OR'), name='arrangement_days'), models.CheckConstraint(condition=models.Q(models.Q(('confirmed_by', models.F('made_by')), _negated=True), ('confirmed_by', ''), _connector='OR'), name='arrangement_second_officer')],
            },
        ),
        migrations.CreateModel(
            name='PaymentInstruction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run_id', models.BigIntegerField(db_index=True, null=True)),
                ('month', models.CharField(db_index=True, max_length=7)),
                ('law_name', models.CharField(blank=True, max_length=80)),
                ('snapshot_hash', models.CharField(blank=True, max_length=64)),
                ('is_reissue', models.BooleanField(default=False)),
                ('budget_year', models.IntegerField()),
                ('state', models.CharField(default='prepared', max_length=12)),
                ('first_id', models.BigIntegerField(default=0)),
                ('last_id', models.BigIntegerField(default=0)),
                ('count', models.IntegerField(default=0)),
                ('amount_fen', models.BigIntegerField(default=0)),
                ('held_count', models.IntegerField(default=0)),
                ('held_fen', models.BigIntegerField(default=0)),
                ('overpaid_count', models.IntegerField(default=0)),
                ('overpaid_fen', models.BigIntegerField(default=0)),
                ('deducted_fen', models.BigIntegerField(default=0)),
                ('risk_counts', models.JSONField(default=dict)),
                ('shares', models.JSONField(default=dict)),
                ('facts_version', models.CharField(blank=True, max_length=64)),
                ('prepared_by', models.CharField(max_length=150)),
                ('prepared_at', models.DateTimeField()),
                ('needed_checkers', models.IntegerField(default=1)),
                ('approved_by', models.CharField(blank=True, max_length=150)),
                ('approved_at', models.DateTimeField(null=True)),
                ('refused_by', models.CharField(blank=True, max_length=150)),
                ('refusal_reason', models.CharField(blank=True, max_length=300)),
                ('cancelled_by', models.CharField(blank=True, max_length=150)),
                ('cancel_reason', models.CharField(blank=True, max_length=300)),
                ('message_id', models.CharField(max_length=35, null=True, unique=True)),
                ('file_name', models.CharField(blank=True, max_length=80)),
                ('released_by', models.CharField(blank=True, max_length=150)),
                ('released_on', models.DateField(null=True)),
                ('settled_on', models.DateField(null=True)),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['prepared', 'approved', 'refused', 'cancelled', 'released', 'settled'])), name='batch_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('approved_by', models.F('prepared_by')), _negated=True), ('approved_by', ''), _connector='OR'), name='checker_is_not_maker'), models.CheckConstraint(condition=models.Q(('amount_fen__gte', 0), ('count__gte', 0), ('held_count__gte', 0)), name='batch_sums_not_negative'), models.CheckConstraint(condition=models.Q(('state__in', ['prepared', 'refused', 'cancelled']), models.Q(('approved_by', ''), _negated=True), _connector='OR'), name='nothing_leaves_unapproved')],
            },
        ),
        migrations.CreateModel(
            name='PaymentFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file_name', models.CharField(max_length=80, unique=True)),
                ('message_id', models.CharField(max_length=35, unique=True)),
                ('first_id', models.BigIntegerField()),
                ('last_id', models.BigIntegerField()),
                ('count', models.IntegerField()),
                ('amount_fen', models.BigIntegerField()),
                ('accepted_on', models.DateField(null=True)),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='payments.paymentinstruction')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='CreditTransferTransaction',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('benefit', models.CharField(max_length=64)),
                ('period_key', models.CharField(max_length=40)),
                ('entity_no', models.BigIntegerField()),
                ('payee_key', models.CharField(max_length=40)),
                ('revision', models.IntegerField()),
                ('payee_no', models.BigIntegerField(db_index=True)),
                ('household_no', models.BigIntegerField(db_index=True)),
                ('amount_fen', models.BigIntegerField()),
                ('deducted_fen', models.BigIntegerField(default=0)),
                ('channel', models.CharField(default='bank', max_length=4)),
                ('account_no', models.CharField(blank=True, max_length=34)),
                ('bank_code', models.CharField(blank=True, max_length=35)),
                ('state', models.CharField(max_length=12)),
                ('reason_code', models.CharField(blank=True, max_length=24)),
                ('risk', models.SmallIntegerField(default=0)),
                ('district', models.IntegerField()),
                ('community', models.BigIntegerField()),
                ('reissue_of', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reissued_as', to='payments.credittransfertransaction')),
                ('batch', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='transactions', to='payments.paymentinstruction')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='BatchApproval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account', models.CharField(max_length=150)),
                ('on_behalf_of', models.CharField(blank=True, max_length=150)),
                ('approved_at', models.DateTimeField()),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='approvals', to='payments.paymentinstruction')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='PaymentTotal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('benefit', models.CharField(max_length=64)),
                ('district', models.IntegerField()),
                ('state', models.CharField(max_length=12)),
                ('count', models.IntegerField()),
                ('amount_fen', models.BigIntegerField()),
                ('central_fen', models.BigIntegerField(default=0)),
                ('province_fen', models.BigIntegerField(default=0)),
                ('city_fen', models.BigIntegerField(default=0)),
                ('district_fen', models.BigIntegerField(default=0)),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='totals', to='payments.paymentinstruction')),
            ],
        ),
        migrations.CreateModel(
            name='Repayment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount_fen', models.BigIntegerField()),
                ('receipt_no', models.CharField(max_length=60)),
                ('received_on', models.DateField()),
                ('booked_by', models.CharField(max_length=150)),
                ('overpayment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='repayments', to='payments.overpayment')),
            ],
        ),
        migrations.CreateModel(
            name='SampledPayment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('transaction_id', models.BigIntegerField()),
                ('kind', models.CharField(max_length=6)),
                ('risk', models.SmallIntegerField(default=0)),
                ('seen_by', models.CharField(blank=True, max_length=150)),
                ('seen_at', models.DateTimeField(null=True)),
                ('verdict', models.CharField(blank=True, max_length=8)),
                ('note', models.CharField(blank=True, max_length=300)),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sampled', to='payments.paymentinstruction')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='StandingDigest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('benefit', models.CharField(max_length=64)),
                ('period_key', models.CharField(max_length=40)),
                ('digest', models.CharField(max_length=80)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('benefit', 'period_key'), name='one_standing_digest')],
            },
        ),
        migrations.CreateModel(
            name='BankFileProblem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.IntegerField()),
                ('event', models.CharField(max_length=12)),
                ('reference', models.CharField(max_length=35)),
                ('amount_fen', models.BigIntegerField(null=True)),
                ('bank_reason', models.CharField(blank=True, max_length=35)),
                ('booked_on', models.DateField(null=True)),
                ('problem', models.CharField(max_length=24)),
                ('closed_by', models.CharField(blank=True, max_length=150)),
                ('closed_at', models.DateTimeField(null=True)),
                ('closing_note', models.CharField(blank=True, max_length=300)),
                ('bank_file', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='problems', to='payments.bankfile')),
            ],
            options={
                'ordering': ['bank_file_id', 'position'],
                'indexes': [models.Index(condition=models.Q(('closed_by', '')), fields=['bank_file'], name='open_bank_problems')],
            },
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(('amount_fen__gt', 0), ('count__gt', 0)), name='posting_is_positive'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(('debit_account', models.F('credit_account')), _negated=True), name='posting_moves_money'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.UniqueConstraint(fields=('reference', 'kind', 'debit_account', 'credit_account', 'booked_on'), name='posted_once'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.UniqueConstraint(fields=('previous_hash',), name='chain_does_not_fork'),
        ),
        migrations.AddConstraint(
            model_name='deduction',
            constraint=models.UniqueConstraint(fields=('overpayment', 'transaction_id'), name='deducted_once'),
        ),
        migrations.AddConstraint(
            model_name='deduction',
            constraint=models.CheckConstraint(condition=models.Q(('amount_fen__gt', 0)), name='deduction_is_positive'),
        ),
        migrations.AddConstraint(
            model_name='deduction',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['planned', 'booked', 'undone'])), name='deduction_state_known'),
        ),
        migrations.AddIndex(
            model_name='credittransfertransaction',
            index=models.Index(condition=models.Q(('state__in', ['held', 'rejected', 'returned', 'unanswered'])), fields=['community'], name='payment_work_list'),
        ),
        migrations.AddConstraint(
            model_name='credittransfertransaction',
            constraint=models.UniqueConstraint(fields=('benefit', 'period_key', 'entity_no', 'payee_key', 'revision'), name='paid_once'),
        ),
        migrations.AddConstraint(
            model_name='credittransfertransaction',
            constraint=models.UniqueConstraint(condition=models.Q(('reissue_of__isnull', False)), fields=('reissue_of',), name='reissued_once'),
        ),
        migrations.AddConstraint(
            model_name='credittransfertransaction',
            constraint=models.CheckConstraint(condition=models.Q(('amount_fen__gt', 0), ('deducted_fen__gte', 0)), name='payment_is_positive'),
        ),
        migrations.AddConstraint(
            model_name='credittransfertransaction',
            constraint=models.CheckConstraint(condition=models.Q(('revision__gte', 0)), name='revision_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='credittransfertransaction',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['held', 'instructed', 'accepted', 'paid', 'rejected', 'returned', 'unanswered', 'reissued', 'cancelled'])), name='transaction_state_known'),
        ),
        migrations.AddConstraint(
            model_name='credittransfertransaction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('account_no', ''), _negated=True), ('channel', 'cash'), ('state__in', ['held', 'reissued', 'cancelled']), _connector='OR'), name='sent_to_an_account'),
        ),
        migrations.AddConstraint(
            model_name='batchapproval',
            constraint=models.UniqueConstraint(fields=('batch', 'account'), name='one_signature'),
        ),
        migrations.AddConstraint(
            model_name='paymenttotal',
            constraint=models.UniqueConstraint(fields=('batch', 'benefit', 'district', 'state'), name='one_payment_total'),
        ),
        migrations.AddConstraint(
            model_name='paymenttotal',
            constraint=models.CheckConstraint(condition=models.Q(('amount_fen', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('central_fen'), '+', models.F('province_fen')), '+', models.F('city_fen')), '+', models.F('district_fen')))), name='shares_are_the_whole'),
        ),
        migrations.AddConstraint(
            model_name='repayment',
            constraint=models.UniqueConstraint(fields=('receipt_no',), name='one_receipt'),
        ),
        migrations.AddConstraint(
            model_name='repayment',
            constraint=models.CheckConstraint(condition=models.Q(('amount_fen__gt', 0)), name='repayment_is_positive'),
        ),
        migrations.AddConstraint(
            model_name='sampledpayment',
            constraint=models.UniqueConstraint(fields=('batch', 'transaction_id'), name='sampled_once'),
        ),
        migrations.RunPython(carry_over, migrations.RunPython.noop),
    ]
