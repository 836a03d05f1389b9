"""What people say of payments that did not arrive: bookings by hand and notes of visits."""

from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0006_recovery'),
    ]

    operations = [
        migrations.CreateModel(
            name='HandBooking',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('transaction_id', models.BigIntegerField(db_index=True)),
                ('kind', models.CharField(max_length=8)),
                ('document_no', models.CharField(blank=True, max_length=60)),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('day', models.DateField()),
                ('community', models.BigIntegerField()),
                ('state', models.CharField(default='waiting', max_length=9)),
                ('asked_by', models.CharField(max_length=150)),
                ('asked_at', models.DateTimeField()),
                ('decided_by', models.CharField(blank=True, max_length=150)),
                ('decided_at', models.DateTimeField(null=True)),
                ('note', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'ordering': ['id'],
                'constraints': [
                    models.UniqueConstraint(condition=Q(kind='cash'), fields=['document_no'], name='one_cash_receipt'),
                    models.UniqueConstraint(condition=Q(state='waiting'), fields=['transaction_id'], name='one_waiting_hand_booking'),
                    models.CheckConstraint(condition=Q(kind__in=['cash', 'given_up', 'lost']), name='hand_booking_kind_known'),
                    models.CheckConstraint(condition=Q(state__in=['waiting', 'confirmed', 'refused']), name='hand_booking_state_known'),
                    models.CheckConstraint(condition=~Q(decided_by=F('asked_by')) | Q(decided_by=''), name='hand_booking_second_officer'),
                    models.CheckConstraint(condition=Q(kind='given_up') | ~Q(document_no=''), name='hand_booking_has_document'),
                    models.CheckConstraint(condition=Q(kind='cash') | ~Q(state='confirmed') | ~Q(decided_by=''), name='hand_booking_confirmed_by_somebody'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ReturnNote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('transaction_id', models.BigIntegerField(db_index=True)),
                ('kind', models.CharField(max_length=11)),
                ('text', models.CharField(blank=True, max_length=300)),
                ('noted_by', models.CharField(max_length=150)),
                ('noted_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [
                    models.CheckConstraint(condition=Q(kind__in=['called', 'visited', 'no_one_home', 'promised', 'other']), name='return_note_kind_known'),
                ],
            },
        ),
    ]
